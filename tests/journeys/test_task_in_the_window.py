"""A task made in the chat of the real window runs at its minute, writes its Excel file and notifies."""

import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from desktop.store.grants import GrantStore
from tests.desktop.running import RetailPeer
from tests.display import Display, absent, displayed, wait_for
from tests.journeys.processes import ROOT, Running
from tests.journeys.test_tasks import Kept
from tests.peers.notifications import NotificationsPeer

pytestmark = [pytest.mark.window, pytest.mark.slow]


@pytest.fixture
def display(tmp_path: Path) -> Iterator[Display]:
    with displayed(tmp_path, managed=True) as display:
        yield display


def test_a_task_made_in_the_window_runs_at_its_minute_writes_its_file_and_notifies(
    tmp_path: Path, display: Display
) -> None:
    home, reports = tmp_path / "home", tmp_path / "Reports"
    reports.mkdir()
    (home / "agent" / "people" / "local").mkdir(parents=True)
    kept = Kept(home)
    GrantStore(kept.database).add("Reports", str(reports), "folder")
    with RetailPeer() as peer, NotificationsPeer() as desktop:
        (home / "chatbot_config.yaml").write_text(f"backend: {{url: '{peer.url}', api_key: k}}\n")
        bus = {"DBUS_SESSION_BUS_ADDRESS": desktop.address}
        with Running(home, until="window", demo=False, DISPLAY=display.name, **bus) as agent:
            if "No window" in agent.said:
                absent(agent.said)
            wait_for(lambda: bool(display.window()))
            display.wait_until_listening()
            due = _minute_after_next()
            display.type(f"every day at {due:%H:%M} send me total net amount by zone as Excel")

            def agreed() -> bool:
                display.click_on_button()
                return bool(kept.tasks.all())

            wait_for(agreed, every=1)
            [task] = kept.tasks.all()
            assert task.plan.timetable.at == f"{due:%H:%M}"
            wait_for(lambda: [run.status for run in kept.runs_of_all()] == ["done"], seconds=240)
            wait_for(lambda: bool(desktop.shown))
            [run] = kept.runs_of_all()
            assert datetime.fromisoformat(run.started_at).astimezone() >= due
            [file] = reports.iterdir()
            assert run.file == str(file)
            cells = [cell.value for cell in openpyxl.load_workbook(file)["Result"]["A"]]
            assert cells[1:] == ["North", "South"]
            [shown] = desktop.shown
            assert (shown.title, file.name in shown.text) == (task.plan.name, True)
            before = display.pixels().copy()
            desktop.click(shown)
            wait_for(lambda: int((before != display.pixels()).sum()) > 20_000)
            display.wait_until_still()
            display.keep_picture(ROOT / "test-artifacts" / "task-in-window.png")
            assert agent.end(signal.SIGINT) == 0


def _minute_after_next() -> datetime:
    """Far enough for whoever types and says yes."""
    return (datetime.now().astimezone() + timedelta(seconds=100)).replace(second=0, microsecond=0)
