# Analytical queries in ClickHouse's own words: each must mean the same after the guard.
SELECT zone, count() FROM stores GROUP BY zone ORDER BY zone
SELECT zone, count(*) AS n FROM stores GROUP BY ALL ORDER BY n DESC, zone
SELECT count(DISTINCT store_id), uniqExact(store_id), uniq(store_id) FROM sales
SELECT quantile(0.5)(net_amount) > 0, length(quantiles(0.25, 0.75)(quantity)), medianExact(quantity) FROM sales
SELECT quantileExact(0.9)(quantity) FROM sales
SELECT length(topK(3)(paid)) FROM sales WHERE store_id < 5
SELECT sumIf(quantity, paid = 'upi'), countIf(paid = 'cash'), avgIf(net_amount, quantity > 2) FROM sales
SELECT argMax(sale_id, net_amount), argMin(sale_id, net_amount) FROM sales
SELECT any(city), anyLast(zone) FROM (SELECT * FROM stores ORDER BY store_id)
SELECT groupArray(3)(store_id), groupUniqArray(zone) FROM (SELECT * FROM stores ORDER BY store_id LIMIT 1)
SELECT groupArray(name) FROM (SELECT name FROM stores ORDER BY store_id LIMIT 3)
SELECT toStartOfMonth(sold_on) AS month, sum(quantity) AS sold FROM sales GROUP BY month ORDER BY month
SELECT toYYYYMM(sold_on) AS m, sum(net_amount) FROM sales GROUP BY m ORDER BY m
SELECT toStartOfInterval(sold_at, INTERVAL 1 WEEK) AS w, count() FROM sales GROUP BY w ORDER BY w LIMIT 3
SELECT dateDiff('day', toDate('2026-01-01'), toDate('2026-03-31'))
SELECT toDate('2026-01-31') + INTERVAL 1 MONTH, toDate('2026-01-31') - INTERVAL 1 DAY
SELECT addMonths(toDate('2026-01-31'), 1), subtractDays(toDate('2026-01-31'), 3)
SELECT formatDateTime(toDateTime('2026-03-31 18:40:00'), '%Y/%m/%d %H:%i')
SELECT date_trunc('month', toDate('2026-03-31')), toMonday(toDate('2026-03-31'))
SELECT EXTRACT(YEAR FROM toDate('2026-03-31')), toQuarter(toDate('2026-03-31')), toDayOfWeek(toDate('2026-03-31'))
SELECT toDateTime('2026-03-31 18:40:00', 'UTC'), toTimeZone(toDateTime('2026-03-31 18:40:00', 'UTC'), 'Asia/Kolkata')
SELECT if(quantity > 3, 'many', 'few') AS size, count() FROM sales GROUP BY size ORDER BY size
SELECT multiIf(quantity = 1, 'one', quantity < 4, 'some', 'many') AS size, count() FROM sales GROUP BY size ORDER BY size
SELECT quantity > 3 ? 'many' : 'few' AS size, count() FROM sales GROUP BY size ORDER BY size
SELECT CASE WHEN quantity > 3 THEN 'many' ELSE 'few' END AS size, count() FROM sales GROUP BY size ORDER BY size
SELECT CASE zone WHEN 'North' THEN 1 ELSE 0 END AS n, count() FROM stores GROUP BY n ORDER BY n
SELECT coalesce(area_sqft, 0), ifNull(area_sqft, -1), nullIf(store_id, 1) FROM stores ORDER BY store_id LIMIT 3
SELECT isNull(area_sqft), isNotNull(area_sqft), area_sqft IS NULL FROM stores ORDER BY store_id LIMIT 2
SELECT assumeNotNull(area_sqft), toNullable(store_id) FROM stores WHERE area_sqft IS NOT NULL ORDER BY store_id LIMIT 2
SELECT arrayMap(x -> x * 2, [1, 2, 3]), arrayFilter(x -> x > 1, [1, 2, 3]), arraySum([1, 2, 3])
SELECT arrayMap((x, y) -> x + y, [1, 2], [3, 4]), arrayExists(x -> x = 2, [1, 2]), has([1, 2], 2)
SELECT arrayJoin([1, 2, 3]) AS x, x * 2
SELECT name, tag FROM stores ARRAY JOIN ['a', 'b'] AS tag ORDER BY store_id, tag LIMIT 4
SELECT [1, 2, 3][1], (1, 'a').2, tuple(1, 'b').1, array(1, 2)
SELECT map('a', 1)['a'], mapKeys(map('a', 1, 'b', 2)), length([1, 2])
SELECT arrayStringConcat(arraySort(groupUniqArray(toString(zone))), ', ') FROM stores
SELECT arrayReverseSort([3, 1, 2]), arrayDistinct([1, 1, 2]), arrayEnumerate([5, 6]), range(4)
SELECT splitByChar(',', 'a,b,c'), splitByString('--', 'a--b'), concat('a', 'b'), 'a' || 'b'
SELECT lower('ABC'), upper('abc'), length('आज'), lengthUTF8('आज'), reverse('abc')
SELECT substring('abcdef', 2, 3), left('abcdef', 2), right('abcdef', 2), position('abcdef', 'cd')
SELECT position('cd' IN 'abcdef'), startsWith('abc', 'a'), endsWith('abc', 'c')
SELECT trim(BOTH ' ' FROM ' a '), trim(LEADING 'x' FROM 'xxa'), trim(TRAILING 'x' FROM 'axx'), trimLeft('  a')
SELECT replaceAll('a-b-c', '-', '+'), replaceOne('a-b-c', '-', '+'), replaceRegexpAll('a1b2', '[0-9]', '#')
SELECT match('abc', '^a.c$'), extract('a1b22', '[0-9]+'), extractAll('a1b22', '[0-9]+')
SELECT name FROM stores WHERE name LIKE 'Store 1%' ORDER BY name
SELECT name FROM stores WHERE name ILIKE 'store 2_' ORDER BY name
SELECT name FROM stores WHERE name NOT LIKE 'Store%'
SELECT 'it''s', 'a\\b', 'tab\tend', 'line\nend', 'quote\'s', '%_', '₹'
SELECT 'a' AS "Net ₹", 'b' AS `x y`, 'c' AS "it's"
SELECT toString(1), toInt32('5'), toFloat64('1.5'), toDecimal64('1.25', 2), toDate('2026-01-01')
SELECT toInt32OrZero('x'), toInt32OrNull('x'), toFloat64OrNull('1.5'), toDateOrNull('x')
SELECT CAST(1 AS String), CAST('5' AS Int32), CAST('1.25' AS Decimal(10, 2)), 5::Int64, '7'::UInt8
SELECT CAST(NULL AS Nullable(Int32)), CAST('x' AS LowCardinality(String)), CAST([1] AS Array(Int64))
SELECT CAST('2026-01-01' AS Date), DATE '2026-01-01', TIMESTAMP '2026-01-01 10:00:00'
SELECT round(1.256, 2), floor(1.7), ceil(1.2), abs(-3), sign(-2), sqrt(16), pow(2, 10), exp(0), log(1)
SELECT 7 % 3, 7 / 2, intDiv(7, 2), modulo(7, 3), -7, 1e3, 0.5, 0x1F
SELECT bitAnd(5, 3), bitOr(5, 3), bitXor(5, 3), bitShiftLeft(1, 4)
SELECT greatest(1, 2), least(1, 2), plus(1, 2), minus(3, 1), multiply(2, 3), divide(6, 3)
SELECT cityHash64('a'), sipHash64('a'), hex(MD5('a')), hex('abc'), unhex('616263')
SELECT toUUID('b0d1c6d2-9f0e-4d3c-8f63-0d5f3a0b7a11'), toTypeName(1), toTypeName('a')
SELECT JSONExtractString('{"a": "b"}', 'a'), JSONExtractInt('{"a": 5}', 'a'), JSONHas('{"a": 5}', 'a')
SELECT domain('https://www.example.net/a?b=1'), path('https://example.net/a?b=1'), extractURLParameter('https://e.net/?b=1', 'b')
SELECT * FROM stores WHERE zone IN ('North', 'South') ORDER BY store_id LIMIT 3
SELECT name FROM stores WHERE store_id IN (SELECT store_id FROM sales WHERE quantity = 5 AND store_id < 4) ORDER BY name
SELECT name FROM stores WHERE (zone, city) IN (('North', 'Patna')) ORDER BY store_id LIMIT 2
SELECT name FROM stores WHERE store_id NOT IN (1, 2) AND store_id BETWEEN 1 AND 4 ORDER BY store_id
SELECT name FROM stores WHERE store_id GLOBAL IN (SELECT 1) ORDER BY name
SELECT s.name, sum(f.quantity) AS sold FROM sales AS f JOIN stores AS s ON f.store_id = s.store_id GROUP BY s.name ORDER BY sold DESC, s.name LIMIT 5
SELECT name, sold FROM stores LEFT JOIN (SELECT store_id, sum(quantity) AS sold FROM sales GROUP BY store_id) AS f USING (store_id) ORDER BY name LIMIT 3
SELECT count() FROM sales AS a ANY LEFT JOIN stores AS b USING (store_id)
SELECT count() FROM stores AS a SEMI JOIN sales AS b ON a.store_id = b.store_id
SELECT count() FROM stores AS a ANTI JOIN sales AS b ON a.store_id = b.store_id
SELECT count() FROM sales AS a ASOF JOIN sales AS b ON a.store_id = b.store_id AND a.sold_at >= b.sold_at
SELECT count() FROM stores AS a CROSS JOIN stores AS b
SELECT count() FROM stores AS a, stores AS b WHERE a.store_id = b.store_id
SELECT store_id, sum(quantity) AS q FROM sales GROUP BY store_id HAVING q > 1000 ORDER BY q DESC, store_id LIMIT 3
SELECT zone, city, count() FROM stores GROUP BY ROLLUP(zone, city) ORDER BY zone, city, count()
SELECT zone, city, count() FROM stores GROUP BY zone, city WITH ROLLUP ORDER BY zone, city, count()
SELECT zone, city, count() FROM stores GROUP BY CUBE(zone, city) ORDER BY zone, city, count()
SELECT zone, count() FROM stores GROUP BY GROUPING SETS ((zone), ()) ORDER BY zone, count()
SELECT DISTINCT zone FROM stores ORDER BY zone
SELECT store_id, row_number() OVER (ORDER BY store_id) AS r FROM stores ORDER BY r LIMIT 3
SELECT store_id, sum(quantity) OVER (PARTITION BY store_id ORDER BY sale_id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM sales ORDER BY store_id, sale_id LIMIT 5
SELECT zone, rank() OVER (PARTITION BY zone ORDER BY store_id) AS r, dense_rank() OVER (ORDER BY zone) AS d FROM stores ORDER BY zone, r LIMIT 5
SELECT store_id, lagInFrame(store_id, 1, 0) OVER (ORDER BY store_id) AS before FROM stores ORDER BY store_id LIMIT 3
SELECT store_id, first_value(name) OVER (ORDER BY store_id) AS f FROM stores ORDER BY store_id LIMIT 2
WITH big AS (SELECT * FROM sales WHERE quantity > 4) SELECT count() FROM big
WITH 5 AS many SELECT count() FROM sales WHERE quantity >= many
WITH (SELECT max(quantity) FROM sales) AS most SELECT count() FROM sales WHERE quantity = most
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT * FROM a, b
SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2) ORDER BY a
SELECT 1 AS a UNION DISTINCT SELECT 1
SELECT 1 AS a INTERSECT SELECT 1
SELECT 1 AS a EXCEPT SELECT 2
SELECT count() FROM prices FINAL WHERE item = 1
SELECT count() FROM sales PREWHERE store_id = 1 WHERE quantity > 1
SELECT store_id, name FROM stores ORDER BY store_id DESC LIMIT 2 OFFSET 1
SELECT zone, name FROM stores ORDER BY store_id LIMIT 1 BY zone
SELECT number FROM numbers(5)
SELECT number * 2 AS n FROM numbers(2, 3) ORDER BY n DESC
SELECT number FROM system.numbers LIMIT 3
SELECT * FROM values('a Int8, b String', (1, 'x'), (2, 'y'))
SELECT generate_series FROM generate_series(1, 3)
SELECT * EXCEPT (name) FROM stores ORDER BY store_id LIMIT 1
SELECT * REPLACE (upper(name) AS name) FROM stores ORDER BY store_id LIMIT 1
SELECT COLUMNS('^store') FROM stores ORDER BY store_id LIMIT 1
SELECT toStartOfMonth(sold_on) AS m, count() FROM sales GROUP BY m ORDER BY m WITH FILL STEP 31 LIMIT 3
SELECT sumMap([1, 2], [3, 4]), maxIf(quantity, quantity < 3), sumArray([1, 2]) FROM sales WHERE sale_id = 1
SELECT avgOrNull(quantity), sumOrDefault(quantity) FROM sales WHERE sale_id < 0
SELECT round(stddevPop(quantity), 6), round(varSamp(quantity), 6), round(corr(quantity, sale_id), 6), round(covarPop(quantity, sale_id), 3) FROM sales
SELECT min(sold_on), max(sold_on), sum(net_amount), avg(quantity) FROM sales
SELECT bar(quantity, 0, 5, 5) FROM sales ORDER BY sale_id LIMIT 2
SELECT formatReadableSize(123456), formatReadableQuantity(123456)
SELECT transform(quantity, [1, 2], ['one', 'two'], 'more') AS t FROM sales ORDER BY sale_id LIMIT 3
SELECT windowFunnel(3600)(sold_at, paid = 'cash', paid = 'upi') FROM sales WHERE store_id = 1
SELECT retention(paid = 'cash', paid = 'upi') FROM sales WHERE store_id = 1
SELECT exponentialTimeDecayedAvg(3600)(toFloat64(quantity), sold_at) OVER (ORDER BY sale_id) FROM sales ORDER BY sale_id LIMIT 2
SELECT sum(quantity) FILTER (WHERE paid = 'upi') FROM sales
SELECT exists(SELECT 1 FROM stores WHERE store_id = 1)
SELECT name FROM stores WHERE NOT (store_id > 2) AND (zone = 'North' OR zone = 'South') ORDER BY name
SELECT NOT 1, 1 AND 0, 1 OR 0, xor(1, 0), 1 = 1, 1 == 1, 1 != 2, 1 <> 2
SELECT true, false, NULL, inf, nan
SELECT 1 IN (1, 2), [1] = [1], (1, 2) = (1, 2)
SELECT count() AS n, n * 2 AS twice FROM stores
SELECT toLowCardinality('a'), toFixedString('ab', 4), reinterpretAsUInt32('abcd')
SELECT stores.name FROM stores WHERE stores.store_id = 3
SELECT t.name FROM stores AS t WHERE t.store_id = 3
SELECT store_id FROM shop.stores WHERE store_id = 3
SELECT (SELECT max(store_id) FROM stores) AS m
SELECT sum(q) FROM (SELECT sum(quantity) AS q FROM sales GROUP BY store_id)
SELECT uniqMerge(s) FROM (SELECT uniqState(store_id) AS s FROM sales GROUP BY paid)
SELECT toInt64(9007199254740993), toUInt64(18446744073709551615), -9223372036854775807
SELECT net_amount * quantity, net_amount / 3, net_amount + 1 FROM sales ORDER BY sale_id LIMIT 3
SELECT visitParamExtractString('{"a":"b"}', 'a'), toJSONString([1, 2])
SELECT countSubstrings('aaa', 'a'), levenshteinDistance('abc', 'abd'), soundex('abc')
SELECT geoDistance(85.1, 25.6, 77.2, 28.6) > 0, greatCircleDistance(85.1, 25.6, 77.2, 28.6) > 0
SELECT toIPv4('10.0.0.1'), IPv4NumToString(toUInt32(1)), isIPAddressInRange('10.0.0.1', '10.0.0.0/8')
