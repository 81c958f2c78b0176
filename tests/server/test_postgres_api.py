"""PostgreSQL through the whole backend: over HTTP, with a key, the guard and the pool."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.connectors import postgres as connector
from tests.peers.postgres import PostgresServer
from tests.server.running import RunningBackend, start

RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND query LIKE '%forever%'"
RUNNING += " AND pid <> pg_backend_pid()"


@pytest.fixture
def backend(postgres: PostgresServer, tmp_path: Path) -> Iterator[RunningBackend]:
    running = start(tmp_path, [connector.KIND])
    try:
        body = {"name": "shop", "type": "postgresql", "params": postgres.params()}
        assert running.ask("POST", "/api/connections", body).status == 201
        yield running
    finally:
        running.stop()


def query(backend: RunningBackend, sql: str, **more: object) -> tuple[int, dict[str, object]]:
    answered = backend.ask("POST", "/api/query", {"connection": "shop", "query": sql, **more})
    return answered.status, answered.json


def test_a_question_is_answered_with_rows_as_postgresql_wrote_them(backend: RunningBackend) -> None:
    sql = "SELECT zone, count(*) AS stores FROM stores GROUP BY zone ORDER BY zone"
    status, answer = query(backend, sql)
    assert status == 200
    assert answer["rows"] == [["East", 15], ["North", 15], ["South", 15], ["West", 15]]
    assert answer["columns"] == [{"name": "zone", "type": "text"}, {"name": "stores", "type": "integer"}]
    status, answer = query(backend, "SELECT name FROM stores WHERE store_id = :id", params={"id": 7})
    assert answer["rows"] == [["Store 7"]]


def test_a_query_past_its_deadline_is_gone_from_the_database_and_the_pool_still_answers(
    backend: RunningBackend, postgres: PostgresServer
) -> None:
    endless = "SELECT count(*) FROM sales AS forever, sales AS b, sales AS c"
    status, answer = query(backend, endless, timeout_seconds=0.4)
    assert (status, answer["code"]) == (504, "query_timeout")
    assert postgres.execute(RUNNING) == [[0]]
    for _ in range(6):
        assert query(backend, "SELECT 1 AS one")[1]["rows"] == [[1]]


def test_connections_that_the_database_closed_are_replaced(
    backend: RunningBackend, postgres: PostgresServer
) -> None:
    assert query(backend, "SELECT 1 AS one")[0] == 200
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
    status, answer = query(backend, "SELECT 2 AS two")
    assert (status, answer.get("rows")) == (200, [[2]])


@pytest.mark.parametrize(
    "sql",
    [
        "WITH gone AS (DELETE FROM sales RETURNING *) SELECT * FROM gone",
        "SELECT 1; DELETE FROM sales",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT lo_import('/etc/passwd')",
        "COPY sales TO PROGRAM 'cat'",
    ],
)
def test_hostile_sql_is_refused_with_a_reason(
    backend: RunningBackend, postgres: PostgresServer, sql: str
) -> None:
    status, answer = query(backend, sql)
    assert (status, answer["code"]) == (400, "query_refused")
    assert answer["error"]
    assert postgres.execute("SELECT count(*) FROM sales") == [[20000]]


def test_a_test_of_the_connection_tells_what_the_account_can_write(
    backend: RunningBackend, postgres: PostgresServer
) -> None:
    answered = backend.ask("POST", "/api/connections/shop/test", {})
    assert (answered.status, answered.json["warnings"]) == (200, [])
    writer = {"name": "careless", "type": "postgresql", "params": postgres.params("writer")}
    assert backend.ask("POST", "/api/connections", writer).status == 201
    answered = backend.ask("POST", "/api/connections/careless/test", {})
    assert "can write" in answered.json["warnings"][0]


def test_a_wrong_password_is_told_without_it(backend: RunningBackend, postgres: PostgresServer) -> None:
    params = postgres.params(password="wrong-Secret-9")
    backend.ask("POST", "/api/connections", {"name": "broken", "type": "postgresql", "params": params})
    answered = backend.ask("POST", "/api/query", {"connection": "broken", "query": "SELECT 1"})
    assert (answered.status, answered.json["code"]) == (503, "source_unavailable")
    assert "does not let 'reader' in" in answered.json["error"]
    assert b"wrong-Secret-9" not in answered.body
