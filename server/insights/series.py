"""A figure over time: days far from their usual, gaps, and change with its uncertainty. Pure arithmetic.

What is usual for a day is the median of the same weekday in the weeks around it, so that weekends and
seasons do not count as surprises; how far is far is told by the median absolute deviation (Hampel 1974),
which a few wild days cannot move.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from server.insights.measured import Floats, Ints, Measure, Measured
from server.insights.table import NO_DAY

FAR = 5.5
"""Robust standard deviations. What is usual and how far is far are themselves only estimates: with five,
one table of noise in thirty had a surprise."""
FAR_OF_MANY = 7.0
"""Where many series are looked at, one for every group."""
_LEAST = 12
"""Fewer points say nothing about what is usual."""
_AROUND = 4
"""Neighbours on each side that make up what is usual."""
_SURE = 3.5
"""Standard errors that a change must have."""
_MATTERS = 0.05


@dataclass(frozen=True)
class Episode:
    """Periods in a row that lie far from their usual, on one side. ``ratio`` is their total over it."""

    first: int
    last: int
    periods: int
    value: float
    usual: float
    distance: float

    @property
    def ratio(self) -> float | None:
        return self.value / self.usual if self.usual > 0 else None


@dataclass(frozen=True)
class Change:
    """``percent`` from the earlier to the later part, true within ``plus_minus`` at about 95 in 100.
    ``basis`` is ``year`` (the last 52 weeks against the 52 before) or ``halves``."""

    basis: str
    percent: float
    plus_minus: float
    earlier: float
    later: float
    first: int
    last: int


@dataclass(frozen=True)
class Series:
    """``step`` is the usual distance of two points in days: 1, 7, about 30."""

    days: Ints
    values: Floats
    step: int


def series(days: Ints, values: Floats, *, average: bool = False) -> Series:
    """The total (or the average) of each day, in order; rows without day or value are left out."""
    there = (days != NO_DAY) & ~np.isnan(values)
    distinct, place = np.unique(days[there], return_inverse=True)
    totals: Floats = np.bincount(place, weights=values[there], minlength=distinct.size).astype(np.float64)
    if average:
        totals = totals / np.bincount(place, minlength=distinct.size)
    step = int(np.median(np.diff(distinct))) if distinct.size > 1 else 1
    return Series(distinct.astype(np.int64), totals, max(step, 1))


def series_of(of: Measured, measure: Measure) -> Series:
    """The whole by its periods; those without any row are left out, but those of no trade are not."""
    there = of.whole.counts[0] > 0
    values = of.whole.averages(measure.name)[0] if measure.level else of.whole.sums[measure.name][0]
    there &= ~np.isnan(values)
    return Series(of.whole.periods[there], values[there], of.whole.step)


def gaps(found: Series) -> list[tuple[int, int]]:
    """Runs of days that are missing between others, where nearly every day is there."""
    if found.days.size < 4 * _LEAST or found.step != 1:
        return []
    holes = np.diff(found.days)
    if np.count_nonzero(holes > 1) > found.days.size // 50:
        return []
    return [(int(found.days[n]) + 1, int(found.days[n + 1]) - 1) for n in np.flatnonzero(holes > 2).tolist()]


def episodes(found: Series, *, far_is: float = FAR, most: int = 5) -> list[Episode]:
    """The periods farthest from their usual, joined where they touch; the most telling first."""
    if found.days.size < _LEAST:
        return []
    usual = around(found.values, found.step)
    away = _away(found.values, usual)
    scale = 1.4826 * float(np.median(np.abs(away - np.median(away))))
    if scale <= 0:
        return []
    distance = away / scale
    bulk = float(np.quantile(np.abs(distance), 0.9))
    far = np.abs(distance) > max(far_is, 2.2 * bulk)
    if np.count_nonzero(far) > found.days.size // 5:
        return []
    joined: list[list[int]] = []
    for place in np.flatnonzero(far).tolist():
        last = joined[-1][-1] if joined else None
        if last is not None and place - last <= 2 and (distance[place] > 0) == (distance[last] > 0):
            joined[-1].append(place)
        else:
            joined.append([place])
    all_of_them = [_episode(found, usual, distance, run) for run in joined]
    return sorted(all_of_them, key=lambda e: -abs(e.distance) * e.periods**0.5)[:most]


def change(found: Series) -> Change | None:
    """How the later part compares with the earlier; None when chance could have done it."""
    if found.step == 1 and found.days.size >= 2 * 364:
        weeks = found.values[-2 * 364 :].reshape(104, 7).sum(axis=1)
        return _compared("year", weeks[:52], weeks[52:], found, paired=True)
    if found.step == 1 and found.days.size >= 28:
        whole = found.values[found.values.size % 7 :].reshape(-1, 7).sum(axis=1)
    else:
        whole = found.values
    if whole.size < _LEAST:
        return None
    half = whole.size // 2
    return _compared("halves", whole[:half], whole[-half:], found, paired=False)


def _compared(basis: str, earlier: Floats, later: Floats, found: Series, *, paired: bool) -> Change | None:
    before, after = float(earlier.mean()), float(later.mean())
    if before <= 0:
        return None
    if paired:
        error = _error_of_mean(later - earlier)
    else:
        error = float(np.hypot(_error_of_mean(earlier), _error_of_mean(later)))
    moved = (after - before) / before
    if abs(after - before) < _SURE * (1 + 6 / earlier.size) * error or abs(moved) < _MATTERS:
        return None
    return Change(
        basis,
        100 * moved,
        200 * error / before,
        float(earlier.sum()),
        float(later.sum()),
        int(found.days[0]),
        int(found.days[-1]),
    )


def _error_of_mean(values: Floats) -> float:
    """Wider where neighbours resemble each other: then there is less to learn from each (first-order
    autocorrelation)."""
    if values.size < 3:
        return float("inf")
    centred = values - values.mean()
    power = float(centred @ centred)
    if power <= 0:
        return 0.0
    alike = min(max(float(centred[1:] @ centred[:-1]) / power, 0.0), 0.9)
    return float(values.std(ddof=1) / np.sqrt(values.size) * np.sqrt((1 + alike) / (1 - alike)))


def around(values: Floats, step: int) -> Floats:
    """The median of the neighbours, without the point itself: of the same weekday where points are days. A
    row a series; what is not known is NaN."""
    count = values.shape[-1]
    stride = 7 if step == 1 and count >= 42 else 1
    offsets = [n * stride for n in range(-_AROUND, _AROUND + 1) if n]
    neighbours = np.full((len(offsets), *values.shape), np.nan)
    for row, offset in enumerate(offsets):
        start, stop = max(0, -offset), min(count, count - offset)
        if start < stop:
            neighbours[row, ..., start:stop] = values[..., start + offset : stop + offset]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where no neighbour is known
        usual: Floats = np.nanmedian(neighbours, axis=0)
    return usual


def _away(values: Floats, usual: Floats) -> Floats:
    """In proportion where every figure is positive, as trade moves; by difference elsewhere."""
    if float(values.min()) > 0:
        away: Floats = np.log(values / usual)
    else:
        away = values - usual
    return away


def _episode(found: Series, usual: Floats, distance: Floats, run: list[int]) -> Episode:
    places = np.arange(run[0], run[-1] + 1)
    return Episode(
        int(found.days[run[0]]),
        int(found.days[run[-1]]),
        int(places.size),
        float(found.values[places].sum()),
        float(usual[places].sum()),
        float(distance[places][np.argmax(np.abs(distance[places]))]),
    )
