"""Rights that are taken away while something runs: it stops in its source, and says why."""

import http.client
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from shared.wire import Schema
from tests.peers.source import Counts, NumberConnector, number_kind
from tests.server.running import Answered, RunningBackend, fill_trail, start, wait_until

Change = Callable[[RunningBackend, str], Answered]
"""Of the user ``ravi``, whose key this is the id of."""

BARRED = "not_authenticated"
WAYS: dict[str, tuple[Change, str]] = {
    "revoked": (lambda backend, key_id: backend.ask("DELETE", f"/api/keys/{key_id}"), BARRED),
    "expired": (
        lambda backend, key_id: backend.ask("PUT", f"/api/keys/{key_id}", {"expires_at": _in_a_second()}),
        BARRED,
    ),
    "replaced": (
        lambda backend, key_id: backend.ask("POST", f"/api/keys/{key_id}/rotate", {"overlap_seconds": 0}),
        BARRED,
    ),
    "disabled": (lambda backend, _: backend.ask("PUT", "/api/users/ravi", {"active": False}), BARRED),
    "deleted": (lambda backend, _: backend.ask("DELETE", "/api/users/ravi"), BARRED),
    "demoted": (
        lambda backend, _: backend.ask("PUT", "/api/users/ravi", {"roles": ["viewer"]}),
        "not_permitted",
    ),
    "restricted": (
        lambda backend, _: backend.ask("PUT", "/api/users/ravi", {"roles": ["till"]}),
        "not_permitted",
    ),
}


def _in_a_second() -> str:
    return (datetime.now(UTC) + timedelta(seconds=1)).isoformat()


@pytest.fixture
def ravi(backend: RunningBackend) -> tuple[str, str]:
    """The id and the text of a key that may read and export."""
    till = {"name": "till", "permissions": ["db_read", "data_export"]}  # which shows no data
    assert backend.ask("POST", "/api/roles", till).status == 201
    assert backend.ask("POST", "/api/users", {"username": "ravi", "roles": ["analyst"]}).status == 201
    made = backend.ask("POST", "/api/keys", {"name": "laptop", "user": "ravi"}).json
    return made["info"]["id"], made["key"]


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_ends_with_the_reason_when_its_caller_may_not_go_on(
    backend: RunningBackend, counts: Counts, ravi: tuple[str, str], way: str
) -> None:
    key_id, key = ravi
    change, code = WAYS[way]
    connection = backend.connect()
    body = {"connection": "numbers", "query": "SELECT n FROM endless", "max_rows": 10**7}
    headers = backend.headers(body, key, {"Accept": "application/x-ndjson"})
    connection.request("POST", "/api/query", msgspec.json.encode(body), headers)
    response = connection.getresponse()
    assert response.read(10_000)
    changed = change(backend, key_id)
    assert changed.status in (200, 204)
    last = msgspec.json.decode(response.read().splitlines()[-1])
    assert last["error"]["code"] == code
    connection.close()
    stopped(backend, counts)
    line = line_of(backend, "query.run")
    assert (line["code"], line["key_id"]) == (code, key_id)
    assert line["row_count"] > 0


def stopped(backend: RunningBackend, counts: Counts) -> None:
    wait_until(lambda: counts.running == 0 and len(backend.serving.backend.queries) == 0)


def line_of(backend: RunningBackend, action: str) -> dict[str, Any]:
    """The last one, once it is written."""
    lines: list[dict[str, Any]] = []

    def found() -> bool:
        lines[:] = [line for line in backend.audit() if line["action"] == action]
        return bool(lines)

    wait_until(found)
    return lines[-1]


def revoke(backend: RunningBackend, key_id: str) -> None:
    assert backend.ask("DELETE", f"/api/keys/{key_id}").status == 204


def test_who_waits_for_an_answer_is_told_so_instead(
    backend: RunningBackend, counts: Counts, ravi: tuple[str, str]
) -> None:
    key_id, key = ravi
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(backend.query, "sleeping", key=key)
        wait_until(lambda: counts.running == 1)
        revoke(backend, key_id)
        answer = asked.result(20)
    assert (answer.status, answer.json["code"]) == (401, "not_authenticated")
    stopped(backend, counts)


def test_who_waits_for_a_connection_is_told_so_instead(
    backend: RunningBackend, counts: Counts, ravi: tuple[str, str]
) -> None:
    key_id, key = ravi
    queries = backend.serving.backend.queries
    ids = [str(uuid4()) for _ in range(3)]
    with ThreadPoolExecutor(5) as pool:
        others = [
            pool.submit(backend.query, "sleeping", max_rows=most, query_id=query_id)
            for most, query_id in enumerate(ids, 1)
        ]
        wait_until(lambda: counts.running == 3)  # of four connections; one caller does not get the last
        mine = [pool.submit(backend.query, "sleeping", key=key, max_rows=most) for most in (4, 5)]
        wait_until(lambda: counts.running == 4 and len(queries) == 5)  # one waits for a connection
        revoke(backend, key_id)
        assert [one.result(20).status for one in mine] == [401, 401]
        wait_until(lambda: counts.running == 3)
        for query_id in ids:
            assert backend.ask("DELETE", f"/api/query/{query_id}").status == 202
        assert [other.result(20).status for other in others] == [499, 499, 499]


def test_what_others_wait_for_too_goes_on_for_them(
    backend: RunningBackend, counts: Counts, ravi: tuple[str, str]
) -> None:
    key_id, key = ravi
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(backend.query, "deaf", key=key)
        wait_until(lambda: counts.running == 1)
        second = pool.submit(backend.query, "deaf")
        wait_until(lambda: backend.serving.backend.sharing.joined == 1)
        revoke(backend, key_id)
        assert first.result(20).status == 401
        assert second.result(20).json["rows"] == [[0]]
    assert counts.pieces == 1


def test_a_file_without_room_for_the_reason_is_cut_off(
    backend: RunningBackend, counts: Counts, ravi: tuple[str, str]
) -> None:
    key_id, key = ravi
    connection = backend.connect()
    body = {"connection": "numbers", "query": "SELECT n FROM endless", "max_rows": 10**7}
    connection.request(
        "POST", "/api/query", msgspec.json.encode(body), backend.headers(body, key, {"Accept": "text/csv"})
    )
    response = connection.getresponse()
    assert response.read(10_000)
    revoke(backend, key_id)
    with pytest.raises(http.client.IncompleteRead):
        response.read()
    connection.close()
    stopped(backend, counts)


def test_a_job_stops_when_its_user_is_disabled(
    backend: RunningBackend, counts: Counts, ravi: tuple[str, str]
) -> None:
    _, key = ravi
    asked = {"connection": "numbers", "query": "SELECT n FROM endless"}
    job_id = backend.ask("POST", "/api/jobs", asked, key=key).json["id"]
    wait_until(lambda: counts.running == 1)
    assert backend.ask("PUT", "/api/users/ravi", {"active": False}).status == 200
    wait_until(lambda: backend.ask("GET", f"/api/jobs/{job_id}").json["state"] == "failed")
    assert backend.ask("GET", f"/api/jobs/{job_id}").json["error"]["code"] == "not_authenticated"
    stopped(backend, counts)


def test_a_job_goes_on_when_its_key_has_another_text(
    backend: RunningBackend, counts: Counts, ravi: tuple[str, str]
) -> None:
    key_id, key = ravi
    asked = {"connection": "numbers", "query": "SELECT n FROM deaf"}
    job_id = backend.ask("POST", "/api/jobs", asked, key=key).json["id"]
    assert backend.ask("POST", f"/api/keys/{key_id}/rotate", {"overlap_seconds": 0}).status == 200
    wait_until(lambda: backend.ask("GET", f"/api/jobs/{job_id}").json["state"] == "done")
    assert counts.cancelled == 0


def test_a_result_on_its_way_is_cut_off(backend: RunningBackend) -> None:
    may = ["db_read", "data_export", "system_admin"]
    clerk = backend.ask("POST", "/api/keys", {"name": "clerk", "permissions": may}).json
    asked = {"connection": "numbers", "query": "SELECT n FROM endless"}
    job_id = backend.ask("POST", "/api/jobs", asked).json["id"]
    connection = backend.connect()
    connection.request("GET", f"/api/jobs/{job_id}/result", headers=backend.headers(None, clerk["key"]))
    response = connection.getresponse()
    assert response.read(10_000)
    revoke(backend, clerk["info"]["id"])
    with pytest.raises(http.client.IncompleteRead):
        response.read()
    connection.close()
    assert line_of(backend, "jobs.result")["code"] == "not_authenticated"
    assert backend.ask("GET", f"/api/jobs/{job_id}").json["state"] == "running"
    assert backend.ask("DELETE", f"/api/jobs/{job_id}").status == 204


def test_the_audit_trail_on_its_way_out_is_cut_off(backend: RunningBackend) -> None:
    auditor = backend.ask("POST", "/api/keys", {"name": "auditor", "permissions": ["audit_read"]}).json
    fill_trail(backend)
    connection = backend.connect()
    connection.request("GET", "/api/audit/export", headers=backend.headers(None, auditor["key"]))
    response = connection.getresponse()
    assert response.read(1_000)
    revoke(backend, auditor["info"]["id"])
    with pytest.raises(http.client.IncompleteRead):
        response.read()
    connection.close()
    assert line_of(backend, "audit.export")["code"] == "not_authenticated"


def test_what_took_long_is_not_told_any_more(tmp_path: Path, counts: Counts) -> None:
    """A schema is read by the backend itself: no query of the caller's could be stopped."""
    asked = threading.Event()

    class Slow(NumberConnector):
        def schema(self) -> Schema:
            asked.set()
            assert counts.go_on.acquire(timeout=20)
            return super().schema()

    kind = msgspec.structs.replace(number_kind(counts), open=lambda params, _: Slow(counts, params))
    running = start(tmp_path, [kind])
    try:
        running.ask("POST", "/api/connections", {"name": "numbers", "type": "numbers", "params": {}})
        made = running.ask("POST", "/api/keys", {"name": "till", "roles": ["analyst"]}).json
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            told = pool.submit(running.ask, "GET", "/api/schema/numbers", key=made["key"])
            assert asked.wait(20)
            revoke(running, made["info"]["id"])
            wait_until(lambda: time.monotonic() - began > 1)  # what is over sooner is not asked about again
            counts.go_on.release()
            assert told.result(20).status == 401
    finally:
        running.stop()
