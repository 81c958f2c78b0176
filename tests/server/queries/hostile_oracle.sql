# What may not pass to Oracle; one a line, \n stands for a line break.
SELECT * FROM t@link
SELECT * FROM hr.t@link.world
SELECT * FROM t FOR UPDATE
SELECT * FROM t FOR UPDATE NOWAIT
SELECT seq.NEXTVAL FROM dual
SELECT hr.seq.NEXTVAL FROM dual
SELECT pkg.f(1) FROM dual
SELECT pkg.f FROM dual
SELECT hr.pkg.f FROM dual
SELECT dbms_random.value FROM dual
SELECT x.sleep FROM dual dbms_lock, t x
SELECT * FROM TABLE(f(1))
SELECT XMLTYPE(a).getClobVal() FROM t
SELECT utl_http.request('http://x') FROM dual
SELECT httpuritype('http://x').getclob() FROM dual
SELECT * FROM sys.user$
SELECT * FROM v$session
SELECT * FROM all_users
SELECT /*+ PARALLEL(8) */ a FROM t
BEGIN EXECUTE IMMEDIATE 'DROP TABLE t'; END;
CALL p()
WITH FUNCTION f RETURN NUMBER IS BEGIN RETURN 1; END; SELECT f FROM dual
SELECT my_func(1) FROM dual
SELECT XMLQUERY('doc("http://x")' RETURNING CONTENT) FROM dual
SELECT dbms_lock.sleep(10) FROM dual
SELECT sys.dbms_lock.sleep(10) FROM dual
SELECT DBMS_SESSION.SLEEP(10) FROM dual
SELECT dbms_pipe.receive_message('x', 10) FROM dual
SELECT dbms_xmlgen.getxml('select 1 from dual') FROM dual
SELECT dbms_ldap.init('127.0.0.1', 389) FROM dual
SELECT utl_inaddr.get_host_address('x') FROM dual
SELECT utl_file.fopen('/tmp', 'x', 'w') FROM dual
SELECT utl_tcp.open_connection('127.0.0.1', 80) FROM dual
SELECT utl_smtp.open_connection('127.0.0.1', 25) FROM dual
SELECT "UTL_HTTP"."REQUEST"('http://x') FROM dual
SELECT "utl_http".request('http://x') FROM dual
SELECT ctxsys.drithsx.sn(1, 'x') FROM dual
SELECT owa_util.get_owa_service_path FROM dual
SELECT sys_context('USERENV', 'SESSION_USER') FROM dual
SELECT userenv('SESSIONID') FROM dual
SELECT extractvalue(xmltype('<a/>'), '/a') FROM dual
SELECT xmltype('<!DOCTYPE x SYSTEM "http://x">') FROM dual
SELECT sys.xmltype('<a/>') FROM dual
SELECT bfilename('D', 'x') FROM dual
SELECT hr.raise_salary(1) FROM dual
SELECT hr.pkg.raise_salary(1) FROM dual
SELECT hr.raise_salary FROM dual
SELECT (SELECT pkg.f FROM dual) FROM t
SELECT t.a, pkg.f FROM t WHERE pkg.f = 1
SELECT a FROM t ORDER BY pkg.f
SELECT utl_http.x FROM t utl_http
WITH dbms_lock AS (SELECT 1 AS x FROM dual) SELECT dbms_lock.x FROM dbms_lock
SELECT * FROM hr.staff FOR UPDATE OF name WAIT 60
SELECT * FROM hr.staff FOR UPDATE SKIP LOCKED
SELECT * FROM (SELECT * FROM hr.staff FOR UPDATE)
SELECT * FROM TABLE(dbms_xplan.display)
SELECT * FROM TABLE(dbms_xplan.display())
SELECT * FROM TABLE(hr.pkg.rows_of(1))
SELECT * FROM THE (SELECT x FROM t)
SELECT * FROM "T@LINK"
SELECT * FROM hr.staff@"other"
SELECT a FROM t UNION SELECT b FROM u@remote
SELECT (SELECT MAX(x) FROM t@remote) FROM dual
SELECT seq.CURRVAL FROM dual
SELECT * FROM dba_users
SELECT * FROM gv$sql
SELECT * FROM sys.dba_users
SELECT * FROM sys.v_$session
SELECT * FROM SYSTEM.help
SELECT * FROM user_objects
SELECT * FROM cat
SELECT * FROM x$ksppi
SELECT value FROM v$parameter
SELECT * FROM session_privs
LOCK TABLE hr.staff IN EXCLUSIVE MODE
ALTER SESSION SET CURRENT_SCHEMA = hr
ALTER SYSTEM KILL SESSION '1,2'
SET ROLE ALL
SET TRANSACTION READ WRITE
EXPLAIN PLAN FOR SELECT 1 FROM dual
FLASHBACK TABLE t TO BEFORE DROP
PURGE RECYCLEBIN
DECLARE PRAGMA AUTONOMOUS_TRANSACTION; BEGIN DELETE FROM t; COMMIT; END;
SELECT 1 FROM dual; DELETE FROM t
SELECT 1 FROM dual\n/\nDELETE FROM t
SELECT * FROM t MODEL DIMENSION BY (a) MEASURES (b) RULES (b[1] = 2)
SELECT * FROM XMLTABLE('doc("http://x")' COLUMNS a NUMBER PATH 'a')
SELECT * FROM t, XMLTABLE('/a' PASSING t.x)
SELECT INSERTCHILDXML(a, 'b', 'c', d) FROM t
SELECT CURSOR(SELECT * FROM t) FROM dual
SELECT MULTISET(SELECT 1 FROM dual) FROM dual
SELECT XMLAGG(x) FROM t
SELECT dbms_random.random FROM dual
SELECT CAST(x AS BFILE) FROM t
SELECT ORA_INVOKING_USER FROM dual, t WHERE f.g = 1
SELECT seq.NEXTVAL FROM dual seq
SELECT hr.seq.CURRVAL FROM hr.seq
SELECT s."NEXTVAL" FROM t s
