"""Our messages as the older google-generativeai's, and its parts as our events. No network here.

The package knows no signatures, but bytes that it does not know come and go unharmed, so each part of a
turn is kept as the very bytes that came.
"""

import base64
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from shared.llm.base import (
    Message,
    ModelEvent,
    ModelMessage,
    TextDelta,
    ToolAnswer,
    ToolAnswers,
    ToolCall,
    ToolSpec,
    Usage,
    UserMessage,
)

PROVIDER = "gemini-legacy"
_OURS = "call-"


def protos() -> Any:
    """The package's messages. It warns of its end of life when it is imported; so does docs/decisions.md."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from google.generativeai import protos as found
    return found


class Turn:
    """One turn of the model while it arrives. ``end`` is the provider's word for why it ended."""

    def __init__(self) -> None:
        self.end: str | None = None
        self.usage: Usage | None = None
        self.said_something = False
        self._parts: list[str] = []
        self._calls = 0

    def add(self, reply: Any) -> Iterator[ModelEvent]:
        self.end = _end_of(reply) or self.end
        self.usage = _usage_of(reply) or self.usage
        for part in reply.candidates[0].content.parts if reply.candidates else []:
            yield from self._add(part)

    def _add(self, part: Any) -> Iterator[ModelEvent]:
        kind = type(part)
        data = kind.serialize(part)
        if data in (b"", kind.serialize(kind(text=""))):
            return
        self._parts.append(base64.b64encode(data).decode())
        if "function_call" in part:
            self.said_something = True
            self._calls += 1
            call = part.function_call
            arguments = _plain(type(call).to_dict(call).get("args") or {})
            # an id of our own, where the provider gives none; it never sees it
            yield ToolCall(call.id or f"{_OURS}{self._calls}", call.name, arguments)
        elif part.text:
            self.said_something = True
            yield TextDelta(part.text)

    def data(self) -> list[str]:
        """What goes back to the provider with the next request."""
        return self._parts


def request_of(system: str, messages: Sequence[Message], tools: Sequence[ToolSpec], *, model: str) -> Any:
    """The whole request as the package wants it."""
    words = protos()
    request = words.GenerateContentRequest(model=f"models/{model}")
    if system:
        request.system_instruction = words.Content(parts=[words.Part(text=system)])
    if tools:
        declared = [
            {"name": tool.name, "description": tool.description, "parameters": schema_of(tool.parameters)}
            for tool in tools
        ]
        request.tools = [words.Tool(function_declarations=declared)]
    for message in messages:
        parts = _parts_of(message, words.Part, model)
        if parts:
            role = "model" if isinstance(message, ModelMessage) else "user"
            request.contents.append(words.Content(role=role, parts=parts))
    return request


def schema_of(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema in the words that this protocol has; our tools check the rest themselves."""
    everything = schema.get("anyOf", [])
    choices = [choice for choice in everything if choice.get("type") != "null"]
    known = {**choices[0], **schema} if choices else schema
    made: dict[str, Any] = {"type_": known.get("type", "string").upper()}
    made |= {key: known[key] for key in ("description", "enum", "required") if key in known}
    if len(choices) < len(everything):
        made["nullable"] = True
    if "items" in known:
        made["items"] = schema_of(known["items"])
    if "properties" in known:
        made["properties"] = {name: schema_of(inner) for name, inner in known["properties"].items()}
    return made


def _parts_of(message: Message, part: Any, model: str) -> list[Any]:
    match message:
        case UserMessage():
            return [part(text=message.text)]
        case ToolAnswers():
            return [part(function_response=_answer_of(answer)) for answer in message.answers]
        case ModelMessage():
            opaque = message.opaque
            if opaque is not None and (opaque.provider, opaque.model) == (PROVIDER, model):
                return [part.deserialize(base64.b64decode(data)) for data in opaque.data]
            parts = [part(text=message.text)] if message.text else []
            parts += [part(function_call={"name": c.name, "args": c.arguments}) for c in message.calls]
            return parts


def _answer_of(answer: ToolAnswer) -> dict[str, Any]:
    content = answer.content if isinstance(answer.content, dict) else {"result": answer.content}
    said = {"name": answer.name, "response": content}
    return said if answer.call_id.startswith(_OURS) else {"id": answer.call_id, **said}


def _plain(value: Any) -> Any:
    """The protocol has no whole numbers: 3 arrives as 3.0."""
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case float() if value.is_integer():
            return int(value)
    return value


def _end_of(reply: Any) -> str | None:
    """A word that the package does not know is a number to it."""
    blocked = reply.prompt_feedback.block_reason
    if blocked:
        return f"PROMPT_{getattr(blocked, 'name', blocked)}"
    reason = reply.candidates[0].finish_reason if reply.candidates else None
    return str(getattr(reason, "name", reason)) if reason else None


def _usage_of(reply: Any) -> Usage | None:
    used = reply.usage_metadata
    asked = used.prompt_token_count
    if not asked:
        return None
    # the package knows no thoughts; only the total counts them
    return Usage(asked, max(used.candidates_token_count, used.total_token_count - asked))
