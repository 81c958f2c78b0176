"""A model that says what it was told to say: the double of a language model in tests."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from shared.errors import ModelError
from shared.llm.base import Message, ModelEvent, OnSent, ToolSpec, ignore_sent


class Heard(msgspec.Struct, frozen=True):
    """What the model was given for one reply."""

    system: str
    messages: list[Message]
    tools: list[ToolSpec]


Reply = Sequence[ModelEvent | ModelError] | Callable[[Heard], Sequence[ModelEvent | ModelError]]


class Scripted:
    """One reply after the other; an error among the events is raised in its place. ``heard`` keeps what
    was asked."""

    def __init__(self, replies: Sequence[Reply], *, label: str = "Scripted") -> None:
        self._replies = iter(replies)
        self._label = label
        self.heard: list[Heard] = []

    @property
    def label(self) -> str:
        return self._label

    def stream(
        self,
        system: str,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        on_sent: OnSent = ignore_sent,  # noqa: ARG002 - nothing leaves
    ) -> Iterator[ModelEvent]:
        heard = Heard(system=system, messages=list(messages), tools=list(tools))
        self.heard.append(heard)
        reply = next(self._replies, None)
        if reply is None:
            raise ModelError("The script has no further reply.")
        for event in reply(heard) if callable(reply) else reply:
            if isinstance(event, ModelError):
                raise event
            yield event
