# Attempts to see more than a data policy shows. Before the bar: dialects, or * for postgres, duckdb and clickhouse.
# Each is refused, fails, or shows nothing of what is hidden (see tests/server/governance/test_bypasses.py).
* | SELECT * FROM staff
* | SELECT salary FROM staff
* | SELECT name FROM stores UNION ALL SELECT name FROM staff
* | SELECT * FROM stores WHERE EXISTS (SELECT 1 FROM staff WHERE salary > 1000)
* | SELECT (SELECT max(salary) FROM staff) AS s
* | WITH staff AS (SELECT * FROM staff) SELECT * FROM staff
* | WITH x AS (SELECT * FROM staff) SELECT * FROM x
* | WITH sales AS (SELECT * FROM seen.sales) SELECT * FROM sales
* | WITH sales AS (SELECT * FROM sales) SELECT * FROM sales
* | WITH stores AS (SELECT 1 AS rent) SELECT * FROM seen.stores
* | WITH RECURSIVE sales AS (SELECT sale_id, margin FROM seen.sales UNION ALL SELECT sale_id, margin FROM sales WHERE sale_id < 0) SELECT * FROM sales
* | WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n, zone FROM r JOIN sales ON sale_id = n
postgres | WITH "Sales" AS (SELECT 1 AS one) SELECT * FROM sales
postgres | WITH "SALES" AS (SELECT 1 AS one) SELECT * FROM SALES
clickhouse | WITH Sales AS (SELECT 1 AS one) SELECT * FROM sales
* | WITH a AS (SELECT * FROM b), b AS (SELECT * FROM sales) SELECT * FROM a
* | SELECT margin FROM sales
* | SELECT sale_id FROM sales ORDER BY margin
* | SELECT sale_id FROM sales WHERE margin > 0
* | SELECT count(*) FROM sales GROUP BY margin
* | SELECT count(*) AS n FROM sales HAVING sum(margin) > 0
* | SELECT sum(margin) OVER () FROM sales
* | SELECT sale_id FROM sales AS s WHERE s.margin = 1
* | SELECT a.sale_id FROM sales AS a JOIN sales AS b ON a.margin = b.margin
* | SELECT sale_id FROM sales JOIN stores USING (rent)
* | SELECT rent FROM stores
* | SELECT "rent" FROM stores
* | SELECT stores.rent FROM stores
* | SELECT seen.stores.rent FROM seen.stores
* | SELECT s.* FROM sales AS s
* | SELECT * FROM sales
* | SELECT * FROM seen.sales
* | SELECT * FROM "seen"."sales"
* | SELECT * FROM sales WHERE zone <> 'North' OR zone IS NULL
* | SELECT * FROM sales /* WHERE zone = 'North' */
* | SELECT * FROM sales -- AND 1 = 0
* | SELECT * FROM sales AS vmart_policy
* | SELECT vmart_policy.margin FROM sales
* | WITH vmart_policy_0 AS (SELECT 1 AS a) SELECT * FROM sales
* | SELECT * FROM sales AS stores JOIN stores AS sales ON 1 = 1
* | SELECT sales.* FROM sales AS stores, stores AS sales
* | SELECT * FROM (SELECT * FROM (SELECT * FROM sales) AS a) AS b
* | SELECT * FROM sales EXCEPT SELECT * FROM sales WHERE zone = 'North'
* | SELECT * FROM sales WHERE sale_id IN (SELECT sale_id FROM sales WHERE zone = 'West')
* | SELECT DISTINCT zone FROM sales
* | SELECT min(phone), max(phone) FROM sales
* | SELECT phone FROM sales WHERE phone = '9876500001'
* | SELECT phone FROM sales WHERE phone LIKE '98765%'
* | SELECT manager FROM stores WHERE manager = 'Asha'
* | SELECT opened_on FROM stores WHERE opened_on > 2016
* | SELECT * FROM pg_catalog.pg_class
* | SELECT * FROM information_schema.columns
* | SELECT * FROM information_schema.tables
* | SELECT * FROM system.tables
* | SELECT * FROM system.columns
* | SELECT * FROM sales TABLESAMPLE SYSTEM (50)
postgres | SELECT sales FROM sales
postgres | SELECT s FROM sales AS s
postgres | SELECT row_to_json(sales) FROM sales
postgres | SELECT to_jsonb(s) -> 'margin' FROM sales AS s
postgres | SELECT sales::text FROM sales
postgres | SELECT (sales.*)::text FROM sales
postgres | SELECT json_agg(s) FROM sales AS s
postgres | SELECT (s).margin FROM sales AS s
postgres | SELECT (SELECT s.margin) FROM sales AS s
postgres | SELECT xmin, ctid, tableoid FROM sales
postgres | SELECT ctid FROM sales
postgres | SELECT tableoid::regclass FROM sales
postgres | SELECT 'seen.staff'::regclass
postgres | SELECT 16384::regclass::text
postgres | SELECT obj_description(1, 'pg_class')
postgres | SELECT NULL::seen.staff
postgres | SELECT (NULL::staff).salary
postgres | SELECT * FROM json_populate_record(NULL::seen.staff, '{"salary": 1}')
postgres | SELECT (jsonb_populate_record(NULL::seen.staff, '{}')).salary
postgres | SELECT * FROM ONLY sales
postgres | SELECT * FROM ONLY staff
postgres | TABLE staff
postgres | TABLE sales
postgres | SELECT * FROM sales, LATERAL (SELECT * FROM staff) AS x
postgres | SELECT * FROM sales AS s, LATERAL (SELECT s.margin) AS x
postgres | SELECT * FROM stores CROSS JOIN LATERAL (SELECT * FROM sales WHERE sales.store_id = stores.store_id) AS x
postgres | SELECT * FROM ROWS FROM (generate_series(1, 2)) AS x JOIN staff ON true
postgres | SELECT relname FROM pg_class
postgres | SELECT attname FROM pg_attribute
postgres | SELECT * FROM pg_stats
postgres | SELECT pg_relation_size('seen.staff')
postgres | SELECT query_to_xml('SELECT * FROM seen.staff', true, true, '')
postgres | SELECT currval('seen.s')
postgres | SELECT has_table_privilege('seen.staff', 'select')
postgres | SELECT format_type(16385, NULL)
postgres | SELECT * FROM "STAFF"
postgres | SELECT * FROM U&"\0073taff"
postgres | SELECT * FROM seen . staff
postgres | SELECT * FROM all_rows_policy.seen.staff
postgres | SELECT * FROM sales AS t(a, b, c, d, e, f, g, h, i)
duckdb | FROM staff
duckdb | FROM sales
duckdb | SELECT COLUMNS('.*') FROM sales
duckdb | SELECT COLUMNS('marg.*') FROM sales
duckdb | SELECT COLUMNS(* EXCLUDE (zone)) FROM sales
duckdb | SELECT * EXCLUDE (zone) FROM sales
duckdb | SELECT * REPLACE (margin AS note) FROM sales
duckdb | SELECT * FROM sales POSITIONAL JOIN staff
duckdb | SELECT rowid FROM sales
duckdb | SELECT sales FROM sales
duckdb | SELECT to_json(sales) FROM sales
duckdb | SELECT zone, count(*) FROM sales GROUP BY ALL
duckdb | DESCRIBE staff
duckdb | DESCRIBE sales
duckdb | SUMMARIZE sales
duckdb | SHOW TABLES
duckdb | PIVOT staff ON name USING sum(salary)
duckdb | PIVOT sales ON zone USING count(*)
duckdb | SELECT * FROM (PIVOT sales ON zone USING sum(amount))
duckdb | UNPIVOT sales ON margin INTO NAME n VALUE v
duckdb | SELECT * FROM duckdb_tables()
duckdb | SELECT * FROM duckdb_columns
duckdb | SELECT * FROM pragma_table_info('staff')
duckdb | SELECT * FROM query_table('staff')
duckdb | SELECT * FROM query('SELECT * FROM staff')
duckdb | SELECT * FROM 'staff.csv'
duckdb | SELECT * FROM read_csv('staff.csv')
duckdb | SELECT * FROM glob('*')
duckdb | SELECT * FROM memory.seen.staff
duckdb | SELECT #1 FROM staff
duckdb | SELECT * FROM sales USING SAMPLE 50%
duckdb | SELECT * FROM STAFF
duckdb | SELECT sales.margin FROM sales
duckdb | SELECT unnest(sales) FROM sales
duckdb | SELECT * FROM sales SEMI JOIN staff USING (store_id)
duckdb | SELECT * FROM sales ASOF JOIN staff USING (store_id)
clickhouse | SELECT _part FROM sales
clickhouse | SELECT _part_offset, _table FROM sales
clickhouse | SELECT * FROM sales FINAL
clickhouse | SELECT * FROM sales SAMPLE 1
clickhouse | SELECT sale_id FROM sales PREWHERE margin > 0
clickhouse | SELECT * FROM sales PREWHERE zone = 'East'
clickhouse | SELECT * FROM sales PREWHERE 1 WHERE zone = 'East'
clickhouse | SELECT COLUMNS('marg') FROM sales
clickhouse | SELECT * EXCEPT (zone) FROM sales
clickhouse | SELECT * APPLY(toString) FROM sales
clickhouse | SELECT * REPLACE (1 AS zone) FROM sales
clickhouse | WITH 'East' AS zone SELECT * FROM sales
clickhouse | WITH 'North' AS zone SELECT sale_id, amount FROM sales
clickhouse | SELECT 'North' AS zone, sale_id FROM sales
clickhouse | WITH 2 AS store_id SELECT * FROM sales
clickhouse | WITH 'North' AS `vmart_policy.zone` SELECT * FROM sales
clickhouse | SELECT dictGet('d', 'a', 1)
clickhouse | SELECT joinGet('staff', 'salary', 1)
clickhouse | SELECT * FROM merge('seen', '.*')
clickhouse | SELECT * FROM remote('localhost', seen.staff)
clickhouse | SELECT * FROM numbers(3) WHERE number IN staff
clickhouse | SELECT 1 IN (SELECT salary FROM staff)
clickhouse | SELECT * FROM sales ARRAY JOIN [margin] AS m
clickhouse | SELECT * FROM sales GLOBAL ANY LEFT JOIN staff USING (store_id)
clickhouse | SELECT hasColumnInTable('seen', 'staff', 'salary')
clickhouse | SELECT * FROM system.parts
clickhouse | SELECT * FROM all_rows_policy.staff
clickhouse | SELECT * FROM sales LIMIT 1 BY margin
clickhouse | SELECT * FROM sales ORDER BY margin LIMIT 5 WITH TIES
clickhouse | SELECT * FROM sales SETTINGS additional_table_filters = {'sales': '1'}
clickhouse | EXPLAIN SELECT * FROM sales
clickhouse | DESCRIBE TABLE staff
