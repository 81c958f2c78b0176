"""What a scripted provider says, turn by turn; the peers write it in their provider's wire."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec


class Text(msgspec.Struct, frozen=True):
    """An answer in these pieces. ``cut`` ends the connection after them, ``pause_seconds`` passes before
    each, and ``finish`` is the provider's word for the end (None leaves it out)."""

    pieces: list[str]
    cut: bool = False
    pause_seconds: float = 0.0
    finish: str | None = "STOP"


class Calls(msgspec.Struct, frozen=True):
    """Tool calls, as pairs of name and arguments, after an optional text."""

    calls: list[tuple[str, dict[str, Any]]]
    text: str = ""


class Fail(msgspec.Struct, frozen=True):
    """An HTTP failure with the provider's error body."""

    status: int
    message: str = ""
    reason: str = ""
    retry_delay: str = ""


class Raw(msgspec.Struct, frozen=True):
    """Chunks of the provider's own, written as they are."""

    chunks: list[Any]


Answer = Text | Calls | Fail | Raw
Turn = Answer | Callable[[dict[str, Any]], Answer]


def text(*pieces: str, **options: Any) -> Text:
    return Text(list(pieces), **options)


def call(name: str, **arguments: Any) -> Calls:
    return Calls([(name, arguments)])


class Script:
    """Turns in their order; when they have run out, ``otherwise`` answers."""

    def __init__(self, turns: Sequence[Turn], otherwise: Turn) -> None:
        self._turns = list(turns)
        self._otherwise = otherwise

    def next(self, request: dict[str, Any]) -> Answer:
        turn = self._turns.pop(0) if self._turns else self._otherwise
        return turn(request) if callable(turn) else turn

    def add(self, *turns: Turn) -> None:
        self._turns.extend(turns)
