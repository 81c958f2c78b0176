"""ClickHouse through the whole backend: over HTTP, with a key, the guard and the pool."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.connectors import KINDS
from tests.peers.clickhouse import CARELESS, ClickHouseServer
from tests.server.running import Answered, RunningBackend, start, wait_until

LONG = "SELECT count() AS n FROM system.numbers WHERE number * number % 7 = 8"


@pytest.fixture(params=["native", "http"])
def shop(
    clickhouse: ClickHouseServer, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[RunningBackend]:
    running = start(tmp_path, KINDS.values())
    try:
        params = clickhouse.params(http=request.param == "http")
        body = {"name": "shop", "type": "clickhouse", "params": params}
        assert running.ask("POST", "/api/connections", body).status == 201
        yield running
    finally:
        running.stop()


def query(backend: RunningBackend, sql: str, *, accept: str = "application/json", **more: object) -> Answered:
    body = {"connection": "shop", "query": sql, **more}
    return backend.ask("POST", "/api/query", body, headers={"Accept": accept})


def test_a_question_is_answered_in_every_format(shop: RunningBackend) -> None:
    sql = "SELECT zone, count() AS stores FROM stores WHERE zone <> :zone GROUP BY zone ORDER BY zone"
    answer = query(shop, sql, params={"zone": "West"}).json
    assert answer["rows"] == [["North", 15], ["South", 15], ["East", 15]]
    assert [column["type"] for column in answer["columns"]] == ["text", "integer"]
    lines = query(shop, sql, accept="application/x-ndjson", params={"zone": "West"}).body.splitlines()
    assert lines[1:4] == [b'["North",15]', b'["South",15]', b'["East",15]']
    text = query(shop, sql, accept="text/csv", params={"zone": "West"}).body
    assert text == b"zone,stores\r\nNorth,15\r\nSouth,15\r\nEast,15\r\n"


def test_the_schema_tells_tables_and_keys(shop: RunningBackend) -> None:
    answered = shop.ask("GET", "/api/schema/shop")
    tables = {table["name"]: table for table in answered.json["tables"]}
    assert set(tables) == {"stores", "sales", "sales_by_store", '"Select"'}
    area = tables["stores"]["columns"][5]
    assert (area["name"], area["type"], area["nullable"]) == ("area_sqft", "integer", True)
    assert tables["sales"]["primary_key"] == ["store_id", "sale_id"]


def test_a_test_of_the_connection_tells_what_the_account_may_do(
    shop: RunningBackend, clickhouse: ClickHouseServer
) -> None:
    tested = shop.ask("POST", "/api/connections/shop/test")
    assert (tested.status, tested.json["warnings"]) == (200, [])
    careless = {"name": "careless", "type": "clickhouse", "params": clickhouse.params(CARELESS)}
    assert shop.ask("POST", "/api/connections", careless).status == 201
    assert "readonly = 2" in shop.ask("POST", "/api/connections/careless/test").json["warnings"][0]


def test_past_its_deadline_a_query_is_gone_from_the_database(
    shop: RunningBackend, clickhouse: ClickHouseServer
) -> None:
    answered = query(shop, LONG, timeout_seconds=0.4)
    assert (answered.status, answered.json["code"]) == (504, "query_timeout")
    wait_until(lambda: clickhouse.running("% 7 = 8") == 0)
    assert query(shop, "SELECT 1 AS one").json["rows"] == [[1]]


def test_a_cancelled_query_is_gone_from_the_database(
    shop: RunningBackend, clickhouse: ClickHouseServer
) -> None:
    query_id = "6f1a7c1e-3333-4333-8444-555566667777"
    answers: list[Answered] = []
    asking = threading.Thread(target=lambda: answers.append(query(shop, LONG, query_id=query_id)))
    asking.start()
    wait_until(lambda: clickhouse.running("% 7 = 8") == 1)
    assert shop.ask("DELETE", f"/api/query/{query_id}").status == 202
    asking.join(20)
    assert answers[0].json["code"] == "query_cancelled"
    wait_until(lambda: clickhouse.running("% 7 = 8") == 0)
    assert query(shop, "SELECT 1 AS one").json["rows"] == [[1]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8')",
        "SELECT * FROM sales SETTINGS readonly = 0",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT * FROM system.processes",
        "SELECT 1 IN sales",
        "DROP TABLE sales",
    ],
)
def test_hostile_sql_is_refused_with_a_reason(shop: RunningBackend, sql: str) -> None:
    answered = query(shop, sql)
    assert (answered.status, answered.json["code"]) == (400, "query_refused")


def test_a_wrong_password_is_told_without_it(shop: RunningBackend, clickhouse: ClickHouseServer) -> None:
    params = clickhouse.params(password="wrong-Secret-9")
    shop.ask("POST", "/api/connections", {"name": "broken", "type": "clickhouse", "params": params})
    answered = shop.ask("POST", "/api/query", {"connection": "broken", "query": "SELECT 1"})
    assert (answered.status, answered.json["code"]) == (503, "source_unavailable")
    assert "does not let 'reader' in" in answered.json["error"]
    assert b"wrong-Secret-9" not in answered.body
