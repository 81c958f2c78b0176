"""Users, roles and keys over four workers: what one changes, all go by; and calls that race a change."""

import http.client
import itertools
import json
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.server.processes import BackendProcess, run
from tests.server.running import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="one process serves there")

ENDLESS = (
    "SELECT count(*) AS n FROM numbers a, numbers b, numbers c, numbers d, numbers e WHERE a.n + e.n > b.n"
)

_calls = itertools.count()


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackendProcess]:
    running = BackendProcess(
        tmp_path_factory.mktemp("access") / "home",
        "{port: 0, workers: 4}",
        "security: {trusted_proxies: [127.0.0.1]}",
    )
    yield running
    assert running.stop() == 0
    assert not any("Traceback" in line for line in running.lines)


def make(backend: BackendProcess, noun: str, **body: Any) -> Any:
    return backend.ask("POST", f"/api/{noun}", body)


def status(backend: BackendProcess, method: str, path: str, key: str) -> int:
    """From an address of its own each time, so that wrong keys are not too many from one."""
    connection = http.client.HTTPConnection(backend.url.removeprefix("http://"), timeout=60)
    number = next(_calls)
    headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": f"10.7.{number // 250}.{number % 250}"}
    try:
        connection.request(method, path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def statuses(backend: BackendProcess, key: str, calls: int = 16) -> set[int]:
    """Each call on a connection of its own, so that any worker may take it."""
    with ThreadPoolExecutor(4) as pool:
        return set(pool.map(lambda _: status(backend, "GET", "/api/connections", key), range(calls)))


def test_every_kind_of_change_is_in_force_on_all_workers_when_it_is_answered(backend: BackendProcess) -> None:
    make(backend, "roles", name="till", permissions=["connections_read"])
    make(backend, "users", username="ravi", roles=["till"])
    made = make(backend, "keys", name="laptop", user="ravi")
    path, key = f"/api/keys/{made['info']['id']}", made["key"]
    assert statuses(backend, key) == {200}
    for change, expected in (
        (("PUT", "/api/roles/till", {"permissions": ["db_read"]}), 403),
        (("PUT", "/api/roles/till", {"permissions": ["connections_read"]}), 200),
        (("PUT", "/api/users/ravi", {"roles": []}), 403),
        (("PUT", "/api/users/ravi", {"roles": ["viewer"]}), 200),
        (("PUT", "/api/users/ravi", {"active": False}), 401),
        (("PUT", "/api/users/ravi", {"active": True}), 200),
        (("PUT", path, {"allowed_ips": ["192.168.0.0/16"]}), 403),
        (("PUT", path, {"allowed_ips": []}), 200),
        (("PUT", path, {"permissions": ["db_read"]}), 403),
        (("PUT", path, {"permissions": []}), 200),
    ):
        backend.ask(*change)
        assert statuses(backend, key) == {expected}, change
    fresh = backend.ask("POST", f"{path}/rotate", {"overlap_seconds": 0})["key"]
    assert (statuses(backend, key), statuses(backend, fresh)) == ({401}, {200})
    backend.ask("DELETE", "/api/users/ravi")
    assert statuses(backend, fresh) == {401}


def test_what_a_command_changes_all_workers_see(backend: BackendProcess) -> None:
    made = make(backend, "keys", name="by command", permissions=["connections_read"])
    assert statuses(backend, made["key"]) == {200}
    assert run(backend.home, "keys", "revoke", made["info"]["id"])[0] == 0
    wait_until(lambda: statuses(backend, made["key"]) == {401})


def test_what_runs_on_any_worker_stops_when_its_key_is_revoked(
    backend: BackendProcess, tmp_path: Path
) -> None:
    (tmp_path / "numbers.csv").write_text("n\n" + "\n".join(map(str, range(1000))) + "\n")
    files = {"name": "files", "type": "filesystem", "params": {"root": str(tmp_path)}}
    backend.ask("POST", "/api/connections", files)
    made = make(backend, "keys", name="running", roles=["analyst"])
    streams = [begun(backend, made["key"]) for _ in range(8)]
    assert run(backend.home, "keys", "revoke", made["info"]["id"])[0] == 0
    for stream in streams:
        with stream:
            last = json.loads(stream.read().splitlines()[-1])
        assert last["error"]["code"] == "not_authenticated"


def begun(backend: BackendProcess, key: str) -> Any:
    """An answer of some 70 MB, more than a network holds, on a connection of its own. Nobody reads on."""
    columns = ", ".join(f"a.n + {number} AS n{number}" for number in range(20))
    body = {
        "connection": "files",
        "query": f"SELECT {columns} FROM numbers a, numbers b",
        "max_rows": 1_000_000,
    }
    stream = backend.open("POST", "/api/query", body, accept="application/x-ndjson", key=key)
    assert stream.read(1_000)
    return stream


def test_no_call_that_begins_after_a_revocation_gets_through(backend: BackendProcess) -> None:
    for _ in range(3):
        made = make(backend, "keys", name="raced", permissions=["connections_read"])
        seen: list[tuple[float, int]] = []
        going = threading.Event()
        going.set()

        def ask(key: str = made["key"], seen: list[Any] = seen, going: threading.Event = going) -> None:
            while going.is_set():
                began = time.monotonic()
                seen.append((began, status(backend, "GET", "/api/connections", key)))

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        wait_until(lambda seen=seen: len(seen) > 30)  # type: ignore[misc]
        backend.ask("DELETE", f"/api/keys/{made['info']['id']}")
        revoked = time.monotonic()
        wait_until(lambda seen=seen, at=revoked: sum(t > at for t, _ in list(seen)) > 12)  # type: ignore[misc]
        going.clear()
        for thread in threads:
            thread.join(30)
        assert {one for _, one in seen} == {200, 401}
        assert {one for began, one in seen if began > revoked} == {401}


def test_the_rate_of_a_key_is_exact_over_all_workers(backend: BackendProcess) -> None:
    made = make(backend, "keys", name="slow", permissions=["connections_read"], rate_limit="40/hour")
    with ThreadPoolExecutor(8) as pool:
        calls = pool.map(lambda _: status(backend, "GET", "/api/connections", made["key"]), range(60))
        found = list(calls)
    assert (found.count(200), found.count(429)) == (40, 20)


def test_administrators_who_remove_one_another_over_http_leave_one(backend: BackendProcess) -> None:
    made = [make(backend, "keys", name=f"admin {number}", roles=["admin"]) for number in range(3)]
    first = next(key for key in backend.ask("GET", "/api/keys")["keys"] if key["name"] == "administrator")
    everybody = [*(one["info"]["id"] for one in made), first["id"]]
    keys = [*(one["key"] for one in made), backend.key]

    def remove_the_others(number: int) -> list[int]:
        others = [key_id for key_id in everybody if key_id != everybody[number]]
        return [status(backend, "DELETE", f"/api/keys/{key_id}", keys[number]) for key_id in others]

    with ThreadPoolExecutor(4) as pool:
        answers = [one for found in pool.map(remove_the_others, range(4)) for one in found]
    assert set(answers) <= {204, 401, 409}
    left = [key for key in keys if status(backend, "GET", "/api/users", key) == 200]
    assert len(left) == 1
    assert run(backend.home, "generate-key", "--name", "again", "--role", "admin")[0] == 0
