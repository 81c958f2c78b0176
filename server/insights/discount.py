"""What a point of discount does, told from how pieces followed it. Pure arithmetic."""

import re
from collections.abc import Iterator

import numpy as np

from server.insights import drivers
from server.insights.measured import Floats, Measured
from server.insights.option import STEERED, Option, recent, span

_LEAST_WEEKS = 26


def depth(of: Measured, money: str) -> Iterator[Option]:
    """One point less discount: what it would bring when pieces follow discount as they did within groups,
    beyond what all groups did in the same week (a panel with effects of group and time)."""
    discount = next((m.name for m in of.measures if re.search(r"(?i)discount|markdown|rebate", m.name)), None)
    pieces = next((m.name for m in of.measures if drivers.counts_pieces(m.name)), None)
    if discount is None or pieces is None or discount == money or drivers.counts_pieces(money):
        return
    grids = [grid for grid in of.grids if not STEERED.search(grid.names[0]) and len(grid.labels) >= 4]
    if not grids:
        return
    grid, year = recent(max(grids, key=lambda grid: len(grid.labels)))
    gross = grid.sums[money] + grid.sums[discount]
    usable = (grid.sums[pieces] > 0) & (gross > 0) & (grid.counts >= 20)
    if grid.step != 7 or usable.sum() < 4 * _LEAST_WEEKS:
        return
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(usable, grid.sums[discount] / gross, np.nan)
        amount = np.where(usable, np.log(grid.sums[pieces]), np.nan)
    slope = _slope(_within(rate), _within(amount))
    if slope is None:
        return
    net = float(grid.sums[money][:, year].sum())
    share = float(grid.sums[discount][:, year].sum() / max(gross[:, year].sum(), 1e-9))
    beta, error = slope
    effects = sorted(0.01 * net * (1 / (1 - share) - b) for b in (beta - 2 * error, beta, beta + 2 * error))
    if effects[0] <= 0:
        return
    yield Option(
        "discount",
        money,
        effects[1],
        effects[0],
        effects[2],
        *span(grid, year),
        grid.names[0],
        [],
        {"discount_percent": 100 * share, "pieces_percent_per_point": beta},
        sql=grid.sql,
    )


def _within(cells: Floats) -> Floats:
    """Without what a group has always and what all have in a period; three rounds bring unequal panels
    close."""
    left = cells
    for _ in range(3):
        left = left - np.nanmean(left, axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            counts = np.maximum(np.sum(~np.isnan(left), axis=0), 1)
        left = left - np.nansum(left, axis=0) / counts
    return left


def _slope(x: Floats, y: Floats) -> tuple[float, float] | None:
    """With its standard error, clustered by group."""
    power = float(np.nansum(x * x))
    if power <= 1e-6:
        return None
    slope = float(np.nansum(x * y)) / power
    scores = np.nansum(np.nan_to_num(x) * np.nan_to_num(y - slope * x), axis=1)
    return slope, float(np.sqrt((scores**2).sum())) / power
