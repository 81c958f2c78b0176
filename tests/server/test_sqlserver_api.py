"""SQL Server through the whole backend: over HTTP, with a key, the guard and the pool."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.connectors import sqlserver as connector
from tests.peers.sqlserver import READER_PASSWORD, SqlServerPeer
from tests.server.running import RunningBackend, start


@pytest.fixture(params=["ODBC Driver 18 for SQL Server", "FreeTDS"])
def backend(
    sqlserver: SqlServerPeer, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[RunningBackend]:
    running = start(tmp_path, [connector.KIND])
    try:
        params = sqlserver.params(driver=request.param)
        body = {"name": "pos", "type": "sqlserver", "params": params}
        assert running.ask("POST", "/api/connections", body).status == 201
        yield running
    finally:
        running.stop()


def query(backend: RunningBackend, sql: str, **more: object) -> tuple[int, dict[str, object]]:
    answered = backend.ask("POST", "/api/query", {"connection": "pos", "query": sql, **more})
    return answered.status, answered.json


def test_a_connection_is_tested_asked_and_described(backend: RunningBackend) -> None:
    tested = backend.ask("POST", "/api/connections/pos/test")
    assert tested.status == 200
    assert "db_datawriter" in str(tested.json)
    assert READER_PASSWORD not in str(backend.ask("GET", "/api/connections/pos").json)
    status, answer = query(backend, "SELECT name FROM stores WHERE store_id = :id", params={"id": 7})
    assert (status, answer["rows"]) == (200, [["Store 7"]])
    schema = backend.ask("GET", "/api/schema/pos").json
    assert "hr.staff" in [table["name"] for table in schema["tables"]]


def test_a_slow_query_is_stopped_inside_and_the_pool_still_answers(backend: RunningBackend) -> None:
    slow = "SELECT COUNT(*) AS n FROM numbers a, numbers b WHERE a.i * b.i % 7 = 8"
    status, answer = query(backend, slow, timeout_seconds=0.6)
    assert (status, answer["code"]) == (504, "query_timeout")
    assert query(backend, "SELECT zone FROM stores WHERE store_id = 1")[0] == 200


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1\nDROP TABLE stores", "EXEC xp_cmdshell 'dir'", "SELECT * FROM OPENROWSET('a', 'b', 'c')"],
)
def test_hostile_sql_is_refused_and_never_reaches_the_server(
    backend: RunningBackend, sqlserver: SqlServerPeer, sql: str
) -> None:
    before = len(sqlserver.batches)
    status, answer = query(backend, sql)
    assert (status, answer["code"]) == (400, "query_refused")
    # whatever else arrives: a connection of the test before may be given back just now
    assert not [batch for batch in sqlserver.batches[before:] if sql in batch]
