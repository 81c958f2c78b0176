"""Why a run did not begin at its time, as far as the machine can tell. Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple

from desktop.store.runs import Late

_LATE = timedelta(seconds=90)
_JUMP = timedelta(seconds=60)


class Seen(NamedTuple):
    """The clock, and the seconds since this PC was switched on, at one look."""

    now: datetime
    since_boot: float | None


def lateness(due: datetime, seen: Seen, before: Seen, started_at: datetime, *, crowded: bool) -> Late:
    """``before`` is the look before this one, ``started_at`` when the program started; ``crowded`` says that
    it was due then and there was no room."""
    now, since_boot = seen
    if now - due <= _LATE:
        return ""
    if due < started_at:
        off = since_boot is not None and due < now - timedelta(seconds=since_boot)
        return "off" if off else "closed"
    if crowded:
        return "busy"
    if since_boot is None or before.since_boot is None:
        return "asleep"
    passed = timedelta(seconds=since_boot - before.since_boot)
    return "clock" if abs((now - before.now) - passed) > _JUMP else "asleep"
