TABLE stores
SELECT to_char(sold_on, 'YYYY-MM'), to_char(amount, 'FM999,999.00'), to_char(sold_at, 'DD Mon YYYY HH24:MI'), to_char(sold_on, 'Day') FROM sales ORDER BY sale_id
SELECT to_date('31/03/2026', 'DD/MM/YYYY'), to_timestamp('2026-03-31 18:40', 'YYYY-MM-DD HH24:MI'), to_timestamp(0), to_number('1,234.5', '9,999.9')
SELECT age(sold_at, opened), age(TIMESTAMP '2026-03-31') IS NOT NULL FROM sales JOIN stores USING (store_id) ORDER BY sale_id
SELECT date_trunc('week', sold_at), date_bin('2 days', sold_at, TIMESTAMP '2026-01-01'), date_trunc('day', TIMESTAMPTZ '2026-01-01 23:00+00', 'Asia/Kolkata') FROM sales ORDER BY sale_id
SELECT extract(epoch FROM sold_at), extract(isodow FROM sold_on), extract(week FROM sold_on), date_part('hour', sold_at) FROM sales ORDER BY sale_id
SELECT d::date, coalesce(sum(amount), 0) FROM generate_series(DATE '2026-01-01', DATE '2026-01-31', INTERVAL '1 day') AS d LEFT JOIN sales ON sold_on = d::date GROUP BY 1 ORDER BY 1
SELECT * FROM generate_series(1, 10, 3)
SELECT * FROM generate_series('2026-01-01'::timestamp, '2026-03-01', '1 month') m
SELECT * FROM unnest(ARRAY['a', 'b']) WITH ORDINALITY AS u(v, n) ORDER BY n
SELECT * FROM unnest(ARRAY[1, 2], ARRAY['x', 'y']) AS u(a, b) ORDER BY a
SELECT * FROM ROWS FROM (generate_series(1, 2), generate_series(5, 7)) AS r(a, b) ORDER BY 1, 2
SELECT d.id, t.tag, t.n FROM docs d CROSS JOIN LATERAL unnest(d.tags) WITH ORDINALITY AS t(tag, n) ORDER BY 1, 3
SELECT id, unnest(tags) AS tag FROM docs ORDER BY 1, 2
SELECT tags[1], tags[1:2], array_length(tags, 1), cardinality(tags), tags || ARRAY['x'], 'new' = ANY (tags), tags @> ARRAY['new'], tags && ARRAY['x', 'old'] FROM docs ORDER BY id
SELECT array_to_string(tags, '+'), array_position(tags, 'new'), array_remove(tags, 'new'), array_append(ARRAY[1], 2), array_cat(ARRAY[1], ARRAY[2]) FROM docs ORDER BY id
SELECT ARRAY(SELECT store_id FROM stores ORDER BY 1), ARRAY[[1, 2], [3, 4]]
SELECT j -> 'brand', j ->> 'brand', j #> '{sizes,0}', j #>> '{sizes,1}', jsonb_array_length(j -> 'sizes') FROM docs ORDER BY id
SELECT id FROM docs WHERE j @> '{"brand": "Acme"}' ORDER BY id
SELECT id FROM docs WHERE j ? 'brand' AND j ?| ARRAY['x', 'brand'] AND j ?& ARRAY['brand', 'sizes'] ORDER BY id
SELECT id FROM docs WHERE j @? '$.sizes[*] ? (@ > 40)' ORDER BY id
SELECT id FROM docs WHERE j @@ '$.sizes[0] > 1' ORDER BY id
SELECT d.id, e.key, e.value FROM docs d, jsonb_each(d.j) AS e ORDER BY 1, 2
SELECT d.id, e.value FROM docs d CROSS JOIN LATERAL jsonb_array_elements(d.j -> 'sizes') AS e(value) ORDER BY 1, 2
SELECT d.id, k FROM docs d, jsonb_object_keys(d.j) AS k ORDER BY 1, 2
SELECT * FROM jsonb_to_recordset('[{"a": 1, "b": "x"}]') AS t(a int, b text)
SELECT * FROM json_to_record('{"a": 1}') AS t(a int)
SELECT json_build_object('a', 1, 'b', ARRAY[1, 2]), jsonb_build_array(1, 'x'), to_jsonb(1), row_to_json(s) FROM stores s ORDER BY store_id
SELECT json_agg(name ORDER BY name), jsonb_object_agg(store_id, name), json_object_agg(zone, city ORDER BY store_id) FROM stores
SELECT jsonb_path_query(j, '$.sizes[*]') FROM docs ORDER BY id, 1
SELECT jsonb_path_query_first(j, '$.brand'), jsonb_path_exists(j, '$.brand'), jsonb_set(j, '{brand}', '"x"'), j - 'brand', jsonb_pretty(j), jsonb_typeof(j), j || '{"z": 1}' FROM docs ORDER BY id
SELECT name FROM stores WHERE name ~ '^S' OR name ~* 'a$' OR name !~ 'x' ORDER BY 1
SELECT name FROM stores WHERE name !~* 'zzz' AND name NOT ILIKE 'q%' AND name ^@ 'S' ORDER BY 1
SELECT regexp_match(name, '(\w)(\w)'), regexp_count(name, 'a'), regexp_substr(name, '[a-z]+'), regexp_like(name, 'a'), regexp_instr(name, 'a') FROM stores ORDER BY store_id
SELECT m[1] FROM regexp_matches('a1b22', '(\d+)', 'g') AS m
SELECT regexp_split_to_array('a, b', ',\s*'), string_to_array('a,b', ',')
SELECT * FROM regexp_split_to_table('a b c', '\s+') AS w
SELECT * FROM string_to_table('a,b', ',') AS w
SELECT initcap('hello world'), char_length('x'), octet_length('é'), btrim('xax', 'x'), format('%s has %s', name, store_id), quote_literal(name), starts_with(name, 'S') FROM stores ORDER BY store_id
SELECT concat(name, NULL, 'x'), name || NULL, sha256('x'::bytea), encode('abc', 'base64'), decode('YWJj', 'base64') FROM stores ORDER BY store_id
SELECT 7 / 2, 7 % 2, 2 ^ 0.5, |/ 16, div(7, 2), width_bucket(5, 0, 10, 5), trunc(2.567, 2), cbrt(27), random() >= 0
SELECT num_nonnulls(note, zone), num_nulls(note) FROM stores ORDER BY store_id
SELECT amount::numeric(10, 1), amount::text, amount::int, sold_on::text, '{1,2}'::int[], '5 days'::interval, 'x'::char(3), '1'::boolean FROM sales ORDER BY sale_id
SELECT '2026-03-31T18:40:00+05:30'::timestamptz AT TIME ZONE 'Asia/Kolkata', timezone('UTC', TIMESTAMPTZ '2026-01-01 00:00+05:30')
SELECT INTERVAL '1 year 2 months 3 days', INTERVAL '1-2', INTERVAL '3' DAY, make_interval(days => 3, hours => 2), justify_days(INTERVAL '35 days')
SELECT sold_on + qty * INTERVAL '1 day', sold_on + qty, (sold_on - INTERVAL '1 month')::date, sold_at::time FROM sales ORDER BY sale_id
SELECT (DATE '2026-01-01', DATE '2026-02-01') OVERLAPS (DATE '2026-01-15', DATE '2026-03-01')
SELECT percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY amount), percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) FILTER (WHERE qty > 1) FROM sales
SELECT rank(5) WITHIN GROUP (ORDER BY qty) FROM sales
SELECT every(qty > 0), array_agg(DISTINCT mode ORDER BY mode), count(DISTINCT (store_id, mode)) FROM sales
SELECT regr_slope(amount, qty), regr_intercept(amount, qty), regr_r2(amount, qty) FROM sales
SELECT sale_id, sum(amount) OVER (ORDER BY sold_on GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) FROM sales ORDER BY 1
SELECT sale_id, sum(amount) OVER (ORDER BY sold_on RANGE BETWEEN '3 days' PRECEDING AND '1 day' FOLLOWING) FROM sales ORDER BY 1
SELECT sale_id, count(*) FILTER (WHERE qty > 2) OVER (PARTITION BY store_id) FROM sales ORDER BY 1
SELECT sale_id FROM sales ORDER BY amount FETCH FIRST 3 ROWS WITH TIES
SELECT name FROM ONLY stores ORDER BY name
SELECT * FROM shop_schema.stock ORDER BY 1
SELECT s.store_id FROM public.stores AS s ORDER BY s.store_id
SELECT ROW(1, 'x'), (1, 2) = (1, 2), (1, NULL) IS NULL, ROW(1, 2) < ROW(1, 3)
SELECT (e).key, (e).value FROM (SELECT jsonb_each('{"a": 1}') AS e) q
SELECT a IS TRUE, a IS NOT TRUE, a IS UNKNOWN FROM (VALUES (true), (false), (NULL)) v(a) ORDER BY 1, 2, 3
SELECT name COLLATE "C" FROM stores ORDER BY name COLLATE "C"
SELECT 'a' LIKE ANY (ARRAY['a%', 'b%']), 'x' = ALL (ARRAY['x']), 3 <> ALL (ARRAY[1, 2]), 1 IN (1, 2)
SELECT int4range(1, 10) @> 5, daterange('2026-01-01', '2026-02-01') && daterange('2026-01-15', '2026-03-01'), lower(int4range(1, 5)), upper_inc(numrange(1, 2, '[]'))
SELECT to_tsvector('english', 'running shoes') @@ to_tsquery('english', 'run'), ts_rank(to_tsvector('a b'), plainto_tsquery('a'))
SELECT host('10.0.0.1'::inet), '10.0.0.5'::inet << '10.0.0.0/8'::inet, family('::1'::inet)
SELECT xmlelement(name foo, 'x')::text, xpath('/a/text()', '<a>1</a>')::text
SELECT pg_typeof(1), pg_size_pretty(1024::bigint), gen_random_uuid() IS NOT NULL, clock_timestamp() IS NOT NULL
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
SELECT relname FROM pg_class WHERE relname = 'stores'
SELECT WITHIN_T.x FROM (SELECT 1 AS x) AS WITHIN_T
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t ORDER BY n
WITH RECURSIVE t(id, parent) AS (VALUES (1, NULL::int), (2, 1), (3, 1)), walk AS (SELECT id, 0 AS depth FROM t WHERE parent IS NULL UNION ALL SELECT t.id, w.depth + 1 FROM t JOIN walk w ON t.parent = w.id) SELECT * FROM walk ORDER BY 1
SELECT zone, sum(amount) FROM sales JOIN stores USING (store_id) GROUP BY GROUPING SETS (zone, ()) ORDER BY 1 NULLS LAST
SELECT DISTINCT ON (zone) zone, name FROM stores ORDER BY zone, opened DESC, name
SELECT bool_and(qty > 0) AND NOT EXISTS (SELECT 1 FROM stores WHERE false) FROM sales
SELECT current_date - 7 < current_date, localtimestamp IS NOT NULL, current_user IS NOT NULL, session_user = current_user
SELECT sum(amount) / 1e7 AS crore, round(sum(amount) / 100000.0, 2) AS lakh FROM sales
SELECT string_agg(format('%s:%s', name, zone), E'\n' ORDER BY name) FROM stores
SELECT upper(left(name, 1)) || lower(substring(name FROM 2)), repeat('*', qty) FROM sales JOIN stores USING (store_id) ORDER BY sale_id
SELECT json_array(1, 2), json_object('a': 1, 'b': 'x'), jsonb '{"a": 1}' ->> 'a', json_value('{"a": 5}', '$.a')
SELECT name AS "Weird ""Name""", 1 AS "select", 2 AS "Üñí" FROM stores ORDER BY 1
SELECT count(*) FROM sales WHERE mode = ANY ('{upi,cash}')
SELECT GREATEST(DATE '2026-01-01', sold_on), LEAST(qty, 3) FROM sales ORDER BY sale_id
SELECT CASE WHEN qty > 3 THEN 'a' WHEN qty > 1 THEN 'b' END, NULLIF(qty, 1), sale_id FROM sales ORDER BY 3
SELECT sum(x) FROM (SELECT 1 AS x UNION ALL SELECT 2) AS t WHERE x IS NOT NULL
SELECT count(*) FROM sales TABLESAMPLE BERNOULLI (100)
