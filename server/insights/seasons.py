"""What repeats by itself: the week, the year, festivals. Pure arithmetic.

The strength of a season is the part of the variance that it explains (Wang, Smith and Hyndman 2006).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from server.insights import calendar
from server.insights.festivals import AFTER_DAYS, FESTIVALS, LEAD_DAYS
from server.insights.findings import Seasonal
from server.insights.measured import DAILY, Floats, Grid, Measure, Measured
from server.insights.series import Episode, Series, around, series_of
from shared.months import MONTH_NAMES

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = tuple(name.capitalize() for name in MONTH_NAMES)
_LEAST_WEEKS, _YEARS_DAYS = 8, 715
_SURE_OF_WEEK = 8.0
"""The F statistic of the weekdays; chance passes 3.8 once in a thousand."""
_ALIKE_YEARS = 0.8
"""How well the months of one year must foretell those of the next."""
_AS_MUCH = 0.4
"""Of today's rise, on a logarithmic scale: what the festival must have brought in another year."""


@dataclass(frozen=True)
class AtFestival:
    """``repeats``: the same festival did the same in another year, so it is a season and no surprise."""

    name: str | None
    repeats: bool


def festival_near(first: int, last: int) -> str | None:
    """One that falls into the days, or is shopped for in them; the nearest to their end."""
    near = [
        (abs(day - last), name)
        for name, days in FESTIVALS.items()
        for day in days
        if first - AFTER_DAYS <= day <= last + LEAD_DAYS
    ]
    return min(near)[1] if near else None


def festival_at(found: Series, episode: Episode) -> AtFestival:
    usual = around(found.values, found.step)
    ratio = episode.ratio
    name = festival_near(episode.first, episode.last)
    if name is None or ratio is None or ratio <= 0:
        return AtFestival(name, repeats=False)
    for festival, days in FESTIVALS.items():
        ours = [d for d in days if episode.first - AFTER_DAYS <= d <= episode.last + LEAD_DAYS]
        for day in ours:
            for other in days:
                then = _ratio_at(found, usual, other + episode.first - day, other + episode.last - day)
                if (
                    other != day
                    and then
                    and np.log(then) * np.sign(np.log(ratio)) > _AS_MUCH * abs(np.log(ratio))
                ):
                    return AtFestival(festival, repeats=True)
    return AtFestival(name, repeats=False)


def _ratio_at(found: Series, usual: Floats, first: int, last: int) -> float | None:
    there = (found.days >= first) & (found.days <= last) & ~np.isnan(usual)
    expected = float(usual[there].sum())
    return float(found.values[there].sum()) / expected if expected > 0 else None


def weekly(found: Series) -> Series:
    """Sums of whole weeks; the first and the last week may be cut and are left out then."""
    begun = calendar.begins(found.days, 7)
    weeks, place, days = np.unique(begun, return_inverse=True, return_counts=True)
    values = np.bincount(place, weights=found.values).astype(np.float64)
    keep = np.ones(weeks.size, dtype=bool)
    keep[[0, -1]] = days[[0, -1]] == 7
    return Series(weeks[keep], values[keep], 7)


def by_weeks(grid: Grid) -> Grid:
    """The same by whole weeks, where it is by days."""
    if grid.step != DAILY or grid.periods.size < 7 * _LEAST_WEEKS:
        return grid
    start = int(-(grid.periods[0] + 3) % 7)
    count = (grid.periods.size - start) // 7

    def gathered(cells: Floats) -> Floats:
        whole = cells[:, start : start + 7 * count].reshape(len(grid.labels), count, 7)
        return np.asarray(whole.sum(axis=2), dtype=np.float64)

    return Grid(
        grid.names,
        grid.labels,
        grid.periods[start : start + 7 * count : 7],
        7,
        gathered(grid.counts),
        {name: gathered(cells) for name, cells in grid.sums.items()},
        {name: gathered(cells) for name, cells in grid.known.items()},
        grid.sql,
        gathered=True,
    )


def cycles(of: Measured, measure: Measure) -> Iterator[Seasonal]:
    found = series_of(of, measure)
    if float(found.values.min(initial=1)) < 0 or found.step != DAILY or of.time is None:
        return
    if found.days.size >= 7 * _LEAST_WEEKS:
        yield from _week(found, measure.name, of.time)
    if found.days.size >= _YEARS_DAYS:
        yield from _year(found, measure.name, of.time)


def _week(found: Series, column: str, time: str) -> Iterator[Seasonal]:
    level = np.convolve(found.values, np.ones(7) / 7, mode="valid")
    middle = found.values[3 : 3 + level.size]
    ratio = middle[level > 0] / level[level > 0]
    day = calendar.weekday(found.days[3 : 3 + level.size][level > 0])
    count = np.bincount(day, minlength=7)
    if count.min() < _LEAST_WEEKS // 2:
        return
    average = np.bincount(day, weights=ratio, minlength=7) / count
    rest = float(((ratio - average[day]) ** 2).sum())
    between = float((count * (average - ratio.mean()) ** 2).sum())
    if rest <= 0 or between / 6 / (rest / (ratio.size - 7)) < _SURE_OF_WEEK:
        return
    yield _seasonal(column, time, "week", _WEEKDAYS, average, between / (between + rest))


def _year(found: Series, column: str, time: str) -> Iterator[Seasonal]:
    month = np.array([calendar.month(day) - 1 for day in found.days.tolist()])
    half = found.days >= found.days[-1] - 363
    both = []
    for there in (half, ~half & (found.days >= found.days[-1] - 727)):
        count = np.bincount(month[there], minlength=12)
        if count.min() < 20:
            return
        average = np.bincount(month[there], weights=found.values[there], minlength=12) / count
        both.append(average / average.mean())
    alike = float(np.corrcoef(both[0], both[1])[0, 1])
    if alike >= _ALIKE_YEARS:
        yield _seasonal(column, time, "year", _MONTHS, (both[0] + both[1]) / 2, alike**2)


def _seasonal(
    column: str, time: str, cycle: str, names: tuple[str, ...], index: Floats, strength: float
) -> Seasonal:
    percent = 100 * (index / index.mean() - 1)
    high, low = int(np.argmax(percent)), int(np.argmin(percent))
    return Seasonal(
        column,
        time,
        cycle,
        names[high],
        float(percent[high]),
        names[low],
        float(percent[low]),
        round(strength, 3),
    )
