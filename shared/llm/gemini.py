"""Google's Gemini behind our seam, through google-genai. What a provider's turn looks like is in
gemini_turns.py, and what its failures mean in gemini_failures.py.

Our own history and our own tool loop: the library's chats split one reply into several turns, and
its automatic calling would run tools behind our back.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from shared.http_adapter import is_loopback, tls_context
from shared.llm.base import Message, ModelEvent, OnSent, Opaque, ToolSpec, Usage, ignore_sent
from shared.llm.gemini_failures import UNREADABLE, check_end, from_exception, garbled, http_errors
from shared.llm.gemini_tries import patiently
from shared.llm.gemini_turns import Turn, contents_of

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.types import GenerateContentConfigDict, GenerateContentResponse

PROVIDER = "gemini"
_BASE_URL = "https://generativelanguage.googleapis.com"
_API_VERSION = "v1beta"


class Gemini:
    """One Gemini model. Importing Google's package waits until the first request."""

    def __init__(self, api_key: str, model: str, *, base_url: str = "", timeout: float = 60) -> None:
        self._api_key = api_key
        self._model = model
        self._base_url = base_url or _BASE_URL  # said aloud, so that no variable can redirect it
        self._timeout = timeout
        self._made: Client | None = None
        self._lock = threading.Lock()
        self._local = threading.local()

    def __repr__(self) -> str:
        return f"Gemini({self._model!r})"

    @property
    def label(self) -> str:
        return f"Gemini · {self._model}"

    def stream(
        self,
        system: str,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        on_sent: OnSent = ignore_sent,
    ) -> Iterator[ModelEvent]:
        contents = contents_of(messages, provider=PROVIDER, model=self._model)
        config = self._config(system, tools)
        yield from patiently(lambda: self._once(contents, config, on_sent))

    def list_models(self) -> list[str]:
        """The names of the models that this key may talk to. Raises a ModelError."""
        try:
            found = [
                (model.name or "").removeprefix("models/")
                for model in self._client().models.list(config={"query_base": True})
                if "generateContent" in (model.supported_actions or [])
            ]
        except http_errors() as error:
            raise from_exception(error, model=self._model) from error
        except UNREADABLE as error:
            raise garbled() from error
        return sorted(name for name in found if name)

    def _once(
        self, contents: list[Any], config: "GenerateContentConfigDict", on_sent: OnSent
    ) -> Iterator[ModelEvent]:
        turn = Turn()
        end: Any = None
        held: list[Any] = []
        self._local.held, self._local.on_sent = held, on_sent
        try:
            replies = self._client().models.generate_content_stream(
                model=self._model, contents=contents, config=config
            )
            for reply in replies:
                end = _end_of(reply) or end
                for part in _parts_of(reply):
                    yield from turn.add(part)
                turn.usage = _usage_of(reply) or turn.usage
        except http_errors() as error:
            raise from_exception(error, model=self._model) from error
        except UNREADABLE as error:
            raise garbled() from error
        finally:
            for response in held:
                response.close()
        check_end(end, said_something=turn.said_something)
        if turn.usage is not None:
            yield turn.usage
        yield Opaque(provider=PROVIDER, model=self._model, data=turn.data())

    def _client(self) -> "Client":
        with self._lock:
            if self._made is None:
                from google.genai import Client

                self._made = Client(
                    api_key=self._api_key,
                    vertexai=False,
                    http_options={
                        "api_version": _API_VERSION,
                        "base_url": self._base_url,
                        "timeout": int(self._timeout * 1000),
                        "retry_options": {"attempts": 1},
                        "client_args": {
                            "verify": tls_context(),
                            "trust_env": not is_loopback(self._base_url),
                            "event_hooks": {"request": [self._watch], "response": [self._hold]},
                        },
                    },
                )
            return self._made

    def _hold(self, response: Any) -> None:
        """The library gives no way to let go of a running answer, so we keep hold of it ourselves. It is
        called in the thread that asks; the answer may be closed from another."""
        held = getattr(self._local, "held", None)
        if held is not None:
            held.append(response)

    def _watch(self, request: Any) -> None:
        """Called in the thread that asks. The body counts when the connection stands and it is its turn."""
        on_sent: OnSent = getattr(self._local, "on_sent", ignore_sent)

        def trace(event: str, info: dict[str, Any]) -> None:
            # a proxy is sent a request of its own before ours
            if event.endswith(".send_request_body.started") and info["request"].method != b"CONNECT":
                on_sent(request.content)

        request.extensions["trace"] = trace

    def _config(self, system: str, tools: Sequence[ToolSpec]) -> "GenerateContentConfigDict":
        config: GenerateContentConfigDict = {
            "automatic_function_calling": {"disable": True},
            "store": False,
        }
        if system:
            config["system_instruction"] = system
        if tools:
            from google.genai.types import FunctionDeclaration, Tool

            declarations = [
                FunctionDeclaration(
                    name=tool.name, description=tool.description, parameters_json_schema=tool.parameters
                )
                for tool in tools
            ]
            config["tools"] = [Tool(function_declarations=declarations)]
        return config


def _end_of(reply: "GenerateContentResponse") -> Any:
    """Why the reply ended, as the provider's word, or None while it goes on."""
    feedback = reply.prompt_feedback
    if feedback is not None and feedback.block_reason is not None:
        return f"PROMPT_{feedback.block_reason.value}"
    for candidate in reply.candidates or []:
        if candidate.finish_reason is not None:
            return candidate.finish_reason.value
    return None


def _parts_of(reply: "GenerateContentResponse") -> list[Any]:
    for candidate in reply.candidates or []:
        if candidate.content is not None and candidate.content.parts:
            return list(candidate.content.parts)
    return []


def _usage_of(reply: "GenerateContentResponse") -> Usage | None:
    used = reply.usage_metadata
    if used is None:
        return None
    return Usage(
        input_tokens=used.prompt_token_count or 0,
        output_tokens=(used.candidates_token_count or 0) + (used.thoughts_token_count or 0),
    )
