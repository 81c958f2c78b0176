"""A figure over groups: shares, groups unlike the others, groups that went another way. Pure arithmetic."""

from dataclasses import dataclass

import numpy as np

from server.insights.described import Shares
from server.insights.measured import Floats, Grid, Ints
from server.insights.table import NO_DAY

_LEAST_GROUPS = 5
_MOST_GROUPS = 200
_TOLD = 10
_TWO_YEARS_MONTHS = 24
_MOVED = 0.08
_SURE = 4.5
_FAR = 5.0
"""Robust standard deviations from the middle of the groups, were they many."""
_FEW = 6
"""The fewer the points, the farther chance goes: limits grow by this many of their number."""


@dataclass(frozen=True)
class Share:
    """The largest group; ``of_groups`` there are in all, an even share would be 1 / of_groups."""

    group: int
    value: float
    total: float
    of_groups: int
    for_80_percent: int

    @property
    def part(self) -> float:
        return self.value / self.total


@dataclass(frozen=True)
class Outlier:
    """A group whose one figure lies far from the middle of the others."""

    group: int
    value: float
    middle: float
    distance: float


@dataclass(frozen=True)
class Diverging:
    """A group that moved by ``percent`` while the rest moved by ``rest_percent``, from the first half of
    the days to the second."""

    group: int
    percent: float
    rest_percent: float
    earlier: float
    later: float
    distance: float


def largest_share(groups: Ints, values: Floats) -> Share | None:
    """None when the figure cannot be shared out: negative parts, or nothing."""
    there = (groups >= 0) & ~np.isnan(values)
    if not there.any() or float(values[there].min()) < 0:
        return None
    totals = np.bincount(groups[there], weights=values[there])
    present = np.unique(groups[there]).size
    total = float(totals.sum())
    if total <= 0 or present < 2:
        return None
    running = np.cumsum(np.sort(totals)[::-1])
    needed = int(np.searchsorted(running, 0.8 * total)) + 1
    top = int(np.argmax(totals))
    return Share(top, float(totals[top]), total, int(present), needed)


def outliers(groups: Ints, values: Floats, most: int = 3) -> list[Outlier]:
    """Only where each group has one row: a rate, an average or a total already made."""
    there = (groups >= 0) & ~np.isnan(values)
    group, value = groups[there], values[there]
    if np.unique(group).size != group.size or group.size < _LEAST_GROUPS:
        return []
    measured = np.log(value) if float(value.min()) > 0 else value
    middle = float(np.median(measured))
    scale = 1.4826 * float(np.median(np.abs(measured - middle)))
    if scale <= 0:
        return []
    distance = (measured - middle) / scale
    # The fewer the groups, the less is known about how far they usually lie from each other.
    needed = _FAR * (1 + 12 / group.size)
    bulk = float(np.quantile(np.abs(distance), 0.75))
    far = np.flatnonzero(np.abs(distance) > max(needed, 4 * bulk))
    ranked = sorted(far.tolist(), key=lambda n: -abs(float(distance[n])))
    if len(ranked) > max(1, group.size // 6):
        return []
    return [
        Outlier(int(group[n]), float(value[n]), float(np.median(value)), float(distance[n]))
        for n in ranked[:most]
    ]


def diverging(groups: Ints, days: Ints, values: Floats, most: int = 3) -> list[Diverging]:
    """Groups whose part in the whole moved between the halves by more than its own unrest explains.

    Seasons and festivals that all groups share cancel out, because parts are compared, not totals.
    """
    there = (groups >= 0) & (days != NO_DAY) & ~np.isnan(values)
    group, day, value = groups[there], days[there], values[there]
    count = int(group.max()) + 1 if group.size else 0
    if not 2 <= count <= _MOST_GROUPS or float(value.min()) < 0:
        return []
    distinct, place = np.unique(day, return_inverse=True)
    blocks = min(distinct.size, _TWO_YEARS_MONTHS)
    if blocks < 8:
        return []
    block = place * blocks // distinct.size
    totals = np.bincount(group * blocks + block, weights=value, minlength=count * blocks)
    totals = totals.reshape(count, blocks)
    whole = totals.sum(axis=0)
    if float(whole.min()) <= 0:
        return []
    half = blocks // 2
    two_years = blocks == _TWO_YEARS_MONTHS and 715 <= int(distinct[-1] - distinct[0]) <= 745
    found = []
    for number in range(count):
        if float(totals[number].min()) <= 0:
            continue
        moved = _moved(totals[number], whole - totals[number], half, two_years=two_years)
        if moved is not None:
            found.append((number, *moved))
    ranked = sorted(found, key=lambda one: -abs(one[3]) * float(totals[one[0]].sum()) ** 0.5)
    return [
        Diverging(
            number,
            percent,
            rest,
            float(totals[number, :half].sum()),
            float(totals[number, -half:].sum()),
            distance,
        )
        for number, percent, rest, distance in ranked[:most]
    ]


def _moved(own: Floats, rest: Floats, half: int, *, two_years: bool) -> tuple[float, float, float] | None:
    if float(rest.min()) <= 0:
        return None
    odds = np.log(own / rest)
    early, late = odds[:half], odds[-half:]
    step = float(late.mean() - early.mean())
    if two_years:
        # Month against the same month: the seasons drop out; what is left of the unrest is told from one
        # month to the next, so that a steady decline does not hide itself.
        unrest = float(np.sqrt(np.mean(np.diff(late - early) ** 2) / 2 / half))
    else:
        unrest = float(np.hypot(early.std(ddof=1), late.std(ddof=1)) / np.sqrt(half))
    own_change = float(own[-half:].sum() / own[:half].sum() - 1)
    rest_change = float(rest[-half:].sum() / rest[:half].sum() - 1)
    if (
        abs(own_change - rest_change) < _MOVED
        or unrest <= 0
        or abs(step) < _SURE * (1 + _FEW / odds.size) * unrest
    ):
        return None
    return 100 * own_change, 100 * rest_change, step / unrest


def shares(grid: Grid, measure: str) -> Shares | None:
    """Over all periods together. None when the figure cannot be shared out: negative parts, or nothing."""
    totals = grid.sums[measure].sum(axis=1)
    total = float(totals.sum())
    if totals.size < 2 or float(totals.min()) < 0 or total <= 0:
        return None
    rising = np.sort(totals)
    percent = 100 * rising[::-1] / total
    place = np.arange(1, rising.size + 1)
    gini = float((2 * place - rising.size - 1) @ rising / (rising.size * total))
    order = np.argsort(-totals, kind="stable")[:_TOLD]
    return Shares(
        measure,
        grid.names[0],
        int(totals.size),
        [(grid.label(n), float(totals[n]), float(100 * totals[n] / total)) for n in order.tolist()],
        float((percent**2).sum()),
        gini,
        float(percent[: max(round(totals.size / 5), 1)].sum()),
        int(np.searchsorted(np.cumsum(percent), 80 - 1e-9)) + 1,
    )
