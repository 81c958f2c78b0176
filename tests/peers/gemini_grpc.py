"""Gemini's gRPC wire (v1beta) in the words of google-generativeai's own stubs; as strict about answers and
signatures as the peer for REST. Only the environment of requirements/gemini-legacy.lock can import it.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import grpc
from google.generativeai import protos
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.json_format import MessageToDict, ParseDict
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from tests.peers.model_script import Answer, Calls, Fail, Raw, Script, Text

_METHOD = "/google.ai.generativelanguage.v1beta.GenerativeService/StreamGenerateContent"
_CODES = {400: 3, 403: 7, 404: 5, 429: 8, 503: 14}
_SIGNATURE_TAG = bytes([13 << 3 | 2])  # Part.thought_signature, younger than the package
_USAGE = {"prompt_token_count": 42, "candidates_token_count": 17, "total_token_count": 64}


class GeminiGrpcPeer:
    """``script``: one turn after the other. ``requests`` holds what came, ``bodies`` the same as bytes,
    ``keys`` the keys it came with; ``gone`` is set when a client left before the end."""

    def __init__(self) -> None:
        self.script = Script([], Text(["Done."]))
        self.requests: list[Any] = []
        self.keys: list[str] = []
        self.bodies: list[bytes] = []
        self.gone = threading.Event()
        self._given: list[bytes] = []
        self._server = grpc.server(ThreadPoolExecutor(8))
        handler = grpc.unary_stream_rpc_method_handler(
            self._answer,
            request_deserializer=self._received,
            response_serializer=protos.GenerateContentResponse.serialize,
        )
        service, method = _METHOD.strip("/").split("/")
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {method: handler}),)
        )

    def serve(self, certificate: tuple[bytes, bytes] | None = None) -> str:
        """The address for ``gemini.base_url``; with a key and its certificate it speaks TLS."""
        if certificate is None:
            return f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        credentials = grpc.ssl_server_credentials([certificate])
        return f"https://127.0.0.1:{self._server.add_secure_port('127.0.0.1:0', credentials)}"

    def __enter__(self) -> "GeminiGrpcPeer":
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(0).wait()

    def _received(self, message: bytes) -> Any:
        """Beside the message itself: what stood in the body of the HTTP request, five bytes more."""
        self.bodies.append(b"\0" + len(message).to_bytes(4, "big") + message)
        return protos.GenerateContentRequest.deserialize(message)

    def _answer(self, request: Any, context: Any) -> Iterator[Any]:
        self.keys.append(dict(context.invocation_metadata()).get("x-goog-api-key", ""))
        self.requests.append(request)
        answer = self._fault(request) or self.script.next({})
        if isinstance(answer, Fail):
            context.abort_with_status(rpc_status.to_status(_status(answer)))
        context.add_callback(lambda: None if context.code() else self.gone.set())
        for chunk in self._chunks(answer):
            time.sleep(answer.pause_seconds if isinstance(answer, Text) else 0)
            if not context.is_active():
                self.gone.set()
                return
            yield chunk
        if isinstance(answer, Text) and answer.cut:
            context.abort(grpc.StatusCode.UNAVAILABLE, "Connection reset by peer")

    def _chunks(self, answer: Answer) -> Iterator[Any]:
        match answer:
            case Raw():
                yield from (protos.GenerateContentResponse(chunk) for chunk in answer.chunks)
            case Calls():
                if answer.text:
                    yield reply([{"text": answer.text}])
                parts = [
                    protos.Part(function_call={"id": f"f{number}", "name": name, "args": arguments})
                    for number, (name, arguments) in enumerate(answer.calls)
                ]
                yield reply([self._signed(parts[0]), *parts[1:]])
                yield reply([{"text": ""}], "STOP")
            case Text():
                for piece in answer.pieces:
                    yield reply([{"text": piece}])
                if not answer.cut and answer.finish:
                    yield reply([self._signed(protos.Part(text=""))], answer.finish)

    def _signed(self, part: Any) -> Any:
        made = b"\xfb\xff\xfe signature %d" % len(self._given)
        self._given.append(made)
        return protos.Part.deserialize(protos.Part.serialize(part) + _signature_field(made))

    def _fault(self, request: Any) -> Fail | None:
        contents = list(request.contents)
        asked = [i for i, c in enumerate(contents) if c.role == "user" and any("text" in p for p in c.parts)]
        for i, content in enumerate(contents):
            if not content.parts:
                return Fail(400, f"contents[{i}].parts must not be empty.")
            calls = [part for part in content.parts if "function_call" in part]
            if not calls:
                continue
            after = contents[i + 1].parts if i + 1 < len(contents) else []
            if len([part for part in after if "function_response" in part]) != len(calls):
                return Fail(400, "The number of function response parts must equal the number of calls.")
            if i > max(asked, default=-1) and not self.signatures(calls[0]):
                return Fail(400, "Function call is missing a thought_signature in functionCall parts.")
        return None

    def signatures(self, part: Any) -> int:
        """How many of the signatures that were given the part carries."""
        data = protos.Part.serialize(part)
        return sum(_signature_field(made) in data for made in self._given)


def reply(parts: list[Any], finish: str | int | None = None) -> Any:
    """One piece of a streamed reply."""
    candidate = protos.Candidate(index=0, content={"role": "model", "parts": parts})
    if finish is None:
        return protos.GenerateContentResponse(candidates=[candidate])
    candidate.finish_reason = finish
    return protos.GenerateContentResponse(candidates=[candidate], usage_metadata=_USAGE)


def as_json(message: Any) -> Any:
    """A message of the package as plain data."""
    return MessageToDict(type(message).pb(message))


def _signature_field(signature: bytes) -> bytes:
    return _SIGNATURE_TAG + bytes([len(signature)]) + signature


def _status(fail: Fail) -> Status:
    status = Status(code=_CODES[fail.status], message=fail.message or "It did not work.")
    if fail.reason:
        _pack(status, ErrorInfo(reason=fail.reason))
    if fail.retry_delay:
        _pack(status, ParseDict({"retryDelay": fail.retry_delay}, RetryInfo()))
    return status


def _pack(status: Status, detail: Any) -> None:
    packed = Packed()
    packed.Pack(detail)
    status.details.append(packed)
