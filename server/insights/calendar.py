"""Periods: which day belongs to which, and which periods there are. Pure arithmetic on days since 1970."""

from datetime import date

import numpy as np

from server.insights.measured import DAILY, MONTHLY, WEEKLY, Ints
from server.insights.table import day_text

_MOST_DAYS = 4_000
_EPOCH = date(1970, 1, 1).toordinal()


def step_of(days: Ints) -> int:
    """The usual distance of neighbouring days: 1, 7, about 30; ``days`` are different and rising."""
    if days.size < 2:
        return DAILY
    step = max(int(np.median(np.diff(days))), 1)
    return WEEKLY if step == DAILY and int(days[-1] - days[0]) > _MOST_DAYS else step


def begins(days: Ints, step: int) -> Ints:
    """The first day of the period that holds each: weeks begin on Monday. Steps of the data itself stay."""
    if step == WEEKLY:
        return (days + 3) // 7 * 7 - 3
    if step == MONTHLY:
        distinct, place = np.unique(days, return_inverse=True)
        firsts = [_day(date.fromordinal(int(day) + _EPOCH).replace(day=1)) for day in distinct]
        return np.array(firsts, dtype=np.int64)[place] if distinct.size else days
    return days


def periods(days: Ints, step: int) -> Ints:
    """Every day or week between the first and the last; of months and other steps those that are there."""
    if not days.size:
        return days
    if step in (DAILY, WEEKLY):
        first, last = int(days.min()), int(days.max())
        if (last - first) // step <= _MOST_DAYS:
            return np.arange(first, last + 1, step, dtype=np.int64)
    return np.unique(days)


def days_in(begin: int, step: int) -> int:
    """How many days a period has."""
    if step < 28:
        return step
    first = date.fromordinal(begin + _EPOCH)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return (following - first).days


def day_of(text: str) -> int:
    """Days since 1970. Raises ValueError."""
    return _day(date.fromisoformat(text))


def weekday(days: Ints) -> Ints:
    """0 is Monday."""
    return (days + 3) % 7


def month(day: int) -> int:
    return int(day_text(day)[5:7])


def _day(day: date) -> int:
    return day.toordinal() - _EPOCH
