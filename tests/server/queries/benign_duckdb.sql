FROM stores ORDER BY store_id
FROM sales SELECT store_id, sum(amount) GROUP BY ALL ORDER BY ALL
SELECT store_id, mode, sum(amount) FROM sales GROUP BY ALL ORDER BY ALL DESC
SELECT * EXCLUDE (note) FROM stores ORDER BY store_id
SELECT * REPLACE (upper(name) AS name) FROM stores ORDER BY store_id
SELECT * EXCLUDE (note, opened) REPLACE (lower(city) AS city) FROM stores ORDER BY store_id
SELECT COLUMNS('.*_id') FROM sales ORDER BY ALL
SELECT min(COLUMNS(*)) FROM (SELECT amount, qty FROM sales)
SELECT sale_id FROM sales QUALIFY row_number() OVER (PARTITION BY store_id ORDER BY amount DESC, sale_id) = 1 ORDER BY 1
SELECT * FROM (SELECT zone, city, store_id FROM stores) PIVOT (count(store_id) FOR zone IN ('North', 'East')) ORDER BY ALL
SELECT * FROM (SELECT store_id, 1 AS a, 2 AS b FROM stores) UNPIVOT (v FOR k IN (a, b)) ORDER BY ALL
SELECT list(store_id ORDER BY store_id), list(DISTINCT zone ORDER BY zone) FROM stores
SELECT list_transform([1, 2, 3], lambda x: x * 2), list_filter([1, 2, 3], lambda x: x > 1), list_reduce([1, 2, 3], lambda a, b: a + b)
SELECT [x * 2 FOR x IN [1, 2, 3] IF x > 1]
SELECT [1, 2, 3][1], [1, 2, 3][1:2], [1, 2, 3][-1], 'hello'[2], 'hello'[2:3]
SELECT {'a': 1, 'b': 'x'} AS s, {'a': 1}.a, struct_pack(k := 1, v := 'z')
SELECT s.a, s['b'] FROM (SELECT {'a': 1, 'b': 2} AS s)
SELECT MAP {'a': 1, 'b': 2}, MAP {'a': 1}['a'], map_keys(MAP {'k': 1}), map([1, 2], ['a', 'b'])
SELECT unnest([1, 2, 3]) AS n
SELECT unnest({'a': 1, 'b': 2})
SELECT tags, len(tags), list_contains(tags, 'new'), tags[1] FROM docs ORDER BY id
SELECT id, unnest(tags) AS tag FROM docs ORDER BY ALL
SELECT d.id, t.tag FROM docs d, unnest(d.tags) AS t(tag) ORDER BY ALL
SELECT * FROM range(5) t(i)
SELECT * FROM range(DATE '2026-01-01', DATE '2026-01-05', INTERVAL 1 DAY) t(d)
SELECT * FROM generate_series(TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-02', INTERVAL 6 HOUR) t(d)
SELECT range(3), generate_series(1, 3)
SELECT date_diff('day', DATE '2026-01-01', sold_on), datediff('month', DATE '2025-01-01', sold_on) FROM sales ORDER BY sale_id
SELECT strftime(sold_on, '%Y-%m'), strftime(sold_at, '%d/%m/%Y %H:%M') FROM sales ORDER BY sale_id
SELECT strptime('31/03/2026', '%d/%m/%Y'), try_strptime('x', '%Y')
SELECT year(sold_on), month(sold_on), day(sold_on), quarter(sold_on), week(sold_on), dayname(sold_on), monthname(sold_on), last_day(sold_on), isodow(sold_on) FROM sales ORDER BY sale_id
SELECT date_trunc('week', sold_at), time_bucket(INTERVAL '2 days', sold_on), date_add(sold_on, INTERVAL 3 DAY) FROM sales ORDER BY sale_id
SELECT INTERVAL 3 DAY, INTERVAL '2' MONTH, INTERVAL (1 + 1) HOUR, to_days(3), to_months(2)
SELECT sold_on + to_days(qty), sold_on + INTERVAL (qty) DAY FROM sales ORDER BY sale_id
SELECT epoch(TIMESTAMP '2026-01-01'), epoch_ms(1767225600000), to_timestamp(0)::TEXT
SELECT TRY_CAST('x' AS INTEGER), TRY_CAST('5' AS INTEGER)
SELECT 7 // 2, 7 / 2, 2 ** 3, 5 % 3, 1_000
SELECT ifnull(note, '-'), if(qty > 2, 'many', 'few') FROM sales JOIN stores USING (store_id) ORDER BY sale_id
SELECT median(amount), quantile_cont(amount, 0.9), quantile_cont(amount, [0.1, 0.5]), quantile_disc(qty, 0.5), mad(amount) FROM sales
SELECT arg_max(sale_id, amount), arg_min(sale_id, amount), max(amount, 3), min_by(sale_id, amount), max_by(sale_id, amount) FROM sales
SELECT approx_count_distinct(store_id) > 0, mode(zone) IS NOT NULL, histogram(zone), any_value(1), first(1) FROM stores
SELECT kurtosis(amount), skewness(amount), entropy(mode), product(qty) > 0, geomean(qty) FROM sales
SELECT sum(qty) FILTER (qty > 2), count() FROM sales
SELECT first_value(note IGNORE NULLS) OVER (ORDER BY store_id) FROM stores ORDER BY store_id
SELECT store_id, last_value(note IGNORE NULLS) OVER (ORDER BY store_id), lag(note IGNORE NULLS) OVER (ORDER BY store_id) FROM stores ORDER BY 1
SELECT sale_id, avg(amount) OVER (PARTITION BY store_id ORDER BY sold_on, sale_id GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM sales ORDER BY 1
SELECT regexp_matches(name, '^S'), regexp_extract(name, '(\w)(\w)', 2), regexp_extract_all('a1b2', '\d'), regexp_full_match('abc', 'a.c') FROM stores ORDER BY store_id
SELECT name FROM stores WHERE name ~ '.*a.*' OR name !~ 'x' ORDER BY 1
SELECT name FROM stores WHERE name GLOB 'S*' OR name ~~ 'T%' OR contains(name, 'z') ORDER BY 1
SELECT starts_with(name, 'S'), ends_with(name, 'a'), suffix(name, 'a'), prefix(name, 'S') FROM stores ORDER BY store_id
SELECT name.upper(), 'abc'.replace('a', 'x').upper() FROM stores ORDER BY store_id
SELECT string_split('a,b', ','), str_split('a b', ' '), string_to_array('x-y', '-'), array_to_string(['a', 'b'], '+')
SELECT format('{} has {}', name, store_id), printf('%05d', store_id) FROM stores ORDER BY store_id
SELECT levenshtein('kitten', 'sitting'), jaro_winkler_similarity('a', 'ab'), strip_accents('é'), damerau_levenshtein('ab', 'ba')
SELECT j -> '$.brand', j ->> '$.brand', json_extract(j, '$.sizes[0]'), json_extract_string(j, 'brand'), json_array_length(j -> 'sizes'), json_type(j) FROM docs ORDER BY id
SELECT json_object('a', 1, 'b', [1, 2]), json_array(1, 'x'), to_json({'a': 1}), json('{"z": 1}'), json_keys('{"k": 1}')
SELECT d.id, e.key, e.value FROM docs d, json_each(d.j) e ORDER BY ALL
SELECT a: 1, b: 2 + 3
SELECT name AS n, n || '!' AS m FROM stores WHERE n LIKE 'S%' ORDER BY m
SELECT sale_id FROM sales ORDER BY sale_id LIMIT 10%
SELECT count(*) FROM sales USING SAMPLE 100 PERCENT (bernoulli)
SELECT s.sale_id, st.name FROM sales s ASOF JOIN (SELECT store_id, name, opened AS sold_on FROM stores) st ON s.store_id = st.store_id AND s.sold_on >= st.sold_on ORDER BY 1
SELECT * FROM (SELECT 1 AS a) POSITIONAL JOIN (SELECT 2 AS b)
SELECT store_id FROM stores SEMI JOIN sales USING (store_id) ORDER BY 1
SELECT store_id FROM stores ANTI JOIN sales USING (store_id) ORDER BY 1
SELECT store_id FROM stores UNION BY NAME SELECT product_id FROM products ORDER BY ALL
SELECT store_id, zone FROM stores UNION ALL BY NAME SELECT 'x' AS zone, 1 AS store_id ORDER BY ALL
SELECT #1 FROM (SELECT 5)
SELECT 'a' || NULL, concat('a', NULL), NULL IS NULL
SELECT hash('x') IS NOT NULL, sha256('x'), base64('x'::BLOB), hex('x')
SELECT bar(5, 0, 10, 4), greatest_common_divisor(12, 18), even(3.3), cbrt(27), isnan('nan'::DOUBLE)
SELECT list_sort([3, 1, 2]), list_reverse_sort([1, 2]), list_sum([1, 2]), list_avg([1, 2]), list_distinct([1, 1]), list_zip([1], [2]), flatten([[1], [2]]), list_aggregate([1, 2], 'max')
SELECT tags && ['new'], [1, 2] @> [1], list_has_any(tags, ['x']) FROM docs ORDER BY id
SELECT row(1, 2), (1, 'a'), [1, 2] || [3]
SELECT DATE '2026-03-31', TIMESTAMP '2026-03-31 18:40:00', TIME '18:40', '2026-01-01'::TIMESTAMPTZ::TEXT, 'x'::BLOB, '1'::HUGEINT, '1.5'::FLOAT, 'true'::BOOL
SELECT typeof(1), typeof('x'), typeof(amount) FROM sales LIMIT 1
SELECT current_date = today(), get_current_timestamp() IS NOT NULL
SELECT sum(amount)::DOUBLE / 1e7 AS crore, round(sum(amount) / 100000, 2) AS lakh FROM sales
SELECT make_timestamp(2026, 1, 1, 0, 0, 0.5), datepart('hour', sold_at), date_part(['year', 'month'], sold_on) FROM sales ORDER BY sale_id
SELECT equi_width_bins(0, 10, 2, true), ceil(2.1), trunc(2.9), sign(-3), degrees(pi()), atan2(1, 1)
WITH RECURSIVE tree(id, path) AS (SELECT 1, [1] UNION ALL SELECT id + 1, list_append(path, id + 1) FROM tree WHERE id < 4) SELECT * FROM tree ORDER BY id
SELECT store_id, list(struct_pack(d := sold_on, a := amount) ORDER BY sale_id) FROM sales GROUP BY store_id ORDER BY store_id
SELECT count(*) FROM stores WHERE name COLLATE NOCASE = 'sunder'
SELECT lower(name) COLLATE NOACCENT FROM stores ORDER BY 1
SELECT unicode('a'), ord('b'), chr(99), bin(5), to_base(10, 2), url_encode('a b'), nfc_normalize('é')
SELECT * FROM repeat('x', 3)
SELECT listagg(name, ';' ORDER BY name), group_concat(name ORDER BY name) FROM stores
SELECT uuid() IS NOT NULL, random() >= 0, gen_random_uuid() IS NOT NULL
SELECT (j -> 'sizes' ->> 0) = '38' AND (j ->> 'brand') IN ('Acme') FROM docs ORDER BY id
UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b INTO NAME k VALUE v
