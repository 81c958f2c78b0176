"""One task in the book of the package ``schedule``, which runs what is due, the earliest first.

Its own arithmetic knows naive local times and no months, so the moment comes from our timetable and the
time from our clock.
"""

import datetime
from collections.abc import Callable

import schedule

from desktop.tasks.clock import Clock


class Due(schedule.Job):
    """Runs ``act`` once, when the clock has reached ``at``."""

    def __init__(
        self,
        book: schedule.Scheduler,
        name: str,
        at: datetime.datetime,
        act: Callable[[], None],
        clock: Clock,
    ) -> None:
        super().__init__(1, book)
        self._at = at
        self._clock = clock
        self.tag(name)

        def once() -> type[schedule.CancelJob]:
            act()
            return schedule.CancelJob

        self.do(once)

    @property
    def should_run(self) -> bool:
        return self._clock.now() >= self._at

    def _schedule_next_run(self) -> None:
        self.next_run = self._at
