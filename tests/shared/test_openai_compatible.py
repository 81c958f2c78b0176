"""A model on the LAN, against a peer that speaks the OpenAI protocol."""

from collections.abc import Iterator

import pytest

from shared.errors import ModelBlocked, ModelError, ModelRateLimited, ModelRejected, ModelUnavailable
from shared.llm.base import (
    Message,
    ModelEvent,
    ModelMessage,
    Opaque,
    TextDelta,
    ToolAnswer,
    ToolAnswers,
    ToolCall,
    ToolSpec,
    Usage,
    UserMessage,
)
from shared.llm.openai_compatible import OpenAiCompatible
from tests.peers.model_script import Calls, Fail, Raw, Text, text
from tests.peers.openai import OpenAiPeer

HELLO: list[Message] = [UserMessage("Sales?")]
QUERY = ToolSpec("query", "Runs SQL.", {"type": "object"})


@pytest.fixture
def peer() -> Iterator[OpenAiPeer]:
    with OpenAiPeer() as peer:
        yield peer


@pytest.fixture
def model(peer: OpenAiPeer) -> OpenAiCompatible:
    return OpenAiCompatible(peer.url, "local", api_key="sk-secret", timeout=5)


def test_text_arrives_in_pieces(peer: OpenAiPeer, model: OpenAiCompatible) -> None:
    peer.script.add(text("₹ ", "4.2 crore"))
    events = list(model.stream("Be brief.", HELLO, []))
    assert events[:3] == [TextDelta("₹ "), TextDelta("4.2 crore"), Usage(42, 17)]
    assert peer.requests[0]["messages"][0] == {"role": "system", "content": "Be brief."}
    assert peer.asked[0].headers["Authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in repr(model)


def test_calls_come_whole_and_go_back_with_all_that_they_carried(
    peer: OpenAiPeer, model: OpenAiCompatible
) -> None:
    peer.script.add(Calls([("query", {"sql": "SELECT 1"}), ("query", {"sql": "SELECT 'ü'"})]), text("Two."))
    events: list[ModelEvent] = list(model.stream("", HELLO, [QUERY]))
    calls = [event for event in events if isinstance(event, ToolCall)]
    assert [call.arguments for call in calls] == [{"sql": "SELECT 1"}, {"sql": "SELECT 'ü'"}]
    opaque = events[-1]
    assert isinstance(opaque, Opaque)
    answers = ToolAnswers([ToolAnswer(call.id, call.name, [1]) for call in calls])
    list(model.stream("", [*HELLO, ModelMessage("", calls, opaque), answers], [QUERY]))
    tools = [m for m in peer.requests[1]["messages"] if m["role"] == "tool"]
    assert [m["tool_call_id"] for m in tools] == ["c0", "c1"]


def test_another_models_turn_is_told_in_our_words(peer: OpenAiPeer, model: OpenAiCompatible) -> None:
    foreign = ModelMessage("Seen.", [], Opaque("gemini", "g", []))
    list(model.stream("", [*HELLO, foreign, UserMessage("More?")], []))
    assert peer.requests[0]["messages"][2] == {"role": "assistant", "content": "Seen."}


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (Fail(401), ModelRejected, "openai.api_key"),
        (Fail(404), ModelRejected, "openai.model"),
        (Fail(400, "no tools"), ModelRejected, "did not take"),
        (Fail(429, retry_delay="7"), ModelRateLimited, "no more requests"),
        (Fail(500), ModelUnavailable, "overloaded"),
        (text("Half", cut=True), ModelUnavailable, "broke off"),
        (Text(["Half"], finish=None), ModelUnavailable, "broke off"),
        (Text(["Long"], finish="LENGTH"), ModelError, "too long"),
        (Text([], finish="CONTENT_FILTER"), ModelBlocked, "safety"),
        (Text([]), ModelUnavailable, "empty"),
        (Raw([[1]]), ModelUnavailable, "cannot be read"),
        (Raw([{"error": {"message": "boom"}}]), ModelUnavailable, "broke off"),
        (Raw([{"choices": "none"}]), ModelUnavailable, "cannot be read"),
        (Raw([{"choices": [{"delta": {"tool_calls": [7]}}]}]), ModelUnavailable, "cannot be read"),
    ],
)
def test_each_failure_has_its_name_and_its_remedy(
    peer: OpenAiPeer,
    model: OpenAiCompatible,
    answer: Fail | Text | Raw,
    kind: type[ModelError],
    says: str,
) -> None:
    peer.script.add(answer)
    with pytest.raises(kind, match=says) as caught:
        list(model.stream("", HELLO, []))
    if isinstance(caught.value, ModelRateLimited):
        assert caught.value.retry_after == 7


def test_closing_the_reply_hangs_up(peer: OpenAiPeer, model: OpenAiCompatible) -> None:
    peer.script.add(Text(["word "] * 2000, pause_seconds=0.005))
    reply = model.stream("", HELLO, [])
    assert next(reply) == TextDelta("word ")
    reply.close()  # type: ignore[attr-defined]
    assert peer.gone.wait(60)
