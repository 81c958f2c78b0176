"""Tasks made in the chat, by a model and without one: shown exactly, made after a yes, and then they run."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from desktop.agent.runner import Ask
from desktop.events import TurnFinished
from tests.desktop.running import only
from tests.desktop.tasks.moved import NINE, MovedClock, Tasked
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Calls, Turn, text

SENTENCE = "every weekday at 9 send me total net amount by zone as Excel"


@pytest.fixture
def tasked(tmp_path: Path) -> Iterator[Tasked]:
    with Tasked(tmp_path / "home", MovedClock(NINE - timedelta(hours=1))) as tasked:
        yield tasked


def grant(tasked: Tasked, folder: Path) -> None:
    folder.mkdir()
    seat = tasked.agent.serving.seat
    assert seat is not None
    seat.agent.grants.add(str(folder))


def asked(tasked: Tasked, sentence: str, answer: str = "yes") -> list[dict[str, Any]]:
    """The events of a turn whose approvals are answered so."""
    events = []
    for event in tasked.agent.stream("/api/ask", {"question": sentence}):
        events.append(event)
        if event["event"] == "approval_asked":
            path = f"/api/approvals/{event['approval_id']}"
            threading.Thread(target=tasked.agent.json, args=("POST", path, {"answer": answer})).start()
    return events


def test_a_sentence_becomes_a_task_that_writes_its_excel_file_at_nine(tasked: Tasked, tmp_path: Path) -> None:
    grant(tasked, tmp_path / "Reports")
    events = asked(tasked, SENTENCE)
    effect = only(events, "approval_asked")["effect"]
    shown = {reading["name"]: reading["value"] for reading in effect["details"]}
    assert effect["kind"] == "schedule"
    assert shown["Asks"] == "Total net amount by zone"
    assert shown["When"] == "Weekdays, 09:00 (Asia/Kolkata)"
    assert shown["Next three"] == "Fri 27 Nov 2026, 09:00 · Mon 30 Nov 2026, 09:00 · Tue 1 Dec 2026, 09:00"
    assert shown["Saves"] == "Excel, with its receipt, a new file each time"
    assert str(tmp_path / "Reports") in shown["Folder"]
    assert only(events, "turn_finished")["status"] == "answered"
    [task] = tasked.agent.json("GET", "/api/tasks")["tasks"]
    tasked.clock.put(NINE)
    [run] = tasked.over(task["id"])
    assert run["status"] == "done", run
    file = tmp_path / "Reports" / "Total net amount by zone 2026-11-27 0900.xlsx"
    assert run["file"] == str(file)
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["Result", "Receipt"]
    assert [cell.value for cell in book["Result"]["A"]][1:] == ["North", "South"]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_after_a_no_there_is_no_task(tasked: Tasked, tmp_path: Path) -> None:
    grant(tasked, tmp_path / "Reports")
    assert only(asked(tasked, SENTENCE, "no"), "turn_finished")["status"] == "cannot_answer"
    assert tasked.agent.json("GET", "/api/tasks")["tasks"] == []


def test_what_is_missing_is_asked_back_and_a_choice_goes_on(tasked: Tasked) -> None:
    events = asked(tasked, "every weekday tell me total net amount by zone")
    back = only(events, "clarification")
    assert back["question"] == "At what time?"
    events = asked(tasked, back["choices"][0]["question"])
    assert only(events, "turn_finished")["status"] == "answered"


def test_a_question_that_can_be_read_in_two_ways_is_asked_back_with_the_whole_sentence(
    tasked: Tasked,
) -> None:
    back = only(asked(tasked, "every day at 9 tell me net amount by zone"), "clarification")
    for choice in back["choices"]:
        assert choice["question"].startswith("Every day at 9 tell me ")
    events = asked(tasked, back["choices"][0]["question"])
    assert only(events, "turn_finished")["status"] == "answered"
    assert len(tasked.agent.json("GET", "/api/tasks")["tasks"]) == 1


def test_a_question_that_is_not_understood_makes_no_task(tasked: Tasked) -> None:
    events = asked(tasked, "every day at 9 tell me the price of tea in Assam")
    assert only(events, "turn_finished")["status"] in ("cannot_answer", "needs_clarification")
    assert tasked.agent.json("GET", "/api/tasks")["tasks"] == []


def test_without_a_granted_folder_the_person_is_told_where_to_grant_one(tasked: Tasked) -> None:
    events = asked(tasked, SENTENCE)
    assert "Grant one on the page Files" in [e for e in events if e["event"] == "text"][-1]["html"]


def test_a_task_cannot_make_tasks(tasked: Tasked) -> None:
    task = tasked.create(question="every day at 9 tell me total net amount by zone")
    tasked.agent.json("POST", f"/api/tasks/{task}/run")
    [run] = tasked.over(task)
    assert run["status"] == "failed"
    assert len(tasked.agent.json("GET", "/api/tasks")["tasks"]) == 1


WANTED = {
    "name": "Sales by zone",
    "question": "Total net amount by zone",
    "repeats": "weekly",
    "days": ["monday", "friday"],
    "at": "09:00",
    "save_as": "csv",
    "only_if": "above",
    "amount": "1000000",
}


def test_a_model_makes_a_task_with_its_tool_after_a_yes(tmp_path: Path) -> None:
    script: list[Turn] = [Calls([("schedule", WANTED)]), text("It is scheduled.")]
    with (
        GeminiPeer(script) as model,
        Tasked(tmp_path / "home", MovedClock(NINE), gemini_url=model.url) as tasked,
    ):
        grant(tasked, tmp_path / "Reports")
        events = asked(tasked, "every Monday and Friday at 9 send me sales by zone")
        shown = {each["name"]: each["value"] for each in only(events, "approval_asked")["effect"]["details"]}
        assert shown["When"] == "Mon, Fri, 09:00 (Asia/Kolkata)"
        assert shown["Condition"] == "only if it is above 10,00,000"
        [task] = tasked.agent.json("GET", "/api/tasks")["tasks"]
        assert task["plan"]["saving"]["format"] == "csv"
        assert json.dumps(model.requests[-1]).count('"made": true') == 1


def test_a_slip_of_the_model_goes_back_to_it_and_makes_nothing(tmp_path: Path) -> None:
    slips = [
        {**WANTED, "at": ""},
        {**WANTED, "days": []},
        {**WANTED, "folder": "Elsewhere"},
        {**WANTED, "amount": "x"},
    ]
    script: list[Turn] = [Calls([("schedule", slip)]) for slip in slips]
    with (
        GeminiPeer(script) as model,
        Tasked(tmp_path / "home", MovedClock(NINE), gemini_url=model.url) as tasked,
    ):
        grant(tasked, tmp_path / "Reports")
        events = asked(tasked, "every Monday and Friday at 9 send me sales by zone")
        assert not [event for event in events if event["event"] == "approval_asked"]
        failed = [
            event["summary"]
            for event in events
            if event["event"] == "step_finished" and event["status"] == "failed"
        ]
        assert len(failed) == 4
        assert "At what time?" in failed[0]
        assert tasked.agent.json("GET", "/api/tasks")["tasks"] == []


def test_where_no_window_asks_the_answer_is_no(tasked: Tasked) -> None:
    seat = tasked.agent.serving.seat
    assert seat is not None
    running = seat.agent.runner.ask(Ask(question="every day at 9 tell me total net amount by zone"))
    last = list(running.watch())[-1]
    assert isinstance(last, TurnFinished)
    assert last.status == "cannot_answer"
    assert seat.agent.agenda.lines() == []
