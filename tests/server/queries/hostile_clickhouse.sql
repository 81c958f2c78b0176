# Attacks on ClickHouse: all of them must be refused with a reason.
SELECT * FROM url('http://169.254.169.254/latest', 'CSV', 'a String')
SELECT * FROM urlCluster('c', 'http://127.0.0.1/', 'CSV', 'a String')
SELECT * FROM file('/etc/passwd', 'CSV', 'a String')
SELECT * FROM file('{secret}')
SELECT file('/etc/passwd')
SELECT * FROM remote('127.0.0.1', 'system', 'users')
SELECT * FROM remoteSecure('127.0.0.1:9440', system.users)
SELECT * FROM s3('https://bucket.s3.amazonaws.com/x', 'CSV')
SELECT * FROM s3Cluster('c', 'https://bucket/x')
SELECT * FROM gcs('https://storage/x', 'CSV')
SELECT * FROM hdfs('hdfs://h/x', 'CSV', 'a String')
SELECT * FROM mysql('127.0.0.1:3306', 'd', 't', 'u', 'p')
SELECT * FROM postgresql('127.0.0.1:5432', 'd', 't', 'u', 'p')
SELECT * FROM sqlite('/tmp/x.db', 't')
SELECT * FROM mongodb('127.0.0.1:27017', 'd', 'c', 'u', 'p', 's String')
SELECT * FROM redis('127.0.0.1', 'k', 'k String')
SELECT * FROM odbc('DSN=x', 't')
SELECT * FROM jdbc('jdbc:x', 't')
SELECT * FROM executable('cat', 'TSV', 'a String')
SELECT * FROM executable('cat', TabSeparated, 'a String', (SELECT 1))
SELECT * FROM input('a String')
SELECT * FROM cluster('c', system.one)
SELECT * FROM clusterAllReplicas('c', system.one)
SELECT * FROM merge('shop', '.*')
SELECT * FROM merge('.*')
SELECT * FROM dictionary('d')
SELECT * FROM view(SELECT * FROM url('http://x', 'CSV', 'a Int8'))
SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))
SELECT * FROM viewIfPermitted(SELECT 1 ELSE null('a Int8'))
SELECT * FROM loop(shop.sales)
SELECT * FROM mergeTreeIndex('shop', 'sales')
SELECT * FROM generateRandom('a Array(String)', 1, 1000000, 1000000)
SELECT * FROM fuzzJSON('{}', 1)
SELECT * FROM python('x')
SELECT * FROM iceberg('x')
SELECT * FROM deltaLake('x')
SELECT * FROM azureBlobStorage('x')
SELECT * FROM filesystem('/etc')
SELECT * FROM eval('SELECT 1')
SELECT * FROM format('CSV', 'a')
SELECT * FROM null('a Int8')
SELECT * FROM timeSeriesData('x')
SELECT * FROM prometheusQuery('x', 'y', 1)
SELECT * FROM arrowFlight('127.0.0.1', 'x')
SELECT * FROM system.processes
SELECT * FROM system.query_log
SELECT * FROM system.users
SELECT * FROM system.settings
SELECT * FROM system.grants
SELECT * FROM system.named_collections
SELECT * FROM system.text_log
SELECT * FROM "system"."query_log"
SELECT * FROM `system`.`processes`
SELECT * FROM SYSTEM.processes
SELECT * FROM information_schema.tables_
SELECT * FROM INFORMATION_SCHEMA.views
SELECT * FROM sales SETTINGS readonly = 0
SELECT * FROM sales SETTINGS max_execution_time = 0, max_memory_usage = 0
SELECT * FROM (SELECT * FROM sales SETTINGS max_threads = 100)
SELECT 1 UNION ALL SELECT 2 SETTINGS readonly = 0
SELECT * FROM sales FORMAT Native
SELECT * FROM sales INTO OUTFILE '{out}'
SELECT * FROM sales INTO OUTFILE '{out}' FORMAT CSV
SELECT * FROM sales INTO OUTFILE '{out}' TRUNCATE COMPRESSION 'gzip'
SELECT 1 IN sales
SELECT 1 IN shop.sales
SELECT 1 NOT IN sales
SELECT 1 GLOBAL IN sales
SELECT in(1, 'sales')
SELECT globalIn(1, 'sales')
SELECT notIn(1, sales)
SELECT joinGet('shop.secret', 'salary', 1)
SELECT joinGetOrNull('shop.secret', 'salary', 1)
SELECT dictGet('d', 'a', 1)
SELECT dictGetString('d', 'a', toUInt64(1))
SELECT dictGetOrDefault('d', 'a', 1, 2)
SELECT dictHas('d', 1)
SELECT dictGetHierarchy('d', 1)
SELECT regionToName(1)
SELECT hasColumnInTable('shop', 'payroll', 'salary')
SELECT sleep(3)
SELECT sleepEachRow(1) FROM sales
SELECT getSetting('max_memory_usage')
SELECT getMacro('shard')
SELECT getServerPort('tcp_port')
SELECT getClientHTTPHeader('Authorization')
SELECT showCertificate()
SELECT hostName(), FQDN()
SELECT hostname()
SELECT version()
SELECT uptime(), buildId(), serverUUID()
SELECT currentUser(), currentProfiles(), currentRoles()
SELECT currentQueryID()
SELECT addressToLine(1)
SELECT demangle('x')
SELECT filesystemAvailable()
SELECT catboostEvaluate('/etc/passwd', 1)
SELECT evalMLMethod(1, 2)
SELECT aiGenerate('collection', 'prompt')
SELECT aiClassify('x', ['a'])
SELECT naiveBayesClassifier('m', 'x')
SELECT throwIf(1)
SELECT generateSerialID('x')
SELECT formatQuery('SELECT 1')
SELECT formatRow('CSV', 1)
SELECT structureToCapnProtoSchema('a Int8')
SELECT initializeAggregation('sumState', 1)
SELECT logTrace('x')
SELECT indexHint(1)
SELECT my_executable_udf(1)
SELECT * APPLY(dictGet) FROM sales
SELECT * APPLY(x -> sleep(1)) FROM sales
SELECT COLUMNS('a') APPLY(sum) FROM sales
SELECT f(1)(2)
SELECT sumUnknown(1)(2)
SELECT sleepIf(1, 1)
SELECT fileOrNull('/etc/passwd')
SELECT urlArray('x')
SELECT CAST('x', 'AggregateFunction(sum, UInt64)')
SELECT {x:Identifier}
SELECT * FROM {t:Identifier}
INSERT INTO sales SELECT * FROM sales
INSERT INTO FUNCTION file('{out}', 'CSV', 'a Int8') SELECT 1
INSERT INTO FUNCTION url('http://x', 'CSV', 'a Int8') SELECT 1
CREATE TABLE x ENGINE = Memory AS SELECT 1
CREATE TEMPORARY TABLE x (a Int8)
CREATE FUNCTION f AS (x) -> x
CREATE USER u
ALTER TABLE sales DELETE WHERE 1
ALTER USER reader SETTINGS readonly = 0
DROP TABLE sales
DROP DATABASE shop
TRUNCATE TABLE sales
RENAME TABLE sales TO y
EXCHANGE TABLES sales AND stores
DETACH TABLE sales
ATTACH TABLE x
OPTIMIZE TABLE sales FINAL
SYSTEM SHUTDOWN
SYSTEM DROP DNS CACHE
KILL QUERY WHERE 1
SET readonly = 0
USE system
GRANT ALL ON *.* TO reader
BACKUP TABLE sales TO Disk('d', 'x')
EXPLAIN SELECT 1
DESCRIBE TABLE url('http://x')
SHOW TABLES
SHOW CREATE TABLE sales
EXISTS TABLE sales
CHECK TABLE sales
WATCH v
SELECT 1; DROP TABLE sales
SELECT 1;; SELECT 2
WITH x AS (INSERT INTO sales SELECT 1) SELECT 1
SELECT zone, count() FROM stores GROUP BY zone WITH TOTALS
SELECT 'a' FROM sales WHERE 1 /* */ ; SET readonly = 0
