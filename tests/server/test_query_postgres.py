"""A query from the socket to PostgreSQL and back: whole, stopped, streamed in flat memory."""

import csv
import io
import threading
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.connectors import KINDS
from tests.peers.postgres import PostgresServer
from tests.server.processes import BackendProcess
from tests.server.running import Answered, RunningBackend, start, wait_until

LONG = "SELECT count(*) AS n FROM sales a, sales b, sales c"


@pytest.fixture
def shop(tmp_path: Path, postgres: PostgresServer) -> Iterator[RunningBackend]:
    running = start(tmp_path, KINDS.values())
    body = {"name": "shop", "type": "postgresql", "params": postgres.params()}
    assert running.ask("POST", "/api/connections", body).status == 201
    yield running
    running.stop()


def _query(backend: RunningBackend, sql: str, **more: object) -> Answered:
    return backend.ask("POST", "/api/query", {"connection": "shop", "query": sql, **more})


def _running(postgres: PostgresServer) -> int:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'"
    return int(postgres.execute(sql)[0][0])


def test_a_question_with_parameters_is_answered(shop: RunningBackend) -> None:
    sql = "SELECT zone, count(*) AS stores FROM stores WHERE zone = :zone GROUP BY zone"
    answer = _query(shop, sql, params={"zone": "East"}).json
    assert answer["rows"] == [["East", 15]]
    assert [column["type"] for column in answer["columns"]] == ["text", "integer"]


def test_numbers_inside_json_stay_numbers_in_csv(shop: RunningBackend) -> None:
    sql = """SELECT '{"a": 1.50}'::json AS a, array[0.5, 2.25] AS b, 7.10 AS c"""
    body = {"connection": "shop", "query": sql}
    answered = shop.ask("POST", "/api/query", body, headers={"Accept": "text/csv"})
    (row,) = list(csv.reader(io.StringIO(answered.body.decode())))[1:]
    assert row == ['{"a":1.50}', "[0.5,2.25]", "7.10"]


def test_a_test_of_an_account_that_only_reads_has_no_warnings(shop: RunningBackend) -> None:
    tested = shop.ask("POST", "/api/connections/shop/test")
    assert (tested.status, tested.json["warnings"]) == (200, [])


def test_an_error_of_the_query_is_told_and_the_connection_goes_on(shop: RunningBackend) -> None:
    for sql in ("SELECT nothing FROM stores", "SELECT 1 / (store_id - store_id) FROM stores"):
        answered = _query(shop, sql)
        assert (answered.status, answered.json["code"]) == (400, "query_failed")
    assert _query(shop, "SELECT 1 AS n").json["rows"] == [[1]]


def test_past_its_deadline_a_query_is_gone_from_the_database(
    shop: RunningBackend, postgres: PostgresServer
) -> None:
    answered = _query(shop, LONG, timeout_seconds=0.3)
    assert (answered.status, answered.json["code"]) == (504, "query_timeout")
    wait_until(lambda: _running(postgres) == 0)
    assert _query(shop, "SELECT 1 AS n").status == 200


def test_a_cancelled_query_is_gone_from_the_database(shop: RunningBackend, postgres: PostgresServer) -> None:
    query_id = "6f1a7c1e-2222-4333-8444-555566667777"
    answers: list[Answered] = []
    asking = threading.Thread(target=lambda: answers.append(_query(shop, LONG, query_id=query_id)))
    asking.start()
    wait_until(lambda: _running(postgres) == 1)
    assert shop.ask("DELETE", f"/api/query/{query_id}").status == 202
    asking.join(60)
    assert answers[0].json["code"] == "query_cancelled"
    wait_until(lambda: _running(postgres) == 0)


def test_a_client_that_leaves_takes_its_query_out_of_the_database(
    shop: RunningBackend, postgres: PostgresServer
) -> None:
    connection = shop.connect()
    body = b'{"connection": "shop", "query": "%s"}' % LONG.encode()
    connection.request("POST", "/api/query", body, shop.headers(body))
    wait_until(lambda: _running(postgres) == 1)
    connection.close()
    wait_until(lambda: _running(postgres) == 0)
    assert _query(shop, "SELECT 1 AS n").status == 200


def test_the_database_shows_the_request_id_beside_a_running_query_and_no_longer(
    shop: RunningBackend, postgres: PostgresServer
) -> None:
    def named() -> set[object]:
        sql = "SELECT application_name FROM pg_stat_activity WHERE usename = 'reader'"
        return {row[0] for row in postgres.execute(sql)}

    connection = shop.connect()
    body = b'{"connection": "shop", "query": "%s"}' % LONG.encode()
    headers = shop.headers(body, None, {"X-Request-Id": "ticket-4711.a_b"})
    connection.request("POST", "/api/query", body, headers)
    wait_until(lambda: "V-Mart ticket-4711.a_b" in named())
    connection.close()
    wait_until(lambda: named() == {"V-Mart AI Agent"})


def test_connections_that_the_database_dropped_are_replaced_unseen(
    shop: RunningBackend, postgres: PostgresServer
) -> None:
    assert _query(shop, "SELECT 1 AS n").status == 200
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
    assert _query(shop, "SELECT 1 AS n").status == 200


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_200_mb_leave_in_flat_memory(tmp_path: Path, postgres: PostgresServer, accept: str) -> None:
    backend = BackendProcess(tmp_path / "home")
    try:
        backend.ask(
            "POST",
            "/api/connections",
            {"name": "shop", "type": "postgresql", "params": postgres.params()},
        )
        sql = "SELECT g AS n, repeat('abcdefghij', 20) AS t FROM generate_series(1, 1000000) AS g"
        body = {"connection": "shop", "query": sql, "max_rows": 10_000_000}
        backend.ask("POST", "/api/query", {**body, "max_rows": 10})
        before, most, size = backend.resident_mb(), 0.0, 0
        with backend.open("POST", "/api/query", body, accept) as response:
            while piece := response.read(4 << 20):
                size += len(piece)
                most = max(most, backend.resident_mb())
        assert size > 200_000_000
        assert most - before < 60
        assert backend.stop() == 0
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read()) from error
    finally:
        backend.process.kill()
        backend.process.wait()
