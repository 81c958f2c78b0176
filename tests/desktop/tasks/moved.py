"""A clock that a test moves, and an agent that goes by it: tasks fall due when the test says so."""

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.desktop.running import RetailPeer, RunningAgent

INDIA = ZoneInfo("Asia/Kolkata")
NINE = datetime(2026, 11, 27, 9, 0, tzinfo=INDIA)  # a Friday


class MovedClock:
    """Stands still until it is moved. ``asleep`` and ``off`` also age the PC, ``put`` only the clock."""

    def __init__(self, now: datetime, zone: tzinfo = INDIA, *, up: timedelta = timedelta(days=2)) -> None:
        self._lock = threading.Lock()
        self._now, self._zone, self._up = now.astimezone(UTC), zone, up
        self.looked = 0
        """How often the scheduler looked at it: at the end of each round, and when it begins a run."""

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def zone(self) -> tzinfo:
        return self._zone

    def since_boot(self) -> float | None:
        with self._lock:
            self.looked += 1
            return self._up.total_seconds()

    def asleep(self, for_: timedelta) -> None:
        """Time passes; the program, if it runs, did not see it."""
        with self._lock:
            self._now, self._up = self._now + for_, self._up + for_

    def off(self, for_: timedelta) -> None:
        with self._lock:
            self._now, self._up = self._now + for_, timedelta(minutes=1)

    def put(self, now: datetime) -> None:
        with self._lock:
            self._now = now.astimezone(UTC)

    def travel(self, zone: tzinfo) -> None:
        self._zone = zone


def eventually(what: Callable[[], Any], seconds: float = 60) -> Any:
    """What ``what`` gives when it gives something."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def plan(**more: Any) -> dict[str, Any]:
    daily = {"kind": "daily", "at": "09:00"}
    return {"name": "Sales by zone", "question": "total net amount by zone", "timetable": daily} | more


class Tasked:
    """An agent with its clock and its backend, and the tasks of it over HTTP. Use ``with``; ``restart``
    ends the program and starts it anew."""

    def __init__(self, home: Path, clock: MovedClock, *, gemini_url: str = "") -> None:
        self.home, self.clock = home, clock
        self.peer = RetailPeer()
        self._gemini_url = gemini_url
        self._agent: RunningAgent | None = None

    def __enter__(self) -> "Tasked":
        self.peer.__enter__()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.peer.__exit__(None, None, None)

    @property
    def agent(self) -> RunningAgent:
        assert self._agent is not None
        return self._agent

    def start(self) -> None:
        self._agent = RunningAgent(
            self.home, backend_url=self.peer.url, gemini_url=self._gemini_url, task_clock=self.clock
        )
        self._agent.__enter__()

    def end(self) -> None:
        if self._agent is not None:
            self._agent.__exit__(None, None, None)
            self._agent = None

    def create(self, **more: Any) -> str:
        return str(self.agent.json("POST", "/api/tasks", plan(**more))["id"])

    def task(self, task_id: str) -> dict[str, Any]:
        listed = self.agent.json("GET", "/api/tasks")["tasks"]
        found: dict[str, Any] = next(task for task in listed if task["id"] == task_id)
        return found

    def runs(self, task_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.agent.json("GET", f"/api/tasks/{task_id}/runs")["runs"]
        return found

    def look(self) -> None:
        """The scheduler looks at once, as it does every few seconds."""
        seat = self.agent.serving.seat
        assert seat is not None
        seat.agent.scheduler.wake()

    def over(self, task_id: str, count: int = 1) -> list[dict[str, Any]]:
        """The runs, the newest first, when there are ``count`` and none goes on."""

        def ended() -> list[dict[str, Any]] | None:
            self.look()
            runs = self.runs(task_id)
            going = [run for run in runs if run["status"] == "running"]
            return runs if len(runs) >= count and not going else None

        found: list[dict[str, Any]] = eventually(ended)
        assert len(found) == count, json.dumps(found, indent=1)
        return found

    def quiet(self, task_id: str, count: int) -> None:
        """Nothing more runs: the scheduler went a whole round since the clock was moved. The first look may
        end a round from before, the second begin a run; the third is then the end of a whole one."""
        for _ in range(3):
            before = self.clock.looked
            self.look()
            self._until_looked(before)
        assert len(self.runs(task_id)) == count

    def _until_looked(self, before: int) -> None:
        eventually(lambda: self.clock.looked > before)
