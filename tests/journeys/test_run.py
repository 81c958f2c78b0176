"""The agent as a person runs it: demo data, the built-in analyst, over the window's own HTTP."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.processes import Running, children_of, runs


@pytest.fixture
def agent(home: Path) -> Iterator[Running]:
    with Running(home, "--no-window") as running:
        yield running


def test_starters_made_from_the_schema_are_all_answered(agent: Running) -> None:
    schema = agent.json("GET", "/api/schema")
    assert {table["name"] for table in schema["tables"]} >= {"sales", "stores", "products"}
    questions = agent.json("GET", "/api/starters")["questions"]
    assert questions
    for question in questions:
        assert agent.ask(question)[-1]["status"] == "answered", question


def test_killing_the_backend_gives_a_clear_state_and_kept_answers(agent: Running) -> None:
    first = agent.ask("net sales by zone last financial year")
    assert first[-1]["status"] == "answered"
    agent.text("/vendor/vega.js")  # made by a child of its own, which has ended then
    [demo] = children_of(agent.process.pid)
    os.kill(demo, signal.SIGKILL)
    again = agent.ask("net sales by zone last financial year")
    [card] = [event for event in again if event["event"] == "result"]
    assert card["cached_at"]
    assert card["rows"] == next(event for event in first if event["event"] == "result")["rows"]
    new = agent.ask("net sales by city last quarter")
    assert new[-1]["status"] == "queued"
    deadline = time.monotonic() + 60
    while agent.json("GET", "/api/state")["backend"]["state"] != "offline":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    while agent.json("GET", "/api/state")["backend"]["state"] != "online":
        agent.json("POST", "/api/backend/look", {})
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert agent.ask("net sales by city last quarter")[-1]["status"] == "answered"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_end_leaves_no_process_behind(home: Path, number: int) -> None:
    with Running(home, "--no-window") as agent:
        agent.ask("total net sales")
        children = children_of(agent.process.pid)
        assert children
        assert agent.end(number) == 0
        assert not [pid for pid in children if runs(pid)]
        assert "Traceback" not in agent.said


def test_even_a_kill_takes_the_demo_along_and_loses_nothing_finished(home: Path) -> None:
    with Running(home, "--no-window") as agent:
        events = agent.ask("total net sales in Bihar")
        children = children_of(agent.process.pid)
        agent.process.kill()
        agent.process.wait(10)
    deadline = time.monotonic() + 60
    while any(runs(pid) for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with Running(home, "--no-window") as agent:
        shown = agent.json("GET", f"/api/conversations/{events[0]['conversation_id']}")
        assert shown["turns"][0]["status"] == "answered"
        card = next(event for event in events if event["event"] == "result")
        assert agent.json("GET", f"/api/results/{card['result_id']}")["rows"] == card["rows"]
