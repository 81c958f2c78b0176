"""Analysis over HTTP and through the client, as anybody would call it."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from server.connectors import KINDS
from shared.backend_client import BackendClient
from shared.backend_client.stopping import stoppable
from shared.errors import InvalidRequest, NotPermitted, QueryCancelled, QueryRefused
from tests.peers.source import Counts
from tests.server.running import Answered, RunningBackend, start, wait_until

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


@pytest.mark.parametrize("path", ["/api/ai/analyze", "/api/ai/recommend"])
def test_an_analysis_is_cancelled_by_its_id_and_only_by_its_owner(
    backend: RunningBackend, counts: Counts, path: str
) -> None:
    query_id = str(uuid4())
    body = {"connection": "numbers", "query": "SELECT n FROM sleeping", "query_id": query_id}
    answers: list[Answered] = []
    asking = threading.Thread(target=lambda: answers.append(backend.ask("POST", path, body)))
    asking.start()
    wait_until(lambda: counts.running == 1)
    again = backend.ask("POST", path, body)
    assert (again.status, again.json["code"]) == (409, "conflict")
    stranger = backend.key("db_read")
    assert backend.ask("DELETE", f"/api/query/{query_id}", key=stranger).status == 404
    assert backend.ask("DELETE", f"/api/query/{query_id}").status == 202
    asking.join(60)
    assert (answers[0].status, answers[0].json["code"]) == (499, "query_cancelled")
    wait_until(lambda: counts.cancelled == 1 and counts.running == 0)
    assert backend.ask("DELETE", f"/api/query/{query_id}").status == 404
    backend.stop()
    assert query_id in [line["query_id"] for line in backend.audit() if line["action"].startswith("insights")]


def test_the_id_of_an_analysis_is_a_uuid(backend: RunningBackend) -> None:
    answered = backend.ask("POST", "/api/ai/analyze", {"data": ROWS, "query_id": "mine"})
    assert (answered.status, answered.json["error"]) == (400, "query_id must be a UUID.")


def test_a_stop_that_comes_before_the_query_does_reaches_it(backend: RunningBackend, counts: Counts) -> None:
    """Pressed in the moment in which the question leaves."""
    with BackendClient(backend.url, backend.key("db_read", "ai_insights"), timeout=20) as client:
        calls: list[threading.Thread] = []

        def on_stop(call: Callable[[], None]) -> Callable[[], None]:
            calls.append(threading.Thread(target=call))
            calls[0].start()
            return lambda: None

        with stoppable(client, on_stop) as query_id:
            wait_until(lambda: client.metrics.failures >= 1)
            with pytest.raises(QueryCancelled):
                client.analyze_data("numbers", "SELECT n FROM sleeping", query_id=query_id)
        calls[0].join(60)
    wait_until(lambda: counts.cancelled == 1 and counts.running == 0)


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
