"""Oracle through the whole backend: over HTTP, with a key, the guard and the pool."""

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from server.connectors import oracle as connector
from tests.peers.oracle import READER_PASSWORD, OraclePeer
from tests.server.running import RunningBackend, start, wait_until


@pytest.fixture
def backend(oracle: OraclePeer, tmp_path: Path) -> Iterator[RunningBackend]:
    running = start(tmp_path, [connector.KIND])
    try:
        body = {"name": "erp", "type": "oracle", "params": oracle.params()}
        assert running.ask("POST", "/api/connections", body).status == 201
        yield running
    finally:
        running.stop()


def query(backend: RunningBackend, sql: str, **more: object) -> tuple[int, dict[str, object]]:
    answered = backend.ask("POST", "/api/query", {"connection": "erp", "query": sql, **more})
    return answered.status, answered.json


def test_a_connection_is_tested_asked_and_described(backend: RunningBackend) -> None:
    tested = backend.ask("POST", "/api/connections/erp/test")
    assert tested.status == 200
    assert "CREATE TABLE" in str(tested.json)
    assert READER_PASSWORD not in str(backend.ask("GET", "/api/connections/erp").json)
    status, answer = query(backend, "SELECT name FROM stores WHERE store_id = :id", params={"id": 7})
    assert (status, answer["rows"]) == (200, [["Store 7"]])
    schema = backend.ask("GET", "/api/schema/erp").json
    assert "stores" in [table["name"] for table in schema["tables"]]


def test_a_slow_query_is_stopped_inside_and_the_pool_still_answers(backend: RunningBackend) -> None:
    slow = "SELECT COUNT(*) FROM numbers a, numbers b WHERE MOD(a.i * b.i, 7) = 8"
    status, answer = query(backend, slow, timeout_seconds=0.6)
    assert (status, answer["code"]) == (504, "query_timeout")
    assert query(backend, "SELECT zone FROM stores WHERE store_id = 1")[0] == 200


def test_a_running_query_is_cancelled_by_its_id(backend: RunningBackend, oracle: OraclePeer) -> None:
    slow = "SELECT COUNT(*) FROM numbers a, numbers b WHERE MOD(a.i * b.i, 7) = 8"
    query_id = str(uuid4())
    answers: list[tuple[int, dict[str, object]]] = []
    before = len(oracle.statements)
    asking = threading.Thread(target=lambda: answers.append(query(backend, slow, query_id=query_id)))
    asking.start()
    wait_until(lambda: any("COUNT" in text for text in oracle.statements[before:]))
    assert backend.ask("DELETE", f"/api/query/{query_id}").status == 202
    asking.join(60)
    status, answer = answers[0]
    assert (status, answer["code"]) == (499, "query_cancelled")


@pytest.mark.parametrize(
    "sql", ["SELECT utl_http.request('http://x') FROM dual", "DELETE FROM stores", "SELECT * FROM stores@far"]
)
def test_hostile_sql_is_refused_and_never_reaches_oracle(
    backend: RunningBackend, oracle: OraclePeer, sql: str
) -> None:
    before = len(oracle.statements)
    status, answer = query(backend, sql)
    assert (status, answer["code"]) == (400, "query_refused")
    # what the backend asks about its account meanwhile is its own
    since = " ".join(oracle.statements[before:]).lower()
    assert not any(word in since for word in ("utl_http", "delete", "@far"))


def test_another_descriptor_needs_the_password_again(backend: RunningBackend, oracle: OraclePeer) -> None:
    where = f"(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT={oracle.port}))"
    params = {"dsn": where + "(CONNECT_DATA=(SERVICE_NAME=SHOP)))", "user": "reader"}
    answered = backend.ask("PUT", "/api/connections/erp", {"params": params})
    assert (answered.status, "password again" in answered.json["error"]) == (400, True)
