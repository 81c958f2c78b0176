SELECT 1
SELECT * FROM stores
SELECT count(*) FROM sales
SELECT zone, sum(amount) AS net FROM sales s JOIN stores st ON s.store_id = st.store_id GROUP BY zone ORDER BY net DESC
SELECT zone, sum(amount) FROM sales JOIN stores USING (store_id) GROUP BY 1 HAVING sum(amount) > 100 ORDER BY 2 DESC LIMIT 3
SELECT DISTINCT city FROM stores ORDER BY city
SELECT count(DISTINCT city), count(*), count(note) FROM stores
SELECT date_trunc('month', sold_on) AS m, sum(amount) FROM sales GROUP BY 1 ORDER BY 1
SELECT extract(year FROM sold_on) AS y, extract(month FROM sold_on) AS m, avg(amount) FROM sales GROUP BY 1, 2 ORDER BY 1, 2
SELECT EXTRACT(dow FROM sold_on) AS d, EXTRACT(quarter FROM sold_on), count(*) FROM sales GROUP BY 1, 2 ORDER BY 1, 2
SELECT date_part('year', sold_on), count(*) FROM sales GROUP BY 1 ORDER BY 1
SELECT sold_on, sum(amount) FROM sales WHERE sold_on BETWEEN DATE '2026-01-10' AND DATE '2026-01-20' GROUP BY sold_on ORDER BY sold_on
SELECT * FROM sales WHERE sold_on >= DATE '2026-01-01' + INTERVAL '30 days' ORDER BY sale_id
SELECT count(*) FROM sales WHERE sold_on >= '2026-02-01' AND sold_on < '2026-03-01'
SELECT sum(amount) FILTER (WHERE mode = 'upi') AS upi, sum(amount) FILTER (WHERE mode <> 'upi') AS other FROM sales
SELECT store_id, sum(CASE WHEN mode = 'cash' THEN amount ELSE 0 END) AS cash FROM sales GROUP BY store_id ORDER BY store_id
SELECT CASE mode WHEN 'upi' THEN 'digital' WHEN 'card' THEN 'digital' ELSE 'paper' END AS kind, count(*) FROM sales GROUP BY 1 ORDER BY 1
SELECT sale_id, row_number() OVER (PARTITION BY store_id ORDER BY amount DESC, sale_id) AS r FROM sales ORDER BY sale_id
SELECT sale_id, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w FROM sales WINDOW w AS (PARTITION BY store_id ORDER BY qty) ORDER BY sale_id
SELECT sale_id, sum(amount) OVER (PARTITION BY store_id ORDER BY sale_id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM sales ORDER BY 1
SELECT sale_id, avg(amount) OVER (ORDER BY sold_on RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW) FROM sales ORDER BY 1
SELECT sale_id, lag(amount) OVER (ORDER BY sale_id), lead(amount, 2) OVER (ORDER BY sale_id), lag(amount, 1, 0) OVER (ORDER BY sale_id) FROM sales ORDER BY 1
SELECT sale_id, first_value(amount) OVER w, last_value(amount) OVER w, nth_value(amount, 2) OVER w FROM sales WINDOW w AS (PARTITION BY store_id ORDER BY sale_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY 1
SELECT sale_id, ntile(4) OVER (ORDER BY amount, sale_id) FROM sales ORDER BY 1
SELECT sale_id, sum(amount) OVER (ORDER BY sale_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) FROM sales ORDER BY 1
WITH m AS (SELECT store_id, sum(amount) AS net FROM sales GROUP BY store_id) SELECT * FROM m WHERE net > (SELECT avg(net) FROM m) ORDER BY 1
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT * FROM a, b
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT * FROM n ORDER BY i
WITH RECURSIVE days(d) AS (SELECT DATE '2026-01-01' UNION ALL SELECT CAST(d + INTERVAL '1 day' AS DATE) FROM days WHERE d < DATE '2026-01-10') SELECT * FROM days ORDER BY d
WITH t AS MATERIALIZED (SELECT 1 AS a) SELECT * FROM t
WITH t AS NOT MATERIALIZED (SELECT 1 AS a) SELECT * FROM t
SELECT s.*, st.name FROM sales s LEFT JOIN stores st ON s.store_id = st.store_id ORDER BY sale_id
SELECT count(*) FROM sales s RIGHT JOIN stores st USING (store_id)
SELECT count(*) FROM sales s FULL OUTER JOIN stores st ON s.store_id = st.store_id
SELECT count(*) FROM stores CROSS JOIN products
SELECT a.name, b.name FROM stores a JOIN stores b ON a.zone = b.zone AND a.store_id < b.store_id ORDER BY 1, 2
SELECT name FROM stores WHERE store_id IN (SELECT store_id FROM sales WHERE amount > 100) ORDER BY 1
SELECT name FROM stores WHERE store_id NOT IN (1, 2, 3) ORDER BY 1
SELECT name FROM stores st WHERE EXISTS (SELECT 1 FROM sales s WHERE s.store_id = st.store_id AND s.amount > 150) ORDER BY 1
SELECT name FROM stores st WHERE NOT EXISTS (SELECT * FROM sales s WHERE s.store_id = st.store_id) ORDER BY 1
SELECT name, (SELECT max(amount) FROM sales s WHERE s.store_id = st.store_id) AS best FROM stores st ORDER BY 1
SELECT name FROM stores WHERE name LIKE '%a%' ORDER BY 1
SELECT name FROM stores WHERE name NOT LIKE 'S%' AND city ILIKE '%P%' ORDER BY 1
SELECT name FROM stores WHERE name LIKE '50!%%' ESCAPE '!' ORDER BY 1
SELECT name FROM stores WHERE name SIMILAR TO 'S.*|T.*' ORDER BY 1
SELECT name FROM stores WHERE note IS NULL ORDER BY 1
SELECT name FROM stores WHERE note IS NOT NULL ORDER BY 1
SELECT name FROM stores WHERE note IS DISTINCT FROM 'x' ORDER BY 1
SELECT name FROM stores WHERE note IS NOT DISTINCT FROM 'renovated' ORDER BY 1
SELECT count(*) FROM sales WHERE (amount > 100) IS TRUE AND (qty > 2) IS NOT FALSE
SELECT coalesce(note, '-'), nullif(zone, 'North'), greatest(1, 2, 3), least(4, 2) FROM stores ORDER BY store_id
SELECT upper(name), lower(city), length(name), trim(name), ltrim('  x'), rtrim('x  '), replace(name, 'a', 'b') FROM stores ORDER BY store_id
SELECT trim(both 'x' FROM 'xxaxx'), trim(leading 'x' FROM 'xxa'), trim(trailing FROM 'a  ')
SELECT substring(name FROM 1 FOR 3), substring(name, 2), substr(name, 1, 2), left(name, 2), right(name, 2) FROM stores ORDER BY store_id
SELECT position('a' IN name), strpos(name, 'a') FROM stores ORDER BY store_id
SELECT name || ' / ' || city AS label, concat(name, '-', zone), concat_ws(', ', name, city) FROM stores ORDER BY 1
SELECT lpad('7', 3, '0'), rpad('7', 3, '.'), repeat('ab', 3), reverse('abc'), initcap_free FROM (SELECT 'x' AS initcap_free) q
SELECT split_part('a,b,c', ',', 2), chr(65), ascii('A'), md5('x')
SELECT string_agg(name, ', ' ORDER BY name) FROM stores
SELECT zone, string_agg(DISTINCT city, ',' ORDER BY city) FROM stores GROUP BY zone ORDER BY zone
SELECT regexp_replace(name, '[aeiou]', '*', 'g') FROM stores ORDER BY store_id
SELECT round(amount, 1), round(amount), ceil(amount), floor(amount), abs(-amount), sign(amount) FROM sales ORDER BY sale_id
SELECT sqrt(16), power(2, 10), exp(1), ln(10), log(100), mod(7, 3), 7 % 3, pi()
SELECT 7 / 2.0, 2 ^ 3, -5, +3, 2 * (3 + 4), (1 + 2) * 3 - 4 / 2.0
SELECT 1 << 3, 12 & 10, 12 | 3
SELECT CAST('12.50' AS DECIMAL(10, 2)), '2026-03-31'::date, '42'::int + 1, CAST(3.7 AS INTEGER), 'x'::varchar
SELECT CAST(sold_on AS TIMESTAMP), CAST(sold_at AS DATE), CAST(amount AS DOUBLE PRECISION) FROM sales ORDER BY sale_id
SELECT sold_on + 1, sold_on - 1, sold_on - DATE '2026-01-01' FROM sales ORDER BY sale_id
SELECT sold_at + INTERVAL '5' HOUR, sold_at - INTERVAL '1 month', sold_on + INTERVAL '1' YEAR FROM sales ORDER BY sale_id
SELECT CAST(TIMESTAMP '2026-03-31 18:40:00' AT TIME ZONE 'Asia/Kolkata' AS TEXT)
SELECT sold_at AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Kolkata' FROM sales ORDER BY sale_id
SELECT count(*) FROM sales WHERE sold_on < CURRENT_DATE OR sold_on >= CURRENT_DATE
SELECT CURRENT_TIMESTAMP IS NOT NULL, CURRENT_TIME IS NOT NULL, now() IS NOT NULL
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) FROM sales
SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY amount) AS p90, mode() WITHIN GROUP (ORDER BY mode) AS m FROM sales
SELECT store_id, percentile_cont(0.25) WITHIN GROUP (ORDER BY amount DESC) FROM sales GROUP BY store_id ORDER BY 1
SELECT stddev(amount), variance(amount), stddev_pop(amount), var_samp(amount), corr(amount, qty), covar_pop(amount, qty), regr_slope(amount, qty) FROM sales
SELECT min(amount), max(amount), sum(qty), avg(qty), bool_and(qty > 0), bool_or(qty > 4) FROM sales
SELECT zone, city, count(*) FROM stores GROUP BY ROLLUP (zone, city) ORDER BY 1, 2
SELECT zone, city, count(*) FROM stores GROUP BY CUBE (zone, city) ORDER BY 1, 2
SELECT zone, city, count(*), grouping(zone, city) FROM stores GROUP BY GROUPING SETS ((zone), (city), ()) ORDER BY 1, 2
SELECT zone FROM stores UNION SELECT category FROM products ORDER BY 1
SELECT zone FROM stores UNION ALL SELECT zone FROM stores ORDER BY 1
SELECT store_id FROM stores INTERSECT SELECT store_id FROM sales ORDER BY 1
SELECT store_id FROM stores EXCEPT SELECT store_id FROM sales ORDER BY 1
(SELECT store_id FROM stores ORDER BY 1 LIMIT 2) UNION ALL (SELECT product_id FROM products ORDER BY 1 LIMIT 2)
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(n, t) ORDER BY n
VALUES (1, 'x'), (2, 'y')
SELECT * FROM sales ORDER BY amount DESC NULLS LAST, sale_id ASC LIMIT 5 OFFSET 3
SELECT name, note FROM stores ORDER BY note NULLS FIRST, name
SELECT sale_id FROM sales ORDER BY sale_id FETCH FIRST 3 ROWS ONLY
SELECT "name" AS "Store Name", city AS "शहर" FROM "stores" ORDER BY 1
SELECT 'it''s', 'आज ₹ 5', 'back\slash', '', E'tab\there\nline \'quoted\' \\'
SELECT $$dollar 'quoted' \n text$$, $tag$another $$ one$tag$
SELECT 1 -- a comment
SELECT /* a comment */ 2 /* nested /* one */ */ + 3
SELECT 10 AS value, 20 AS date, 30 AS key
SELECT x.y FROM (SELECT 1 AS y) x
SELECT count(*) AS n, sum(s.amount) / nullif(count(*), 0) AS per_line FROM sales s
SELECT store_id, sum(amount) AS net, round(100.0 * sum(amount) / sum(sum(amount)) OVER (), 2) AS share FROM sales GROUP BY store_id ORDER BY net DESC, 1
WITH d AS (SELECT sold_on, sum(amount) AS net FROM sales GROUP BY 1) SELECT sold_on, net, net - lag(net) OVER (ORDER BY sold_on) AS diff FROM d ORDER BY 1
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY store_id ORDER BY amount DESC, sale_id) AS rn FROM sales) t WHERE rn <= 2 ORDER BY sale_id
SELECT make_date(2026, 3, 31), make_timestamp(2026, 3, 31, 18, 40, 0)
SELECT array_agg(store_id ORDER BY store_id) FROM stores
SELECT unnest(ARRAY[1, 2, 3]) AS n ORDER BY 1
SELECT * FROM unnest(ARRAY[3, 1, 2]) AS u(n) ORDER BY n
SELECT (ARRAY[10, 20, 30])[2]
SELECT i FROM generate_series(1, 5) AS g(i) ORDER BY i
SELECT name, i FROM stores, generate_series(1, 2) AS g(i) ORDER BY 1, 2
SELECT s.name, t.net FROM stores s CROSS JOIN LATERAL (SELECT sum(amount) AS net FROM sales x WHERE x.store_id = s.store_id) t ORDER BY 1
SELECT s.name, t.amount FROM stores s, LATERAL (SELECT amount FROM sales x WHERE x.store_id = s.store_id ORDER BY amount DESC, sale_id LIMIT 1) AS t ORDER BY 1
SELECT * FROM stores NATURAL JOIN (SELECT store_id, count(*) AS n FROM sales GROUP BY store_id) q ORDER BY store_id
SELECT j ->> 'brand', j -> 'sizes' ->> 0 FROM docs ORDER BY id
SELECT id FROM docs WHERE j ->> 'brand' = 'Acme' ORDER BY id
SELECT DISTINCT ON (store_id) store_id, sale_id, amount FROM sales ORDER BY store_id, amount DESC, sale_id
SELECT bit_and(qty), bit_or(qty) FROM sales
SELECT to_hex(255)
SELECT gcd(12, 18), lcm(4, 6), factorial(5)
SELECT cast(1 AS boolean), true AND NOT false OR false, NOT (1 = 2)
SELECT 1 = ANY (SELECT store_id FROM stores), 5 > ALL (SELECT 1)
SELECT sum(amount) FROM sales WHERE (store_id, product_id) IN ((1, 1), (2, 2))
SELECT 0.1 + 0.2, 1e3, 1.5e-3, .5, 12345678901234567890
SELECT sale_id % 2 = 0 AS even, sale_id FROM sales WHERE sale_id <> 3 AND sale_id != 4 ORDER BY 2
SELECT md5(string_agg(name, '' ORDER BY name)) FROM stores
SELECT translate('abc', 'ab', 'xy'), overlay_free FROM (SELECT 1 AS overlay_free) q
SELECT store_id FROM stores WHERE opened BETWEEN DATE '2020-01-01' AND DATE '2024-12-31' ORDER BY 1
SELECT age_free FROM (SELECT 5 AS age_free) q WHERE age_free BETWEEN 1 AND 9 AND age_free NOT BETWEEN 6 AND 8
