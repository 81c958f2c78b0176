"""Tasks of two people on one PC: none of one runs, is shown or speaks up while the other is signed in."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.desktop.running import RetailPeer, RunningAgent
from tests.desktop.tasks.moved import NINE, MovedClock, eventually, plan
from tests.desktop.tasks.test_notifications import bus, desktop
from tests.desktop.test_identity import ANITA, BALA
from tests.desktop.test_identity import peer as google
from tests.desktop.web.test_sign_in import sign_in
from tests.peers.google_oauth import GooglePeer
from tests.peers.notifications import NotificationsPeer

__all__ = ["bus", "desktop", "google"]


def look(agent: RunningAgent) -> None:
    seat = agent.serving.seat
    assert seat is not None
    seat.agent.scheduler.wake()


def statuses(agent: RunningAgent, task: str) -> list[tuple[str, str]]:
    look(agent)
    runs = agent.json("GET", f"/api/tasks/{task}/runs")["runs"]
    return [(run["status"], run["late"]) for run in runs if run["status"] != "running"]


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock(NINE - timedelta(hours=1))


def test_a_task_waits_until_its_own_person_is_back(
    google: GooglePeer, desktop: NotificationsPeer, clock: MovedClock, tmp_path: Path
) -> None:
    with (
        RetailPeer() as backend,
        RunningAgent(tmp_path, backend_url=backend.url, google=google.section(), task_clock=clock) as agent,
    ):
        sign_in(agent, google, ANITA)
        anitas = agent.json("POST", "/api/tasks", plan(name="Anita's figures"))["id"]

        sign_in(agent, google, BALA)
        assert agent.json("GET", "/api/tasks")["tasks"] == []
        for method, path, body in (
            ("GET", "runs", None), ("POST", "run", {}), ("POST", "restore", {}),
        ):  # fmt: skip
            assert agent.http(method, f"/api/tasks/{anitas}/{path}", body)[0] == 404
        assert agent.http("DELETE", f"/api/tasks/{anitas}")[0] == 404
        balas = agent.json("POST", "/api/tasks", plan(name="Bala's figures"))["id"]
        clock.asleep(timedelta(hours=2))
        assert eventually(lambda: statuses(agent, balas)) == [("done", "asleep")]
        [told] = eventually(lambda: desktop.shown)
        assert told.title == "Bala's figures"
        assert [line["id"] for line in agent.json("GET", "/api/tasks")["tasks"]] == [balas]

        agent.json("DELETE", "/api/session")
        clock.asleep(timedelta(days=1))
        assert agent.http("GET", "/api/tasks")[0] == 401

        sign_in(agent, google, ANITA)
        assert eventually(lambda: statuses(agent, anitas)) == [("done", "closed")]
        assert [line["id"] for line in agent.json("GET", "/api/tasks")["tasks"]] == [anitas]
        eventually(lambda: len(desktop.shown) == 2)
        assert [each.title for each in desktop.shown] == ["Bala's figures", "Anita's figures"]
        assert agent.http("GET", f"/api/tasks/{balas}/runs")[0] == 404
