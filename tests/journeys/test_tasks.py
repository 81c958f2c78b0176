"""Tasks of the program as a process: under a clock that really jumps, and killed in the middle of a run."""

import signal
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from desktop.store.database import Database
from desktop.store.runs import Run, Runs
from desktop.store.tasks import Tasks
from tests.desktop.running import RetailPeer
from tests.display import absent, wait_for
from tests.journeys.processes import Running

pytestmark = pytest.mark.slow

_FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class Kept:
    """What the agent under test has kept for its person."""

    def __init__(self, home: Path) -> None:
        self.database = Database(home / "agent" / "people" / "local" / "agent.db")
        self.tasks, self.runs = Tasks(self.database), Runs(self.database)

    def runs_of_all(self) -> list[Run]:
        return [run for task in self.tasks.all() for run in self.runs.of(task.id)]


def test_a_clock_that_jumps_under_the_running_program_is_noticed_and_nothing_runs_twice(
    tmp_path: Path,
) -> None:
    if not _FAKETIME.exists():
        absent("needs libfaketime")
    moved = tmp_path / "clock"
    moved.write_text("+0")
    faked = {
        "LD_PRELOAD": str(_FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(moved),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    peer = RetailPeer()
    with peer:
        (tmp_path / "chatbot_config.yaml").write_text(
            f"chatbot: {{session_timeout: 0}}\nbackend: {{url: '{peer.url}', api_key: k}}\n"
        )
        with Running(tmp_path, "--no-window", demo=False, **faked) as agent:
            at = datetime.now().astimezone() + timedelta(hours=2)
            plan = {
                "name": "Zones",
                "question": "total net amount by zone",
                "timetable": {"kind": "daily", "at": f"{at:%H:%M}"},
            }
            task = agent.json("POST", "/api/tasks", plan)["id"]

            def runs() -> list[dict[str, Any]]:
                found: list[dict[str, Any]] = agent.json("GET", f"/api/tasks/{task}/runs")["runs"]
                return [run for run in found if run["status"] == "done"]

            moved.write_text("+3h")
            wait_for(lambda: len(runs()) == 1)
            assert runs()[0]["late"] == "clock"
            moved.write_text("+0")
            agent.json("PATCH", f"/api/tasks/{task}", {"enabled": True})  # it looks at once
            listed = agent.json("GET", "/api/tasks")["tasks"]
            assert datetime.fromisoformat(listed[0]["next_at"]) > datetime.now().astimezone() + timedelta(
                hours=20
            )
            assert len(runs()) == 1


def test_a_program_that_is_killed_during_a_run_shows_it_broken_off_and_runs_it_once_more(
    tmp_path: Path,
) -> None:
    peer = RetailPeer()
    with peer:
        (tmp_path / "chatbot_config.yaml").write_text(
            f"chatbot: {{session_timeout: 0}}\nbackend: {{url: '{peer.url}', api_key: k}}\n"
        )
        plan = {
            "name": "Zones",
            "question": "total net amount by zone",
            "timetable": {"kind": "daily", "at": "09:00"},
        }
        with Running(tmp_path, "--no-window", demo=False) as agent:
            task = agent.json("POST", "/api/tasks", plan)["id"]
            kept = Kept(tmp_path)
            yesterday = (datetime.now().astimezone() - timedelta(days=1, hours=1)).isoformat()
            agent.process.send_signal(signal.SIGSTOP)
            kept.tasks.settle(task, yesterday)  # as if nine o'clock had passed meanwhile
            peer.release.clear()
            agent.process.send_signal(signal.SIGCONT)
            wait_for(peer.held.is_set)
            agent.process.kill()
            agent.process.wait(10)
        peer.release.set()
        with Running(tmp_path, "--no-window", demo=False):
            wait_for(lambda: "done" in [run.status for run in kept.runs.of(task)])
        assert [run.status for run in kept.runs.of(task)] == ["done", "broken_off"]
        with Running(tmp_path, "--no-window", demo=False):
            wait_for(lambda: not kept.runs.with_status("running"))
        assert len(kept.runs.of(task)) == 2
