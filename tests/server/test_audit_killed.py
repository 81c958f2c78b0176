"""Four worker processes, killed at any moment: every call that was answered is in the trail."""

import os
import signal
import sys
import threading
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.processes import children_of, runs
from tests.server.processes import BackendProcess, run
from tests.server.running import lines_of, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="one process serves there")


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[BackendProcess]:
    running = BackendProcess(tmp_path / "home", "{port: 0, workers: 4}")
    yield running
    _kill(running)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[BackendProcess]:
    """Two workers and a folder of numbers, as ``files``."""
    running = BackendProcess(tmp_path / "home", "{port: 0, workers: 2}")
    data = tmp_path / "data"
    data.mkdir()
    (data / "numbers.csv").write_text("n\n" + "\n".join(str(number) for number in range(1000)) + "\n")
    made = {"name": "files", "type": "filesystem", "params": {"root": str(data)}}
    running.ask("POST", "/api/connections", made)
    yield running
    _kill(running)


def _kill(backend: BackendProcess) -> None:
    for process in [backend.process.pid, *children_of(backend.process.pid)]:
        if runs(process):
            os.kill(process, signal.SIGKILL)
    backend.process.wait()


class Callers:
    """They call until they are told to stop, and remember the ids of their answers."""

    def __init__(self, backend: BackendProcess, count: int) -> None:
        self.answered: list[str] = []
        self._backend = backend
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _call(self) -> None:
        while not self._stop.is_set():
            try:
                with self._backend.open("GET", "/api/connections") as response:
                    response.read()
                    self.answered.append(response.headers["x-request-id"])
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)


def test_no_answered_call_is_missing_after_workers_and_all_were_killed(
    backend: BackendProcess, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    callers = Callers(backend, 6)
    wait_until(lambda: len(callers.answered) > 100, seconds=60)
    for worker in children_of(backend.process.pid)[:2]:
        os.kill(worker, signal.SIGKILL)
    before = len(callers.answered)
    wait_until(lambda: len(callers.answered) > before + 100, seconds=60)
    _kill(backend)
    callers.stop()

    again = BackendProcess(home)
    assert again.stop() == 0
    written = [line["request_id"] for line in lines_of(home)]
    assert len(written) == len(set(written))
    assert set(callers.answered) <= set(written)
    code, out, err = run(home, "verify-audit")
    assert (code, err) == (0, ""), err
    assert f"The audit trail is whole: {len(written):,} lines" in out


def test_what_killed_workers_were_at_is_on_record_as_interrupted(
    pair: BackendProcess, tmp_path: Path
) -> None:
    rows = "SELECT a.n AS a, b.n AS b FROM numbers a, numbers b, numbers c"
    counting = "SELECT count(*) FROM numbers a, numbers b, numbers c, numbers d WHERE a.n + d.n > b.n * c.n"
    asked = {"connection": "files", "query": rows, "max_rows": 900_000}
    with pair.open("POST", "/api/query", asked | {"max_rows": 50_000}, "application/x-ndjson") as whole:
        assert whole.read().count(b"\n") > 50_000
    job = pair.ask("POST", "/api/jobs", {"connection": "files", "query": counting})["id"]
    wait_until(lambda: pair.ask("GET", f"/api/jobs/{job}")["state"] == "running", seconds=60)
    streamed = pair.open("POST", "/api/query", asked, "application/x-ndjson")
    assert streamed.read(1_000)
    waiting = threading.Thread(target=_ask_in_vain, args=(pair, {"connection": "files", "query": counting}))
    waiting.start()
    audit = tmp_path / "home" / "backend" / "audit"
    wait_until(lambda: len(list(audit.glob("*.begun"))) == 2, seconds=60)
    for worker in children_of(pair.process.pid):
        os.kill(worker, signal.SIGKILL)
    waiting.join(60)

    def interrupted() -> list[tuple[str, str, str, int | None]]:
        return sorted(
            (line["action"], line["connection"], line["sql_text"], line["row_count"])
            for line in lines_of(tmp_path / "home")
            if (line["code"], line["status"]) == ("interrupted", 503)
        )

    expected = [
        ("jobs.end", "files", counting, 0),
        ("query.run", "files", rows, None),
        ("query.run", "files", counting, None),
    ]
    wait_until(lambda: len(interrupted()) >= 3, seconds=60)
    assert sorted(interrupted()) == sorted(expected)
    assert not list(audit.glob("*.begun"))
    streamed.close()
    assert pair.stop() == 0
    ids = [line["query_id"] for line in lines_of(tmp_path / "home") if line["code"] == "interrupted"]
    assert len(set(ids)) == 3
    assert run(tmp_path / "home", "verify-audit")[0] == 0


def _ask_in_vain(backend: BackendProcess, body: dict[str, str]) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the kernel's word for it differs
        backend.open("POST", "/api/query", body)
