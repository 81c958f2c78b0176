"""The OpenAI protocol's ``/chat/completions``, streamed, as servers on a LAN speak it."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tests.peers.backend import Asked, BackendPeer, Reply, json_reply
from tests.peers.model_script import Calls, Fail, Raw, Script, Text, Turn

SIGNATURE = {"google": {"thought_signature": "c2lnbmVk"}}


class OpenAiPeer(BackendPeer):
    """Like GeminiPeer. ``url`` goes into ``openai.base_url``. Arguments come in fragments, and calls
    carry an ``extra_content`` that has to come back."""

    def __init__(self, script: Sequence[Turn] = (), *, otherwise: Turn = Text(["Done."])) -> None:  # noqa: B008
        super().__init__(self._answer)
        self.url += "/v1"
        self.script = Script(script, otherwise)
        self.requests: list[dict[str, Any]] = []

    def _answer(self, asked: Asked) -> Reply:
        if asked.path != "/v1/chat/completions":
            return json_reply({"error": {"message": "Not found"}}, 404)
        self.requests.append(asked.json)
        for message in asked.json["messages"]:
            for made in message.get("tool_calls") or []:
                if made.get("extra_content") != SIGNATURE:
                    return json_reply({"error": {"message": "a tool call lost its extra_content"}}, 400)
        answer = self.script.next(asked.json)
        if isinstance(answer, Fail):
            headers = {"Retry_After": answer.retry_delay} if answer.retry_delay else {}
            return json_reply({"error": {"message": answer.message}}, answer.status, **headers)
        return Reply(
            body=_events(answer),
            headers={"Content-Type": "text/event-stream"},
            cut=isinstance(answer, Text) and answer.cut,
        )


def _events(answer: Text | Calls | Raw) -> Iterator[bytes]:
    for chunk in _chunks(answer):
        if isinstance(answer, Text):
            time.sleep(answer.pause_seconds)
        yield b"data: " + msgspec.json.encode(chunk) + b"\n\n"
    if not (isinstance(answer, Text) and answer.cut):
        yield b"data: [DONE]\n\n"


def _chunks(answer: Text | Calls | Raw) -> Iterator[Any]:
    match answer:
        case Raw():
            yield from answer.chunks
            return
        case Calls():
            if answer.text:
                yield _delta({"content": answer.text})
            for index, (name, arguments) in enumerate(answer.calls):
                head = {"index": index, "id": f"c{index}", "type": "function", "extra_content": SIGNATURE}
                yield _delta({"tool_calls": [{**head, "function": {"name": name, "arguments": ""}}]})
                text = msgspec.json.encode(arguments).decode()
                for start in range(0, len(text), 6):
                    fragment = {"index": index, "function": {"arguments": text[start : start + 6]}}
                    yield _delta({"tool_calls": [fragment]})
            yield _delta({}, "tool_calls")
        case Text():
            for piece in answer.pieces:
                yield _delta({"content": piece})
            if answer.cut or not answer.finish:
                return
            yield _delta({}, answer.finish.lower())
    yield {"choices": [], "usage": {"prompt_tokens": 42, "completion_tokens": 17}}


def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
