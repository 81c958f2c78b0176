"""What the person is told of a run that came to its end, and how: a notification of the system."""

from collections.abc import Callable
from datetime import tzinfo
from typing import Protocol

from desktop.numbers import grouped
from desktop.store.preferences import PreferenceStore
from desktop.store.runs import Late, Run
from desktop.store.tasks import Task
from desktop.tasks.clock import Clock, moment_of

_WORTH = ("done", "failed", "broken_off")
_LATE: dict[Late, str] = {
    "off": "This PC was off at {when}.",
    "closed": "The agent was closed at {when}.",
    "asleep": "This PC was asleep at {when}.",
    "clock": "The clock of this PC was moved past {when}.",
}
_LOCKED = "It has run. Open the window to see what came out."


class Notifying(Protocol):
    def show(
        self, title: str, text: str, *, clicked: Callable[[], None] = ..., shown: Callable[[], None] = ...
    ) -> None: ...


class Telling:
    """``opened`` is called with the task whose notification was clicked. ``is_locked`` hides figures."""

    def __init__(
        self,
        preferences: PreferenceStore,
        notifier: Notifying,
        clock: Clock,
        opened: Callable[[str], None],
        is_locked: Callable[[], bool],
    ) -> None:
        self._preferences = preferences
        self._notifier = notifier
        self._clock = clock
        self._opened = opened
        self._is_locked = is_locked

    def tell(self, task: Task, run: Run) -> None:
        chosen = self._preferences.get()
        if not (task.plan.notify and chosen.notifications and run.status in _WORTH):
            return
        discreet = self._is_locked() or not chosen.notification_details
        text = _LOCKED if discreet else run_text(run, self._clock.zone())
        self._notifier.show(task.plan.name, text, clicked=lambda: self._opened(task.id))

    def try_out(self, shown: Callable[[], None]) -> None:
        self._notifier.show("V-Mart AI Agent", "Notifications of tasks look like this.", shown=shown)


def run_text(run: Run, zone: tzinfo) -> str:
    """``This PC was off at 21:00. 5 rows. Saved as Sales 2026-11-27 0900.xlsx.``"""
    parts = []
    if run.late in _LATE:
        parts.append(_LATE[run.late].format(when=f"{moment_of(run.due_at).astimezone(zone):%H:%M}"))
    if run.status != "done":
        parts.append(f"Failed. {run.message}" if run.message else "Failed.")
    else:
        if run.row_count is not None and run.row_count != 1:
            parts.append(f"{grouped(run.row_count)} rows{f', {run.figure} in all' if run.figure else ''}.")
        elif run.figure or run.row_count:
            parts.append(f"{run.figure or '1 row'}.")
        if run.message:
            parts.append(run.message[:1].upper() + run.message[1:])
        if run.file:
            parts.append(f"Saved as {run.file.replace(chr(92), '/').rsplit('/', 1)[-1]}.")
    return " ".join(parts) or "Done."
