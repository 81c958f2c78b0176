"""More rows than are looked at here are summed inside each kind of source, and come to what its own SQL
says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from server.connectors import KINDS
from shared.settings import AiSection, BackendSettings
from tests.peers.clickhouse import ClickHouseServer
from tests.peers.model_script import text
from tests.peers.openai import OpenAiPeer
from tests.peers.oracle import OraclePeer
from tests.peers.postgres import PostgresServer
from tests.peers.sqlserver import SqlServerPeer
from tests.server.running import start, wait_until

POSTGRES = """SELECT sold_on, zone, paid, store_id, quantity, net_amount, discount
    FROM sales JOIN stores USING (store_id) CROSS JOIN (SELECT 1 AS k UNION ALL SELECT 2) twice ORDER BY
    sold_on"""
CLICKHOUSE = """SELECT sold_on, zone, paid, s.store_id AS store_id, quantity, net_amount, discount
    FROM (SELECT * FROM sales UNION ALL SELECT * FROM sales) AS s JOIN stores AS t ON s.store_id =
    t.store_id"""
ORACLE = """SELECT s.sold_at, t.zone, s.quantity, s.net_amount FROM sales s JOIN stores t ON s.store_id =
t.store_id CROSS JOIN numbers n WHERE n.i <= 5"""
SQLSERVER = """SELECT s.sold_at, t.zone, s.store_id, s.net_amount FROM sales s JOIN stores t ON s.store_id =
t.store_id CROSS JOIN numbers n WHERE n.i <= 5 ORDER BY s.sold_at OFFSET 0 ROWS"""


def analysed(
    tmp_path: Path, kind: str, params: Mapping[str, Any], sql: str, **more: Any
) -> tuple[dict[str, Any], list[list[Any]]]:
    """The analysis, and by hand: rows, sum of net_amount, its largest value."""
    running = start(tmp_path, KINDS.values())
    try:
        body = {"name": "shop", "type": kind, "params": dict(params)}
        assert running.ask("POST", "/api/connections", body).status == 201
        by_hand = sql.partition("ORDER BY")[0]
        figures = "COUNT(*) AS n, SUM(net_amount) AS total, MAX(net_amount) AS most"
        query = f"SELECT {figures} FROM ({by_hand}) rows_of_it"
        hand = running.ask("POST", "/api/query", {"connection": "shop", "query": query})
        assert hand.status == 200, hand.body
        found = running.ask("POST", "/api/ai/analyze", {"connection": "shop", "query": sql, **more})
        assert found.status == 200, found.body
        return found.json, hand.json["rows"]
    finally:
        running.stop()


def adds_up(found: dict[str, Any], hand: list[list[Any]]) -> None:
    rows, total, most = hand[0]
    assert found["facts"]["rows"] == rows > 20_000
    columns = {column["name"].lower(): column for column in found["facts"]["columns"]}
    assert columns["net_amount"]["total"] == pytest.approx(float(total))
    assert columns["net_amount"]["most"] == pytest.approx(float(most))
    shares = [one for one in found["facts"]["shares"] if one["column"].lower() == "net_amount"]
    assert shares
    for one in shares:
        if one["groups"] <= 10:
            assert sum(value for _, value, _ in one["top"]) == pytest.approx(float(total))
            assert sum(percent for _, _, percent in one["top"]) == pytest.approx(100)
    driven = [one for one in found["facts"]["findings"] if one["finding"] == "driven"]
    assert driven
    for one in driven:
        told = sum(part["change"] for part in one["parts"]) + one["rest_change"]
        assert told == pytest.approx(one["change"])
        assert one["later"] - one["earlier"] == pytest.approx(one["change"])


PERIODS = {"period": ["2025-06-01", "2025-06-30"], "against": ["2025-05-01", "2025-05-31"]}


def test_postgresql_sums_what_is_analysed(tmp_path: Path, postgres: PostgresServer) -> None:
    adds_up(*analysed(tmp_path, "postgresql", postgres.params(), POSTGRES, **PERIODS))


def test_clickhouse_sums_what_is_analysed(tmp_path: Path, clickhouse: ClickHouseServer) -> None:
    adds_up(*analysed(tmp_path, "clickhouse", clickhouse.params(), CLICKHOUSE, **PERIODS))


def test_oracle_sums_what_is_analysed(tmp_path: Path, oracle: OraclePeer) -> None:
    adds_up(*analysed(tmp_path, "oracle", oracle.params(), ORACLE, **PERIODS))


def test_sql_server_sums_what_is_analysed(tmp_path: Path, sqlserver: SqlServerPeer) -> None:
    adds_up(*analysed(tmp_path, "sqlserver", sqlserver.params(), SQLSERVER, **PERIODS))


def test_the_backends_model_tells_it_only_to_who_may_use_it(tmp_path: Path) -> None:
    words = '{"claims": [{"fact": "f1", "text": "For 4 rows nobody wrote a name."}]}'
    rows = [{"name": None if n < 4 else "x", "v": n} for n in range(10)]
    with OpenAiPeer([text(words)]) as peer:
        ai = AiSection(base_url=peer.url, model="teller-1")
        running = start(tmp_path, [], BackendSettings(ai=ai))
        try:
            told = [
                running.ask("POST", "/api/ai/analyze", {"data": rows}, key=running.key(*permissions)).json
                for permissions in (("ai_insights",), ("ai_insights", "ai_chat"))
            ]
            figures = running.ask("GET", "/metrics").body.decode().splitlines()
        finally:
            running.stop()
    assert [one["told_by"] for one in told] == ["templates", "OpenAI-compatible · teller-1"]
    assert told[1]["insights"][0]["description"] == "For 4 rows nobody wrote a name."
    assert len(peer.requests) == 1
    assert [line for line in figures if line.startswith("vmart_model_")] == [
        'vmart_model_calls_total{result="answered"} 1',
        'vmart_model_calls_total{result="failed"} 0',
        'vmart_model_tokens_total{direction="in"} 42',
        'vmart_model_tokens_total{direction="out"} 17',
    ]
    assert "insights.analyze" in {line["action"] for line in running.audit()}
    assert any("teller-1" in str(line) for line in running.audit())


def test_rows_that_fail_behind_the_first_are_one_failure_and_leave_nothing_running(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    lines = [f"2025-01-{n % 28 + 1:02d},{'x' if n == 29_999 else n}" for n in range(30_000)]
    (folder / "sales.csv").write_text("\n".join(["day,amount", *lines]) + "\n")
    running = start(tmp_path, KINDS.values())
    try:
        body = {"name": "shop", "type": "filesystem", "params": {"root": str(folder)}}
        assert running.ask("POST", "/api/connections", body).status == 201
        wait_until(lambda: running.ask("GET", "/api/schema/shop").status == 200, 60)
        sql = "SELECT day, CAST(amount AS INTEGER) AS amount FROM sales"
        failed = running.ask("POST", "/api/ai/analyze", {"connection": "shop", "query": sql})
        assert (failed.status, failed.json["code"]) == (400, "query_failed")
        wait_until(lambda: len(running.serving.backend.queries) == 0)
        again = running.ask("POST", "/api/ai/analyze", {"connection": "shop", "query": "SELECT * FROM sales"})
        assert again.json["facts"]["rows"] == 30_000
    finally:
        running.stop()
