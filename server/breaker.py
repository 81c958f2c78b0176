"""A circuit breaker: after some failures in a row nobody tries for a while. What is tried stays in pools.

Closed, everybody may try. Open, nobody, until its pause is over; then one may, and what becomes of
that opens or closes it for all. The pause doubles with each failed trial.
"""

import random
import time
from collections.abc import Callable

_IN_A_ROW = 3
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0


class Breaker:
    """``trouble`` is the last failure's sentence."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.trouble = ""
        self._clock = clock
        self._failures = 0
        self._pause = 0.0
        self._open_until = 0.0
        self._trials = 0
        self._trial = 0
        """The ticket of the one that tries while all others must not."""

    @property
    def state(self) -> str:
        """``closed``, ``open`` or ``half_open``."""
        if not self._pause:
            return "closed"
        return "half_open" if self._trial or self._clock() >= self._open_until else "open"

    @property
    def wait_seconds(self) -> float:
        """How long nobody may try; 0 when one may. While one tries, a moment."""
        if not self._pause:
            return 0.0
        return max(self._open_until - self._clock(), _FIRST_PAUSE_SECONDS if self._trial else 0.0)

    def enter(self, *, early: bool = False) -> int | None:
        """A ticket to try, or None. Whoever has one says what became of it: ``succeeded`` or ``failed``.

        ``early`` is for a person who wants to know now: the pause does not count, but still only one
        tries at a time.
        """
        if not self._pause:
            return 0
        if self._trial or (not early and self._clock() < self._open_until):
            return None
        self._trials += 1
        self._trial = self._trials
        return self._trial

    def succeeded(self) -> None:
        self._failures, self._pause, self._trial = 0, 0.0, 0

    def failed(self, ticket: int, trouble: str) -> bool:
        """True when it opens with this, having been closed."""
        self.trouble = trouble
        if self._pause and (not ticket or ticket != self._trial):
            return False  # let in before the breaker opened
        was_closed = not self._pause
        self._failures += 1
        self._trial = 0
        if self._failures < _IN_A_ROW:
            return False
        self._pause = min(self._pause * 2 or _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        # a little apart, so that several processes do not knock at once
        self._open_until = self._clock() + self._pause * random.uniform(0.9, 1.1)  # noqa: S311
        return was_closed
