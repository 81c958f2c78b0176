"""What a model is reminded of: earlier turns of the conversation, newest kept, within a bound."""

from collections.abc import Sequence

import msgspec

from desktop.store.turns import Turn
from shared.llm.base import Message, ModelMessage, UserMessage

MOST_CHARACTERS = 48_000  # about 12,000 tokens
_KEPT_ANSWER = "(This answer stays on the person's machine.)"

_decoder = msgspec.json.Decoder(list[Message])
_encoder = msgspec.json.Encoder(decimal_format="number")


def remembered(turns: Sequence[Turn], *, cells: bool) -> list[Message]:
    """The messages of the finished ``turns``, oldest first; whole turns only, so that every tool call
    keeps its answer. Without ``cells``, of a turn whose texts may hold some only the question is told.
    """
    kept: list[list[Message]] = []
    left = MOST_CHARACTERS
    for turn in reversed(turns):
        messages, size = _messages(turn, cells=cells)
        if size > left:
            break
        left -= size
        kept.insert(0, messages)
    return [message for messages in kept for message in messages]


def transcript_text(messages: Sequence[Message]) -> str:
    return _encoder.encode(messages).decode()


def _messages(turn: Turn, *, cells: bool) -> tuple[list[Message], int]:
    if turn.cells_inside and not cells:
        if not (turn.transcript or turn.answer):
            return [], 0
        return [UserMessage(turn.question), ModelMessage(_KEPT_ANSWER)], len(turn.question)
    if turn.transcript:
        return _decoder.decode(turn.transcript), len(turn.transcript)
    if not turn.answer:
        return [], 0
    return [UserMessage(turn.question), ModelMessage(turn.answer)], len(turn.question) + len(turn.answer)
