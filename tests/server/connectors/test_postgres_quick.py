"""Queries that are asked again and give few rows go by the event loop, and keep every promise."""

import asyncio
import threading

import pytest

from server.connectors.base import Limits
from server.connectors.postgres.session import PostgresConnector
from shared.errors import QueryCancelled, QueryFailed, QueryRefused, QueryTimeout, SourceUnavailable
from shared.guard import ReadOnlySql
from shared.results import JsonRows, Result
from tests.peers.postgres import WRITER, PostgresServer
from tests.server.connectors.asking import ask, quickly
from tests.server.connectors.conftest import Opener

_EVERYTHING = r"""
    SELECT 1::int2 AS a, 'NaN'::numeric AS b, 1.50::numeric AS c, 'Infinity'::float8 AS d, true AS e,
        NULL::text AS f, E'q"\\\n\x01 ünï 😀' AS g, date '2026-11-28' AS h, '' AS i, '\xff00'::bytea AS j,
        timestamptz '2026-11-28 10:00+05:30' AS k, ARRAY[1, NULL] AS l, '{"a": 1}'::jsonb AS m,
        interval '1 day' AS n
"""


def _lines(result: Result) -> list[bytes]:
    return [batch.data for batch in result.batches() if isinstance(batch, JsonRows)]


def test_an_answer_is_the_same_on_both_ways(connection: PostgresConnector) -> None:
    ordinary = ask(connection, _EVERYTHING)
    answer = quickly(connection, _EVERYTHING)
    assert answer is not None
    assert answer.is_whole
    assert answer.is_clean
    assert _lines(answer.result) == [line + b"\n" for line in ordinary.lines]
    assert answer.result.columns == ordinary.columns


def test_only_what_was_asked_before_and_was_short_is_quick(connection: PostgresConnector) -> None:
    many = "SELECT i FROM generate_series(1, 1000) i"
    assert quickly(connection, many) is None
    ask(connection, many)
    assert quickly(connection, many) is None


def test_values_and_the_cut_are_those_of_each_call(connection: PostgresConnector) -> None:
    sql = "SELECT i, :word FROM generate_series(1, :n) i"
    ask(connection, sql, n=2, word="x")
    for n, most, expected in ((3, 10, 3), (7, 4, 4), (0, 4, 0)):
        answer = quickly(connection, sql, n=n, word="y'\\", max_rows=most)
        assert answer is not None
        assert b"".join(_lines(answer.result)) == b"".join(
            b'[%d,"y\'\\\\"]\n' % number for number in range(1, expected + 1)
        )
        assert answer.result.truncated is (n > most)


def test_an_answer_that_has_grown_is_read_on_in_the_thread(connection: PostgresConnector) -> None:
    sql = "SELECT i, repeat('x', 50) FROM generate_series(1, :n) i"
    ask(connection, sql, n=2)
    answer = quickly(connection, sql, n=100_000, max_rows=90_000)
    assert answer is not None
    assert not answer.is_whole
    assert sum(batch.count for batch in answer.result.batches()) == 90_000
    assert answer.result.truncated
    assert connection.reset()
    assert quickly(connection, sql, n=2) is None  # it was long the last time
    assert ask(connection, "SELECT 1").row == [1]


def test_nothing_of_the_session_is_left_behind(
    postgres: PostgresServer, connection: PostgresConnector
) -> None:
    hostile = (
        "SELECT set_config('default_transaction_read_only', 'off', false), pg_try_advisory_lock(4711),"
        " set_config('statement_timeout', '1', false), set_config('search_path', 'evil', false)"
    )
    ask(connection, hostile)
    answer = quickly(connection, hostile)
    assert answer is not None
    assert answer.is_clean
    shown = "SELECT current_setting('default_transaction_read_only'), current_setting('search_path')"
    assert connection.rows(shown) == [["on", '"$user", public']]
    assert connection.rows("SHOW statement_timeout") == [["0"]]
    assert postgres.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [[0]]


def test_a_quick_query_only_reads(postgres: PostgresServer, open_connection: Opener) -> None:
    """As an account that may write: its view reads at first, and writes later."""
    connection = open_connection(user=WRITER)
    postgres.execute("CREATE TABLE harmed (a int)", "GRANT ALL ON harmed TO PUBLIC")
    postgres.execute("CREATE VIEW turning AS SELECT 1 AS a", "GRANT SELECT ON turning TO PUBLIC")
    try:
        ask(connection, "SELECT a FROM turning")
        assert quickly(connection, "SELECT a FROM turning") is not None
        postgres.execute(
            "CREATE FUNCTION harm() RETURNS int LANGUAGE sql AS 'INSERT INTO harmed VALUES (1) RETURNING 1'"
        )
        postgres.execute("CREATE OR REPLACE VIEW turning AS SELECT harm() AS a")
        with pytest.raises(QueryRefused, match="only reads"):
            quickly(connection, "SELECT a FROM turning")
        assert connection.reset()
        assert postgres.execute("SELECT count(*) FROM harmed") == [[0]]
    finally:
        postgres.execute("DROP VIEW turning")
        postgres.execute("DROP FUNCTION IF EXISTS harm()", "DROP TABLE harmed")


def test_a_table_that_changes_its_columns_is_described_anew(
    postgres: PostgresServer, connection: PostgresConnector
) -> None:
    postgres.execute("CREATE TABLE changing AS SELECT 1 AS a", "GRANT SELECT ON changing TO PUBLIC")
    try:
        sql = "SELECT * FROM changing"
        ask(connection, sql)
        assert quickly(connection, sql) is not None
        postgres.execute("ALTER TABLE changing ALTER a TYPE text")
        assert quickly(connection, sql) is None
        assert ask(connection, sql).rows == [["1"]]
        postgres.execute("ALTER TABLE changing ADD b int")
        assert quickly(connection, sql) is None or ask(connection, sql).rows == [["1", None]]
        assert ask(connection, sql).rows == [["1", None]]
    finally:
        postgres.execute("DROP TABLE changing")


def test_a_failure_is_told_and_the_connection_goes_on(connection: PostgresConnector) -> None:
    ask(connection, "SELECT 1 / :n", n=1)
    with pytest.raises(QueryFailed, match="division by zero"):
        quickly(connection, "SELECT 1 / :n", n=0)
    assert quickly(connection, "SELECT 1 / :n", n=1) is None  # not before it is clean again
    assert connection.reset()
    answer = quickly(connection, "SELECT 1 / :n", n=1)
    assert answer is not None
    assert _lines(answer.result) == [b"[1]\n"]


def test_the_time_out_stops_it_in_the_source(connection: PostgresConnector) -> None:
    sql = "SELECT pg_sleep(:n)::text"
    ask(connection, sql, n=0)
    with pytest.raises(QueryTimeout):
        quickly(connection, sql, n=30, seconds=0.3)
    assert connection.reset()
    assert ask(connection, "SELECT 1").row == [1]


def test_it_can_be_cancelled(connection: PostgresConnector) -> None:
    sql = "SELECT pg_sleep(:n)::text"
    ask(connection, sql, n=0)

    def meanwhile() -> None:
        threading.Timer(0.2, connection.cancel).start()

    with pytest.raises(QueryCancelled):
        quickly(connection, sql, n=30, meanwhile=meanwhile)
    assert connection.reset()
    assert ask(connection, "SELECT 1").row == [1]


def test_when_a_pooler_loses_the_statements_the_ordinary_way_answers(connection: PostgresConnector) -> None:
    sql = "SELECT 1 AS a"
    ask(connection, sql)
    assert quickly(connection, sql) is not None
    connection.rows("DEALLOCATE ALL")
    assert quickly(connection, sql) is None
    assert ask(connection, sql).row == [1]
    assert quickly(connection, sql) is None


def test_a_server_that_goes_away_is_a_lost_connection(
    postgres: PostgresServer, connection: PostgresConnector
) -> None:
    sql = "SELECT pg_sleep(:n)::text, pg_backend_pid()"
    pid = ask(connection, sql, n=0).row[1]

    def meanwhile() -> None:
        threading.Timer(0.2, postgres.execute, [f"SELECT pg_terminate_backend({pid})"]).start()

    with pytest.raises((SourceUnavailable, QueryFailed)):
        quickly(connection, sql, n=30, meanwhile=meanwhile)
    assert not connection.reset()


def test_what_is_given_up_leaves_the_loop_nothing_to_do(connection: PostgresConnector) -> None:
    async def give_up() -> None:
        answers: list[object] = []
        sql = ReadOnlySql("SELECT pg_sleep(:n)::text")
        assert connection.quickly(sql, {"n": 1}, Limits(10, 30), answers.append)
        connection.stop_listening()
        connection.close()
        await asyncio.sleep(0)
        assert not answers

    ask(connection, "SELECT pg_sleep(:n)::text", n=0)
    asyncio.run(give_up())
