SELECT * FROM read_csv('{secret}')
SELECT * FROM read_csv_auto('{secret}')
SELECT * FROM READ_CSV ( '{secret}' )
SELECT * FROM read_text('{secret}')
SELECT * FROM read_blob('{secret}')
SELECT * FROM read_json('{secret}')
SELECT * FROM read_json_auto('{secret}')
SELECT * FROM read_ndjson_objects('{secret}')
SELECT * FROM read_parquet('{secret}')
SELECT * FROM parquet_scan('{secret}')
SELECT * FROM parquet_metadata('{secret}')
SELECT * FROM parquet_schema('{secret}')
SELECT * FROM sniff_csv('{secret}')
SELECT * FROM glob('/etc/*')
SELECT * FROM glob('*')
SELECT * FROM read_duckdb('{secret}')
SELECT * FROM '{secret}'
SELECT * FROM "{secret}"
FROM '{secret}'
FROM '/etc/passwd'
SELECT * FROM 'https://example.invalid/x.csv'
SELECT * FROM "https://example.invalid/x.parquet"
SELECT * FROM 's3://bucket/x.parquet'
SELECT * FROM main."{secret}"
SELECT * FROM "a.csv"
SELECT * FROM "a*"
SELECT * FROM ['{secret}']
SELECT (SELECT * FROM '{secret}')
SELECT (FROM read_text('{secret}'))
WITH x AS (FROM read_text('{secret}')) SELECT * FROM x
SELECT * FROM stores JOIN read_text('{secret}') ON true
SELECT * FROM stores, LATERAL read_text('{secret}')
SELECT * FROM stores WHERE name IN (SELECT content FROM read_text('{secret}'))
SELECT * FROM stores UNION ALL SELECT content FROM read_text('{secret}')
PIVOT '{secret}' ON a USING count(*)
PIVOT read_csv('{secret}') ON a USING count(*)
SELECT * FROM query('DROP TABLE stores')
SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')
SELECT * FROM query_table('{secret}')
SELECT * FROM query_table(['stores'])
SELECT * FROM system.main.read_text('{secret}')
SELECT * FROM main.read_text('{secret}')
SELECT read_text('{secret}')
SELECT '{secret}'.read_text()
SELECT getenv('HOME')
SELECT getvariable('x')
SELECT current_setting('temp_directory')
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_secrets()
SELECT * FROM duckdb_databases()
SELECT * FROM duckdb_functions()
SELECT * FROM duckdb_extensions()
SELECT * FROM duckdb_temporary_files()
SELECT * FROM pragma_database_list()
SELECT * FROM pragma_table_info('stores')
SELECT * FROM which_secret('x', 's3')
SELECT * FROM test_all_types()
SELECT * FROM json_execute_serialized_sql('{}')
SELECT json_serialize_sql('SELECT 1')
SELECT json_deserialize_sql('{}')
SELECT write_log('x')
SELECT sleep_ms(100000)
SELECT error('x')
SELECT * FROM duckdb_tables
SELECT * FROM sqlite_master
SELECT * FROM pg_catalog.pg_class
SELECT * FROM system.information_schema.tables
SELECT * FROM enable_logging()
CALL enable_logging()
CALL pragma_version()
PRAGMA database_list
PRAGMA version
PRAGMA enable_profiling
PRAGMA memory_limit='1TB'
SET threads = 1
SET memory_limit = '1TB'
SET enable_external_access = true
SET lock_configuration = false
SET GLOBAL allowed_paths = ['/']
SET VARIABLE x = 1
RESET threads
ATTACH '{out}/x.db'
ATTACH '{out}/x.db' AS y (READ_WRITE)
ATTACH ':memory:' AS z
ATTACH '{secret}' AS y
ATTACH 'postgres:host=127.0.0.1' AS p (TYPE postgres)
DETACH memory
INSTALL httpfs
FORCE INSTALL httpfs
INSTALL x FROM community
LOAD httpfs
UPDATE EXTENSIONS
COPY stores TO '{table}' (FORMAT parquet, USE_TMP_FILE false)
COPY (SELECT 1) TO '{table}' (USE_TMP_FILE false)
COPY stores TO '{out}/c.parquet' (FORMAT parquet)
COPY stores TO '/dev/stdout'
COPY FROM DATABASE memory TO z
EXPORT DATABASE '{out}/db'
IMPORT DATABASE '{out}/db'
CREATE SECRET s (TYPE http)
CREATE MACRO m() AS 1
CREATE TYPE e AS ENUM ('a')
CREATE OR REPLACE VIEW stores AS SELECT 1
DROP VIEW stores
DESCRIBE stores
SHOW TABLES
SUMMARIZE stores
FORCE CHECKPOINT
SELECT * FROM stores AT (VERSION => 1)
SELECT 1 FROM stores; SET threads = 1
SELECT * FROM stores) AS x; COPY (SELECT 1) TO '{out}/d.csv'; --
SELECT 1) AS q(c0) LIMIT 1; COPY (SELECT 1) TO '{out}/e.csv'; --
PREPARE p AS SELECT 1
SELECT E'\u0041' || getenv('HOME')
SELECT * FROM st_read('{secret}')
SELECT * FROM sqlite_scan('{secret}', 't')
SELECT * FROM postgres_scan('host=127.0.0.1', 'public', 't')
SELECT * FROM iceberg_scan('{secret}')
SELECT * FROM delta_scan('{secret}')
SELECT * FROM arrow_scan(1, 2, 3)
SELECT * FROM python_map_function(1)
SELECT * FROM seq_scan('stores')
SELECT load_extension('x')
SELECT to_aggregate_state('x'::BLOB)
SELECT finalize('x'::BLOB)
