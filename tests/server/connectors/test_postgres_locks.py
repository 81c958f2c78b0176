"""The second and third lock: hostile SQL does nothing although the guard is off and the account may write."""

import pytest

from server.connectors.postgres.session import PostgresConnector
from shared.errors import AppError
from tests.peers.postgres import PostgresServer
from tests.server.connectors.asking import ask
from tests.server.connectors.conftest import Opener

REFUSED = [
    "DELETE FROM sales",
    "UPDATE stores SET name = 'x'",
    "INSERT INTO stores VALUES (999, 'x', 'x', 'x') RETURNING store_id",
    "TRUNCATE sales",
    "DROP TABLE sales",
    "CREATE TABLE evil (a int)",
    "CREATE TEMP TABLE evil (a int)",
    "SELECT * INTO evil FROM stores",
    "CREATE TABLE evil AS SELECT 1",
    "WITH gone AS (DELETE FROM sales RETURNING *) SELECT * FROM gone",
    "WITH a AS (INSERT INTO stores VALUES (999, 'x', 'x', 'x') RETURNING 1) SELECT 1",
    "SELECT 1; DELETE FROM sales",
    "COMMIT; DELETE FROM sales",
    "ROLLBACK; DROP TABLE sales",
    "SELECT 1;\nCOMMIT;\nDELETE FROM sales",
    "SELECT 1) q(c0)) TO STDOUT; DELETE FROM sales; --",
    "SELECT 1) TO PROGRAM 'touch /tmp/evil' --",
    "SELECT 1) q(c0) LIMIT 1) TO '/tmp/evil' --",
    "SELECT 1 /*",
    "SELECT 1 --\n) q; DELETE FROM sales",
    "EXPLAIN ANALYZE DELETE FROM sales",
    "COPY sales TO PROGRAM 'cat'",
    "COPY sales TO '/tmp/evil'",
    "COPY sales FROM '/etc/passwd'",
    "COPY (SELECT 1) TO STDOUT",
    "DO $$ BEGIN DELETE FROM sales; END $$",
    "CALL nothing()",
    "SET default_transaction_read_only = off",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "SET TRANSACTION READ WRITE",
    "BEGIN READ WRITE",
    "COMMIT",
    "RESET ALL",
    "DISCARD ALL",
    "LISTEN evil",
    "PREPARE evil AS DELETE FROM sales",
    "DECLARE evil CURSOR FOR SELECT 1",
    "LOCK TABLE sales IN ACCESS EXCLUSIVE MODE",
    "GRANT ALL ON sales TO PUBLIC",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT nextval('evil_sequence')",
    "SELECT setval('evil_sequence', 99)",
    "SELECT lo_create(4711)",
    "SELECT lo_from_bytea(4711, 'x')",
    "SELECT evil_write()",
    "SELECT * FROM sales FOR UPDATE",
    "SELECT pg_notify('a', 'b'), evil_write()",
    "SELECT query_to_xml('DELETE FROM sales RETURNING 1', true, true, '')",
    "SELECT * FROM dblink('host=127.0.0.1', 'DELETE FROM sales') AS t(a int)",
    "VACUUM sales",
    "ALTER ROLE writer SUPERUSER",
]

LEAVES_SESSION_STATE = [
    "SELECT set_config('default_transaction_read_only', 'off', false)",
    "SELECT set_config('statement_timeout', '0', false), set_config('search_path', 'evil', false)",
    "SELECT set_config('role', 'writer', false)",
    "SELECT pg_advisory_lock(4711)",
]

STATE = """
SELECT current_setting('default_transaction_read_only'), current_setting('search_path'),
    current_setting('statement_timeout') <> '0', current_setting('role'),
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
"""


@pytest.fixture(scope="module")
def tempted(postgres: PostgresServer) -> PostgresServer:
    """The writer owns what it needs for mischief."""
    postgres.execute(
        "CREATE SEQUENCE evil_sequence",
        "GRANT ALL ON evil_sequence TO writer, reader",
        "GRANT CREATE ON SCHEMA public TO writer",
        """CREATE FUNCTION evil_write() RETURNS int LANGUAGE sql AS
            $$ UPDATE stores SET name = 'x' RETURNING 1 $$""",
    )
    return postgres


def fingerprint(server: PostgresServer) -> list[object]:
    return server.execute(
        """SELECT (SELECT count(*) FROM sales),
            (SELECT md5(string_agg(s::text, '' ORDER BY store_id)) FROM stores s),
            (SELECT count(*) FROM pg_class), (SELECT last_value FROM evil_sequence),
            (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_roles WHERE rolsuper)"""
    )


@pytest.mark.parametrize("user", ["writer", "postgres"])
def test_hostile_sql_is_refused_and_does_nothing(
    tempted: PostgresServer, open_connection: Opener, user: str
) -> None:
    connection = open_connection(user=user)
    before = fingerprint(tempted)
    for sql in REFUSED:
        with pytest.raises(AppError) as caught:
            ask(connection, sql)
        assert 400 <= caught.value.status < 500, sql
    assert fingerprint(tempted) == before


def test_what_a_query_does_to_the_session_is_gone_with_it(
    tempted: PostgresServer, open_connection: Opener
) -> None:
    connection = open_connection(user="writer")
    fresh = ask(connection, STATE).row
    assert fresh[0] == "on"
    for sql in LEAVES_SESSION_STATE:
        ask(connection, sql)
        assert ask(connection, STATE).row == fresh, sql
        with pytest.raises(AppError):
            ask(connection, "SELECT evil_write()")


def test_a_reading_account_gives_no_warning(connection: PostgresConnector) -> None:
    assert connection.warnings() == []


def test_a_writing_account_is_warned_of_with_statements_that_mend_it(
    postgres: PostgresServer, open_connection: Opener
) -> None:
    postgres.execute(
        "CREATE ROLE careless LOGIN CREATEDB PASSWORD 'careless-Secret-4'",
        "GRANT pg_read_server_files TO careless",
    )
    postgres.execute("GRANT INSERT ON sales TO careless", "GRANT CREATE ON SCHEMA hr TO careless")
    connection = open_connection(user="careless", password="careless-Secret-4")
    warnings = connection.warnings()
    assert [
        word
        for word in ("make databases", "pg_read_server_files", "write", "make tables")
        if word in " ".join(warnings)
    ] == [
        "make databases",
        "pg_read_server_files",
        "write",
        "make tables",
    ]
    for warning in warnings:
        _, _, mend = warning.partition("Mend it: ")
        postgres.execute(mend)
    assert connection.warnings() == []


def test_a_superuser_is_warned_of(open_connection: Opener) -> None:
    (warning,) = open_connection(user="postgres").warnings()
    assert "superuser" in warning
