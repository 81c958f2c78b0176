"""What a service manager is told, over a real datagram socket."""

import os
import sqlite3
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from server.notify import Notifier
from tests.server.processes import BackendProcess
from tests.server.running import wait_until
from tests.server.service_manager import ServiceManager

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no service manager speaks this there")


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_hears_ready_then_signs_of_life_then_stopping(tmp_path: Path, abstract: bool) -> None:
    address = f"@vmart-{uuid4()}" if abstract else str(tmp_path / "notify")
    with ServiceManager(address) as manager:
        environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "600000"}
        backend = BackendProcess(tmp_path / "home", environment=environment)
        try:
            wait_until(lambda: manager.count("READY=1") == 1)
            wait_until(lambda: manager.count("WATCHDOG=1") >= 3)
            assert manager.status() == f"Serving at {backend.url}: 0 connections, 0 queries running"
            assert backend.stop() == 0
            wait_until(lambda: manager.count("STOPPING=1") == 1)
            assert manager.told[-1].startswith("STOPPING=1")
        finally:
            backend.process.kill()
            backend.process.wait()


def test_without_a_watchdog_the_status_line_is_still_kept(tmp_path: Path) -> None:
    with ServiceManager(str(tmp_path / "notify")) as manager:
        backend = BackendProcess(tmp_path / "home", environment={"NOTIFY_SOCKET": manager.address})
        try:
            wait_until(lambda: "Serving at" in manager.status())
        finally:
            assert backend.stop() == 0


def test_there_is_no_sign_of_life_while_the_state_cannot_be_read(tmp_path: Path) -> None:
    with ServiceManager(str(tmp_path / "notify")) as manager:
        environment = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "600000"}
        backend = BackendProcess(tmp_path / "home", environment=environment)
        try:
            wait_until(lambda: manager.count("WATCHDOG=1") >= 1)
            state = sqlite3.connect(tmp_path / "home" / "backend" / "state.db", isolation_level=None)
            state.execute("ALTER TABLE versions RENAME TO away")
            wait_until(lambda: manager.status() == "The state cannot be read")
            signs = manager.count("WATCHDOG=1")
            wait_until(lambda: manager.told.count("STATUS=The state cannot be read") >= 4)
            assert manager.count("WATCHDOG=1") == signs
            state.execute("ALTER TABLE away RENAME TO versions")
            wait_until(lambda: manager.count("WATCHDOG=1") > signs)
            state.close()
        finally:
            backend.process.kill()
            backend.process.wait()


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"NOTIFY_SOCKET": "", "WATCHDOG_USEC": "600000"},
        {"NOTIFY_SOCKET": "vsock:2:1234", "WATCHDOG_USEC": "600000"},
        {"NOTIFY_SOCKET": "/run/nobody/listens", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/" + "x" * 5000, "WATCHDOG_USEC": "0"},
        {"NOTIFY_SOCKET": "/run/nobody/listens", "WATCHDOG_USEC": "600000", "WATCHDOG_PID": "1"},
    ],
)
def test_where_nobody_listens_nothing_happens(environ: dict[str, str]) -> None:
    notifier = Notifier.of(environ)
    assert notifier.watchdog_seconds is None
    notifier.ready("Serving")
    notifier.stopping("Stopping")


def test_a_watchdog_for_this_process_counts(tmp_path: Path) -> None:
    environ = {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
    assert Notifier.of(environ).watchdog_seconds == 30


def test_a_status_can_not_add_lines_of_its_own(tmp_path: Path) -> None:
    with ServiceManager(str(tmp_path / "notify")) as manager:
        Notifier(manager.address).status("a\nREADY=1\n" + "é" * 9000)
        wait_until(lambda: manager.told)
        assert manager.count("READY=1") == 0
        assert len(manager.told[0].encode()) <= 2100


def test_a_manager_that_does_not_listen_any_more_blocks_nobody(tmp_path: Path) -> None:
    manager = ServiceManager(str(tmp_path / "notify"))  # bound, and never read: its queue fills up
    notifier = Notifier(manager.address)
    for _ in range(2000):
        notifier.alive("Serving " + "x" * 1000)
