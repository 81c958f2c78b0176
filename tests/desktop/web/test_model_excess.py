"""A model that says too much, asks for too much at once, or does not tell its calls apart."""

from pathlib import Path
from typing import Any

from desktop.agent.model_answer import MOST_AT_ONCE, MOST_CHARACTERS
from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Calls, Raw, text
from tests.peers.openai import SIGNATURE, OpenAiPeer


def _query(number: int) -> tuple[str, dict[str, Any]]:
    return "query", {"sql": f"SELECT zone FROM sales LIMIT {number + 1}", "title": "Zones"}


def test_of_very_many_calls_at_once_a_few_are_made_and_the_rest_are_told_of(tmp_path: Path) -> None:
    many = Calls([_query(number) for number in range(60)])
    with (
        RetailPeer() as peer,
        GeminiPeer([many, text("Done.")]) as gemini,
        RunningAgent(tmp_path, backend_url=peer.url, gemini_url=gemini.url) as agent,
    ):
        events = agent.ask("zones")
        assert events[-1]["status"] == "answered"
        asked = [one for one in peer.asked if one.path == "/api/query"]
        assert len(asked) == MOST_AT_ONCE
        parts = gemini.requests[1]["contents"][-1]["parts"]
        answers = [part["functionResponse"]["response"] for part in parts]
        assert len(answers) == 60
        refused = [answer for answer in answers if "was not made" in str(answer)]
        assert answers[MOST_AT_ONCE:] == refused


def test_calls_that_have_one_id_get_each_its_own_answer(tmp_path: Path) -> None:
    calls = [
        {"index": place, "id": "", "type": "function", "extra_content": SIGNATURE, "function": function}
        for place, function in enumerate(
            ({"name": "schema", "arguments": "{}"}, {"name": "weather", "arguments": "{}"})
        )
    ]
    both = Raw(
        [
            {"choices": [{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": None}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        ]
    )
    with (
        RetailPeer() as peer,
        OpenAiPeer([both, text("Done.")]) as model,
        RunningAgent(tmp_path, backend_url=peer.url, openai_url=model.url) as agent,
    ):
        assert agent.ask("zones")[-1]["status"] == "answered"
        first, second = [m["content"] for m in model.requests[1]["messages"] if m["role"] == "tool"]
        assert "sales" in first
        assert "no tool called weather" in second


def test_a_text_without_an_end_is_cut_and_says_so(tmp_path: Path) -> None:
    endless = text(*["and so on and on " * 1_000] * 20)
    with (
        RetailPeer() as peer,
        GeminiPeer([endless]) as gemini,
        RunningAgent(tmp_path, backend_url=peer.url, gemini_url=gemini.url) as agent,
    ):
        events = agent.ask("zones")
        assert "too long" in only(events, "turn_failed")["error"]
        html = [event["html"] for event in events if event["event"] == "text"][-1]
        assert MOST_CHARACTERS <= len(html) < MOST_CHARACTERS + 100
