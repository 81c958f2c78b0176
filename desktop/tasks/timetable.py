"""When a timetable falls due: nominal times in the person's zone, and the instants they mean. Pure.

An occurrence is named by what the clock on the wall shows, so that neither a clock put back nor a journey
west makes the same nine o'clock fall due twice.
"""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from desktop.store.tasks import Timetable
from shared.errors import InvalidRequest

SHORTEST_MINUTES, LONGEST_MINUTES = 5, 7 * 24 * 60
_FAR_DAYS = 400
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_WEEKDAYS, _WEEKEND = [0, 1, 2, 3, 4], [5, 6]


class Occurrence(msgspec.Struct, frozen=True):
    """``name`` is ``2026-11-28T09:00`` by the wall; ``at`` is the instant in UTC."""

    name: str
    at: datetime


def check(timetable: Timetable) -> None:
    """Raises InvalidRequest with one sentence."""
    time_of(timetable)
    if timetable.kind == "weekly" and (
        not timetable.days or any(day not in range(7) for day in timetable.days)
    ):
        raise InvalidRequest("Choose at least one day of the week.")
    if timetable.kind == "monthly" and timetable.day not in range(1, 32):
        raise InvalidRequest("The day of the month is a number from 1 to 31.")
    if timetable.kind == "interval" and not SHORTEST_MINUTES <= timetable.every_minutes <= LONGEST_MINUTES:
        raise InvalidRequest(
            f"A task runs every {SHORTEST_MINUTES} minutes at most, and once a week at least."
        )
    if timetable.zone:
        try:
            ZoneInfo(timetable.zone)
        except (LookupError, ValueError, OSError) as error:  # unknown, or no name at all
            raise InvalidRequest(f"There is no time zone called {timetable.zone!r}.") from error


def time_of(timetable: Timetable) -> time:
    try:
        return datetime.strptime(timetable.at, "%H:%M").time()  # noqa: DTZ007 - a time of day, without a day
    except ValueError as error:
        raise InvalidRequest("A time of day is written like 09:30.") from error


def zone_of(timetable: Timetable, here: tzinfo) -> tzinfo:
    return ZoneInfo(timetable.zone) if timetable.zone else here


def upcoming(timetable: Timetable, after: datetime, here: tzinfo, anchor: datetime) -> Iterator[Occurrence]:
    """Every occurrence later than ``after``, without end."""
    if timetable.kind == "interval":
        step = timedelta(minutes=timetable.every_minutes)
        number = max(1, (after - anchor) // step + 1)
        while True:
            yield _interval(anchor + number * step)
            number += 1
    zone = zone_of(timetable, here)
    day = after.astimezone(zone).date() - timedelta(days=2)
    while True:
        if _falls_on(timetable, day):
            found = _calendar(timetable, day, zone)
            if found.at > after:
                yield found
        day += timedelta(days=1)


def latest_in(
    timetable: Timetable, since: datetime, until: datetime, here: tzinfo, anchor: datetime
) -> Occurrence | None:
    """The last occurrence later than ``since`` and not later than ``until``."""
    if timetable.kind == "interval":
        step = timedelta(minutes=timetable.every_minutes)
        number = (until - anchor) // step
        found = _interval(anchor + number * step)
        return found if number > 0 and found.at > since else None
    zone = zone_of(timetable, here)
    day = until.astimezone(zone).date() + timedelta(days=2)
    for _ in range(_FAR_DAYS):
        if _falls_on(timetable, day):
            found = _calendar(timetable, day, zone)
            if found.at <= since:
                return None
            if found.at <= until:
                return found
        day -= timedelta(days=1)
    return None


def instant(nominal: datetime, zone: tzinfo) -> datetime:
    """What a time on the wall means, in UTC. One that comes twice, when clocks are put back, means the
    first; one that is left out, when they are put forward, means the first moment after the gap."""
    first = nominal.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == nominal:
        return first
    low, high = nominal.replace(tzinfo=zone, fold=1).astimezone(UTC), first
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def describe(timetable: Timetable) -> str:
    """``Weekdays, 09:00``, as the list shows it."""
    match timetable.kind:
        case "interval":
            return f"Every {minutes_text(timetable.every_minutes)}"
        case "daily":
            when = "Daily"
        case "monthly":
            when = "Last day of the month" if timetable.day == 31 else f"{_nth(timetable.day)} of the month"
        case _:
            when = days_text(timetable.days)
    zone = f" {timetable.zone}" if timetable.zone else ""
    return f"{when}, {timetable.at}{zone}"


def days_text(days: list[int]) -> str:
    chosen = sorted(set(days))
    if chosen == list(range(7)):
        return "Daily"
    if chosen == _WEEKDAYS:
        return "Weekdays"
    if chosen == _WEEKEND:
        return "Weekends"
    if len(chosen) == 1:
        return f"{_DAYS[chosen[0]]}s"
    return ", ".join(_DAYS[day][:3] for day in chosen)


def minutes_text(minutes: int) -> str:
    for size, word in ((1440, "day"), (60, "hour")):
        if minutes % size == 0:
            count = minutes // size
            return word if count == 1 else f"{count} {word}s"
    return f"{minutes} minutes"


def _falls_on(timetable: Timetable, day: date) -> bool:
    match timetable.kind:
        case "weekly":
            return day.weekday() in timetable.days
        case "monthly":
            return day.day == min(timetable.day, calendar.monthrange(day.year, day.month)[1])
        case _:
            return True


def _calendar(timetable: Timetable, day: date, zone: tzinfo) -> Occurrence:
    nominal = datetime.combine(day, time_of(timetable))
    return Occurrence(nominal.isoformat(timespec="minutes"), instant(nominal, zone))


def _interval(at: datetime) -> Occurrence:
    return Occurrence(at.astimezone(UTC).isoformat(timespec="seconds"), at)


def _nth(day: int) -> str:
    ending = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"
