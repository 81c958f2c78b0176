"""Gemini's REST wire (v1beta), as far as a tool-using conversation needs it.

It is as strict as the real one about two things that break naive clients: every call gets one answer,
and a call of the current turn comes back with the very signature that it was given.
"""

import base64
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tests.peers.backend import Asked, BackendPeer, Reply, json_reply
from tests.peers.model_script import Answer, Calls, Fail, Raw, Script, Text, Turn

_STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
_USAGE = {"promptTokenCount": 42, "candidatesTokenCount": 17, "thoughtsTokenCount": 5}


class GeminiPeer(BackendPeer):
    """``script``: one turn after the other, each an answer or a function of the request's body.

    ``requests`` holds the bodies that came, ``asked`` the requests with their headers. ``url`` goes into
    ``gemini.base_url``; any key but an empty one is accepted. ``gone`` is set when a client hung up.
    """

    def __init__(self, script: Sequence[Turn] = (), *, otherwise: Turn = Text(["Done."])) -> None:  # noqa: B008
        super().__init__(self._answer)
        self.script = Script(script, otherwise)
        self.requests: list[dict[str, Any]] = []
        self._given: set[str] = set()

    def _answer(self, asked: Asked) -> Reply:
        if not asked.headers.get("x-goog-api-key"):
            return _failed(Fail(403, "Method doesn't allow unregistered callers."))
        if asked.method == "GET" and asked.path.startswith("/v1beta/models"):
            return json_reply(
                {
                    "models": [
                        {"name": "models/gemini-test", "supportedGenerationMethods": ["generateContent"]},
                        {"name": "models/embedding-test", "supportedGenerationMethods": ["embedContent"]},
                    ]
                }
            )
        if not re.match(r"/v1beta/models/[^:]+:streamGenerateContent\?alt=sse$", asked.path):
            return _failed(Fail(404, "Requested entity was not found."))
        self.requests.append(asked.json)
        fault = self._fault(asked.json)
        answer: Answer = fault or self.script.next(asked.json)
        return _failed(answer) if isinstance(answer, Fail) else self._streamed(answer)

    def _streamed(self, answer: Text | Calls | Raw) -> Reply:
        pause = answer.pause_seconds if isinstance(answer, Text) else 0.0

        def events() -> Iterator[bytes]:
            for chunk in self._chunks(answer):
                time.sleep(pause)
                yield b"data: " + msgspec.json.encode(chunk) + b"\r\n\r\n"

        return Reply(
            body=events(),
            headers={"Content-Type": "text/event-stream"},
            cut=isinstance(answer, Text) and answer.cut,
        )

    def _chunks(self, answer: Text | Calls | Raw) -> Iterator[Any]:
        match answer:
            case Raw():
                yield from answer.chunks
            case Calls():
                if answer.text:
                    yield chunk([{"text": answer.text}])
                yield chunk(self._call_parts(answer))
                yield chunk([{"text": ""}], "STOP")
            case Text():
                for piece in answer.pieces:
                    yield chunk([{"text": piece}])
                if not answer.cut and answer.finish:
                    # the real one likes to end on an empty part that carries a signature
                    yield chunk([{"text": "", "thoughtSignature": self._signature()}], answer.finish)

    def _call_parts(self, answer: Calls) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = []
        for number, (name, arguments) in enumerate(answer.calls):
            part = {"functionCall": {"id": f"f{number}", "name": name, "args": arguments}}
            if number == 0:
                part["thoughtSignature"] = self._signature()  # type: ignore[assignment]
            parts.append(part)
        return parts

    def _signature(self) -> str:
        # bytes that differ between the two alphabets of base64
        made = base64.b64encode(b"\xfb\xff\xfe signature " + str(len(self._given)).encode()).decode()
        self._given.add(made.rstrip("="))
        return made

    def _fault(self, body: dict[str, Any]) -> Fail | None:
        contents = body["contents"]
        last_question = max(
            (
                i
                for i, c in enumerate(contents)
                if c["role"] == "user" and any("text" in p for p in c["parts"])
            ),
            default=-1,
        )
        for i, content in enumerate(contents):
            if not content.get("parts"):
                return Fail(400, f"contents[{i}].parts must not be empty.")
            calls = [part for part in content["parts"] if "functionCall" in part]
            if not calls:
                continue
            after = contents[i + 1]["parts"] if i + 1 < len(contents) else []
            if len([part for part in after if "functionResponse" in part]) != len(calls):
                return Fail(400, "The number of function response parts must equal the number of calls.")
            signature = str(calls[0].get("thoughtSignature", "")).replace("-", "+").replace("_", "/")
            if i > last_question and signature.rstrip("=") not in self._given:
                return Fail(400, "Function call is missing a thought_signature in functionCall parts.")
        return None


def chunk(parts: list[dict[str, Any]] | None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One piece of a streamed reply."""
    candidate: dict[str, Any] = {"index": 0}
    if parts is not None:
        candidate["content"] = {"role": "model", "parts": parts}
    made: dict[str, Any] = {"candidates": [candidate], "modelVersion": "gemini-test", **more}
    if finish:
        candidate["finishReason"] = finish
        made["usageMetadata"] = _USAGE
    return made


def _failed(fail: Fail) -> Reply:
    details: list[dict[str, Any]] = []
    if fail.reason:
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": fail.reason})
    if fail.retry_delay:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": fail.retry_delay})
    error = {
        "code": fail.status,
        "message": fail.message or "It did not work.",
        "status": _STATUS.get(fail.status, "UNKNOWN"),
        "details": details,
    }
    return json_reply({"error": error}, fail.status)
