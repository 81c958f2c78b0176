"""Answers that are cut in the middle: each has its line in the audit trail, with what was sent of it."""

import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.peers.source import Counts, number_kind
from tests.server.running import RunningBackend, fill_trail, start, wait_until


def begun(backend: RunningBackend, table: str, accept: str = "application/x-ndjson") -> Any:
    """The connection, on which an answer has begun to come."""
    connection = backend.connect()
    body = {"connection": "numbers", "query": f"SELECT n FROM {table}", "max_rows": 10**8}
    headers = backend.headers(body, None, {"Accept": accept})
    connection.request("POST", "/api/query", msgspec.json.encode(body), headers)
    return connection, connection.getresponse()


def line_of(backend: RunningBackend, action: str) -> dict[str, Any]:
    """The only one, once it is written."""
    wait_until(lambda: [line for line in backend.audit() if line["action"] == action])
    (found,) = [line for line in backend.audit() if line["action"] == action]
    return found


@pytest.mark.parametrize(
    "accept", ["application/json", "application/x-ndjson", "text/csv", "application/vnd.apache.arrow.stream"]
)
def test_who_leaves_in_the_middle_is_on_record_with_the_rows_that_left(
    backend: RunningBackend, counts: Counts, accept: str
) -> None:
    connection, response = begun(backend, "endless", accept)
    assert response.read(300_000)
    connection.close()
    response.close()
    line = line_of(backend, "query.run")
    assert (line["status"], line["code"]) == (499, "client_left")
    assert 0 < line["row_count"] <= counts.pieces * 10_000


def test_rows_that_the_source_has_given_but_that_did_not_leave_are_not_told(
    backend: RunningBackend, counts: Counts
) -> None:
    connection, response = begun(backend, "stalling")
    assert response.read(1)
    counts.go_on.release()
    wait_until(lambda: counts.pieces == 2)
    counts.go_on.release()
    wait_until(lambda: counts.pieces == 3)
    seen = b""
    while not seen.endswith(b"[3]\n"):
        seen += response.read1(100)
    connection.close()
    response.close()
    assert line_of(backend, "query.run")["row_count"] == 4


def test_who_leaves_before_the_first_row_got_none(backend: RunningBackend, counts: Counts) -> None:
    connection = backend.connect()
    body = msgspec.json.encode({"connection": "numbers", "query": "SELECT n FROM sleeping"})
    connection.request("POST", "/api/query", body, backend.headers(body))
    wait_until(lambda: counts.running == 1)
    connection.close()
    line = line_of(backend, "query.run")
    assert (line["code"], line["row_count"]) == ("client_left", None)


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/csv"])
def test_a_source_that_fails_in_the_middle_is_on_record_with_the_rows_before(
    backend: RunningBackend, accept: str
) -> None:
    connection, response = begun(backend, "breaking", accept)
    try:
        rows = response.read().splitlines()
    except http.client.IncompleteRead as cut:
        rows = cut.partial.splitlines()
    connection.close()
    line = line_of(backend, "query.run")
    assert (line["status"], line["code"], line["row_count"]) == (400, "query_failed", 100_000)
    assert len([row for row in rows if re.fullmatch(rb"\[?\d+\]?", row)]) == 100_000


@pytest.fixture
def hasty(tmp_path: Path, counts: Counts) -> Iterator[RunningBackend]:
    """Cuts off what runs as soon as it is told to stop."""
    running = start(tmp_path, [number_kind(counts)])
    running.serving.drain_seconds = 0
    running.ask("POST", "/api/connections", {"name": "numbers", "type": "numbers", "params": {}})
    yield running
    running.stop()


def test_a_backend_that_stops_puts_on_record_what_it_cuts_off(hasty: RunningBackend) -> None:
    streams = [begun(hasty, "endless", accept) for accept in ("text/csv", "application/x-ndjson")]
    for _, response in streams:
        assert response.read(1_000)  # and no more: the rest cannot leave
    hasty.stop()
    lines = [line for line in hasty.audit() if line["action"] == "query.run"]
    assert len(lines) == 2
    for line in lines:
        assert line["code"] in ("backend_stopped", "query_cancelled")
        assert line["row_count"] > 0
    for connection, _ in streams:
        connection.close()


def test_a_download_that_is_left_tells_which_bytes_were_sent(backend: RunningBackend) -> None:
    asked = {"connection": "numbers", "query": "SELECT n FROM endless"}
    job_id = backend.ask("POST", "/api/jobs", asked).json["id"]
    connection = backend.connect()
    connection.request("GET", f"/api/jobs/{job_id}/result", headers=backend.headers())
    response = connection.getresponse()
    assert response.read(100_000)
    connection.close()
    response.close()
    line = line_of(backend, "jobs.result")
    assert (line["status"], line["code"]) == (499, "client_left")
    found = re.fullmatch(r"bytes 0-(\d+)", line["detail"])
    assert found
    assert int(found[1]) >= 99_999
    assert backend.ask("DELETE", f"/api/jobs/{job_id}").status == 204


def test_an_export_of_the_trail_that_is_left_tells_how_many_lines_were_sent(backend: RunningBackend) -> None:
    fill_trail(backend)
    connection = backend.connect()
    connection.request("GET", "/api/audit/export", headers=backend.headers())
    response = connection.getresponse()
    assert response.read(1_000)
    connection.close()
    response.close()
    line = line_of(backend, "audit.export")
    assert line["code"] == "client_left"
    assert 0 < line["row_count"] < 2_000
