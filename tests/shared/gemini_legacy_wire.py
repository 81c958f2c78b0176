"""Gemini through google-generativeai, against a peer that speaks its wire. test_gemini_legacy.py runs this
in an environment of its own, for the package wants a protobuf of its own.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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
from shared.llm.choose import choose
from shared.llm.gemini_legacy import GeminiLegacy
from shared.settings import AgentSettings, GeminiSection
from tests.peers.certificate import company_certificate
from tests.peers.fault_proxy import FaultProxy
from tests.peers.gemini_grpc import GeminiGrpcPeer, as_json, reply
from tests.peers.model_script import Calls, Fail, Raw, Text, call, text

KEY = "AIza-test-key-that-stays-secret"
HELLO: list[Message] = [UserMessage("Sales last week?")]
QUERY = ToolSpec(
    "query",
    "Runs SQL.",
    {
        "type": "object",
        "properties": {
            "sql": {"description": "One SELECT.", "type": "string", "minLength": 1},
            "kind": {"enum": ["bar", "line"]},
            "y": {"type": "array", "items": {"type": "string"}, "default": []},
            "series": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        },
        "required": ["sql"],
    },
)


@pytest.fixture
def peer() -> GeminiGrpcPeer:
    return GeminiGrpcPeer()


@pytest.fixture
def gemini(peer: GeminiGrpcPeer) -> Iterator[GeminiLegacy]:
    url = peer.serve()
    with peer:
        yield GeminiLegacy(KEY, "gemini-test", base_url=url, timeout=5)


def turn(events: list[ModelEvent]) -> ModelMessage:
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    opaque = events[-1]
    assert isinstance(opaque, Opaque)
    return ModelMessage(text=said, calls=[e for e in events if isinstance(e, ToolCall)], opaque=opaque)


def answers(message: ModelMessage) -> ToolAnswers:
    return ToolAnswers([ToolAnswer(asked.id, asked.name, {"rows": 1}) for asked in message.calls])


def test_the_setting_leads_to_it() -> None:
    settings = AgentSettings(gemini=GeminiSection(api_key="k", sdk="google-generativeai", model="gemini-x"))
    assert isinstance(choose(settings), GeminiLegacy)


def test_text_arrives_in_pieces_then_the_usage_then_the_turn(
    peer: GeminiGrpcPeer, gemini: GeminiLegacy
) -> None:
    peer.script.add(text("₹ ", "4.2 crore"))
    events = list(gemini.stream("Be brief.", HELLO, []))
    assert events[:3] == [TextDelta("₹ "), TextDelta("4.2 crore"), Usage(42, 22)]
    sent = peer.requests[0]
    assert sent.model == "models/gemini-test"
    assert sent.system_instruction.parts[0].text == "Be brief."
    assert not sent.tools


def test_what_it_says_was_sent_is_what_arrived_for_every_try(
    peer: GeminiGrpcPeer, gemini: GeminiLegacy
) -> None:
    peer.script.add(Fail(503, "overloaded"), call("query", sql="SELECT 1"), text("₹ 4.2 crore"))
    sent: list[bytes] = []
    first = turn(list(gemini.stream("Be brief.", HELLO, [QUERY], sent.append)))
    list(gemini.stream("Be brief.", [*HELLO, first, answers(first)], [QUERY], sent.append))
    assert len(sent) == 3
    assert sent == peer.bodies


def test_what_reached_nobody_was_not_sent() -> None:
    sent: list[bytes] = []
    nobody = GeminiLegacy(KEY, "gemini-test", base_url="http://127.0.0.1:9", timeout=5)
    with pytest.raises(ModelUnavailable):
        list(nobody.stream("", HELLO, [], sent.append))
    assert sent == []


def test_a_piece_is_told_before_the_next_has_come(peer: GeminiGrpcPeer, gemini: GeminiLegacy) -> None:
    told = threading.Event()
    in_time: list[bool] = []

    def pieces() -> Iterator[Any]:
        yield reply([{"text": "first"}])
        in_time.append(told.wait(60))
        yield reply([{"text": "second"}], "STOP")

    peer.script.add(Raw(pieces()))  # type: ignore[arg-type]
    stream = gemini.stream("", HELLO, [])
    assert next(stream) == TextDelta("first")
    told.set()
    assert next(stream) == TextDelta("second")
    assert in_time == [True]


def test_a_reply_may_be_closed_from_another_thread(peer: GeminiGrpcPeer, gemini: GeminiLegacy) -> None:
    peer.script.add(Text(["word "] * 2000, pause_seconds=0.005))
    stream = gemini.stream("", HELLO, [])
    next(stream)
    closing = threading.Thread(target=stream.close)  # type: ignore[attr-defined]
    closing.start()
    closing.join()
    assert peer.gone.wait(60)


def test_its_farewell_at_import_is_not_shown() -> None:
    lines = "from shared.llm.gemini_legacy_turns import protos; protos()"
    shown = subprocess.run(
        [sys.executable, "-W", "always::FutureWarning", "-c", lines],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr == ""


def test_the_key_travels_as_metadata_and_is_in_no_log(
    peer: GeminiGrpcPeer, gemini: GeminiLegacy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    peer.script.add(Fail(503), text("Here."))
    list(gemini.stream("", HELLO, []))
    assert peer.keys == [KEY, KEY]
    assert KEY not in caplog.text + repr(gemini) + str(as_json(peer.requests[0]))


def test_a_conversation_with_tools_keeps_every_signature(peer: GeminiGrpcPeer, gemini: GeminiLegacy) -> None:
    two = Calls([("query", {"sql": "SELECT 1", "n": 3}), ("query", {"x": [1.5, {"y": 2}]})], text="I look.")
    peer.script.add(two, call("query", sql="SELECT 3"), text("It is 3."), text("And 4."))
    messages = list(HELLO)
    for _ in range(2):
        answer = turn(list(gemini.stream("", messages, [QUERY])))
        messages += [answer, answers(answer)]
    messages.append(turn(list(gemini.stream("", messages, [QUERY]))))
    messages.append(UserMessage("And the week before?"))
    assert turn(list(gemini.stream("", messages, [QUERY]))).text == "And 4."
    assert isinstance(messages[1], ModelMessage)
    assert messages[1].calls == [
        ToolCall("f0", "query", {"sql": "SELECT 1", "n": 3}),
        ToolCall("f1", "query", {"x": [1.5, {"y": 2}]}),
    ]
    first_turn, answered = list(peer.requests[-1].contents)[1:3]
    assert [peer.signatures(part) for part in first_turn.parts] == [0, 1, 0]
    assert [part.function_response.id for part in answered.parts] == ["f0", "f1"]


def test_a_tool_is_declared_in_the_words_of_the_older_protocol(
    peer: GeminiGrpcPeer, gemini: GeminiLegacy
) -> None:
    list(gemini.stream("", HELLO, [QUERY]))
    assert as_json(peer.requests[0])["tools"][0]["functionDeclarations"][0]["parameters"] == {
        "type": "OBJECT",
        "properties": {
            "sql": {"type": "STRING", "description": "One SELECT."},
            "kind": {"type": "STRING", "enum": ["bar", "line"]},
            "y": {"type": "ARRAY", "items": {"type": "STRING"}},
            "series": {"type": "STRING", "nullable": True},
        },
        "required": ["sql"],
    }


def test_the_newer_packages_turn_is_told_in_our_words(peer: GeminiGrpcPeer, gemini: GeminiLegacy) -> None:
    foreign = ModelMessage("Seen.", [], Opaque("gemini", "gemini-test", [{"text": "Seen."}]))
    list(gemini.stream("", [*HELLO, foreign, UserMessage("More?")], []))
    assert as_json(peer.requests[0].contents[1]) == {"role": "model", "parts": [{"text": "Seen."}]}


def test_a_call_without_an_id_gets_one_that_the_provider_never_sees(
    peer: GeminiGrpcPeer, gemini: GeminiLegacy
) -> None:
    parts = [{"function_call": {"name": "query"}}, {"function_call": {"name": "query"}}]
    peer.script.add(Raw([reply(parts, "STOP")]))
    answer = turn(list(gemini.stream("", HELLO, [QUERY])))
    assert len({asked.id for asked in answer.calls}) == 2
    with pytest.raises(ModelRejected, match="did not take"):  # the parts were not signed
        list(gemini.stream("", [*HELLO, answer, answers(answer)], [QUERY]))
    assert all(not part.function_response.id for part in peer.requests[-1].contents[2].parts)


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
    peer: GeminiGrpcPeer, gemini: GeminiLegacy, fail: Fail, kind: type[ModelError], says: str
) -> None:
    peer.script.add(fail)
    with pytest.raises(kind, match=says) as caught:
        list(gemini.stream("", HELLO, []))
    assert len(peer.requests) == 1
    if kind is ModelRateLimited:
        assert caught.value.retry_after == 38


def test_an_overload_that_lasts_is_told_after_three_tries(peer: GeminiGrpcPeer, gemini: GeminiLegacy) -> None:
    peer.script.add(*[Fail(503)] * 5)
    with pytest.raises(ModelUnavailable, match="overloaded"):
        list(gemini.stream("", HELLO, []))
    assert len(peer.requests) == 3


@pytest.mark.parametrize("cut", [text("Half an ", cut=True), Text(["Half an "], finish=None)])
def test_a_stream_that_breaks_off_is_no_answer_and_is_not_repeated(
    peer: GeminiGrpcPeer, gemini: GeminiLegacy, cut: Text
) -> None:
    peer.script.add(cut)
    heard: list[ModelEvent] = []
    with pytest.raises(ModelUnavailable):
        heard.extend(gemini.stream("", HELLO, []))
    assert len(peer.requests) == 1


def test_a_line_that_is_cut_is_told(peer: GeminiGrpcPeer) -> None:
    port = urlsplit(peer.serve()).port
    peer.script.add(Text(["word "] * 2000, pause_seconds=0.005))
    with peer, FaultProxy(port or 0) as proxy:
        stream = GeminiLegacy(KEY, "gemini-test", base_url=proxy.url, timeout=5).stream("", HELLO, [])
        next(stream)
        proxy.cut_all()
        with pytest.raises(ModelUnavailable):
            list(stream)


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "PROHIBITED_CONTENT"])
def test_a_withheld_answer_says_so(peer: GeminiGrpcPeer, gemini: GeminiLegacy, reason: str) -> None:
    peer.script.add(Raw([reply([], reason)]))
    with pytest.raises(ModelBlocked, match=reason):
        list(gemini.stream("", HELLO, []))


def test_a_withheld_question_says_so(peer: GeminiGrpcPeer, gemini: GeminiLegacy) -> None:
    peer.script.add(Raw([{"prompt_feedback": {"block_reason": "PROHIBITED_CONTENT"}}]))
    with pytest.raises(ModelBlocked, match="question"):
        list(gemini.stream("", HELLO, []))


@pytest.mark.filterwarnings("ignore:Unrecognized FinishReason")
def test_a_reason_that_is_younger_than_the_package_does_not_break_an_answer(
    peer: GeminiGrpcPeer, gemini: GeminiLegacy
) -> None:
    peer.script.add(Raw([reply([{"text": "ok"}], 77)]))
    assert turn(list(gemini.stream("", HELLO, []))).text == "ok"


def test_a_silent_model_is_given_up(peer: GeminiGrpcPeer) -> None:
    silent = GeminiLegacy(KEY, "gemini-test", base_url=peer.serve(), timeout=0.2)
    peer.script.add(*[Text(["late"], pause_seconds=1.0)] * 3)
    with peer, pytest.raises(ModelUnavailable, match="in time"):
        list(silent.stream("", HELLO, []))
    assert len(peer.requests) == 3  # one that had begun to speak would not be asked again


def test_a_long_answer_that_keeps_coming_is_not_given_up(peer: GeminiGrpcPeer) -> None:
    url = peer.serve()
    peer.script.add(Text(["word "] * 8, pause_seconds=0.2))
    with peer:
        slow = GeminiLegacy(KEY, "gemini-test", base_url=url, timeout=1.0)
        assert turn(list(slow.stream("", HELLO, []))).text == "word " * 8


def test_nobody_there_is_told_plainly() -> None:
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        list(GeminiLegacy(KEY, "gemini-test", base_url="http://127.0.0.1:9", timeout=5).stream("", HELLO, []))


def test_a_companys_certificate_is_trusted_once_the_computer_does(
    peer: GeminiGrpcPeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = company_certificate()
    url = peer.serve((key, certificate))
    with peer:
        with pytest.raises(ModelUnavailable, match="root certificate"):
            list(GeminiLegacy(KEY, "gemini-test", base_url=url, timeout=5).stream("", HELLO, []))
        (tmp_path / "roots.pem").write_bytes(certificate)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
        trusting = GeminiLegacy(KEY, "gemini-test", base_url=url, timeout=5)
        assert turn(list(trusting.stream("", HELLO, []))).text == "Done."
