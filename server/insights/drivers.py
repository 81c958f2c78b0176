"""What a change came from: which groups, and whether price, volume or mix. Pure arithmetic that adds up.

Groups: each one's change; they are parts of the whole, so their changes sum to its change. Price, volume,
mix, with a quantity q and an average price p for each group, before (0) and after (1), Q and P of all
together: volume = (Q1 − Q0)·P0, mix = Σ q1·p0 − Q1·P0, price = Σ q1·(p1 − p0); their sum is the change of Σ
q·p. A group that is new has no price before; it takes its own of now, and so counts as mix.
"""

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from server.insights import calendar
from server.insights.findings import Driven, Finding, Part, PriceVolumeMix
from server.insights.measured import Floats, Grid, Measured, Periods
from server.insights.table import day_text
from shared.errors import InvalidRequest

_TOLD, _MOST_GROUPINGS = 6, 4
_TWO_YEARS = 728
_LEAST_DAYS = 28
_QUANTITY = re.compile(r"(?i)(^|[_\s])(qty|quantity|units?|pieces|pcs|nos|sold)($|[_\s])")


def counts_pieces(measure: str) -> bool:
    return bool(_QUANTITY.search(measure))


def asked(period: Sequence[str], against: Sequence[str], newest: int | None = None) -> Periods | None:
    """From two days each as ISO text. Without ``against`` the same weekdays a year before, as many whole
    weeks as a year has; raises InvalidRequest. None when no period is asked about."""
    if not period:
        if against:
            raise InvalidRequest("against takes a period to compare it with.")
        return None
    first, last = _two_days(period, "period")
    before = _two_days(against, "against") if against else (first - 364, last - 364)
    if newest is not None and first > newest:
        raise InvalidRequest("The period begins after the newest day in the data.")
    return Periods(first, last, *before)


def usual(first: int, last: int) -> Periods | None:
    """The last 52 weeks against the 52 before, or the later half of the days against the earlier, in whole
    weeks."""
    days = last - first + 1
    if days >= _TWO_YEARS:
        return Periods(last - 363, last, last - 727, last - 364)
    half = days // 14 * 7
    return None if days < _LEAST_DAYS else Periods(last - half + 1, last, last - 2 * half + 1, last - half)


def _two_days(texts: Sequence[str], name: str) -> tuple[int, int]:
    try:
        first, last = (calendar.day_of(text) for text in texts)
    except ValueError as error:
        raise InvalidRequest(
            f"{name} is two days, its first and its last: 2025-10-01, 2025-10-31."
        ) from error
    if last < first:
        raise InvalidRequest(f"{name} ends before it begins.")
    return first, last


def change(of: Measured, periods: Periods | None) -> list[Finding]:
    """Of the first measure that is added up, by every grouping; the one with the most telling groups
    first."""
    between = of.between
    measure = next((one.name for one in of.measures if not one.level), None)
    if between is None or measure is None or of.time is None:
        return []
    found: list[Finding] = []
    for grid in of.compared:
        one = _driven(grid, measure, of.time, between)
        if one is not None:
            found.append(one)
    found.sort(key=_telling, reverse=True)
    found = [
        msgspec.structs.replace(one, follows=place > 0) for place, one in enumerate(found[:_MOST_GROUPINGS])
    ]
    quantity = next((m.name for m in of.measures if _QUANTITY.search(m.name) and m.name != measure), None)
    if quantity is not None:
        found += _mixes(of, measure, quantity, between)
    if periods is not None:
        return found
    mixes = [one for one in found if isinstance(one, PriceVolumeMix)]
    return [one for one in found if one not in mixes][:2] + mixes


def _telling(found: Finding) -> float:
    """How much of the change the groups told make, for how few of all they are."""
    if not isinstance(found, Driven) or not found.change:
        return 0.0
    told = sum(part.change for part in found.parts[:3]) / found.change
    return min(abs(told), 1.0) - 3 / max(found.rest_groups + len(found.parts), 3)


def _driven(grid: Grid, measure: str, time: str, between: Periods) -> Driven | None:
    before, after = grid.sums[measure][:, 0], grid.sums[measure][:, 1]
    if not (before.any() or after.any()):
        return None
    step = after - before
    total = float(after.sum()) - float(before.sum())
    order = np.argsort(-np.abs(step), kind="stable")
    told = order[:_TOLD].tolist()
    present = grid.counts > 0
    parts = [
        Part(
            grid.label(n),
            float(before[n]),
            float(after[n]),
            float(step[n]),
            new=not present[n, 0],
            gone=not present[n, 1],
        )
        for n in told
    ]
    earlier = float(before.sum())
    return Driven(
        measure,
        time,
        grid.names[0],
        *_days(between),
        earlier,
        float(after.sum()),
        total,
        100 * total / earlier if earlier > 0 else None,
        parts,
        len(order) - len(told),
        total - sum(part.change for part in parts),
        sql=grid.sql,
    )


def _mixes(of: Measured, money: str, quantity: str, between: Periods) -> list[Finding]:
    found: list[Finding] = []
    for grid in sorted(of.compared, key=lambda grid: -len(grid.labels)):
        parts = decomposed(grid.sums[quantity], grid.sums[money])
        if parts is not None:
            volume, price, mix = parts
            total = float(grid.sums[money][:, 1].sum() - grid.sums[money][:, 0].sum())
            days = _days(between)
            found.append(
                PriceVolumeMix(
                    money,
                    quantity,
                    of.time or "",
                    grid.names[0],
                    *days,
                    total,
                    volume,
                    price,
                    mix,
                    sql=grid.sql,
                )
            )
    return found[:1]


def decomposed(quantity: Floats, money: Floats) -> tuple[float, float, float] | None:
    """Volume, price and mix; a row a group, two columns: before and after. None without pieces."""
    q0, q1, a0, a1 = quantity[:, 0], quantity[:, 1], money[:, 0], money[:, 1]
    if min(float(q0.sum()), float(q1.sum())) <= 0 or float(quantity.min()) < 0:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        p1 = np.where(q1 > 0, a1 / q1, 0.0)
        p0 = np.where(q0 > 0, a0 / q0, p1)
    usual_price = float(a0.sum()) / float(q0.sum())
    at_old_prices = float((q1 * p0).sum())
    volume = (float(q1.sum()) - float(q0.sum())) * usual_price
    mix = at_old_prices - float(q1.sum()) * usual_price
    return volume, float(a1.sum()) - at_old_prices, mix


def _days(between: Periods) -> tuple[str, str, str, str]:
    return (
        day_text(between.first),
        day_text(between.last),
        day_text(between.against_first),
        day_text(between.against_last),
    )
