"""Groups over time: shares far from their usual, spells without any row, rates unlike the others'. Pure.

A group is compared with its own part of the whole, so that what all groups share (a festival, a season, a
growing chain) cancels out. Limits are set so that a table of noise has a surprise in fewer than one of a
hundred; tests hold them there.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from server.insights.measured import Floats, Grid, Ints, Noise
from server.insights.series import FAR_OF_MANY, around

_LEAST_PERIODS = 12
LEAST_EXPECTED = 20.0
"""Rows that a group should have in a period for its share there to say anything."""
_SILENT = 14.0
"""How unlikely a silence must be, as a power of e, beyond the number of places to look at."""
_MOST_SILENCES = 2
_LARGE_SHARE = 0.5
_MATTERS = 0.0003
"""Of the whole measure: what an episode must move."""
_WIDESPREAD = 0.25
_RATE_FAR = 9.0
_RATE_ROWS = 120
"""Rows that an episode must have in all."""
_RATE_MATTERS = 0.25
"""Of the usual rate."""


@dataclass(frozen=True)
class Spell:
    """Periods of one group, by their places. ``value`` and ``usual`` are over all of them together."""

    group: int
    first: int
    last: int
    value: float
    usual: float
    distance: float
    expected_rows: float = 0.0

    @property
    def periods(self) -> int:
        return self.last - self.first + 1


def wholes(grid: Grid, cells: Floats) -> Floats:
    """For each group, what it is a part of: of a pair all with the same second label, else everything."""
    if len(grid.names) < 2:
        return np.broadcast_to(cells.sum(axis=0), cells.shape)
    second = _seconds(grid)
    totals: Floats = np.zeros((int(second.max()) + 1, cells.shape[1]))
    np.add.at(totals, second, cells)
    return totals[second]


def silences(grid: Grid) -> list[Spell]:
    """Runs of periods without any row of a group that always has some: by its usual share of the rows,
    chance (a Poisson count) would hardly leave it empty."""
    groups, periods = grid.counts.shape
    if periods < _LEAST_PERIODS or groups < 2:
        return []
    whole = wholes(grid, grid.counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(whole > 0, grid.counts / whole, np.nan)
    found: list[Spell] = []
    needed = _SILENT + np.log(groups * periods)
    for group in range(groups):
        own = grid.counts[group]
        active = np.flatnonzero(own)
        if active.size < _LEAST_PERIODS:
            continue
        inside = slice(int(active[0]), int(active[-1]) + 1)
        usual = float(np.nanquantile(share[group, inside], 0.25))
        others = whole[group] - own
        # Judged by no more than it usually has itself: next to few others a large share says little.
        by_share = usual / max(1 - usual, 1e-9) * others
        at_least = np.minimum(by_share, float(np.quantile(own[inside], 0.5)))
        told = by_share if usual < _LARGE_SHARE else at_least
        runs = [
            (start, end, float(at_least[start : end + 1].sum()), float(told[start : end + 1].sum()))
            for start, end in _runs(own[inside] == 0, inside.start)
        ]
        sure = [run for run in runs if run[2] > needed]
        if 0 < len(sure) <= _MOST_SILENCES and len(runs) <= 4 * _MOST_SILENCES:
            found += [
                Spell(group, start, end, 0.0, rows, -float(np.sqrt(rows)), rows)
                for start, end, _, rows in sure
            ]
    return sorted(found, key=lambda one: -one.expected_rows)


def unusual_shares(grid: Grid, measure: str, noise: Noise | None = None) -> list[Spell]:
    """Percent of the whole; ``value`` and ``usual`` are averages over the periods."""
    values = grid.sums[measure]
    groups, periods = values.shape
    if periods < _LEAST_PERIODS or groups < 2 or float(values.min()) < 0:
        return []
    whole = wholes(grid, values)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(whole > 0, 100 * values / whole, np.nan)
    usual = around(share, grid.step)
    # Where each group has one row a period, it was summed before, and says nothing of how few it rests on.
    summed = grid.counts.max() <= 1
    enough = whole > 0 if summed else around(grid.counts, grid.step) >= LEAST_EXPECTED
    away = np.where(enough, share - usual, np.nan)
    distance = _distances(away)
    moved = np.abs(np.nan_to_num(away)) / 100 * whole
    matters = _MATTERS * float(values.sum())
    found = []
    for spell in _spells(distance, FAR_OF_MANY * (1 + 0.25 * (len(grid.names) > 1))):
        places = slice(spell.first, spell.last + 1)
        by = float(moved[spell.group, places].sum())
        if by < matters:
            continue
        rows = float(np.nansum(around(grid.known[measure][spell.group], grid.step)[places]))
        if noise is not None and not summed and not noise.surely(by, rows):
            continue
        found.append(
            Spell(
                spell.group,
                spell.first,
                spell.last,
                float(np.nanmean(share[spell.group, places])),
                float(np.nanmean(usual[spell.group, places])),
                spell.distance,
            )
        )
    return found


def unusual_rates(grid: Grid, measure: str, base: str, varies: Noise | None = None) -> list[Spell]:
    """``measure`` in percent of ``base``, where it is far from what the group and the time together would
    have (group + time − all, as in a two-way table)."""
    top, bottom = grid.sums[measure], grid.sums[base]
    groups, periods = bottom.shape
    if periods < _LEAST_PERIODS or groups < 3 or float(top.min()) < 0 or float(bottom.min()) < 0:
        return []
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(bottom > 0, 100 * top / bottom, np.nan)
        whole = 100 * top.sum(axis=0) / bottom.sum(axis=0)
    if len(grid.names) > 1:
        expected = _crossed(grid, top, bottom) - whole
    else:
        expected = np.broadcast_to(whole, rate.shape)
    enough = grid.counts >= LEAST_EXPECTED
    residual = np.where(enough, rate - expected, np.nan)
    own = _median(residual, axis=1)
    usual = expected + own[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        # A high rate of few rows varies more; what is left is alike for all periods.
        noise = np.sqrt(np.maximum(usual, 0.1) / grid.counts)
    distance = _distances((residual - own[:, None]) / noise)
    with np.errstate(invalid="ignore"):
        common = np.nanmean(np.abs(distance) > _RATE_FAR / 2, axis=0) > _WIDESPREAD
    distance[:, common] = 0
    found = []
    for spell in _spells(distance, _RATE_FAR):
        places = slice(spell.first, spell.last + 1)
        weight = float(bottom[spell.group, places].sum())
        value = 100 * float(top[spell.group, places].sum()) / weight if weight else 0.0
        was = float(np.nanmean(usual[spell.group, places]))
        rows = float(grid.counts[spell.group, places].sum())
        moved = (value - was) / 100 * weight
        with_it = float(grid.known[measure][spell.group, places].sum())
        if varies is not None and not varies.surely(moved, with_it):
            continue
        if rows < _RATE_ROWS or was <= 0 or abs(value - was) < _RATE_MATTERS * was:
            continue
        found.append(Spell(spell.group, spell.first, spell.last, value, was, spell.distance))
    return sorted(found, key=lambda one: -abs(one.distance) * one.periods**0.5)


def _crossed(grid: Grid, top: Floats, bottom: Floats) -> Floats:
    """For each pair, its first label's rate plus its second's, period by period."""
    total: Floats = np.zeros(top.shape)
    for place in (0, 1):
        names = {text: n for n, text in enumerate(dict.fromkeys(one[place] for one in grid.labels))}
        code = np.array([names[one[place]] for one in grid.labels], dtype=np.int64)
        above, below = np.zeros((len(names), top.shape[1])), np.zeros((len(names), top.shape[1]))
        np.add.at(above, code, top)
        np.add.at(below, code, bottom)
        with np.errstate(invalid="ignore", divide="ignore"):
            total = total + np.where(below > 0, 100 * above / below, np.nan)[code]
    return total


def _seconds(grid: Grid) -> Ints:
    names = {text: n for n, text in enumerate(dict.fromkeys(one[1] for one in grid.labels))}
    return np.array([names[one[1]] for one in grid.labels], dtype=np.int64)


def _median(cells: Floats, axis: int) -> Floats:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a group of which nothing is known
        found: Floats = np.nanmedian(cells, axis=axis)
    return found


def _distances(away: Floats) -> Floats:
    """In robust standard deviations of each group; 0 where nothing is known, or nothing varies."""
    middle = _median(away, axis=1)[:, None]
    scale = 1.4826 * _median(np.abs(away - middle), axis=1)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.where(scale > 0, away / scale, 0.0)
    return np.nan_to_num(distance)


def _spells(distance: Floats, far: float) -> list[Spell]:
    """Runs beyond ``far`` on one side, also across one period between; none of a group that is often
    there."""
    found = []
    bulk = np.quantile(np.abs(distance), 0.9, axis=1)
    for group in np.flatnonzero(np.abs(distance).max(axis=1) > far).tolist():
        own = distance[group]
        beyond = np.abs(own) > max(far, 2.2 * float(bulk[group]))
        if np.count_nonzero(beyond) > own.size // 5:
            continue
        runs: list[list[int]] = []
        for place in np.flatnonzero(beyond).tolist():
            last = runs[-1][-1] if runs else None
            if last is not None and place - last <= 3 and (own[place] > 0) == (own[last] > 0):
                runs[-1].append(place)
            else:
                runs.append([place])
        for run in runs:
            places = np.array(run)
            strongest = float(own[places][np.argmax(np.abs(own[places]))])
            found.append(Spell(group, run[0], run[-1], 0.0, 0.0, strongest))
    return sorted(found, key=lambda one: -abs(one.distance) * one.periods**0.5)


def _runs(empty: npt.NDArray[np.bool_], offset: int) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(np.int8), [0]])))
    return [(offset + int(a), offset + int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
