"""What a model is reminded of: earlier turns of the conversation, newest kept, within a bound."""

from collections.abc import Sequence

import msgspec

from desktop.store.turns import Turn
from shared.llm.base import Message, ModelMessage, UserMessage

MOST_CHARACTERS = 48_000  # about 12,000 tokens

_decoder = msgspec.json.Decoder(list[Message])
_encoder = msgspec.json.Encoder(decimal_format="number")


def reminded(turns: Sequence[Turn]) -> list[Message]:
    """The messages of the finished ``turns``, oldest first; whole turns only, so that every tool call
    keeps its answer."""
    kept: list[list[Message]] = []
    left = MOST_CHARACTERS
    for turn in reversed(turns):
        messages, size = _messages(turn)
        if size > left:
            break
        left -= size
        kept.insert(0, messages)
    return [message for messages in kept for message in messages]


def transcript_text(messages: Sequence[Message]) -> str:
    return _encoder.encode(messages).decode()


def size_of(system: str, messages: Sequence[Message]) -> int:
    """Bytes that a request with these messages carries, our own share of the protocol apart."""
    return len(system.encode()) + len(_encoder.encode(messages))


def _messages(turn: Turn) -> tuple[list[Message], int]:
    if turn.transcript:
        return _decoder.decode(turn.transcript), len(turn.transcript)
    if not turn.answer:
        return [], 0
    return [UserMessage(turn.question), ModelMessage(turn.answer)], len(turn.question) + len(turn.answer)
