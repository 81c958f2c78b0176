"""The events of a turn on their way: stored, then shown. What their end means is decided by the caller."""

import threading
from collections.abc import Callable, Generator

from desktop.events import Event, Queued, TextChunk, TurnFailed, TurnFinished
from desktop.store.turns import TurnEnd, Turns


class Recorded:
    """``position`` is that of the first event, and later of the first of ``last``: the whole text and the
    end, which are stored together with the turn's end. ``queued`` is set when the turn has to wait,
    ``failed`` when it failed."""

    def __init__(
        self, turns: Turns, turn_id: str, show: Callable[[Event], None], *, position: int = 0
    ) -> None:
        self._turns = turns
        self._turn_id = turn_id
        self._show = show
        self._lock = threading.Lock()
        self.position = position
        self.last: list[Event] = []
        self.queued: Queued | None = None
        self.failed: TurnFailed | None = None

    def follow(
        self,
        answering: Generator[Event, None, TurnEnd],
        after: Callable[[Event], Event | None] = lambda _: None,
    ) -> TurnEnd:
        """To the end. ``after`` may add one event behind another."""
        while True:
            try:
                event = next(answering)
            except StopIteration as done:
                end: TurnEnd = done.value
                return end
            self.add(event)
            more = after(event)
            if more is not None:
                self.add(more)

    def add(self, event: Event) -> None:
        """From any thread; all of them are stored and shown in one order."""
        with self._lock:
            if isinstance(event, Queued):
                self.queued = event
            elif isinstance(event, TurnFailed):
                self.failed = event
            if isinstance(event, TextChunk | TurnFinished):
                self.last = [*(other for other in self.last if type(other) is not type(event)), event]
            else:
                self._turns.add_event(self._turn_id, self.position, event)
                self.position += 1
            if not isinstance(event, TurnFinished):
                self._show(event)
