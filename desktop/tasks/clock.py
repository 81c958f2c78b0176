"""The clock that tasks go by: the time, the zone this PC is in, and how long it has been running."""

import time
from datetime import UTC, datetime, tzinfo
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """In UTC. It may jump, either way: people and time servers put clocks right."""
        ...

    def zone(self) -> tzinfo:
        """Where this PC is now; asked anew each time, for laptops travel."""
        ...

    def since_boot(self) -> float | None:
        """Seconds since this PC was switched on, those asleep included; never jumps. None where unknown."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def zone(self) -> tzinfo:
        import tzlocal

        try:
            return tzlocal.reload_localzone()
        except (OSError, ValueError, LookupError):  # a zone that is set up in a way it does not know
            return datetime.now().astimezone().tzinfo or UTC

    def since_boot(self) -> float | None:
        asleep_too = getattr(time, "CLOCK_BOOTTIME", None)
        # elsewhere, on Windows and macOS, the plain one counts sleep
        return time.monotonic() if asleep_too is None else time.clock_gettime(asleep_too)


def text_of(moment: datetime) -> str:
    """As the store writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def zone_name(zone: tzinfo) -> str:
    """``Asia/Kolkata`` where it has such a name."""
    return str(getattr(zone, "key", "") or datetime.now(zone).tzname() or "UTC")
