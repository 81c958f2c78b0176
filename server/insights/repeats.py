"""Rows that stand there again, as when a till posts a day twice. Pure arithmetic."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from server.insights.table import NO_DAY, AnyColumn, Days, Ints, Numbers

_LEAST_REPEATS = 5
_TIMES_USUAL = 3
_SURE = 10
"""Standard deviations of a Poisson count."""
_STEP = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class RepeatedDay:
    """``repeats`` of the day's ``rows`` equal an earlier one; elsewhere ``usual_part`` of the rows do."""

    day: int
    rows: int
    repeats: int
    usual_part: float


def repeated_days(time: Days, others: list[AnyColumn], most: int = 3) -> list[RepeatedDay]:
    """Days on which far more rows repeat than usual; ``others`` are the columns that must agree."""
    there = time.values != NO_DAY
    if not others or int(there.sum()) < _LEAST_REPEATS * 2:
        return []
    key = _mixed(np.zeros(int(there.sum()), dtype=np.uint64), time.values[there])
    for column in others:
        values = column.values[there]
        key = _mixed(key, values.view(np.int64) if isinstance(column, Numbers) else values)
    _, firsts = np.unique(key, return_index=True)
    repeat = np.ones(key.size, dtype=np.int64)
    repeat[firsts] = 0
    days, place = np.unique(time.values[there], return_inverse=True)
    rows = np.bincount(place)
    repeats = np.bincount(place, weights=repeat).astype(np.int64)
    return days_with_repeats(days, rows, repeats, most)


def days_with_repeats(days: Ints, rows: Ints, repeats: Ints, most: int = 3) -> list[RepeatedDay]:
    """The same of days that were counted already."""
    found = []
    for number in np.flatnonzero(repeats >= _LEAST_REPEATS).tolist():
        elsewhere = float(repeats.sum() - repeats[number]) / max(int(rows.sum() - rows[number]), 1)
        usual = elsewhere * float(rows[number])
        sure = repeats[number] > _TIMES_USUAL * usual and repeats[number] > usual + _SURE * (usual + 1) ** 0.5
        if days.size > 1 and sure:
            found.append(RepeatedDay(int(days[number]), int(rows[number]), int(repeats[number]), elsewhere))
    return sorted(found, key=lambda one: -one.repeats)[:most]


def _mixed(key: npt.NDArray[np.uint64], values: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64 over both."""
    bits = (key ^ values.view(np.uint64)) * _STEP + _STEP
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
