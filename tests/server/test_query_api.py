"""A query over HTTP: formats, limits, stopping, failing."""

import csv
import http.client
import io
import threading

import msgspec
import pytest

from tests.peers.source import Counts
from tests.server.running import Answered, RunningBackend, wait_until


def test_an_answer_in_json_holds_columns_rows_and_counts(backend: RunningBackend) -> None:
    answer = backend.query("numbers", max_rows=3).json
    assert answer["columns"] == [{"name": "n", "type": "integer"}]
    assert answer["rows"] == [[0], [1], [2]]
    assert (answer["row_count"], answer["truncated"], answer["cached"]) == (3, True, False)
    assert answer["query_id"]
    assert answer["elapsed_ms"] > 0


def test_a_query_that_says_no_limit_gets_the_default_one_and_is_told_so(backend: RunningBackend) -> None:
    answer = backend.query("numbers").json
    assert (answer["row_count"], answer["truncated"]) == (1000, True)


def test_ndjson_is_a_head_then_rows_then_an_end(backend: RunningBackend) -> None:
    head, *rows, end = backend.query("numbers", max_rows=2, accept="application/x-ndjson").body.splitlines()
    assert msgspec.json.decode(head)["columns"] == [{"name": "n", "type": "integer"}]
    assert rows == [b"[0]", b"[1]"]
    assert msgspec.json.decode(end)["row_count"] == 2


def test_csv_tells_null_from_empty_text_and_quotes_as_rfc_4180_says(backend: RunningBackend) -> None:
    body = backend.query("things", accept="text/csv").body.decode()
    assert body.startswith("a,b,c,d,e,f\r\n")
    assert body.splitlines()[1] == ',"","say ""hi"", she said",10.50,true,2026-03-31'
    rows = list(csv.reader(io.StringIO(body, newline="")))
    assert rows[2] == ["two\nlines", " padded ", "नमस्ते", "", "", '{"a":[1,null]}']


def test_what_json_cannot_say_is_null_and_decimals_keep_every_digit(backend: RunningBackend) -> None:
    answered = backend.query("things")
    assert b"10.50" in answered.body
    assert answered.json["rows"][1][3:5] == [None, None]


def test_a_long_csv_is_whole_without_a_limit(backend: RunningBackend) -> None:
    assert backend.query("numbers", accept="text/csv").body.count(b"\r\n") == 10_001


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/json"),
        ("text/*", "text/csv; charset=utf-8; header=present"),
        ("application/json;q=0.1, application/x-ndjson", "application/x-ndjson"),
        ("text/html, application/json;q=0, text/csv;q=0.2", "text/csv; charset=utf-8; header=present"),
    ],
)
def test_accept_chooses_the_format(backend: RunningBackend, accept: str, content_type: str) -> None:
    answered = backend.query("numbers", max_rows=1, accept=accept)
    assert answered.headers["content-type"] == content_type


def test_an_unknown_format_is_refused_with_the_known_ones(backend: RunningBackend) -> None:
    answered = backend.query("numbers", accept="application/pdf")
    assert (answered.status, answered.json["code"]) == (406, "not_acceptable")
    assert "text/csv" in answered.json["details"]


def test_sql_that_writes_is_refused(backend: RunningBackend) -> None:
    body = {"connection": "numbers", "query": "DELETE FROM numbers"}
    answered = backend.ask("POST", "/api/query", body)
    assert (answered.status, answered.json["code"]) == (400, "query_refused")


def test_a_failure_in_mid_stream_is_the_end_of_json(backend: RunningBackend) -> None:
    answered = backend.query("breaking", max_rows=1_000_000)
    assert answered.status == 200
    assert answered.json["error"]["code"] == "query_failed"
    assert len(answered.json["rows"]) == 100_000
    assert "row_count" not in answered.json


def test_a_failure_in_mid_stream_is_the_last_line_of_ndjson(backend: RunningBackend) -> None:
    body = backend.query("breaking", accept="application/x-ndjson", max_rows=1_000_000).body
    assert msgspec.json.decode(body.splitlines()[-1])["error"]["code"] == "query_failed"


def test_a_failure_in_mid_stream_cuts_csv_off(backend: RunningBackend) -> None:
    with pytest.raises(http.client.IncompleteRead):
        backend.query("breaking", accept="text/csv", max_rows=1_000_000)


def test_a_bug_is_told_by_its_request_id_only(backend: RunningBackend) -> None:
    answered = backend.query("bug")
    assert (answered.status, answered.json["code"]) == (500, "internal")
    assert "secret detail" not in answered.body.decode()
    assert answered.json["request_id"] == answered.headers["x-request-id"]


def test_a_query_past_its_deadline_is_stopped_and_the_pool_still_answers(
    backend: RunningBackend, counts: Counts
) -> None:
    for _ in range(5):
        answered = backend.query("sleeping", timeout_seconds=0.05)
        assert (answered.status, answered.json["code"]) == (504, "query_timeout")
    wait_until(lambda: counts.running == 0)
    assert backend.query("numbers", max_rows=1).status == 200


def test_a_source_that_ignores_its_deadline_is_stopped_from_outside(backend: RunningBackend) -> None:
    answered = backend.query("deaf", timeout_seconds=0.05)
    assert (answered.status, answered.json["code"]) == (504, "query_timeout")
    assert backend.query("numbers", max_rows=1).status == 200


def test_a_running_query_can_be_cancelled_by_its_owner(backend: RunningBackend, counts: Counts) -> None:
    query_id = "6f1a7c1e-2222-4333-8444-555566667777"
    answers: list[Answered] = []
    asking = threading.Thread(target=lambda: answers.append(backend.query("sleeping", query_id=query_id)))
    asking.start()
    wait_until(lambda: counts.running == 1)
    stranger = backend.key("db_read")
    assert backend.ask("DELETE", f"/api/query/{query_id}", key=stranger).status == 404
    assert backend.ask("DELETE", f"/api/query/{query_id}").status == 202
    asking.join(60)
    assert (answers[0].status, answers[0].json["code"]) == (499, "query_cancelled")
    wait_until(lambda: counts.cancelled == 1)


def test_a_client_that_leaves_stops_its_query_in_the_source(backend: RunningBackend, counts: Counts) -> None:
    connection = backend.connect()
    body = msgspec.json.encode({"connection": "numbers", "query": "SELECT n FROM sleeping"})
    connection.request("POST", "/api/query", body, backend.headers(body))
    wait_until(lambda: counts.running == 1)
    connection.close()
    wait_until(lambda: counts.cancelled == 1 and counts.reset >= 1)
    assert backend.query("numbers", max_rows=1).status == 200
    assert counts.opened == 1


def test_a_client_that_leaves_in_mid_stream_frees_the_connection(
    backend: RunningBackend, counts: Counts
) -> None:
    for _ in range(6):
        connection = backend.connect()
        body = msgspec.json.encode(
            {"connection": "numbers", "query": "SELECT n FROM endless", "max_rows": 10_000_000}
        )
        connection.request("POST", "/api/query", body, backend.headers(body))
        assert connection.getresponse().read(100_000)
        connection.close()
    wait_until(lambda: counts.reset >= 6)
    assert backend.query("numbers", max_rows=1).status == 200


def test_a_reader_that_stops_reading_makes_the_source_wait(backend: RunningBackend, counts: Counts) -> None:
    connection = backend.connect()
    body = msgspec.json.encode(
        {"connection": "numbers", "query": "SELECT n FROM endless", "timeout_seconds": 20}
    )
    connection.request("POST", "/api/query", body, backend.headers(body))
    connection.getresponse().read(10)
    seen = -1

    def settled() -> bool:
        nonlocal seen
        before, seen = seen, counts.pieces
        threading.Event().wait(0.2)
        return before == counts.pieces

    wait_until(settled)
    assert counts.pieces < 500
    connection.close()


def test_connections_that_died_while_idle_are_replaced_unseen(
    backend: RunningBackend, counts: Counts
) -> None:
    assert backend.query("dead").status == 503
    assert backend.query("numbers", max_rows=1).status == 200


def test_a_long_answer_is_cancelled_by_its_id_while_it_is_read(
    backend: RunningBackend, counts: Counts
) -> None:
    query_id = "c0ffee00-0000-4000-8000-000000000002"
    body = {
        "connection": "numbers",
        "query": "SELECT n FROM endless",
        "query_id": query_id,
        "max_rows": 10**7,
    }
    connection = backend.connect()
    headers = backend.headers(body, None, {"Accept": "application/x-ndjson"})
    connection.request("POST", "/api/query", msgspec.json.encode(body), headers)
    response = connection.getresponse()
    response.read(100_000)
    assert backend.ask("DELETE", f"/api/query/{query_id}").status == 202
    assert b"query_cancelled" in response.read().splitlines()[-1]
    connection.close()
    wait_until(lambda: counts.running == 0)
    wait_until(lambda: len(backend.serving.backend.queries) == 0)
