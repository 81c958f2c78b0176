"""What a language model is to us: messages and tools in, a stream of events out. No provider here.

A provider's own form of a turn is kept in ``opaque`` and given back untouched to the same
provider and model, never to another: Gemini refuses the next turn without its signatures.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import msgspec


class ToolCall(msgspec.Struct, frozen=True):
    """The model wants a tool run. ``id`` is unique within a turn."""

    id: str
    name: str
    arguments: dict[str, Any]


class TextDelta(msgspec.Struct, frozen=True):
    """The next piece of the model's text."""

    text: str


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one reply."""

    input_tokens: int
    output_tokens: int


class Opaque(msgspec.Struct, frozen=True):
    """The provider's own form of the turn just ended; the last event of a stream.

    ``provider`` and ``model`` say who may have it back; ``data`` is JSON-able.
    """

    provider: str
    model: str
    data: Any


ModelEvent = TextDelta | ToolCall | Usage | Opaque


class UserMessage(msgspec.Struct, frozen=True, tag="user"):
    text: str


class ToolAnswer(msgspec.Struct, frozen=True):
    """What one tool said, as JSON-able data for the model."""

    call_id: str
    name: str
    content: Any


class ToolAnswers(msgspec.Struct, frozen=True, tag="tools"):
    """The answers to all calls of the turn before, in their order."""

    answers: list[ToolAnswer]


class ModelMessage(msgspec.Struct, frozen=True, tag="model"):
    """One whole turn of the model."""

    text: str = ""
    calls: list[ToolCall] = []
    opaque: Opaque | None = None


Message = UserMessage | ToolAnswers | ModelMessage


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool as the model sees it; ``parameters`` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]


OnSent = Callable[[bytes], None]


def ignore_sent(body: bytes) -> None:
    """For whoever does not want to know."""


class Model(Protocol):
    """One model of one provider."""

    @property
    def label(self) -> str:
        """How the window names it, such as ``Gemini · gemini-3-flash-preview``."""
        ...

    def stream(
        self,
        system: str,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        on_sent: OnSent = ignore_sent,
    ) -> Iterator[ModelEvent]:
        """One reply, blocking. Raises a ModelError; closing the iterator drops the connection.

        ``on_sent`` is told the body of each request, also of each further try, when it goes on the wire,
        byte for byte.
        """
        ...
