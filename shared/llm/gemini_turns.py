"""Our messages as Gemini's contents, and Gemini's parts as our events. No network here.

Gemini refuses the next turn when its signatures are missing or moved, so its own turns are kept part
by part and given back as they came: a signed part is never merged with another, and a call keeps
its place. Unsigned pieces of text that follow each other are one text.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from shared.llm.base import (
    Message,
    ModelEvent,
    ModelMessage,
    TextDelta,
    ToolAnswers,
    ToolCall,
    Usage,
    UserMessage,
)

if TYPE_CHECKING:
    from google.genai.types import Part

_OURS = "call-"


class Turn:
    """One turn of the model while it arrives."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.said_something = False
        self._parts: list[dict[str, Any]] = []
        self._calls = 0

    def add(self, part: "Part") -> Iterator[ModelEvent]:
        data: dict[str, Any] = part.model_dump(mode="json", by_alias=True, exclude_none=True)
        self._keep(data)
        if part.function_call is not None:
            self._calls += 1
            self.said_something = True
            call = part.function_call
            # an id of our own, where the provider gives none; it never sees it
            yield ToolCall(
                id=call.id or f"{_OURS}{self._calls}", name=call.name or "", arguments=dict(call.args or {})
            )
        elif part.text and not part.thought:
            self.said_something = True
            yield TextDelta(part.text)

    def data(self) -> list[dict[str, Any]]:
        """What goes back to the provider with the next request."""
        return self._parts

    def _keep(self, data: dict[str, Any]) -> None:
        if data == {"text": ""} or not data:
            return
        last = self._parts[-1] if self._parts else {}
        if data.keys() == {"text"} and last.keys() == {"text"}:
            self._parts[-1] = {"text": last["text"] + data["text"]}
        else:
            self._parts.append(data)


def contents_of(messages: Sequence[Message], *, provider: str, model: str) -> list[Any]:
    """The conversation as Gemini wants it."""
    from google.genai import types

    contents: list[Any] = []
    for message in messages:
        parts = _parts_of(message, provider=provider, model=model)
        if parts:
            role = "model" if isinstance(message, ModelMessage) else "user"
            contents.append(types.Content(role=role, parts=parts))
    return contents


def _parts_of(message: Message, *, provider: str, model: str) -> list[Any]:
    from google.genai import types

    match message:
        case UserMessage():
            return [types.Part(text=message.text)]
        case ToolAnswers():
            return [
                types.Part(
                    function_response=types.FunctionResponse(
                        id=None if answer.call_id.startswith(_OURS) else answer.call_id,
                        name=answer.name,
                        response=answer.content
                        if isinstance(answer.content, dict)
                        else {"result": answer.content},
                    )
                )
                for answer in message.answers
            ]
        case ModelMessage():
            return _own_turn(message, provider=provider, model=model)


def _own_turn(message: ModelMessage, *, provider: str, model: str) -> list[Any]:
    import msgspec
    from google.genai import types

    opaque = message.opaque
    if opaque is not None and (opaque.provider, opaque.model) == (provider, model):
        # through JSON, because only there the library takes signatures as the base64 that they are
        return [types.Part.model_validate_json(msgspec.json.encode(part)) for part in opaque.data]
    parts = [types.Part(text=message.text)] if message.text else []
    for call in message.calls:
        name_and_arguments = types.FunctionCall(name=call.name, args=call.arguments)
        parts.append(types.Part(function_call=name_and_arguments))
    return parts
