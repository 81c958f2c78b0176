"""What could be done, with what the data says it would bring. Pure; an option that the data does not bear out
is not there.

Each effect is in the units of its measure, over the days that it was counted on, with a range and what it
assumes. Nothing here knows what a measure costs to take.
"""

from collections.abc import Iterator

import numpy as np

from server.insights import drivers
from server.insights.discount import depth
from server.insights.findings import Diverged, Facts, Finding, Gap, UnusualRate
from server.insights.measured import Floats, Grid, Ints, Measured
from server.insights.option import COST, STEERED, Option, recent, span
from server.insights.parts import wholes
from server.insights.table import day_text

_LEAST_GROUPS = 8
_LEAST_WEEKS = 26
_STEADY = 0.6
"""How well the ranks of one half of the time must foretell those of the other."""
_SURE = 4.0
_ABOVE_NORM = 1.15
_HALF, _QUARTER = 0.5, 0.25
_LEAST_PART = 0.0002
"""Of the whole measure: what is smaller is not worth an option."""
_MOST = 6


def options(of: Measured, facts: Facts) -> list[Option]:
    """The largest expected effect first."""
    sums = [one.name for one in of.measures if not one.level]
    measure = next((name for name in sums if not COST.search(name)), None)
    if measure is None or of.time is None or not of.whole.periods.size:
        return []
    year = float(of.whole.sums[measure][0, -_year_periods(of.whole) :].sum())
    found = [
        *_lifts(of, measure),
        *_rates(of, measure),
        *_spells(of, facts, measure),
        *_paces(facts, measure),
        *depth(of, measure),
    ]
    worth = [one for one in found if one.expected >= _LEAST_PART * year]
    return sorted(worth, key=lambda one: -one.expected)[:_MOST]


def _year_periods(whole: Grid) -> int:
    return max(364 // max(whole.step, 1), 1)


def _lifts(of: Measured, measure: str) -> Iterator[Option]:
    """The weakest quarter of the groups to the middle one, when they are the weakest all the time."""
    for grid in sorted(of.grids, key=lambda grid: -len(grid.labels)):
        if not STEERED.search(grid.names[0]) or len(grid.labels) < _LEAST_GROUPS:
            continue
        weeks, year = recent(grid)
        values, counts = weeks.sums[measure][:, year], weeks.counts[:, year]
        width = values.shape[1]
        if weeks.step != 7 or width < _LEAST_WEEKS or float(values.min()) < 0:
            continue
        there = (counts > 0).mean(axis=1) > 0.9
        average = values[there].mean(axis=1)
        halves = [values[there][:, : width // 2].mean(axis=1), values[there][:, width // 2 :].mean(axis=1)]
        if average.size < _LEAST_GROUPS or _rank_correlation(*halves) < _STEADY:
            continue
        weak = np.logical_and.reduce([half <= np.quantile(half, _QUARTER) for half in halves])
        middle = float(np.median(average))
        gap = float((middle - average[weak]).clip(0).sum()) * width
        names = [grid.label(n) for n in np.flatnonzero(there)[weak].tolist()]
        if names:
            yield Option(
                "lift",
                measure,
                gap * _HALF,
                gap * _QUARTER,
                gap,
                *span(weeks, year),
                grid.names[0],
                names,
                {"middle_a_week": middle, "gap": gap},
                sql=grid.sql,
            )
            return  # the finest groups; a city's gap is that of its stores


def _rates(of: Measured, base: str) -> Iterator[Option]:
    """What costs (discount, refunds) down to the middle rate, for groups that are surely above it."""
    sums = [one.name for one in of.measures if not one.level and one.name != base]
    for cost in sums:
        if not COST.search(cost) or drivers.counts_pieces(cost) != drivers.counts_pieces(base):
            continue
        for grid in of.grids:
            found = _above_norm(grid, cost, base)
            if found is not None:
                yield found


def _above_norm(grid: Grid, cost: str, base: str) -> Option | None:
    weeks, year = recent(grid)
    top, bottom = weeks.sums[cost][:, year], weeks.sums[base][:, year]
    if weeks.step != 7 or top.shape[1] < _LEAST_WEEKS or len(grid.labels) < 4 or float(bottom.min()) < 0:
        return None
    weight = bottom.sum(axis=1)
    whole = top.sum(axis=0) / np.maximum(bottom.sum(axis=0), 1e-9)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(weight > 0, top.sum(axis=1) / weight, np.nan)
        # Against the rate of all in the same week, so that a sale of the chain is no group's fault.
        off = np.where(bottom > 0, top / bottom, np.nan) - whole
    known = np.sum(~np.isnan(off), axis=1)
    error = np.nanstd(off, axis=1, where=known[:, None] > 1) / np.sqrt(np.maximum(known, 1))
    norm = float(np.nanmedian(rate))
    high = (rate > _ABOVE_NORM * norm) & (rate - norm > _SURE * error) & (known >= _LEAST_WEEKS // 2)
    if not high.any() or norm <= 0:
        return None
    excess = float(((rate - norm) * weight)[high].sum())
    spread = 2 * float((error * weight)[high].sum())
    order = sorted(np.flatnonzero(high).tolist(), key=lambda n: -float((rate[n] - norm) * weight[n]))
    return Option(
        "rate",
        cost,
        excess,
        max(excess - spread, 0.0),
        excess + spread,
        *span(weeks, year),
        grid.names[0],
        [grid.label(n) for n in order],
        {"norm_percent": 100 * norm, "highest_percent": 100 * float(rate[order[0]])},
        sql=grid.sql,
    )


def _spells(of: Measured, facts: Facts, measure: str) -> Iterator[Option]:
    """What stood still, and what was given away for a while: the days that the findings name."""
    for finding in facts.findings:
        match finding:
            case Gap() if finding.group is not None:
                option = _shelf(of, finding, measure)
            case UnusualRate() if COST.search(finding.column) and finding.value > finding.usual:
                option = _given_away(of, finding)
            case _:
                continue
        if option is not None:
            yield option


def _shelf(of: Measured, gap: Gap, measure: str) -> Option | None:
    """By the group's usual part of what the others sold in these days."""
    found = _grid_of(of, gap.grouping, gap.group)
    if found is None:
        return None
    grid, group = found
    places = _places(grid, gap.first, gap.last)
    values = grid.sums[measure]
    whole = wholes(grid, values)[group]
    active = np.flatnonzero(grid.counts[group])
    if not places.size or not active.size or float(values.min()) < 0:
        return None
    inside = np.arange(active[0], active[-1] + 1)
    near = inside[(np.abs(inside - places.mean()) <= 8 + places.size) & (grid.counts[group, inside] > 0)]
    near = near if near.size >= 4 else inside[grid.counts[group, inside] > 0]
    share = values[group, near] / np.maximum(whole[near], 1e-9)
    usual, spread = float(np.median(share)), float(np.std(share))
    others = float((whole - values[group])[places].sum())
    lost = [part / max(1 - part, 1e-9) * others for part in (usual - spread, usual, usual + spread)]
    return Option(
        "shelf",
        measure,
        lost[1] * 0.75,
        max(lost[0], 0.0) * _HALF,
        lost[2],
        gap.first,
        gap.last,
        gap.grouping or "",
        [gap.group or ""],
        {"usual_percent": 100 * usual, "missed": lost[1]},
        [gap.fact],
        gap.sql,
    )


def _given_away(of: Measured, rate: UnusualRate) -> Option | None:
    found = _grid_of(of, rate.grouping, rate.group)
    if found is None:
        return None
    grid, group = found
    places = _places(grid, rate.first, rate.last)
    weight = float(grid.sums[rate.base][group, places].sum())
    excess = (rate.value - rate.usual) / 100 * weight
    spread = abs(excess) / max(abs(rate.distance), 1.0) * 2
    return Option(
        "leak",
        rate.column,
        excess,
        max(excess - spread, 0.0),
        excess + spread,
        rate.first,
        rate.last,
        rate.grouping,
        [rate.group],
        {"value_percent": rate.value, "usual_percent": rate.usual},
        [rate.fact],
        rate.sql,
    )


def _paces(facts: Facts, measure: str) -> Iterator[Option]:
    """A group that fell while the rest rose, back to the pace of the rest."""
    for one in facts.findings:
        if not isinstance(one, Diverged) or one.column != measure or one.percent >= one.rest_percent:
            continue
        if one.rest_percent <= 0 or not STEERED.search(one.grouping):
            continue
        gap = one.earlier * (1 + one.rest_percent / 100) - one.later
        time = next((c for c in facts.columns if c.role == "time"), None)
        if gap > 0 and time is not None:
            yield Option(
                "pace",
                measure,
                gap * _HALF,
                gap * _QUARTER,
                gap,
                time.first or "",
                time.last or "",
                one.grouping,
                [one.group],
                {"percent": one.percent, "rest_percent": one.rest_percent},
                [one.fact],
                one.sql,
            )


def _rank_correlation(one: Floats, other: Floats) -> float:
    return float(np.corrcoef(np.argsort(np.argsort(one)), np.argsort(np.argsort(other)))[0, 1])


def _grid_of(of: Measured, grouping: str | None, group: str | None) -> tuple[Grid, int] | None:
    for grid in (*of.grids, *of.pairs):
        if " and ".join(grid.names) == grouping:
            labels = [grid.label(n) for n in range(len(grid.labels))]
            return (grid, labels.index(group or "")) if group in labels else None
    return None


def _places(grid: Grid, first: str, last: str) -> Ints:
    days = [day_text(day) for day in grid.periods.tolist()]
    return np.array([n for n, day in enumerate(days) if first <= day <= last], dtype=np.int64)


def resting_on(found: list[Option], facts: Facts) -> list[Finding]:
    wanted = {fact for one in found for fact in one.facts}
    return [one for one in facts.findings if one.fact in wanted]
