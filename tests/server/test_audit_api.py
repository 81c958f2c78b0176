"""The audit trail over HTTP: who may read it, what is found, in pages, and read out whole."""

import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest

from server.store.audit import AuditLine, open_trail
from server.store.audit import trail as trailing
from server.store.audit.chain import Mark, Sealer, Witness
from server.store.audit.pruning import prune
from server.store.audit.verifying import verify
from server.store.state import open_state
from shared.backend_client import BackendClient
from shared.errors import Conflict, InvalidRequest
from tests.server.running import RunningBackend, wait_until


def found(backend: RunningBackend, **filters: str) -> list[dict[str, Any]]:
    answer = backend.ask("GET", f"/api/audit?{urlencode(filters)}")
    assert answer.status == 200, answer.body
    entries: list[dict[str, Any]] = answer.json["entries"]
    return entries


def written(backend: RunningBackend, count: int) -> None:
    wait_until(lambda: len(backend.audit()) >= count)


def test_a_line_tells_who_did_what_and_how_it_ended(backend: RunningBackend) -> None:
    backend.query("numbers", max_rows=10)
    backend.query("no_such_table")
    written(backend, 3)
    refused, asked = found(backend, connection="numbers", limit="2")
    assert (asked["action"], asked["query"], asked["status"]) == ("query.run", "SELECT n FROM numbers", 200)
    assert (asked["key_name"], asked["address"], asked["user"]) == ("test", "127.0.0.1", "")
    assert (asked["tables"], asked["row_count"], asked["code"]) == (["numbers"], 10, "")
    assert asked["request_id"]
    assert asked["elapsed_ms"] > 0
    assert refused["id"] == asked["id"] + 1
    assert refused["code"]
    assert refused["status"] >= 400


def test_only_who_may_read_the_trail_reads_it(backend: RunningBackend) -> None:
    for method, path in (("GET", "/api/audit"), ("GET", "/api/audit/export"), ("POST", "/api/audit/verify")):
        assert backend.ask(method, path, key=backend.key("db_read", "system_admin")).status == 403
        assert backend.ask(method, path, key="").status == 401
        assert backend.ask(method, path, key=backend.key("audit_read")).status == 200


def test_pages_lead_through_every_line_once(backend: RunningBackend) -> None:
    for _ in range(7):
        backend.ask("GET", "/api/connections")
    written(backend, 8)
    after, ids = "", []
    while True:
        page = backend.ask("GET", f"/api/audit?limit=3&action=connections.show_all{after}").json
        ids += [entry["id"] for entry in page["entries"]]
        assert len(page["entries"]) <= 3
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(ids) == 7
    assert ids == sorted(ids, reverse=True)


def test_each_filter_keeps_what_it_says(backend: RunningBackend) -> None:
    made = backend.ask("POST", "/api/keys", {"name": "till 5", "permissions": ["db_read"]}).json
    till = made["key"]
    backend.query("numbers", max_rows=10, key=till)
    backend.ask("GET", "/api/connections", key=till)
    backend.ask("GET", "/api/connections", key="vmart_wrong")
    backend.query("no_such_table")
    written(backend, 6)
    assert {entry["key_name"] for entry in found(backend, key="till 5")} == {"till 5"}
    assert len(found(backend, key=made["info"]["id"])) == 2
    assert [entry["code"] for entry in found(backend, outcome="refused")] == [
        "not_authenticated",
        "not_permitted",
    ]
    assert [entry["status"] for entry in found(backend, outcome="not_authenticated")] == [401]
    assert [
        entry["tables"] for entry in found(backend, outcome="ok", connection="numbers", key="till 5")
    ] == [["numbers"]]
    assert {entry["connection"] for entry in found(backend, connection="numbers")} == {"numbers"}
    assert found(backend, search="FROM NUMBERS")[0]["query"] == "SELECT n FROM numbers"
    request_id = found(backend, search="from numbers")[0]["request_id"]
    assert [entry["request_id"] for entry in found(backend, request_id=request_id)] == [request_id]
    assert found(backend, user="nobody") == []
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert found(backend, to=past) == []
    assert len(found(backend, **{"from": past})) >= 5


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE audit; --", "%", "_", "!", "\\", "' OR '1'='1", ":after", "{}", "₹", "a" * 200]
)
def test_a_hostile_search_is_a_text_and_nothing_else(backend: RunningBackend, text: str) -> None:
    backend.query("numbers", max_rows=10)
    written(backend, 2)
    assert found(backend, search=text) == []
    assert found(backend, key=text) == []
    assert len(backend.audit()) >= 2


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "after=x",
        "after=WzFd0",
        "from=yesterday",
        "from=2026-11-28T00:00:00",
        "to=0001-01-01T00:00:00%2B23:59",
        "user=%00",
        "search=a%0Ab",
        f"search={'a' * 201}",
        f"action={'a' * 201}",
    ],
)
def test_what_is_not_a_filter_is_refused(backend: RunningBackend, query: str) -> None:
    assert backend.ask("GET", f"/api/audit?{query}").status == 400
    assert backend.ask("GET", f"/api/audit/export?{query}").status in (200, 400)


def test_the_export_is_every_line_in_order_with_its_seal(backend: RunningBackend) -> None:
    for _ in range(5):
        backend.ask("GET", "/api/connections")
    written(backend, 6)
    answer = backend.ask("GET", "/api/audit/export")
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [line["id"] for line in lines] == list(range(1, len(lines) + 1))
    assert all(len(line["seal"]) == 32 for line in lines)
    wait_until(lambda: backend.audit()[-1]["action"] == "audit.export")
    assert backend.audit()[-1]["row_count"] == len(lines)
    some = backend.ask("GET", f"/api/audit/export?action={quote('connections.create')}").body
    assert len(some.splitlines()) == 1


def test_the_client_reads_as_many_lines_as_are_asked_for(backend: RunningBackend) -> None:
    for _ in range(4):
        backend.ask("GET", "/api/connections")
    written(backend, 5)
    with BackendClient(backend.url, backend.admin) as client:
        lines = list(client.audit_entries(action="connections.show_all", limit=3))
        assert [line.action for line in lines] == ["connections.show_all"] * 3
        assert lines[0].id > lines[1].id > lines[2].id
        ago = datetime.now(UTC) - timedelta(hours=1)
        assert len(list(client.audit_entries(since=ago, outcome="ok", key="test", search="SHOW_ALL"))) == 4
        assert list(client.audit_entries(until=ago)) == []
        with pytest.raises(InvalidRequest):
            next(client.audit_entries(since=datetime(2026, 11, 28)))  # noqa: DTZ001 - that is the mistake


def test_one_line_is_opened_by_its_number(backend: RunningBackend) -> None:
    backend.query("numbers", max_rows=10)
    written(backend, 2)
    [asked] = found(backend, action="query.run")
    assert backend.ask("GET", f"/api/audit/{asked['id']}").json == asked
    assert backend.ask("GET", f"/api/audit/{asked['id']}", key=backend.key("db_read")).status == 403
    for number in ("0", "-1", "999999", "9" * 40, "1e3", "%D9%A1", "1%20OR%201=1"):
        assert backend.ask("GET", f"/api/audit/{number}").status == 404


def test_the_trail_is_verified_and_a_change_is_told_by_its_number(backend: RunningBackend) -> None:
    backend.query("numbers", max_rows=10)
    written(backend, 2)
    with BackendClient(backend.url, backend.admin) as client:
        whole = client.verify_audit()
        assert (whole.ok, whole.problems, whole.first, whole.older) == (True, [], 1, 0)
        assert whole.lines >= 2
        assert whole.head.startswith(f"{whole.lines}:")
        [asked] = client.audit_entries(action="query.run")
        with sqlite3.connect(backend.home / "backend" / "state.db") as connection:
            connection.execute("UPDATE audit SET row_count = 9 WHERE id = ?", (asked.id,))
        assert client.audit_entry(asked.id).row_count == 9
        broken = client.verify_audit()
        assert (broken.ok, broken.problems) == (False, [f"Line {asked.id} was changed, put in, or moved."])
        wait_until(lambda: len(list(client.audit_entries(action="audit.verify"))) == 2)
        details = [line.detail for line in client.audit_entries(action="audit.verify")]
        assert details == ["1 problems", "whole"]


def test_the_trail_is_verified_once_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = open_state("", tmp_path)
    trail, of_another_worker = (open_trail(state, tmp_path / "audit", KEY) for _ in range(2))
    begun, go_on = threading.Event(), threading.Event()

    def read(witness: Witness) -> Mark | None:
        begun.set()
        assert go_on.wait(30)
        return reading(witness)

    reading = Witness.read
    monkeypatch.setattr(Witness, "read", read)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(trail.verify)
        assert begun.wait(30)
        for one in (trail, of_another_worker):
            with pytest.raises(Conflict):
                one.verify()
        go_on.set()
        assert first.result().is_whole
    for one in (of_another_worker, trail):
        assert one.verify().is_whole
        one.close()
    state.close()


def test_of_a_very_long_trail_the_newer_part_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trailing, "_MOST_VERIFIED", 3)
    _old(tmp_path, [1, 1, 1, 1, 1])
    state = open_state("", tmp_path)
    trail = open_trail(state, tmp_path / "audit", KEY)
    found = trail.verify()
    assert (found.is_whole, found.first, found.lines) == (True, 3, 3)
    trail.close()
    state.close()


KEY = b"k" * 32


def _old(home: Path, days: list[int]) -> None:
    """A trail with lines that are so many days old."""
    state = open_state("", home)
    trail = open_trail(state, home / "audit", KEY)
    for age in days:
        at = (datetime.now(UTC) - timedelta(days=age)).isoformat(timespec="milliseconds")
        line = AuditLine(at, "r", "k", "n", "a", "query.run", "c", "q", "SELECT 1", "t", 1, 200, "", 1.0)
        assert trail.write(line)
    trail.close()
    state.close()


def test_what_is_old_goes_from_the_beginning_and_the_rest_still_verifies(tmp_path: Path) -> None:
    _old(tmp_path, [40, 35, 31, 20, 50, 1])
    state, sealer = open_state("", tmp_path), Sealer(KEY)
    witness = Witness(tmp_path / "audit" / "head", sealer)
    assert msgspec.structs.astuple(prune(state, sealer, 30)) == (3, 3)
    kept = verify(state, sealer, witness)
    assert (kept.findings, kept.first, kept.lines) == ([], 4, 3)
    assert prune(state, sealer, 30).lines == 0
    assert prune(state, sealer, 0, datetime.now(UTC) + timedelta(days=1)).lines == 3
    assert verify(state, sealer, witness).findings == []
    state.close()
    _old(tmp_path, [0, 0])
    state = open_state("", tmp_path)
    kept = verify(state, sealer, witness)
    assert (kept.findings, kept.first, kept.lines) == ([], 7, 2)
    state.close()


def test_a_changed_line_is_not_cleared_away_by_an_old_date(tmp_path: Path) -> None:
    _old(tmp_path, [1, 1, 1])
    state, sealer = open_state("", tmp_path), Sealer(KEY)
    with state.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET at = '2020-01-01' WHERE id <= 2")
    assert prune(state, sealer, 30).lines == 0
    found = verify(state, sealer, Witness(tmp_path / "audit" / "head", sealer))
    assert found.findings == ["Lines 1 to 2 were changed, put in, or moved."]
    state.close()
