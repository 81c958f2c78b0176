"""Rows that are here, as columns of arrays, to what is measured of them. Sums only; nothing is concluded."""

import numpy as np

from server.insights import calendar, drivers
from server.insights.described import ColumnFacts
from server.insights.measured import WEEKLY, Floats, Grid, Ints, Measure, Measured, Periods, Values
from server.insights.repeats import RepeatedDay, repeated_days
from server.insights.roles import MOST_GROUPS, Roles, codes_of, described, roles
from server.insights.table import NO_DAY, Days, Numbers, Table

MOST_CELLS = 60_000
"""Of one grouping by day; beyond, weeks are told apart."""
MOST_TEXTS = 2_000
NOT_GIVEN = "(not given)"


def measured(table: Table, interest: str = "", periods: Periods | None = None) -> Measured:
    facts = [described(column, table.rows) for column in table.columns]
    chosen = roles(table, facts, interest)
    measures = [Measure(facts[place].name, place in chosen.levels) for place in chosen.measures]
    days = _days(table, chosen)
    whole = _grid(table, chosen, (), days)
    singles = [_grid(table, chosen, (place,), days) for place in chosen.groupings]
    apart, repeats = _repeats(table, chosen, facts)
    between = periods or _usual(days)
    return Measured(
        table.rows,
        facts,
        None if chosen.time is None else facts[chosen.time].name,
        measures,
        whole,
        [grid for grid in singles if len(grid.labels) > 1],
        [_grid(table, chosen, pair, days, coarse=True) for pair in chosen.pairs],
        {facts[place].name: _values(table.columns[place]) for place in chosen.measures},
        repeats,
        apart,
        {c.name: c.labels for c in table.labels() if not c.too_many and len(c.labels) <= MOST_TEXTS},
        between,
        [] if between is None else _compared(table, chosen, days, between),
        table.truncated,
        table.dropped,
    )


def _days(table: Table, chosen: Roles) -> Ints | None:
    if chosen.time is None:
        return None
    column = table.columns[chosen.time]
    return column.values if isinstance(column, Days) else None


def _grid(
    table: Table,
    chosen: Roles,
    keys: tuple[int, ...],
    days: Ints | None,
    *,
    coarse: bool = False,
    missing: bool = False,
) -> Grid:
    codes = np.zeros(table.rows, dtype=np.int64)
    labels: list[tuple[str, ...]] = [()]
    for key in keys:
        own, texts = codes_of(table.columns[key])
        if missing and (own < 0).any():
            own, texts = np.where(own < 0, len(texts), own), [*texts, NOT_GIVEN]
        codes = np.where((codes < 0) | (own < 0), -1, codes * len(texts) + own)
        labels = [(*label, text) for label in labels for text in texts]
    measures = {table.columns[place].name: _numbers(table, place) for place in chosen.measures}
    ones = np.ones(table.rows)
    names = tuple(table.columns[key].name for key in keys)
    return gridded(names, labels, codes, days, ones, measures, coarse=coarse)


def gridded(  # noqa: PLR0913 - the columns of a slice
    names: tuple[str, ...],
    labels: list[tuple[str, ...]],
    codes: Ints,
    days: Ints | None,
    counts: Floats,
    measures: dict[str, tuple[Floats, Floats]],
    *,
    coarse: bool = False,
    sql: str = "",
    gathered: bool = False,
) -> Grid:
    """``measures`` are sums and how many values each is of, an entry a row as in ``codes`` and ``days``."""
    there = codes >= 0
    if days is not None:
        there &= days != NO_DAY
    codes, counts = codes[there], counts[there]
    used, codes = np.unique(codes, return_inverse=True)
    labels = [labels[code] for code in used.tolist()]
    periods, step, place = np.empty(0, dtype=np.int64), 1, np.zeros(codes.size, dtype=np.int64)
    if days is not None and codes.size:
        days = days[there]
        step = calendar.step_of(np.unique(days))
        if step < WEEKLY and (coarse or _too_many(labels, days)):
            step, gathered = WEEKLY, True
        begun = calendar.begins(days, step) if step == WEEKLY else days
        periods = calendar.periods(begun, step)
        place = np.searchsorted(periods, begun)
        if place.size and (place.max() >= periods.size or np.any(periods[place] != begun)):
            periods, place = np.unique(begun, return_inverse=True)
    width = max(periods.size, 1)
    cell, size = codes * width + place, len(labels) * width

    def summed(weights: Floats) -> Floats:
        found: Floats = np.bincount(cell, weights=weights, minlength=size).astype(np.float64)
        return found.reshape(len(labels), width)

    sums = {name: summed(values[there]) for name, (values, _) in measures.items()}
    known = {name: summed(number[there]) for name, (_, number) in measures.items()}
    return Grid(names, tuple(labels), periods, step, summed(counts), sums, known, sql, gathered)


def _usual(days: Ints | None) -> Periods | None:
    there = np.empty(0) if days is None else days[days != NO_DAY]
    return drivers.usual(int(there.min()), int(there.max())) if there.size else None


def _compared(table: Table, chosen: Roles, days: Ints | None, between: Periods) -> list[Grid]:
    if days is None:
        return []
    later = (days >= between.first) & (days <= between.last)
    before = (days >= between.against_first) & (days <= between.against_last)
    place = np.where(later, 1, np.where(before, 0, NO_DAY)).astype(np.int64)
    found = [_grid(table, chosen, (key,), place, missing=True) for key in chosen.groupings]
    return [two_periods(grid) for grid in found]


def in_two(grid: Grid, whole: Grid, between: Periods) -> Grid:
    """The sums of two periods, from those of days; rows without a group are one more, so that all add up."""
    labels = [*grid.labels]
    places = [
        whole.between(between.against_first, between.against_last),
        whole.between(between.first, between.last),
    ]
    own = [
        grid.between(between.against_first, between.against_last),
        grid.between(between.first, between.last),
    ]

    def both(cells: Floats, all_cells: Floats) -> Floats:
        found: Floats = np.column_stack([cells[:, one].sum(axis=1) for one in own])
        everything = np.array([all_cells[0, one].sum() for one in places])
        return np.vstack([found, everything - found.sum(axis=0)])

    counts = both(grid.counts, whole.counts)
    sums = {name: both(cells, whole.sums[name]) for name, cells in grid.sums.items()}
    known = {name: both(cells, whole.known[name]) for name, cells in grid.known.items()}
    keep = slice(None) if counts[-1].any() else slice(None, -1)
    return Grid(
        grid.names,
        tuple([*labels, (NOT_GIVEN,)][keep]),
        np.array([0, 1], dtype=np.int64),
        1,
        counts[keep],
        {name: cells[keep] for name, cells in sums.items()},
        {name: cells[keep] for name, cells in known.items()},
        grid.sql,
    )


def two_periods(grid: Grid) -> Grid:
    """The same with both columns, also where nothing is in one of them."""
    if grid.periods.tolist() == [0, 1]:
        return grid
    place = grid.periods.tolist()

    def both(cells: Floats) -> Floats:
        found: Floats = np.zeros((len(grid.labels), 2))
        found[:, place] = cells[:, : len(place)]
        return found

    return Grid(
        grid.names,
        grid.labels,
        np.array([0, 1], dtype=np.int64),
        1,
        both(grid.counts),
        {name: both(cells) for name, cells in grid.sums.items()},
        {name: both(cells) for name, cells in grid.known.items()},
        grid.sql,
    )


def _too_many(labels: list[tuple[str, ...]], days: Ints) -> bool:
    return len(labels) > MOST_GROUPS or len(labels) * (int(days.max() - days.min()) + 1) > MOST_CELLS


def _numbers(table: Table, place: int) -> tuple[Floats, Floats]:
    column = table.columns[place]
    values = column.values if isinstance(column, Numbers) else np.full(table.rows, np.nan)
    known = ~np.isnan(values)
    return np.where(known, values, 0.0), known.astype(np.float64)


def _values(column: object) -> Values:
    values = column.values if isinstance(column, Numbers) else np.empty(0)
    found, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return Values(found, counts.astype(np.float64))


def _repeats(table: Table, chosen: Roles, facts: list[ColumnFacts]) -> tuple[list[str], list[RepeatedDay]]:
    """Rows without a number of their own have nothing to tell a repeat from two equal sales."""
    if chosen.time is None:
        return [], []
    time = table.columns[chosen.time]
    ids = [column for column, one in zip(table.columns, facts, strict=True) if one.role == "id"]
    own = [column for column in ids if np.unique(column.values).size == table.rows]
    others = [column for column in table.columns if column is not time and column not in own]
    if not own or not others or not isinstance(time, Days):
        return [], []
    return [column.name for column in own], repeated_days(time, others)
