"""Traces: a request and its query as spans, in the caller's trace when there is one."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.tracing import Tracer, begun, checked_endpoint
from shared.errors import SettingsInvalid
from shared.settings import BackendSettings
from shared.settings.backend import TelemetrySection
from tests.peers.otlp import Collector
from tests.peers.source import Counts, number_kind
from tests.server.running import RunningBackend, start, wait_until

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture
def traced(tmp_path: Path, collector: Collector) -> Iterator[RunningBackend]:
    settings = BackendSettings(telemetry=TelemetrySection(otlp_endpoint=collector.url))
    running = start(tmp_path, [number_kind(Counts())], settings)
    running.ask("POST", "/api/connections", {"name": "numbers", "type": "numbers", "params": {}})
    yield running
    running.stop()


def test_a_request_and_its_query_are_spans_of_the_callers_trace(
    traced: RunningBackend, collector: Collector
) -> None:
    body = {"connection": "numbers", "query": "SELECT n FROM numbers", "max_rows": 5}
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "till-5"}
    answer = traced.ask("POST", "/api/query", body, headers=headers)
    wait_until(lambda: len([span for span in collector.spans if span["traceId"] == TRACE]) == 2)
    spans = {span["name"]: span for span in collector.spans if span["traceId"] == TRACE}
    request, query = spans["POST /api/query"], spans["query"]
    assert request["parentSpanId"] == PARENT
    assert query["parentSpanId"] == request["spanId"]
    assert answer.headers["traceresponse"] == f"00-{TRACE}-{request['spanId']}-01"
    assert request["attributes"]["http.response.status_code"] == 200
    assert request["attributes"]["http.route"] == "/api/query"
    assert request["attributes"]["vmart.request_id"] == "till-5"
    assert query["attributes"]["vmart.connection"] == "numbers"
    assert query["attributes"]["db.response.returned_rows"] == 5
    assert collector.resources[0]["service.name"] == "vmart-backend"
    assert collector.troubles == []
    assert "SELECT" not in str(collector.spans)
    assert traced.admin not in str(collector.spans)


def test_failures_are_told_and_what_the_caller_does_not_keep_is_not_sent(
    traced: RunningBackend, collector: Collector
) -> None:
    traced.ask("GET", "/api/connections", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
    traced.query("no_such_table")
    traced.ask("GET", "/api/connections/nothing")
    wait_until(lambda: any("<name>" in span["name"] for span in collector.spans))
    assert TRACE not in {span["traceId"] for span in collector.spans}
    (missing,) = [span for span in collector.spans if span["name"] == "GET /api/connections/<name>"]
    assert missing["attributes"]["error.type"] == "not_found"
    assert "parentSpanId" not in missing


def test_a_collector_that_is_away_holds_nothing_up_and_is_told_once(
    traced: RunningBackend, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.refuses = True
    for _ in range(20):
        assert traced.ask("GET", "/api/connections").status == 200
    wait_until(lambda: "Traces are not taken" in caplog.text)
    collector.refuses = False
    before = len(collector.spans)
    wait_until(
        lambda: traced.ask("GET", "/health").status == 200 and len(collector.spans) > before, seconds=20
    )
    assert caplog.text.count("Traces are not taken") == 1


def test_spans_that_wait_are_bounded() -> None:
    tracer = Tracer("http://127.0.0.1:9", "1")  # nobody listens there
    trace = begun(None)
    began = time.perf_counter()
    for _ in range(10_000):
        tracer.request(trace, "GET /health", 0.1, {})
    assert time.perf_counter() - began < 5
    assert tracer.dropped > 0
    tracer.close()


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "nonsense",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        f"00-{TRACE}-{PARENT}",
    ],
)
def test_what_is_no_trace_begins_a_new_one(given: str | None) -> None:
    trace = begun(given)
    assert trace.trace_id not in (TRACE, "0" * 32)
    assert trace.parent == ""
    assert trace.is_sampled


@pytest.mark.parametrize(
    "text", ["collector:4318", "ftp://x", "http://", "http://user:pw@x", "file:///etc/passwd"]
)
def test_an_endpoint_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="otlp_endpoint"):
        checked_endpoint(text)


def test_nothing_of_it_is_imported_when_it_is_not_set() -> None:
    code = "import sys, server.serving, server.running; sys.exit('server.tracing' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
