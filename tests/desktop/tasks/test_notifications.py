"""Tasks, and questions that waited, speak up by the desktop's own notifications; a click brings the window
there."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.desktop.tasks.moved import NINE, MovedClock, Tasked, eventually
from tests.desktop.web.test_waiting import COUNT, answered, away, compared, turn_of, until
from tests.peers.backend import query_answer
from tests.peers.notifications import NotificationsPeer


@pytest.fixture(scope="module")
def bus() -> Iterator[NotificationsPeer]:
    with NotificationsPeer() as peer:
        yield peer


@pytest.fixture
def desktop(bus: NotificationsPeer, monkeypatch: pytest.MonkeyPatch) -> NotificationsPeer:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    bus.shown.clear()
    return bus


@pytest.fixture
def tasked(desktop: NotificationsPeer, tmp_path: Path) -> Iterator[Tasked]:
    with Tasked(tmp_path, MovedClock(NINE - timedelta(hours=1))) as tasked:
        yield tasked


def ran(tasked: Tasked, **more: Any) -> str:
    task = tasked.create(**more)
    tasked.agent.json("POST", f"/api/tasks/{task}/run")
    tasked.over(task)
    return task


def test_a_run_is_told_and_a_click_on_it_brings_the_window_to_the_task(
    tasked: Tasked, desktop: NotificationsPeer
) -> None:
    fronts: list[str] = []
    tasked.agent.serving.dialogs.front = lambda: fronts.append("front")
    heard = tasked.agent.stream("/api/events", method="GET")
    assert next(heard)  # it listens from now on
    task = ran(tasked)
    [shown] = eventually(lambda: desktop.shown)
    assert (shown.app, shown.title, shown.text) == (
        "V-Mart AI Agent",
        "Sales by zone",
        "2 rows, ₹12.80 crore in all.",
    )
    assert "default" in shown.actions
    desktop.click(shown)
    eventually(lambda: fronts)
    assert next(news for news in heard if set(news) == {"task_id"}) == {"task_id": task}


def test_a_failure_is_told_and_so_is_a_run_that_came_late(tasked: Tasked, desktop: NotificationsPeer) -> None:
    failing = ran(tasked, question="something that nobody understands")
    [shown] = eventually(lambda: desktop.shown)
    assert shown.text.startswith("Failed. I don't understand")
    tasked.agent.json("PATCH", f"/api/tasks/{failing}", {"enabled": False})
    task = tasked.create()
    tasked.clock.asleep(timedelta(hours=3))
    tasked.over(task)
    late = eventually(lambda: [each for each in desktop.shown if "asleep" in each.text])
    assert late[0].text == "This PC was asleep at 09:00. 2 rows, ₹12.80 crore in all."


def test_a_condition_that_is_not_met_and_a_silent_task_say_nothing(
    tasked: Tasked, desktop: NotificationsPeer
) -> None:
    ran(tasked, condition={"kind": "no_rows"})
    folder = tasked.home / "Reports"
    folder.mkdir()
    seat = tasked.agent.serving.seat
    assert seat is not None
    grant = seat.agent.grants.add(str(folder))
    ran(tasked, notify=False, saving={"format": "csv", "folder": grant.id})
    assert len(list(folder.iterdir())) == 1
    tasked.agent.json("PUT", "/api/settings", {"notifications": False})
    ran(tasked)
    assert tasked.agent.json("POST", "/api/notifications/try") == {"shown": True}
    assert [each.title for each in desktop.shown] == ["V-Mart AI Agent"]


def test_figures_stay_hidden_where_the_person_wants_it_or_the_window_is_locked(
    tasked: Tasked, desktop: NotificationsPeer
) -> None:
    tasked.agent.json("PUT", "/api/settings", {"notification_details": False})
    ran(tasked)
    [shown] = eventually(lambda: desktop.shown)
    assert shown.text == "It has run. Open the window to see what came out."
    tasked.agent.json("PUT", "/api/settings", {"notification_details": True})
    tasked.agent.serving.session.lock("for a test")
    tasked.clock.put(NINE)
    tasked.look()
    later = eventually(lambda: desktop.shown[1:])
    assert later[0].text == "It has run. Open the window to see what came out."


def test_text_of_a_result_is_no_markup(tasked: Tasked, desktop: NotificationsPeer) -> None:
    name = '<a href="http://evil.example">Open</a> & <img src="x">'
    tasked.peer.query = query_answer([("n", "text")], b'[["<b>x</b>"]]', 1)
    ran(tasked, name=name)
    [shown] = eventually(lambda: desktop.shown)
    assert not set(shown.title + shown.text) & set("<>&")


def test_without_a_notification_service_tasks_run_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    with Tasked(tmp_path, MovedClock(NINE)) as tasked:
        ran(tasked)
        assert tasked.agent.json("POST", "/api/notifications/try") == {"shown": False}


def waited(tasked: Tasked, question: str) -> str:
    """The conversation of a question that is asked while the backend is away, which then comes back."""
    back = away(tasked.peer)
    conversation = turn_of(tasked.agent.ask(question))
    back()
    return conversation


def test_a_question_that_waited_is_told_and_a_click_brings_the_window_to_it(
    tasked: Tasked, desktop: NotificationsPeer
) -> None:
    fronts: list[str] = []
    tasked.agent.serving.dialogs.front = lambda: fronts.append("front")
    tasked.agent.ask("total net amount by zone")
    kept = waited(tasked, "total net amount by zone")
    until(tasked.agent, compared, kept)
    [again] = eventually(lambda: desktop.shown)
    assert (again.title, again.text) == (
        "total net amount by zone",
        "It was asked again: nothing has changed.",
    )
    heard = tasked.agent.stream("/api/events", method="GET")
    assert next(heard)
    desktop.click(again)
    eventually(lambda: fronts)
    assert next(news for news in heard if set(news) == {"conversation_id"}) == {"conversation_id": kept}
    tasked.peer.query = COUNT
    until(tasked.agent, answered, waited(tasked, "number of sales"))
    new = eventually(lambda: desktop.shown[1:])
    assert (new[0].title, new[0].text) == ("number of sales", "It has its answer now.")


def test_who_looks_at_the_window_gets_no_notification_and_a_window_that_is_gone_is_not_looked_at(
    tasked: Tasked, desktop: NotificationsPeer
) -> None:
    agent = tasked.agent
    tasked.peer.query = COUNT
    heard = agent.stream("/api/events", method="GET")
    assert next(heard)
    for window, in_front in (("one", True), ("two", True), ("two", False)):
        assert agent.http("PUT", "/api/front", {"window": window, "in_front": in_front})[0] == 204
    until(agent, answered, waited(tasked, "number of sales"))
    over = (news for news in heard if news.get("phase") == "ended")
    assert next(over)["status"] == "answered"
    agent.json("PUT", "/api/front", {"window": "one", "in_front": False})
    until(agent, answered, waited(tasked, "how many sales"))
    [shown] = eventually(lambda: desktop.shown)
    assert shown.title == "how many sales"
    agent.json("PUT", "/api/front", {"window": "one", "in_front": True})
    seat = agent.serving.seat
    assert seat is not None
    seat.cut()  # the window is gone, and could not say so
    until(agent, answered, waited(tasked, "number of sales please"))
    assert eventually(lambda: desktop.shown[1:])[0].title == "number of sales please"


def test_what_was_asked_stays_hidden_where_the_person_wants_it(
    tasked: Tasked, desktop: NotificationsPeer
) -> None:
    agent = tasked.agent
    agent.json("PUT", "/api/settings", {"notification_details": False})
    until(agent, answered, waited(tasked, "total net amount by zone"))
    [shown] = eventually(lambda: desktop.shown)
    assert shown.title == "V-Mart AI Agent"
    assert shown.text == "A question that waited was asked. Open the window to see what came of it."
    agent.json("PUT", "/api/settings", {"notifications": False})
    heard = agent.stream("/api/events", method="GET")
    assert next(heard)
    tasked.peer.query = COUNT
    waited(tasked, "number of sales")
    assert next(news for news in heard if news.get("phase") == "ended")["status"] == "answered"
    assert agent.json("POST", "/api/notifications/try") == {"shown": True}
    assert [each.title for each in desktop.shown[1:]] == ["V-Mart AI Agent"]
    assert desktop.shown[-1].text != shown.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"window": "", "in_front": True},
        {"window": "w" * 41, "in_front": True},
        {"window": "w", "in_front": 1},
    ],
)
def test_what_a_window_says_of_itself_is_checked(tasked: Tasked, body: dict[str, Any]) -> None:
    assert tasked.agent.http("PUT", "/api/front", body)[0] == 400
