"""Whose turn it is: so many places, handed out fairly between callers. What a place is for stays in pools.

The next free place goes to the waiting caller who holds the fewest; those who hold equally many
take turns. So a thousand questions of one caller do not stand before the one of another. A full line
takes the newcomer in and sends away the last of whoever fills it.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from server.soon import Soon
from shared.errors import AppError

_LAST_PLACE_IS_KEPT_FROM = 4
"""With this many places, one caller alone may take all but one."""

Turn = Soon[None]


class Turns:
    """Lives on the event loop. The caller ``""`` is the backend itself, which may take every place.

    ``full`` makes the error for whoever is sent away.
    """

    def __init__(self, places: int, most_waiting: int, full: Callable[[], AppError]) -> None:
        self.taken = 0
        self.waiting = 0
        self._places = places
        self._share = places - 1 if places >= _LAST_PLACE_IS_KEPT_FROM else places
        self._most_waiting = most_waiting
        self._full = full
        self._held: dict[str, int] = {}
        self._lines: dict[str, deque[Turn]] = {}
        """By caller, the next in turn first."""

    def take(self, caller: str) -> bool:
        """A place at once, when one is free that this caller may have. Whoever waits then could not."""
        if self.taken >= self._places:
            return False
        held = self._held.get(caller, 0)
        if held >= self._share and caller:
            return False
        self.taken += 1
        self._held[caller] = held + 1
        return True

    def join(self, caller: str) -> Turn:
        """A future that is done when ``caller`` has got a place. Raises what ``full`` makes."""
        if self.waiting >= self._most_waiting:
            self._make_room(caller)
        turn: Turn = Soon(loop=asyncio.get_running_loop())
        self._lines.setdefault(caller, deque()).append(turn)
        self.waiting += 1
        return turn

    def give_up(self, caller: str, turn: Turn) -> None:
        """Also when the place came in the very moment: then it goes on to the next."""
        line = self._lines.get(caller, ())
        if turn in line:
            self._drop(caller, turn)
        elif turn.done() and not turn.cancelled() and turn.exception() is None:
            self.leave(caller)

    def leave(self, caller: str) -> None:
        """Hands the place to the next, or frees it."""
        held = self._held[caller] - 1
        if held:
            self._held[caller] = held
        else:
            del self._held[caller]
        self.taken -= 1
        if self._lines:
            self._hand_on()

    def send_away(self, error: Callable[[], AppError]) -> None:
        """Everybody who waits is told ``error``."""
        lines, self._lines, self.waiting = self._lines, {}, 0
        for line in lines.values():
            for turn in line:
                if not turn.done():
                    turn.set_exception(error())

    def _hand_on(self) -> None:
        while self.taken < self._places and (caller := self._next()) is not None:
            line = self._lines.pop(caller)
            turn = line.popleft()
            self.waiting -= 1
            if line:
                self._lines[caller] = line  # behind all others
            if not turn.done() and self.take(caller):
                turn.set_result(None)

    def _next(self) -> str | None:
        allowed = [caller for caller in self._lines if not caller or self._holds(caller) < self._share]
        return min(allowed, key=self._holds, default=None)

    def _holds(self, caller: str) -> int:
        return self._held.get(caller, 0)

    def _make_room(self, newcomer: str) -> None:
        longest = max(self._lines, key=lambda caller: len(self._lines[caller]), default=newcomer)
        if len(self._lines.get(longest, ())) < len(self._lines.get(newcomer, ())) + 2:
            raise self._full()
        last = self._lines[longest][-1]
        self._drop(longest, last)
        if not last.done():
            last.set_exception(self._full())

    def _drop(self, caller: str, turn: Turn) -> None:
        line = self._lines[caller]
        line.remove(turn)
        self.waiting -= 1
        if not line:
            del self._lines[caller]
