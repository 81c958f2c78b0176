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
