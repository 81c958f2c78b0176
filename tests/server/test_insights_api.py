"""Analysis over HTTP and through the client, as anybody would call it."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.connectors import KINDS
from shared.backend_client import BackendClient
from shared.errors import InvalidRequest, NotPermitted, QueryRefused
from tests.peers.source import Counts
from tests.server.running import RunningBackend, start, wait_until

ROWS = [
    {"date": (date(2025, 1, 1) + timedelta(days=n)).isoformat(), "revenue": 1000 + n % 7}
    for n in range(90)
    if not 40 <= n < 45
]


@pytest.fixture
def client(backend: RunningBackend) -> BackendClient:
    return BackendClient(base_url=backend.url, api_key=backend.key("db_read", "ai_insights"), timeout=20)


def test_the_result_of_a_query_is_analysed(client: BackendClient, counts: Counts) -> None:
    insights = client.analyze_data(connection="numbers", query="SELECT n FROM numbers")
    assert insights.summary.startswith("10,000 rows")
    assert insights.facts["columns"][0]["total"] == sum(range(10_000))
    assert counts.running == 0


def test_rows_of_the_callers_own_are_analysed(client: BackendClient) -> None:
    insights = client.analyze_data(data=ROWS, question="what is wrong with revenue?")
    (gap,) = [insight for insight in insights.insights if insight.type == "gap"]
    assert gap.evidence["days"] == 5
    assert any("10 Feb 2025" in advice.action for advice in insights.recommendations)


def test_values_of_every_kind_are_no_failure(client: BackendClient) -> None:
    assert client.analyze_data(connection="numbers", query="SELECT n FROM things").facts["rows"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"connection": "numbers"},
        {"query": "SELECT 1"},
        {"connection": "numbers", "query": "SELECT n FROM numbers", "data": []},
        {"data": [1, 2]},
        {"data": "rows"},
        {"data": [], "colour": "red"},
    ],
)
def test_a_body_that_does_not_fit_is_refused(backend: RunningBackend, body: dict[str, Any]) -> None:
    answered = backend.ask("POST", "/api/ai/analyze", body)
    assert (answered.status, answered.json["code"]) == (400, InvalidRequest.code)


def test_what_may_not_be_queried_may_not_be_analysed(backend: RunningBackend) -> None:
    only_insights = BackendClient(base_url=backend.url, api_key=backend.key("ai_insights"), timeout=20)
    assert only_insights.analyze_data(data=ROWS).insights
    with pytest.raises(NotPermitted, match="db_read"):
        only_insights.analyze_data(connection="numbers", query="SELECT n FROM numbers")
    only_reading = BackendClient(base_url=backend.url, api_key=backend.key("db_read"), timeout=20)
    with pytest.raises(NotPermitted, match="ai_insights"):
        only_reading.analyze_data(data=ROWS)


def test_the_guard_stands_before_an_analysis_too(client: BackendClient, backend: RunningBackend) -> None:
    with pytest.raises(QueryRefused):
        client.analyze_data(connection="numbers", query="DELETE FROM numbers")
    backend.stop()
    line = backend.audit()[-1]
    assert (line["action"], line["connection"], line["status"]) == ("insights.analyze", "numbers", 400)


def test_a_source_that_fails_in_the_middle_is_a_failure_and_leaves_nothing_running(
    backend: RunningBackend, counts: Counts
) -> None:
    body = {"connection": "numbers", "query": "SELECT n FROM breaking"}
    answered = backend.ask("POST", "/api/ai/analyze", body)
    assert (answered.status, answered.json["code"]) == (400, "query_failed")
    assert counts.running == 0


@pytest.mark.parametrize("path", ["/api/ai/analyze", "/api/ai/recommend"])
def test_a_client_that_leaves_stops_its_analysis_in_the_source(
    backend: RunningBackend, counts: Counts, path: str
) -> None:
    connection = backend.connect()
    body = msgspec.json.encode({"connection": "numbers", "query": "SELECT n FROM sleeping"})
    connection.request("POST", path, body, backend.headers(body))
    wait_until(lambda: counts.running == 1)
    connection.close()
    wait_until(lambda: counts.cancelled == 1 and counts.running == 0)
    assert backend.query("numbers", max_rows=1).status == 200


def test_the_demo_data_is_analysed_through_its_connection(tmp_path: Path, demo_folder: Path) -> None:
    running = start(tmp_path / "home", KINDS.values())
    try:
        connection = {
            "name": "clickhouse_analytics",
            "type": "filesystem",
            "params": {"root": str(demo_folder)},
        }
        assert running.ask("POST", "/api/connections", connection).status == 201
        client = BackendClient(
            base_url=running.url, api_key=running.key("db_read", "ai_insights"), timeout=30
        )
        query = (
            "SELECT date, sum(net_amount) AS revenue FROM sales JOIN stores USING (store_id)"
            " WHERE date > '2024-01-01' AND city = 'Darbhanga' GROUP BY date"
        )
        insights = client.analyze_data(connection="clickhouse_analytics", query=query)
        assert "28 Sep 2024" in insights.summary
        assert [i.evidence["days"] for i in insights.insights if i.type == "gap"] == [9]
        assert insights.recommendations
    finally:
        running.stop()
