"""The session over HTTP: when it is over, nothing of the person is told, and nothing that runs is lost."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from desktop.people import LOCAL, Person
from shared.settings import ChatbotSection
from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.desktop.tasks.moved import NINE, MovedClock, Tasked, eventually
from tests.desktop.test_session import SetClock

ANITA = Person(id="google-1a", kind="google", name="Anita Rao", email="anita@vmart.example")
PERSONAL = [
    ("GET", "/api/state"),
    ("GET", "/api/events"),
    ("GET", "/api/conversations"),
    ("GET", "/api/conversations?q=zone"),
    ("GET", "/api/conversations/{conversation}"),
    ("GET", "/api/conversations/{conversation}/export"),
    ("GET", "/api/results/{result}"),
    ("GET", "/api/results/{result}/receipt"),
    ("GET", "/api/results/{result}/export?format=csv"),
    ("GET", "/api/turns/{turn}/events"),
    ("GET", "/api/schema"),
    ("GET", "/api/starters"),
    ("GET", "/api/meter"),
    ("POST", "/api/ask"),
    ("POST", "/api/save"),
    ("PUT", "/api/draft"),
    ("PUT", "/api/settings"),
    ("POST", "/api/backend/demo"),
    ("GET", "/api/nowhere"),
]


class World:
    """An agent with a clock that the test sets."""

    def __init__(self, home: Path, peer: RetailPeer, timeout: int = 600) -> None:
        self.peer = peer
        self.clock = SetClock()
        chatbot = ChatbotSection(session_timeout=timeout)
        self.agent = RunningAgent(home, backend_url=peer.url, chatbot=chatbot, clock=self.clock)

    def idle(self, seconds: float = 601) -> None:
        self.clock.move(wall=seconds, steady=seconds)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    peer = RetailPeer()
    with peer:
        world = World(tmp_path, peer)
        with world.agent:
            yield world


def wait_until(fits: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not fits():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def ids_of(events: list[dict[str, Any]]) -> dict[str, str]:
    started = only(events, "turn_started")
    return {
        "conversation": started["conversation_id"],
        "turn": started["turn_id"],
        "result": only(events, "result")["result_id"],
    }


def test_when_it_is_locked_no_address_tells_anything(world: World) -> None:
    ids = ids_of(world.agent.ask("total net sales by zone"))
    world.idle()
    for method, path in PERSONAL:
        status, _, data = world.agent.http(method, path.format(**ids))
        assert (status, json.loads(data)["code"]) == (401, "session_over"), path
    shown = world.agent.json("GET", "/api/session")
    assert (shown["state"], shown["id"], shown["person"]["kind"]) == ("locked", "", "local")
    assert world.agent.http("GET", "/")[0] == 200
    assert world.agent.json("POST", "/api/window/front", {})["window"] is False
    assert world.agent.http("POST", "/api/session/active", {})[0] == 401


def test_a_confirmation_opens_it_again_with_draft_and_conversations(world: World) -> None:
    ids = ids_of(world.agent.ask("total net sales by zone"))
    draft = {"conversation_id": ids["conversation"], "text": "and by store"}
    world.agent.http("PUT", "/api/draft", draft)
    world.agent.http("PUT", "/api/draft", {"conversation_id": None, "text": "not begun"})
    before = world.agent.json("GET", "/api/session")["id"]
    world.idle()
    assert world.agent.json("GET", "/api/session")["state"] == "locked"
    world.agent.json("POST", "/api/session/confirm", {})
    after = world.agent.json("GET", "/api/session")
    assert (after["state"], after["id"] == before) == ("open", False)
    shown = world.agent.json("GET", f"/api/conversations/{ids['conversation']}")
    assert (shown["draft"], len(shown["turns"])) == ("and by store", 1)
    assert world.agent.json("GET", "/api/state")["draft"] == "not begun"


def test_asking_and_being_active_keep_it_open_and_looking_does_not(world: World) -> None:
    for _ in range(3):
        world.idle(500)
        world.agent.json("POST", "/api/session/active", {})
    world.idle(500)
    world.agent.ask("total net sales by zone")
    world.idle(500)
    for path in ("/api/state", "/api/conversations", "/api/session"):
        assert world.agent.http("GET", path)[0] == 200
    world.idle(101)
    assert world.agent.http("GET", "/api/state")[0] == 401


def test_an_answer_that_is_being_made_goes_on_unseen_and_is_there_afterwards(world: World) -> None:
    world.peer.release.clear()
    seen: list[dict[str, Any]] = []
    watching = threading.Thread(
        target=lambda: seen.extend(world.agent.stream("/api/ask", {"question": "total net sales by zone"}))
    )
    watching.start()
    assert world.peer.held.wait(20)
    world.idle()
    assert world.agent.http("GET", "/api/state")[0] == 401
    world.peer.release.set()
    watching.join(20)
    assert not watching.is_alive()
    assert not any(event["event"] in ("result", "text", "turn_finished") for event in seen)
    seat = world.agent.serving.seat
    assert seat is not None
    [turn_id] = [event["turn_id"] for event in seen if event["event"] == "turn_started"]
    wait_until(lambda: seat.agent.turns.get(turn_id).status == "answered")
    world.agent.json("POST", "/api/session/confirm", {})
    [listed] = world.agent.json("GET", "/api/conversations")["conversations"]
    [turn] = world.agent.json("GET", f"/api/conversations/{listed['id']}")["turns"]
    assert only(turn["events"], "result")["rows"][0][0] == "North"


def test_news_end_at_once_when_it_is_locked(world: World) -> None:
    heard: list[dict[str, Any]] = []
    listening = threading.Thread(target=lambda: heard.extend(world.agent.stream("/api/events", method="GET")))
    listening.start()
    wait_until(lambda: bool(heard))
    world.idle()
    world.agent.http("GET", "/api/session")
    listening.join(10)
    assert not listening.is_alive()


def test_a_window_of_an_earlier_session_is_refused_whoever_is_there_now(world: World) -> None:
    mine = {"Authorization": f"Bearer {world.agent.token}", "Content-Type": "application/json"}
    old = mine | {"Vmart-Session": world.agent.json("GET", "/api/session")["id"]}
    assert world.agent.http("GET", "/api/conversations", None, old)[0] == 200
    world.agent.serving.session.enter(ANITA)
    status, _, data = world.agent.http("POST", "/api/ask", {"question": "of the other"}, old)
    assert (status, json.loads(data)["code"]) == (401, "session_over")
    assert world.agent.json("GET", "/api/conversations") == {"conversations": []}


def test_nothing_of_one_person_is_told_to_the_next(world: World) -> None:
    ids = ids_of(world.agent.ask("total net sales by zone"))
    world.agent.http("PUT", "/api/draft", {"conversation_id": None, "text": "a secret draft"})
    world.agent.http("PUT", "/api/settings", {"theme": "dark"})
    world.agent.serving.session.enter(ANITA)
    told = str([world.agent.http(method, path.format(**ids)) for method, path in PERSONAL[2:10]])
    assert "North" not in told
    state = world.agent.json("GET", "/api/state")
    assert (state["draft"], state["settings"]["theme"]) == ("", "system")
    assert world.agent.json("GET", "/api/meter")["bytes"] == 0
    assert world.agent.json("GET", "/api/session")["person"]["email"] == ANITA.email
    world.agent.ask("total net sales by zone")
    world.agent.serving.session.leave()
    assert world.agent.http("GET", "/api/state")[0] == 401
    assert world.agent.json("GET", "/api/session")["person"] is None
    assert world.agent.http("POST", "/api/session/confirm", {})[0] == 401


def test_an_answer_that_is_being_made_for_one_ends_when_another_comes(world: World) -> None:
    world.peer.release.clear()
    seen: list[dict[str, Any]] = []
    watching = threading.Thread(
        target=lambda: seen.extend(world.agent.stream("/api/ask", {"question": "total net sales by zone"}))
    )
    watching.start()
    assert world.peer.held.wait(20)
    world.agent.serving.session.enter(ANITA)
    watching.join(20)
    assert not watching.is_alive()
    assert not any(event["event"] == "result" for event in seen)
    wait_until(lambda: world.peer.cancelled != [])
    world.peer.release.set()


def test_a_task_runs_at_its_time_though_the_window_is_locked(tmp_path: Path) -> None:
    with Tasked(tmp_path, MovedClock(NINE - timedelta(hours=1))) as tasked:
        task = tasked.create()
        tasked.agent.serving.session.lock("Nobody is there.")
        assert tasked.agent.http("GET", "/api/tasks")[0] == 401
        tasked.clock.put(NINE + timedelta(seconds=5))
        tasked.look()
        eventually(lambda: [one for one in tasked.peer.asked if one.path.endswith("/query")])
        tasked.agent.json("POST", "/api/session/confirm", {})
        [run] = tasked.over(task)
        assert (run["status"], run["occurrence"]) == ("done", "2026-11-27T09:00")


def test_the_tasks_of_one_person_are_not_run_or_shown_while_another_is_there(tmp_path: Path) -> None:
    with Tasked(tmp_path, MovedClock(NINE - timedelta(hours=1))) as tasked:
        task = tasked.create()
        session = tasked.agent.serving.session
        session.enter(ANITA)
        assert tasked.agent.json("GET", "/api/tasks")["tasks"] == []
        assert tasked.agent.http("GET", f"/api/tasks/{task}/runs")[0] == 404
        asked = len(tasked.peer.asked)
        tasked.clock.asleep(timedelta(hours=2))
        tasked.look()
        time.sleep(0.5)
        assert not [one for one in tasked.peer.asked[asked:] if one.path.endswith("/query")]
        session.enter(LOCAL)
        [run] = tasked.over(task)
        assert run["late"], "it runs once, late, when the person is back"
