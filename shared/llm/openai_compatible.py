"""A model that speaks the OpenAI protocol, such as one on the LAN behind vLLM, llama.cpp or Ollama.

Plain HTTP and server-sent events; the openai package would weigh more than it saves.
"""

import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import requests
import urllib3.exceptions

from shared.errors import ModelBlocked, ModelError, ModelRateLimited, ModelRejected, ModelUnavailable
from shared.http_adapter import Adapter, is_loopback, when_sent
from shared.llm.base import (
    Message,
    ModelEvent,
    ModelMessage,
    OnSent,
    Opaque,
    TextDelta,
    ToolAnswers,
    ToolCall,
    ToolSpec,
    Usage,
    UserMessage,
    ignore_sent,
)
from shared.logs import masked

PROVIDER = "openai"
_CONNECT_SECONDS = 10.0


class _Delta(msgspec.Struct):
    content: str | None = None
    tool_calls: list[dict[str, Any]] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)
    finish_reason: str | None = None


class _Tokens(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Tokens | None = None
    error: Any = None


class OpenAiCompatible:
    """``base_url`` ends where ``/chat/completions`` begins, such as ``http://llm:8000/v1``."""

    def __init__(self, base_url: str, model: str, *, api_key: str = "", timeout: float = 60) -> None:
        self._base_url = base_url.rstrip("/")
        self._model = model
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = not is_loopback(base_url)
        if api_key:
            self._session.auth = _bearer(api_key)
        adapter = Adapter(verify=True, oldest_tls=ssl.TLSVersion.TLSv1_2)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def __repr__(self) -> str:
        return f"OpenAiCompatible({self._model!r})"

    @property
    def label(self) -> str:
        return f"OpenAI-compatible · {self._model}"

    def stream(
        self,
        system: str,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        on_sent: OnSent = ignore_sent,
    ) -> Iterator[ModelEvent]:
        """One reply. Calls come whole, after the text."""
        body = {
            "model": self._model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [{"role": "system", "content": system}, *self._messages(messages)],
        }
        if tools:
            body["tools"] = [{"type": "function", "function": msgspec.to_builtins(tool)} for tool in tools]
        data = msgspec.json.encode(body)
        try:
            with (
                when_sent(lambda: on_sent(data)),
                self._session.post(
                    f"{self._base_url}/chat/completions",
                    data=data,
                    headers={"Content-Type": "application/json", "Accept": "text/event-stream"},
                    timeout=(_CONNECT_SECONDS, self._timeout),
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                if answer.status_code != 200:
                    raise _failure(answer, self._model)
                yield from self._events(answer)
        except requests.Timeout as error:
            raise ModelUnavailable("The model did not answer in time. Ask again.") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise ModelUnavailable(
                "The model cannot be reached, or its answer broke off. Check openai.base_url in the settings."
            ) from error

    def _events(self, answer: requests.Response) -> Iterator[ModelEvent]:
        calls: dict[int, dict[str, Any]] = {}
        text: list[str] = []
        end = ""
        usage: Usage | None = None
        for chunk in _chunks(answer):
            if chunk.usage is not None:
                usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
            for choice in chunk.choices or []:
                if choice.delta.content:
                    text.append(choice.delta.content)
                    yield TextDelta(choice.delta.content)
                for piece in choice.delta.tool_calls or []:
                    _join(calls, piece)
                end = choice.finish_reason or end
        _check_end(end, said_something=bool(text or calls))
        whole = [calls[index] for index in sorted(calls)]
        yield from (_call(call, number) for number, call in enumerate(whole, 1))
        if usage is not None:
            yield usage
        turn: dict[str, Any] = {"role": "assistant", "content": "".join(text) or None}
        if whole:
            turn["tool_calls"] = whole
        yield Opaque(provider=PROVIDER, model=self._model, data=turn)

    def _messages(self, messages: Sequence[Message]) -> Iterator[dict[str, Any]]:
        for message in messages:
            match message:
                case UserMessage():
                    yield {"role": "user", "content": message.text}
                case ToolAnswers():
                    for answer in message.answers:
                        content = msgspec.json.encode(answer.content).decode()
                        yield {"role": "tool", "tool_call_id": answer.call_id, "content": content}
                case ModelMessage():
                    yield self._own_turn(message)

    def _own_turn(self, message: ModelMessage) -> dict[str, Any]:
        opaque = message.opaque
        if opaque is not None and (opaque.provider, opaque.model) == (PROVIDER, self._model):
            return dict(opaque.data)
        turn: dict[str, Any] = {"role": "assistant", "content": message.text or None}
        if message.calls:
            turn["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {
                        "name": call.name,
                        "arguments": msgspec.json.encode(call.arguments).decode(),
                    },
                }
                for call in message.calls
            ]
        return turn


def _bearer(api_key: str) -> Any:
    def put(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {api_key}"
        return request

    return put


def _chunks(answer: requests.Response) -> Iterator[_Chunk]:
    """The data of each event. A stream may end without ``[DONE]``; whether it is whole, its finish
    reason tells."""
    for line in answer.iter_lines():
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            return
        try:
            chunk = msgspec.json.decode(data, type=_Chunk)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ModelUnavailable("The model's answer cannot be read.") from error
        if chunk.error:
            raise ModelUnavailable("The model broke off with an error. Ask again.")
        yield chunk


def _join(calls: dict[int, dict[str, Any]], piece: dict[str, Any]) -> None:
    """Arguments may come in fragments; everything else is kept whole, also what we do not know."""
    index = piece.get("index")
    call = calls.setdefault(index if isinstance(index, int) else len(calls), {"type": "function"})
    known = call.setdefault("function", {"name": "", "arguments": ""})
    function = piece.get("function")
    if isinstance(function, dict):
        known["name"] = known["name"] or str(function.get("name") or "")
        known["arguments"] += str(function.get("arguments") or "")
    for key, value in piece.items():
        if key not in ("function", "index") and value is not None:
            call[key] = value


def _call(call: dict[str, Any], number: int) -> ToolCall:
    call.setdefault("id", f"call-{number}")
    function = call["function"]
    try:
        arguments = msgspec.json.decode(function["arguments"] or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise ModelUnavailable("The model's reply came out garbled. Ask again.") from error
    return ToolCall(id=str(call["id"]), name=function["name"], arguments=arguments)


def _check_end(end: str, *, said_something: bool) -> None:
    if not end:
        raise ModelUnavailable("The model's answer broke off. Ask again.")
    if end == "content_filter":
        raise ModelBlocked("The provider's safety filter withheld the answer. Ask in other words.")
    if end == "length":
        raise ModelError("The model's answer was too long and was cut off. Ask for less at a time.")
    if not said_something:
        raise ModelUnavailable("The model gave an empty answer. Ask again.")


def _failure(answer: requests.Response, model: str) -> ModelError:
    code = answer.status_code
    said = masked(answer.raw.read(600, decode_content=True).decode("utf-8", "replace"))[:300]
    if code == 429:
        wait = answer.headers.get("Retry-After", "")
        return ModelRateLimited(
            "The model takes no more requests for now. Wait a little.",
            retry_after=int(wait) if wait.isdigit() and len(wait) < 8 else None,
        )
    if code in (401, 403):
        return ModelRejected(
            "The model does not accept the key. Correct openai.api_key in the settings.", details=said
        )
    if code == 404:
        return ModelRejected(
            f"There is no model called {model!r} at this address. Correct openai.model or openai.base_url in "
            "the settings.",
            details=said,
        )
    if 300 <= code < 500 and code != 408:
        return ModelRejected("The model did not take the request.", details=said)
    return ModelUnavailable("The model is overloaded or has a problem. Ask again in a moment.", details=said)
