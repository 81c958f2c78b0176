# What analysts ask of Oracle, one a line.
SELECT zone, NVL(SUM(net), 0) AS n FROM sales GROUP BY zone ORDER BY 2 DESC FETCH FIRST 5 ROWS ONLY
SELECT a.b FROM t a, u WHERE a.id = u.id (+)
SELECT LEVEL i FROM dual CONNECT BY LEVEL <= 10
SELECT SYSDATE, SYSTIMESTAMP, TRUNC(SYSDATE, 'MM') FROM dual
SELECT DATE '2026-01-01' + 1, TIMESTAMP '2026-01-01 10:00:00', INTERVAL '1' DAY, INTERVAL '1-2' YEAR TO MONTH, INTERVAL '1 10:00:00' DAY TO SECOND FROM dual
SELECT a FROM t MINUS SELECT a FROM u
SELECT a, 'EXCEPT' AS "EXCEPT" FROM t MINUS SELECT a, 'x' FROM u
SELECT CAST(a AS NUMBER(10,2)), CAST(b AS VARCHAR2(10)), CAST(c AS DATE), CAST(d AS TIMESTAMP(3) WITH TIME ZONE), CAST(e AS BINARY_DOUBLE) FROM t
SELECT * FROM (SELECT a, b FROM t) PIVOT (SUM(a) FOR b IN ('x' AS x,'y' AS y))
SELECT MAX(a) KEEP (DENSE_RANK LAST ORDER BY d) FROM t
SELECT JSON_VALUE(j, '$.a' RETURNING NUMBER), t.j.a.b FROM t
SELECT jt.a FROM t, JSON_TABLE(t.x, '$[*]' COLUMNS (a NUMBER PATH '$.a')) jt
SELECT a FROM t START WITH b IS NULL CONNECT BY PRIOR id = b ORDER SIBLINGS BY a
SELECT SYS_CONNECT_BY_PATH(a, '/'), CONNECT_BY_ROOT a FROM t START WITH b IS NULL CONNECT BY NOCYCLE PRIOR id = b
SELECT USER, UID FROM dual
SELECT EXTRACT(YEAR FROM d), SUBSTR(a,1,2), INSTR(a,'x'), TRIM(BOTH 'x' FROM a), MOD(a, 2), a || b FROM t
SELECT d AT TIME ZONE 'Asia/Kolkata' FROM t
SELECT s.name, hr.staff.name FROM stores s, hr.staff
WITH r (n) AS (SELECT 1 FROM dual UNION ALL SELECT n+1 FROM r WHERE n < 5) SELECT r.n FROM r
SELECT LISTAGG(n, ', ') WITHIN GROUP (ORDER BY n) FROM t
SELECT a FROM t WHERE x = :a AND y IN (:b, 2)
SELECT * FROM t OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY
SELECT CASE WHEN a LIKE 'x%' ESCAPE '!' THEN 1 END FROM t WHERE REGEXP_LIKE(a, '^x')
SELECT COUNT(*) FROM t FETCH FIRST 10 PERCENT ROWS WITH TIES
SELECT SUM(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), RANK() OVER (ORDER BY a DESC NULLS LAST) FROM t
SELECT q'[it's]' FROM dual
SELECT 1, CAST(:z AS TEXT), ROUND(a, 2) FROM t SAMPLE (10)
SELECT 1
SELECT a FROM (SELECT b FROM t) UNPIVOT (v FOR k IN (a, b))
SELECT i FROM numbers WHERE i <= 10 ORDER BY MOD(i, 97), i
SELECT N'पटना' FROM dual
SELECT s.name, SUM(x.amount) AS net FROM sales x JOIN stores s ON s.store_id = x.store_id GROUP BY s.name ORDER BY net DESC
SELECT zone, SUM(amount) net FROM sales x LEFT JOIN stores s USING (store_id) GROUP BY zone HAVING SUM(amount) > 100 ORDER BY 2 DESC
SELECT TRUNC(sold_on, 'MM') AS m, SUM(amount) FROM sales GROUP BY TRUNC(sold_on, 'MM') ORDER BY m
SELECT TO_CHAR(sold_on, 'YYYY-MM') AS m, COUNT(DISTINCT store_id) FROM sales GROUP BY TO_CHAR(sold_on, 'YYYY-MM')
SELECT * FROM sales WHERE sold_on >= ADD_MONTHS(TRUNC(SYSDATE), -1) AND sold_on < DATE '2026-04-01'
WITH m AS (SELECT store_id, SUM(amount) AS net FROM sales GROUP BY store_id), r AS (SELECT m.*, RANK() OVER (ORDER BY net DESC) AS k FROM m) SELECT * FROM r WHERE k <= 5
SELECT LAG(amount) OVER (PARTITION BY store_id ORDER BY sold_on) FROM sales
SELECT CASE WHEN qty > 1 THEN 'many' ELSE 'one' END AS q, COUNT(*) FROM sales GROUP BY CASE WHEN qty > 1 THEN 'many' ELSE 'one' END
SELECT 'It''s ' || name || ' ₹' FROM stores
SELECT a.name, b.name FROM stores a, stores b WHERE a.store_id < b.store_id AND ROWNUM <= 10
SELECT "Net Sales", t."Zone" FROM "Head Office"."Sales By Zone" t
SELECT NVL2(note, 'some', 'none'), DECODE(zone, 'North', 1, 'East', 2, 0) FROM stores
SELECT ROUND(AVG(amount), 2), CEIL(MAX(amount)), FLOOR(MIN(amount)), ABS(-1), POWER(2, 3), SQRT(4), SIGN(-2) FROM sales
SELECT LPAD(store_id, 3, '0'), REPLACE(name, 'a', 'b'), REGEXP_REPLACE(name, '[aeiou]', '*'), INITCAP(name) FROM stores
SELECT COUNT(*) AS n FROM sales WHERE pay_mode IN ('upi', 'card') AND NOT (qty = 1 OR qty IS NULL)
SELECT zone FROM stores MINUS SELECT zone FROM stores WHERE city = 'Pune' ORDER BY 1
SELECT zone FROM stores INTERSECT SELECT 'North' FROM dual
SELECT SUM(CASE WHEN pay_mode = 'upi' THEN amount ELSE 0 END) / NULLIF(SUM(amount), 0) FROM sales
SELECT MIN(sold_on), MAX(sold_on), MAX(sold_on) - MIN(sold_on), MONTHS_BETWEEN(MAX(sold_on), MIN(sold_on)) FROM sales
SELECT ROW_NUMBER() OVER (PARTITION BY store_id ORDER BY amount DESC) AS r, t.* FROM sales t
SELECT * FROM (SELECT t.*, ROWNUM rn FROM (SELECT * FROM sales ORDER BY amount DESC) t WHERE ROWNUM <= 20) WHERE rn > 10
SELECT MEDIAN(amount), STDDEV(amount), VARIANCE(amount), CORR(amount, qty) FROM sales
SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY amount) FROM sales
SELECT zone, city, GROUPING(zone), SUM(qty) FROM sales JOIN stores USING (store_id) GROUP BY CUBE (zone, city)
SELECT RATIO_TO_REPORT(SUM(amount)) OVER () FROM sales GROUP BY store_id
SELECT LISTAGG(DISTINCT city, ', ') WITHIN GROUP (ORDER BY city) FROM stores
SELECT EXTRACT(MONTH FROM sold_on), TO_CHAR(sold_on, 'Day', 'NLS_DATE_LANGUAGE = English') FROM sales
SELECT name FROM stores WHERE EXISTS (SELECT 1 FROM sales WHERE sales.store_id = stores.store_id)
SELECT hr.staff.name, s.name FROM hr.staff JOIN hr.stores s ON s.store_id = hr.staff.store_id
SELECT name FROM stores WHERE (zone, city) IN (SELECT zone, city FROM stores WHERE note IS NULL)
SELECT CAST(amount AS NUMBER(10, 1)), TO_NUMBER('1,234.5', '9,999.9'), TO_TIMESTAMP('2026-01-01 10:00', 'YYYY-MM-DD HH24:MI') FROM sales
SELECT sold_at AT TIME ZONE 'Asia/Kolkata', SYS_EXTRACT_UTC(sold_at), sold_on + INTERVAL '5' HOUR, NUMTODSINTERVAL(qty, 'HOUR') FROM sales
SELECT STANDARD_HASH(name, 'SHA256'), ORA_HASH(name), RAWTOHEX(SYS_GUID()) FROM stores
SELECT AVG(amount) OVER (ORDER BY sold_on ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM sales
SELECT CASE zone WHEN 'North' THEN 'N' END, COALESCE(note, 'x'), GREATEST(1, 2), LEAST(3, 4) FROM stores
SELECT 1 AS one, NULL AS nothing, -1.50 AS less, .5 AS half FROM dual
