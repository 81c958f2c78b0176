# What analysts ask of SQL Server, one a line.
SELECT TOP 5 zone, ISNULL(SUM(net), 0) AS n FROM dbo.sales GROUP BY zone ORDER BY n DESC
SELECT TOP (5) WITH TIES * FROM t ORDER BY a
SELECT TOP 10 PERCENT * FROM t
SELECT DATEADD(day, 1, d), DATEDIFF(month, a, b), DATEPART(year, d), DATENAME(month,d), YEAR(d), EOMONTH(d), FORMAT(d,'yyyy') FROM t
SELECT * FROM [my table] AS [x y]
SELECT a+b, 'x'+N'y', CONVERT(varchar(10), d, 120), TRY_CONVERT(int, a), CAST(a AS nvarchar(max)), TRY_CAST(a AS decimal(18,4)) FROM t WITH (NOLOCK)
SELECT * FROM t CROSS APPLY OPENJSON(t.j) o
SELECT * FROM OPENJSON('{}') WITH (a int '$.a', b nvarchar(max) '$.b' AS JSON) o
SELECT * FROM t CROSS APPLY (SELECT TOP 1 * FROM u WHERE u.id = t.id) q
SELECT * FROM db.dbo.t
SELECT * FROM db..t
SELECT 1 DELETE FROM t
SELECT a FROM t ORDER BY a OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY
SELECT STRING_AGG(a, ',') WITHIN GROUP (ORDER BY a) FROM t
SELECT IIF(a>1,2,3), CHARINDEX('a',b), LEN(a), GETDATE(), LEFT(a,1), SUBSTRING(a,1,2), CONCAT(a,b), COALESCE(a,b), CURRENT_TIMESTAMP FROM t
SELECT * FROM t PIVOT (SUM(a) FOR b IN ([x],[y])) p
SELECT * FROM t UNPIVOT (v FOR b IN ([x],[y])) p
SELECT x = a FROM t
SELECT value FROM STRING_SPLIT('a,b', ',')
SELECT s.value, s.ordinal FROM STRING_SPLIT('a,b', ',', 1) s
SELECT CAST('2026-01-01' AS datetime2(7)) AT TIME ZONE 'UTC'
WITH a AS (SELECT 1 AS x) SELECT * FROM a
SELECT value FROM GENERATE_SERIES(1, 10)
SELECT a % 2, a & 1, ~a, a ^ 2, a | 3, -a FROM t
SELECT * FROM t WHERE a LIKE 'x[0-9]%' ESCAPE '!'
SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a) OVER (PARTITION BY b) FROM t
SELECT a FROM t TABLESAMPLE (10 PERCENT)
SELECT 'पटना' AS x, N'पटना' FROM t WHERE city = 'पटना'
SELECT a FROM t WHERE d >= :from AND x = :y
SELECT TOP (:n) a FROM t
SELECT SUM(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 6 PRECEDING AND CURRENT ROW), ROW_NUMBER() OVER (ORDER BY (SELECT NULL)) FROM t
SELECT a, b FROM t GROUP BY ROLLUP(a,b)
SELECT a,COUNT(*) FROM t GROUP BY a WITH ROLLUP
SELECT a,COUNT(*) FROM t GROUP BY GROUPING SETS ((a),())
SELECT JSON_VALUE(j,'$.a'), ISJSON(j), JSON_QUERY(j,'$.b') FROM t
SELECT CAST(GETDATE() AS date), CAST(a AS money), CAST(a AS bit), CAST(a AS uniqueidentifier), CAST(a AS datetimeoffset(3)), CAST(a AS time(0)), CAST(b AS varbinary(max)), CAST(b AS sql_variant), CAST(b AS xml) FROM t
SELECT a COLLATE Latin1_General_CI_AS FROM t
SELECT DISTINCT TOP 3 a FROM t
SELECT a FROM t UNION ALL SELECT b FROM u EXCEPT SELECT 1 INTERSECT SELECT 2
SELECT v.a FROM (VALUES (1),(2)) AS v(a)
SELECT 0xFF, 1e3
SELECT "a b" FROM t
SELECT [a]]b] FROM t
SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u) AND a IS NOT NULL AND a NOT IN (1,2) AND b BETWEEN 1 AND 2
SELECT t.* FROM t INNER HASH JOIN u ON t.a=u.a
SELECT TRIM('x' FROM a), TRIM(a), LTRIM(a), CASE a WHEN 1 THEN 'x' ELSE 'y' END FROM t
SELECT COUNT_BIG(*), STDEV(a), VAR(a) FROM t HAVING COUNT(*) > 1
SELECT CONVERT(nvarchar(max), a), CONVERT(decimal(10,2), a), CONVERT(date, a) FROM t
SELECT 1 WHERE 1 = 1
SELECT i FROM GENERATE_SERIES(1, 10) AS s(i)
SELECT s.name, SUM(x.amount) AS net FROM dbo.sales AS x INNER JOIN dbo.stores s ON s.store_id = x.store_id GROUP BY s.name ORDER BY net DESC
SELECT TOP 10 s.zone, SUM(amount) net FROM sales x LEFT JOIN stores s ON s.store_id = x.store_id GROUP BY s.zone HAVING SUM(amount) > 100 ORDER BY 2 DESC
SELECT DATEFROMPARTS(YEAR(sold_on), MONTH(sold_on), 1) AS m, SUM(amount) FROM sales GROUP BY DATEFROMPARTS(YEAR(sold_on), MONTH(sold_on), 1) ORDER BY m
SELECT FORMAT(sold_on, 'yyyy-MM') AS m, COUNT(DISTINCT store_id) FROM sales GROUP BY FORMAT(sold_on, 'yyyy-MM')
SELECT * FROM sales WHERE sold_on >= DATEADD(month, -1, CAST(GETDATE() AS date)) AND sold_on < '20260401'
WITH m AS (SELECT store_id, SUM(amount) AS net FROM sales GROUP BY store_id), r AS (SELECT *, RANK() OVER (ORDER BY net DESC) AS k FROM m) SELECT * FROM r WHERE k <= 5
SELECT LAG(amount) OVER (PARTITION BY store_id ORDER BY sold_on) FROM sales
SELECT CASE WHEN qty > 1 THEN 'many' ELSE 'one' END AS q, COUNT(*) FROM sales GROUP BY CASE WHEN qty > 1 THEN 'many' ELSE 'one' END
SELECT 'It''s ' + name + N' ₹' FROM stores
SELECT a.name, b.name FROM stores a, stores b WHERE a.store_id < b.store_id
SELECT [Net Sales], [Zone] FROM [Head Office].[Sales By Zone]
SELECT ISNULL(NULLIF(note, ''), 'none') FROM stores
SELECT ROUND(AVG(CAST(amount AS float)), 2), CEILING(MAX(amount)), FLOOR(MIN(amount)), ABS(-1), POWER(2, 3), SQRT(4) FROM sales
SELECT CONVERT(char(10), sold_on, 126), STUFF(name, 1, 1, 'x'), REPLICATE('0', 3), PATINDEX('%a%', name), REVERSE(name) FROM sales, stores
SELECT COUNT(*) AS n FROM sales WHERE mode IN ('upi', 'card') AND NOT (qty = 1 OR qty IS NULL)
SELECT zone FROM stores EXCEPT SELECT zone FROM stores WHERE city = 'Pune'
SELECT zone FROM stores INTERSECT SELECT 'North'
SELECT TRY_CONVERT(decimal(10, 2), note), CHOOSE(2, 'a', 'b'), GREATEST(1, 2), CONCAT_WS(',', name, city) FROM stores
SELECT SUM(CASE WHEN mode = 'upi' THEN amount ELSE 0 END) / NULLIF(SUM(amount), 0) FROM sales
SELECT d.value FROM stores CROSS APPLY STRING_SPLIT(note, ',') AS d
SELECT name FROM stores ORDER BY store_id OFFSET 2 ROWS
SELECT MIN(sold_on), MAX(sold_on), DATEDIFF(day, MIN(sold_on), MAX(sold_on)) FROM sales
SELECT ROW_NUMBER() OVER (PARTITION BY store_id ORDER BY amount DESC) AS r, * FROM sales
SELECT CAST(amount AS decimal(18, 2)), CAST(name AS nvarchar(50)), CAST(1 AS bit) FROM sales, stores
SELECT CUME_DIST() OVER (ORDER BY amount), NTILE(4) OVER (ORDER BY amount) FROM sales
SELECT HASHBYTES('SHA2_256', name), NEWID(), CHECKSUM(name) FROM stores
SELECT AVG(amount) OVER (ORDER BY sold_on ROWS 6 PRECEDING) FROM sales
SELECT 1 AS one, NULL AS nothing, -1.50 AS less, .5 AS half
