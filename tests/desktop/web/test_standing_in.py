"""The built-in analyst answers while the model is away; who answered and why is said."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.desktop.web.test_model_turns import QUERY, SQL, led_by_gemini
from tests.peers.model_script import Answer, Calls, Fail, Text, Turn, text

AWAY = Fail(429, "Quota exceeded", retry_delay="57s")
SAYS = "Gemini did not answer, so the built-in analyst did."


@pytest.fixture
def peer() -> RetailPeer:
    return RetailPeer()


def names(events: Sequence[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events]


@pytest.mark.parametrize(
    ("failure", "action"),
    [
        (AWAY, "retry"),
        (Fail(503, "overloaded", retry_delay="57s"), "retry"),
        (Fail(400, "API key not valid.", reason="API_KEY_INVALID"), "settings"),
    ],
)
def test_the_analyst_answers_for_a_model_that_is_away(
    tmp_path: Path, peer: RetailPeer, failure: Answer, action: str
) -> None:
    with led_by_gemini(tmp_path, peer, otherwise=failure) as (agent, gemini):
        events = agent.ask("total net amount by zone")
        assert events[-1]["status"] == "answered"
        stepped = only(events, "stepped_in")
        assert (stepped["says"], stepped["model"], stepped["action"]) == (SAYS, "Gemini", action)
        assert stepped["why"].endswith(".")
        assert "turn_failed" not in names(events)
        assert names(events).index("stepped_in") < names(events).index("result") < names(events).index("text")
        [turn] = agent.json("GET", f"/api/conversations/{events[0]['conversation_id']}")["turns"]
        assert turn["status"] == "answered"
        assert only(turn["events"], "stepped_in") == stepped
        assert "123456789" not in json.dumps(gemini.requests)


def test_a_model_that_cannot_be_reached_is_stood_in_for(tmp_path: Path, peer: RetailPeer) -> None:
    nobody = "http://127.0.0.1:9"
    with peer, RunningAgent(tmp_path, backend_url=peer.url, gemini_url=nobody) as agent:
        events = agent.ask("total net amount by zone")
        assert only(events, "stepped_in")["says"] == SAYS
        assert events[-1]["status"] == "answered"


def test_what_the_analyst_does_not_understand_leaves_the_models_own_sentence(
    tmp_path: Path, peer: RetailPeer
) -> None:
    with led_by_gemini(tmp_path, peer, otherwise=AWAY) as (agent, _):
        events = agent.ask("write a poem about the monsoon")
        assert only(events, "turn_failed")["code"] == "model_rate_limited"
        assert events[-1]["status"] == "failed"
        assert not {"stepped_in", "text", "follow_ups", "result", "clarification"} & set(names(events))
        answer = agent.json("GET", f"/api/conversations/{events[0]['conversation_id']}")["turns"][0]
        assert "understand" not in json.dumps(answer["events"][-1])


@pytest.mark.parametrize(
    "script",
    [
        [Text(["North is"], cut=True)],
        [Calls([("query", {"sql": SQL, "title": "t"})], text="Let me look.")],
        [Text([], finish="SAFETY")],
    ],
)
def test_nobody_steps_in_once_the_model_has_spoken_or_was_silenced(
    tmp_path: Path, peer: RetailPeer, script: list[Turn]
) -> None:
    with led_by_gemini(tmp_path, peer, script, otherwise=AWAY) as (agent, _):
        events = agent.ask("total net amount by zone")
        assert "stepped_in" not in names(events)


def test_nobody_steps_in_once_a_yes_was_asked_for(tmp_path: Path, peer: RetailPeer) -> None:
    plan = {"name": "Sales", "question": "total net amount by zone", "repeats": "daily", "at": "09:00"}
    with led_by_gemini(tmp_path, peer, [Calls([("schedule", plan)])], otherwise=AWAY) as (agent, _):
        events = []
        for event in agent.stream("/api/ask", {"question": "total net amount by zone"}):
            events.append(event)
            if event["event"] == "approval_asked":
                agent.json("POST", f"/api/approvals/{event['approval_id']}", {"answer": "yes"})
        assert "approval_asked" in names(events)
        assert "stepped_in" not in names(events)
        assert only(events, "turn_failed")["code"] == "model_rate_limited"


def test_a_stand_in_reads_and_does_nothing_else(tmp_path: Path, peer: RetailPeer) -> None:
    with led_by_gemini(tmp_path, peer, otherwise=AWAY) as (agent, _):
        events = agent.ask("every weekday at 9 send me total net amount by zone")
        assert not {"stepped_in", "approval_asked"} & set(names(events))
        assert only(events, "turn_failed")["code"] == "model_rate_limited"


def test_a_model_lost_after_its_query_is_stood_in_for(tmp_path: Path, peer: RetailPeer) -> None:
    with led_by_gemini(tmp_path, peer, [QUERY], otherwise=AWAY) as (agent, _):
        events = agent.ask("total net amount by zone")
        found = names(events)
        assert next(event["sql"] for event in events if event["event"] == "result") == SQL
        first, second = (at for at, name in enumerate(found) if name == "result")
        assert first < found.index("stepped_in") < second
        assert events[-1]["status"] == "answered"


def test_a_follow_up_of_a_models_answer_is_not_read_on_from_an_older_one(
    tmp_path: Path, peer: RetailPeer
) -> None:
    """The analyst knows what it read itself, and not what the model answered since."""
    script: list[Turn] = [AWAY, text("Returns were few.")]
    with led_by_gemini(tmp_path, peer, script, otherwise=AWAY) as (agent, _):
        first = agent.ask("total net amount by zone")
        here = first[0]["conversation_id"]
        assert "stepped_in" in names(first)
        assert "stepped_in" not in names(agent.ask("and the returns?", conversation_id=here))
        for question in ("what about North", "only North", "and total net amount?"):
            assert "result" not in names(agent.ask(question, conversation_id=here))


def test_what_the_analyst_said_stays_here_where_cells_are_kept(tmp_path: Path, peer: RetailPeer) -> None:
    with led_by_gemini(tmp_path, peer, [AWAY], otherwise=text("Done.")) as (agent, gemini):
        agent.json("PUT", "/api/settings", {"never_send_cells": True})
        first = agent.ask("total net amount by zone")
        assert "stepped_in" in names(first)
        agent.ask("and then?", conversation_id=first[0]["conversation_id"])
        assert "North" not in json.dumps(gemini.requests[-1])
        assert "stays on the person's machine" in json.dumps(gemini.requests[-1])
