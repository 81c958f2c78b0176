"""What the next days will come to, with an interval, and whether that is better than guessing. Pure.

The model is a regression on the logarithm: weekdays, a slow trend, the year as three waves, festivals that
were seen before, then the level of the last weeks. It is tried on the past from several days on (Tashman
2000), and so is the seasonal naive guess, the same weekdays of the week before. The better one on these
tries is used; the interval is the one that held 80 of 100 of its errors there (split conformal), so it
promises nothing that was not seen.
"""

from dataclasses import dataclass

import numpy as np

from server.insights import calendar
from server.insights.described import Point
from server.insights.festivals import FESTIVALS, LEAD_DAYS
from server.insights.findings import Forecast
from server.insights.measured import DAILY, WEEKLY, Floats, Ints, Measured
from server.insights.series import Series
from server.insights.table import day_text

USUAL_DAYS = 28
MOST_DAYS = 366
_FOLDS = 12
_LEAST_FOLDS = 4
_HELD = 0.8
_WAVES_FROM = 540
"""Days; with less than a year and a half a wave of a year is a guess."""
_STEADY_DAYS = 28
_RIDGE = 1.0


@dataclass(frozen=True)
class Expected:
    """``points`` are one a period."""

    finding: Forecast
    points: list[Point]


def forecast(of: Measured, days: int) -> Expected | None:
    """Of the first measure that is added up. None when there is too little to try it on, or it is
    negative."""
    measure = next((one.name for one in of.measures if not one.level), None)
    if measure is None or of.time is None or not of.whole.periods.size:
        return None
    values, periods, step = of.whole.sums[measure][0], of.whole.periods, of.whole.step
    if step == DAILY:
        last = int(np.flatnonzero(of.whole.counts[0])[-1]) + 1
        values, periods = values[:last], periods[:last]
    steps = max(round(days / step), 1)
    season = 7 if step == DAILY else 1
    least = max(4 * season, 2 * steps, 8)
    tries = _tries(values.size, steps, least)
    if float(values.min(initial=0)) < 0 or len(tries) < _LEAST_FOLDS or float(values.sum()) <= 0:
        return None
    found = Series(periods, values, step)
    errors: dict[str, list[tuple[float, float]]] = {"model": [], "naive": []}
    for end in tries:
        actual = values[end : end + steps]
        for name, guess in _guesses(found, end, steps, season).items():
            whole = max(float(actual.sum()), 1e-9)
            missed = float(np.abs(guess - actual).sum()) / whole
            errors[name].append((missed, abs(float(guess.sum()) / whole - 1)))
    mean = {name: float(np.mean([one for one, _ in told])) for name, told in errors.items()}
    better = sum(m[0] < n[0] for m, n in zip(errors["model"], errors["naive"], strict=True))
    method = "model" if mean["model"] < mean["naive"] and better > len(tries) / 2 else "naive"
    off = _held([whole for _, whole in errors[method]])
    each = _held([missed for missed, _ in errors[method]])
    guess = _guesses(found, values.size, steps, season)[method]
    total = float(guess.sum())
    ahead = _ahead(periods, steps, step)
    finding = Forecast(
        measure,
        of.time,
        day_text(ahead[0]),
        day_text(ahead[-1] + calendar.days_in(ahead[-1], step) - 1),
        total,
        total * max(1 - off, 0.0),
        total * (1 + off),
        method,
        100 * mean[method],
        100 * mean["naive"],
        len(tries),
    )
    points = [
        Point(day_text(day), expected=value, low=max(value * (1 - each), 0.0), high=value * (1 + each))
        for day, value in zip(ahead, guess.tolist(), strict=True)
    ]
    return Expected(finding, points)


def gathered(expected: Expected, step: int) -> list[Point]:
    """Points for a line by weeks, where they are days: whole weeks only, with the range of the whole."""
    points, found = expected.points, expected.finding
    if (
        step != WEEKLY
        or len(points) < WEEKLY
        or calendar.day_of(points[1].day) - calendar.day_of(points[0].day) > 1
    ):
        return points
    weeks = []
    for start in range(0, len(points) - WEEKLY + 1, WEEKLY):
        value = sum(point.expected or 0.0 for point in points[start : start + WEEKLY])
        low, high = (value * bound / max(found.value, 1e-9) for bound in (found.low, found.high))
        weeks.append(Point(points[start].day, expected=value, low=low, high=high))
    return weeks


def _tries(size: int, steps: int, least: int) -> list[int]:
    """Where the past is cut; half a horizon apart, the newest last."""
    apart = max(steps // 2, 1)
    found = [size - steps - n * apart for n in range(_FOLDS)]
    return [end for end in reversed(found) if end >= least]


def _held(errors: list[float]) -> float:
    ranked = sorted(errors)
    return ranked[min(int(np.ceil((len(ranked) + 1) * _HELD)), len(ranked)) - 1]


def _ahead(periods: Ints, steps: int, step: int) -> list[int]:
    last = int(periods[-1])
    if step < 28:
        return [last + step * (n + 1) for n in range(steps)]
    found, day = [], last
    for _ in range(steps):
        day += calendar.days_in(day, step) if step < 32 else step
        found.append(day)
    return found


def _guesses(found: Series, end: int, steps: int, season: int) -> dict[str, Floats]:
    past = found.values[:end]
    naive = np.resize(past[-season:], steps).astype(np.float64)
    return {"model": _modelled(found, end, steps), "naive": naive}


def _modelled(found: Series, end: int, steps: int) -> Floats:
    past = found.values[:end]
    days = np.array(
        [*found.days[:end].tolist(), *_ahead(found.days[:end], steps, found.step)], dtype=np.int64
    )
    open_days = past > 0
    floor = float(past[open_days].min()) if open_days.any() else 1.0
    y = np.log(np.maximum(past, floor / 2))
    x = _features(days, end, found.step)
    weight = np.where(open_days, 1.0, 0.0)
    fitted = _fit(x[:end], y, weight)
    # Wild days weigh less in the second look (Huber).
    rest = y - x[:end] @ fitted
    scale = 1.4826 * float(np.median(np.abs(rest[open_days]))) if open_days.any() else 0.0
    if scale > 0:
        weight = weight * np.minimum(1.0, 2 * scale / np.maximum(np.abs(rest), 1e-12))
        fitted = _fit(x[:end], y, weight)
        rest = y - x[:end] @ fitted
    recent = rest[-max(_STEADY_DAYS // found.step, 3) :]
    level = float(np.median(recent))
    lifted = float(past.sum()) / max(float(np.exp(x[:end] @ fitted)[open_days].sum()), 1e-9)
    guess: Floats = np.exp(np.minimum(x[end:] @ fitted + level, 700)) * min(max(lifted, 0.8), 1.25)
    return np.minimum(guess, 10 * float(past.max()))


def _fit(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Least squares with a little ridge on all but the level, so that rare things are not believed at
    once."""
    ridge = np.full(x.shape[1], _RIDGE)
    ridge[0] = 0.0
    weighted = x * weight[:, None]
    normal = weighted.T @ x + np.diag(ridge) + 1e-9 * np.eye(x.shape[1])
    return np.linalg.solve(normal, weighted.T @ y).astype(np.float64)


def _features(days: Ints, end: int, step: int) -> Floats:
    """The level, the trend in years (it stays where it is from the last day known), and what repeats."""
    time = (days - days[end - 1]) / 365.25
    columns = [np.ones(days.size), np.minimum(time, 0.0)]
    if step == DAILY:
        weekday = calendar.weekday(days)
        columns += [(weekday == n).astype(np.float64) for n in range(6)]
    span = int(days[end - 1] - days[0])
    if span >= _WAVES_FROM:
        angle = 2 * np.pi * days / 365.25
        columns += [wave(k * angle) for k in (1, 2, 3) for wave in (np.sin, np.cos)]
    if step <= WEEKLY:
        columns += _festive(days, end)
    return np.column_stack(columns)


def _festive(days: Ints, end: int) -> list[Floats]:
    """Rising towards each festival that the past has seen; and the quiet days from it on."""
    found = []
    for dates in FESTIVALS.values():
        if not any(days[0] + LEAD_DAYS <= date <= days[end - 1] for date in dates):
            continue
        rising, quiet = np.zeros(days.size), np.zeros(days.size)
        for date in dates:
            ahead = date - days
            rising = np.maximum(
                rising, np.where((ahead > 0) & (ahead <= LEAD_DAYS), 1 - ahead / LEAD_DAYS, 0)
            )
            quiet = np.maximum(quiet, ((ahead <= 0) & (ahead > -4)).astype(np.float64))
        found += [rising, quiet]
    return found
