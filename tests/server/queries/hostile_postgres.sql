SELECT pg_sleep(100)
SELECT pg_sleep_for('5 minutes')
SELECT pg_catalog.pg_sleep(100)
SELECT PG_SLEEP (100)
SELECT pg_sleep(100) FROM stores
SELECT * FROM pg_sleep(100)
SELECT * FROM stores WHERE pg_sleep(100) IS NULL
SELECT CASE WHEN true THEN pg_sleep(100) END
SELECT x FROM stores ORDER BY pg_sleep(100)
SELECT pg_read_file('/etc/passwd')
SELECT pg_catalog.pg_read_file('/etc/passwd')
SELECT "pg_catalog"."pg_read_file"('/etc/passwd')
SELECT pg_read_binary_file('/etc/passwd')
SELECT pg_ls_dir('/')
SELECT * FROM pg_ls_dir('/')
SELECT * FROM pg_stat_file('/etc/passwd')
SELECT (pg_stat_file('/etc/passwd')).size
SELECT pg_ls_logdir()
SELECT ('/etc/passwd'::text).pg_read_file
SELECT x.pg_read_file FROM unnest(ARRAY['/etc/passwd']) AS x
SELECT (x).pg_read_file FROM unnest(ARRAY['/etc/passwd']) AS x
SELECT (ARRAY['/etc/passwd'])[1].pg_read_file
SELECT t.x.pg_ls_dir FROM (SELECT '/'::text AS x) t
SELECT x.pg_sleep FROM generate_series(1.0::float8, 2.0::float8) AS x
SELECT (10.0::float8).pg_sleep
SELECT x.lo_import FROM unnest(ARRAY['/etc/passwd']) AS x
SELECT lo_import('/etc/passwd')
SELECT lo_export(1, '{out}/x')
SELECT lo_create(0)
SELECT lo_put(1, 0, 'x')
SELECT lo_get(1)
SELECT lo_unlink(1)
SELECT loread(1, 10)
SELECT dblink('host=127.0.0.1', 'SELECT 1')
SELECT * FROM dblink('dbname=x', 'DROP TABLE stores') AS t(a int)
SELECT dblink_connect('x')
SELECT set_config('default_transaction_read_only', 'off', false)
SELECT set_config('statement_timeout', '0', false)
SELECT current_setting('data_directory')
SELECT pg_catalog.set_config('role', 'postgres', false)
SELECT query_to_xml('DELETE FROM stores', true, false, '')
SELECT query_to_xml_and_xmlschema('SELECT 1', true, false, '')
SELECT table_to_xml('stores', true, false, '')
SELECT schema_to_xml('public', true, false, '')
SELECT database_to_xml(true, false, '')
SELECT cursor_to_xml('c', 1, true, false, '')
SELECT ts_stat('SELECT 1')
SELECT * FROM ts_stat('DELETE FROM stores')
SELECT ts_rewrite('a'::tsquery, 'SELECT 1')
SELECT pg_advisory_lock(1)
SELECT pg_advisory_xact_lock(1)
SELECT pg_try_advisory_lock(1)
SELECT pg_advisory_unlock_all()
SELECT pg_notify('x', 'y')
SELECT pg_terminate_backend(1)
SELECT pg_cancel_backend(1)
SELECT pg_reload_conf()
SELECT pg_rotate_logfile()
SELECT pg_switch_wal()
SELECT pg_create_restore_point('x')
SELECT pg_logical_emit_message(true, 'x', 'y')
SELECT pg_create_physical_replication_slot('x')
SELECT pg_drop_replication_slot('x')
SELECT pg_export_snapshot()
SELECT pg_stat_reset()
SELECT pg_promote()
SELECT pg_backend_pid()
SELECT txid_current()
SELECT pg_current_xact_id()
SELECT pg_get_viewdef('v')
SELECT inet_server_addr()
SELECT has_table_privilege('postgres', 'pg_authid', 'select')
SELECT nextval('s'::regclass)
SELECT currval('s')
SELECT lastval()
SELECT * FROM pg_shadow
SELECT * FROM pg_catalog.pg_authid
SELECT * FROM pg_roles
SELECT * FROM pg_settings
SELECT * FROM pg_stat_activity
SELECT * FROM pg_stats
SELECT * FROM pg_catalog.pg_stats
SELECT * FROM pg_hba_file_rules
SELECT * FROM pg_file_settings
SELECT * FROM pg_locks
SELECT * FROM pg_largeobject
SELECT * FROM pg_proc
SELECT 'pg_read_file'::regproc
SELECT 'pg_read_file(text)'::regprocedure
SELECT x OPERATOR(pg_catalog.+) 1 FROM stores
SELECT public.my_function(1)
SELECT * FROM public.my_function(1)
SELECT my_function(1)
DO $$ BEGIN DELETE FROM stores; END $$
DO LANGUAGE plpgsql 'BEGIN END'
LISTEN x
NOTIFY x, 'y'
UNLISTEN *
DISCARD ALL
LOCK TABLE stores
LOCK stores IN ACCESS EXCLUSIVE MODE
CLUSTER stores
REINDEX TABLE stores
REFRESH MATERIALIZED VIEW v
SECURITY LABEL ON TABLE stores IS 'x'
IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y
COPY stores TO PROGRAM 'id'
COPY stores FROM PROGRAM 'id'
COPY (SELECT 1) TO STDOUT
COPY stores TO STDOUT
DECLARE c CURSOR FOR SELECT 1
DECLARE c CURSOR WITH HOLD FOR SELECT pg_sleep(10)
FETCH ALL FROM c
CLOSE c
SET ROLE postgres
SET SESSION AUTHORIZATION postgres
SET LOCAL statement_timeout = 0
SET TRANSACTION READ WRITE
SET default_transaction_read_only = off
RESET ROLE
SHOW data_directory
BEGIN READ WRITE
COMMIT AND CHAIN
ROLLBACK AND CHAIN
PREPARE TRANSACTION 'x'
ALTER SYSTEM SET x = 1
ALTER ROLE postgres SUPERUSER
CREATE ROLE x SUPERUSER
CREATE EXTENSION dblink
CREATE RULE r AS ON SELECT TO stores DO INSTEAD SELECT 1
CREATE TRIGGER t BEFORE INSERT ON stores EXECUTE FUNCTION f()
DROP OWNED BY postgres
REASSIGN OWNED BY a TO b
SELECT U&'\0061'
SELECT U&"p\0067_sleep"(10)
SELECT U&'d!0061t!+000061' UESCAPE '!'
SELECT E'\'; DELETE FROM stores; --
SELECT 'a\'; DELETE FROM stores; --
SELECT $x$ $y$; DELETE FROM stores; $x$ $y$; --
SELECT 1 AS "a"; DELETE FROM stores
SELECT '1'';' ; DELETE FROM stores
SELECT * FROM ROWS FROM (pg_ls_dir('/')) AS x
SELECT * FROM generate_series(1, 2), pg_ls_dir('/')
SELECT * FROM LATERAL pg_ls_dir('/') AS x
SELECT xmltable('/x' PASSING pg_read_file('/etc/passwd'))
SELECT json_agg(x) FROM pg_ls_dir('/') x
SELECT (SELECT pg_read_file('/etc/passwd'))
SELECT array(SELECT pg_ls_dir('/'))
SELECT max(x) OVER (PARTITION BY pg_read_file('/etc/passwd')) FROM stores
SELECT count(*) FILTER (WHERE pg_sleep(1) IS NULL) FROM stores
SELECT 1 LIMIT (SELECT length(pg_read_file('/etc/passwd')))
SELECT 1 OFFSET pg_backend_pid()
VALUES (pg_read_file('/etc/passwd'))
TABLE pg_shadow
SELECT * FROM stores TABLESAMPLE system_rows(1)
SELECT 0x1F
SELECT 1_000
