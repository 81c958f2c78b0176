"""Gemini through Google's own package, against a peer that speaks its wire."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from shared.errors import (
    ModelBlocked,
    ModelError,
    ModelRateLimited,
    ModelRejected,
    ModelUnavailable,
)
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
from shared.llm.gemini import Gemini
from tests.peers.gemini import GeminiPeer, chunk
from tests.peers.model_script import Calls, Fail, Raw, Text, call, text

KEY = "AIza-test-key-that-stays-secret"
QUERY = ToolSpec("query", "Runs SQL.", {"type": "object", "properties": {"sql": {"type": "string"}}})
HELLO: list[Message] = [UserMessage("Sales last week?")]


@pytest.fixture
def peer() -> Iterator[GeminiPeer]:
    with GeminiPeer() as peer:
        yield peer


@pytest.fixture
def gemini(peer: GeminiPeer) -> Gemini:
    return Gemini(KEY, "gemini-test", base_url=peer.url, timeout=5)


def turn(events: list[ModelEvent]) -> ModelMessage:
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    opaque = events[-1]
    assert isinstance(opaque, Opaque)
    return ModelMessage(text=said, calls=[e for e in events if isinstance(e, ToolCall)], opaque=opaque)


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(depth):
        inner = {"a": inner}
    return inner


def answers(message: ModelMessage) -> ToolAnswers:
    return ToolAnswers([ToolAnswer(asked.id, asked.name, {"rows": 1}) for asked in message.calls])


def test_text_arrives_in_pieces_then_the_usage_then_the_turn(peer: GeminiPeer, gemini: Gemini) -> None:
    peer.script.add(text("₹ ", "4.2 crore"))
    events = list(gemini.stream("Be brief.", HELLO, []))
    assert events[:3] == [TextDelta("₹ "), TextDelta("4.2 crore"), Usage(42, 22)]
    sent = peer.requests[0]
    assert sent["systemInstruction"]["parts"] == [{"text": "Be brief."}]
    assert sent["store"] is False
    assert "tools" not in sent


def test_the_key_travels_in_a_header_only(peer: GeminiPeer, gemini: Gemini) -> None:
    list(gemini.stream("", HELLO, []))
    assert peer.asked[0].headers["x-goog-api-key"] == KEY
    assert KEY not in peer.asked[0].path
    assert KEY not in repr(gemini)


def test_the_key_is_in_no_log(peer: GeminiPeer, gemini: Gemini, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    peer.script.add(Fail(503), text("Here."))
    list(gemini.stream("", HELLO, []))
    assert KEY not in caplog.text


def test_a_conversation_with_tools_keeps_every_signature(peer: GeminiPeer, gemini: Gemini) -> None:
    two = Calls([("query", {"sql": "SELECT 1"}), ("query", {"sql": "SELECT 2"})], text="Let me look.")
    peer.script.add(two, call("query", sql="SELECT 3"), text("It is 3."), text("And 4."))
    messages = list(HELLO)
    for _ in range(2):
        answer = turn(list(gemini.stream("", messages, [QUERY])))
        messages += [answer, answers(answer)]
    messages.append(turn(list(gemini.stream("", messages, [QUERY]))))
    messages.append(UserMessage("And the week before?"))
    assert turn(list(gemini.stream("", messages, [QUERY]))).text == "And 4."
    first_turn = peer.requests[-1]["contents"][1]["parts"]
    assert [sorted(part) for part in first_turn] == [
        ["text"],
        ["functionCall", "thoughtSignature"],
        ["functionCall"],
    ]
    answered = peer.requests[-1]["contents"][2]["parts"]
    assert [part["functionResponse"]["id"] for part in answered] == ["f0", "f1"]
    declared = peer.requests[0]["tools"][0]["functionDeclarations"][0]
    # Google's package writes this one key in snake case; their service takes both
    assert declared["parameters_json_schema"] == QUERY.parameters


def test_another_models_turn_is_told_in_our_words_without_its_signatures(
    peer: GeminiPeer, gemini: Gemini
) -> None:
    foreign = ModelMessage("Seen.", [], Opaque("openai", "other", {"role": "assistant"}))
    list(gemini.stream("", [*HELLO, foreign, UserMessage("More?")], []))
    assert peer.requests[0]["contents"][1] == {"role": "model", "parts": [{"text": "Seen."}]}


def test_a_call_without_an_id_gets_one_that_the_provider_never_sees(peer: GeminiPeer, gemini: Gemini) -> None:
    parts = [{"functionCall": {"name": "query", "args": {}}} for _ in range(2)]
    parts[0]["thoughtSignature"] = peer._signature()  # type: ignore[assignment]
    peer.script.add(Raw([chunk(parts, "STOP")]))
    answer = turn(list(gemini.stream("", HELLO, [QUERY])))
    assert len({asked.id for asked in answer.calls}) == 2
    list(gemini.stream("", [*HELLO, answer, answers(answer)], [QUERY]))
    assert all("id" not in part["functionResponse"] for part in peer.requests[-1]["contents"][2]["parts"])


@pytest.mark.parametrize(
    ("fail", "kind", "says"),
    [
        (Fail(400, "API key not valid.", reason="API_KEY_INVALID"), ModelRejected, "gemini.api_key"),
        (Fail(403, "Your API key was reported as leaked."), ModelRejected, "gemini.api_key"),
        (Fail(404, "models/x is not found"), ModelRejected, "gemini.model"),
        (Fail(400, "Invalid argument."), ModelRejected, "did not take"),
        (Fail(429, "Quota.", retry_delay="37.2s"), ModelRateLimited, "quota"),
    ],
)
def test_a_refusal_says_what_to_do_and_is_not_repeated(
    peer: GeminiPeer, gemini: Gemini, fail: Fail, kind: type[ModelError], says: str
) -> None:
    peer.script.add(fail)
    with pytest.raises(kind, match=says) as caught:
        list(gemini.stream("", HELLO, []))
    assert len(peer.requests) == 1
    assert KEY not in str(caught.value)
    if kind is ModelRateLimited:
        assert caught.value.retry_after == 38


def test_an_overloaded_model_is_asked_again_before_the_first_word(peer: GeminiPeer, gemini: Gemini) -> None:
    peer.script.add(Fail(503), Fail(429, retry_delay="0.1s"), text("Here."))
    assert turn(list(gemini.stream("", HELLO, []))).text == "Here."
    assert len(peer.requests) == 3


def test_an_overload_that_lasts_is_told(peer: GeminiPeer, gemini: Gemini) -> None:
    peer.script.add(*[Fail(503)] * 5)
    with pytest.raises(ModelUnavailable):
        list(gemini.stream("", HELLO, []))
    assert len(peer.requests) == 3


@pytest.mark.parametrize("cut", [text("Half an ", cut=True), Text(["Half an "], finish=None)])
def test_a_stream_that_breaks_off_is_no_answer_and_is_not_repeated(
    peer: GeminiPeer, gemini: Gemini, cut: Text
) -> None:
    peer.script.add(cut)
    heard: list[ModelEvent] = []
    with pytest.raises(ModelUnavailable):
        heard.extend(gemini.stream("", HELLO, []))
    assert len(peer.requests) == 1


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "PROHIBITED_CONTENT"])
def test_a_withheld_answer_says_so(peer: GeminiPeer, gemini: Gemini, reason: str) -> None:
    peer.script.add(Raw([chunk(None, reason)]))
    with pytest.raises(ModelBlocked, match=reason):
        list(gemini.stream("", HELLO, []))


def test_a_withheld_question_says_so(peer: GeminiPeer, gemini: Gemini) -> None:
    peer.script.add(Raw([{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}]))
    with pytest.raises(ModelBlocked, match="question"):
        list(gemini.stream("", HELLO, []))


def test_a_garbled_call_is_asked_for_again(peer: GeminiPeer, gemini: Gemini) -> None:
    peer.script.add(Raw([chunk(None, "MALFORMED_FUNCTION_CALL")]), text("Now."))
    assert turn(list(gemini.stream("", HELLO, []))).text == "Now."


@pytest.mark.parametrize(
    "part",
    [
        {"functionCall": {"name": ["query"], "args": {}}},
        {"functionCall": {"name": "query", "args": "SELECT 1"}},
        {"text": ["North"]},
        {"functionCall": {"name": "query", "args": nested(900)}},
    ],
    ids=["a list for a name", "a text for arguments", "a list for a text", "too deep"],
)
def test_an_answer_of_another_shape_is_asked_for_again(peer: GeminiPeer, gemini: Gemini, part: Any) -> None:
    peer.script.add(Raw([chunk([part], "STOP")]), text("North leads."))
    assert turn(list(gemini.stream("", HELLO, []))).text == "North leads."


def test_an_answer_that_stays_of_another_shape_is_told(peer: GeminiPeer, gemini: Gemini) -> None:
    peer.script.add(*[Raw([7])] * 3)
    with pytest.raises(ModelUnavailable, match="garbled"):
        list(gemini.stream("", HELLO, []))


def test_an_answer_cut_at_its_limit_is_not_passed_off_as_whole(peer: GeminiPeer, gemini: Gemini) -> None:
    peer.script.add(Text(["Long"], finish="MAX_TOKENS"))
    with pytest.raises(ModelError, match="too long"):
        list(gemini.stream("", HELLO, []))


@pytest.mark.filterwarnings("ignore:.*is not a valid FinishReason")
def test_what_a_newer_api_adds_does_not_break_an_answer(peer: GeminiPeer, gemini: Gemini) -> None:
    peer.script.add(Raw([chunk([{"text": "ok", "brandNew": {"a": 1}}], "BRAND_NEW", newTop="x")]))
    assert turn(list(gemini.stream("", HELLO, []))).text == "ok"
    peer.script.add(Raw([chunk(None, "BRAND_NEW")]))
    with pytest.raises(ModelError, match="BRAND_NEW"):
        list(gemini.stream("", HELLO, []))


def test_an_error_inside_the_stream_is_an_error(peer: GeminiPeer, gemini: Gemini) -> None:
    overloaded = {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}
    peer.script.add(Raw([chunk([{"text": "Half"}]), overloaded]))
    with pytest.raises(ModelUnavailable, match="overloaded"):
        list(gemini.stream("", HELLO, []))


def test_a_silent_model_is_given_up(peer: GeminiPeer) -> None:
    silent = Gemini(KEY, "gemini-test", base_url=peer.url, timeout=0.2)
    peer.script.add(*[Text(["late"], pause_seconds=1.0)] * 3)
    with pytest.raises(ModelUnavailable, match="in time"):
        list(silent.stream("", HELLO, []))


def test_nobody_there_is_told_plainly() -> None:
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        list(Gemini(KEY, "gemini-test", base_url="http://127.0.0.1:9", timeout=2).stream("", HELLO, []))


def test_closing_the_reply_hangs_up(peer: GeminiPeer, gemini: Gemini) -> None:
    peer.script.add(Text(["word "] * 2000, pause_seconds=0.005))
    reply = gemini.stream("", HELLO, [])
    assert next(reply) == TextDelta("word ")
    reply.close()  # type: ignore[attr-defined]
    assert peer.gone.wait(60)


def test_a_reply_may_be_closed_from_another_thread(peer: GeminiPeer, gemini: Gemini) -> None:
    peer.script.add(Text(["word "] * 2000, pause_seconds=0.005))
    reply = gemini.stream("", HELLO, [])
    next(reply)
    closing = threading.Thread(target=reply.close)  # type: ignore[attr-defined]
    closing.start()
    closing.join()
    assert peer.gone.wait(60)


def test_two_threads_may_talk_at_once(peer: GeminiPeer, gemini: Gemini) -> None:
    peer.script.add(*[Text(["a", "b"], pause_seconds=0.02)] * 4)
    heard: list[str] = []

    def talk() -> None:
        heard.append(turn(list(gemini.stream("", HELLO, []))).text)

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == ["ab"] * 4


def test_models_are_listed_by_their_names(gemini: Gemini) -> None:
    assert gemini.list_models() == ["gemini-test"]


def test_models_that_cannot_be_listed_say_why(peer: GeminiPeer) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        Gemini(KEY, "gemini-test", base_url="http://127.0.0.1:9", timeout=2).list_models()
    with pytest.raises(ModelRejected, match=r"gemini\.model"):
        Gemini(KEY, "gemini-test", base_url=f"{peer.url}/elsewhere", timeout=2).list_models()
