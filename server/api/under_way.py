"""The calls that are being answered, those of them that take long noted for the audit trail.

A process that is killed writes no line about what it was at. So a call that lasts, and an answer in pieces
before its first byte leaves, has a mark in the trail until its own line is there.
"""

import asyncio
import time

from server.api import recording
from server.api.call import Backend, Handled, Stream
from server.api.recording import Outcome

_LONG_SECONDS = 1.0

_Said = tuple[str, str, float]
"""Its action, its request id, and when it arrived."""


class UnderWay:
    """Of one process; lives on the event loop. A call that is over sooner costs an entry in a dictionary."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._calls: dict[Outcome, _Said] = {}
        self._looks = False

    def begin(self, outcome: Outcome, action: str, request_id: str, arrived: float) -> None:
        self._backend.calls += 1
        self._calls[outcome] = action, request_id, arrived
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_later(_LONG_SECONDS, self._look)

    def answers(self, outcome: Outcome, handled: Handled) -> None:
        """Before the first byte leaves."""
        if isinstance(handled, Stream):
            self._mark(outcome)

    def _mark(self, outcome: Outcome) -> None:
        """What is known of it by now is on record if this process is killed."""
        if outcome.mark is None and not outcome.audited:
            line = recording.line_if_killed(outcome, *self._calls[outcome])
            outcome.mark = self._backend.audit.begun(line)

    def end(self, outcome: Outcome) -> None:
        """Its line is written."""
        self._backend.calls -= 1
        del self._calls[outcome]

    def _look(self) -> None:
        """One timer for all, as long as there is any."""
        long_ago = time.perf_counter() - _LONG_SECONDS
        for outcome, (_, _, arrived) in self._calls.items():
            if arrived < long_ago:
                self._mark(outcome)
        self._looks = bool(self._calls)
        if self._looks:
            asyncio.get_running_loop().call_later(_LONG_SECONDS, self._look)
