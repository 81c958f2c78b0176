"""What is measured of a query's rows, summed inside its source: a few queries, each with a bounded answer.

Which questions are worth asking is told from the first rows. Running them, under the caller's rights, is the
business of who hands ``ask`` in.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from server.insights import drivers
from server.insights.asking import Asking
from server.insights.by_rows import MOST_CELLS, NOT_GIVEN, gridded, in_two, two_periods
from server.insights.calendar import day_of, step_of
from server.insights.described import ColumnFacts
from server.insights.measured import DAILY, WEEKLY, Floats, Grid, Ints, Measure, Measured, Periods, Values
from server.insights.repeats import RepeatedDay, days_with_repeats
from server.insights.roles import Roles, codes_of, described, roles
from server.insights.table import NO_DAY, Days, Numbers, Table, day_text
from shared.errors import QueryFailed

Ask = Callable[[str, int], Awaitable[Table]]
"""Runs SQL, and gives at most so many rows."""

_MOST_VALUES = 50_000
_WEEKLY_FROM = 100
"""Groups; fewer are told apart by day first."""
_STEPS_OF_MEAN = 500


@dataclass(frozen=True)
class _Asked:
    """Everything that one analysis asks with."""

    ask: Ask
    asking: Asking
    sample: Table
    facts: list[ColumnFacts]
    chosen: Roles


async def measured(
    ask: Ask, asking: Asking, sample: Table, interest: str = "", periods: Periods | None = None
) -> Measured:
    """``sample`` are the first rows. Raises what ``ask`` raises."""
    facts = [described(column, sample.rows) for column in sample.columns]
    names = [one.name for one in facts]
    asked = _Asked(ask, asking, sample, facts, roles(sample, facts, interest))
    chosen = asked.chosen
    profile, whole, singles, pairs, values = await asyncio.gather(
        _profile(asked),
        _grid(asked, ()),
        asyncio.gather(*(_grid(asked, (place,)) for place in chosen.groupings)),
        asyncio.gather(*(_grid(asked, pair, step=WEEKLY) for pair in chosen.pairs)),
        asyncio.gather(*(_values(asked, place) for place in chosen.measures)),
    )
    rows = int(_one(profile, "n"))
    described_again = [_described(asked, profile, place, rows) for place in range(len(facts))]
    for place, found in zip(chosen.measures, values, strict=True):
        if found is not None and found.values.size:
            described_again[place].median = found.quantile(0.5)
    between = periods or _usual(described_again, chosen)
    by_day = {grid.names[0]: grid for grid in singles if grid is not None and not grid.gathered}
    later = [place for place in chosen.groupings if names[place] not in by_day]
    (apart, repeats), compared = await asyncio.gather(
        _repeats(asked, described_again, rows), _compared(asked, later, between)
    )
    if between is not None and whole is not None:
        compared = [*(in_two(grid, whole, between) for grid in by_day.values()), *compared]
    return Measured(
        rows,
        described_again,
        None if chosen.time is None else names[chosen.time],
        [Measure(names[place], place in chosen.levels) for place in chosen.measures],
        whole if whole is not None else _nothing(),
        [grid for grid in singles if grid is not None and len(grid.labels) > 1],
        [grid for grid in pairs if grid is not None],
        {names[p]: found for p, found in zip(chosen.measures, values, strict=True) if found is not None},
        repeats,
        apart,
        {c.name: c.labels for c in sample.labels() if not c.too_many and len(c.labels) <= 2_000},
        between,
        compared,
        dropped=sample.dropped,
    )


async def _profile(asked: _Asked) -> Table:
    try:
        return await asked.ask(asked.asking.profile(), 1)
    except QueryFailed:  # a column whose values the source cannot compare
        return await asked.ask(asked.asking.profile(distinct=False), 1)


async def _grid(asked: _Asked, keys: tuple[int, ...], step: int = DAILY) -> Grid | None:
    """None when there are too many groups to be told apart."""
    time, measures = asked.chosen.time, asked.chosen.measures
    if time is not None and len(keys) == 1 and (asked.facts[keys[0]].distinct or 0) > _WEEKLY_FROM:
        step = WEEKLY
    if _comes_by_weeks(asked):
        step = DAILY  # the days that are there are the weeks
    text = asked.asking.sums(time, keys, measures, step)
    table = await asked.ask(text, MOST_CELLS)
    if table.truncated and time is not None and step == DAILY:
        text = asked.asking.sums(time, keys, measures, WEEKLY)
        table = await asked.ask(text, MOST_CELLS)
        step = WEEKLY
    if table.truncated:
        return None
    return await asyncio.to_thread(_gridded, asked, keys, table, text, gathered=step == WEEKLY)


def _comes_by_weeks(asked: _Asked) -> bool:
    time = None if asked.chosen.time is None else asked.sample.columns[asked.chosen.time]
    if not isinstance(time, Days):
        return False
    return step_of(np.unique(time.values[time.values != NO_DAY])) >= WEEKLY


def _gridded(
    asked: _Asked, keys: tuple[int, ...], table: Table, text: str, *, gathered: bool, missing: bool = False
) -> Grid:
    by_name = {column.name.lower(): column for column in table.columns}
    codes = np.zeros(table.rows, dtype=np.int64)
    labels: list[tuple[str, ...]] = [()]
    for n in range(len(keys)):
        own, texts = codes_of(by_name[f"g{n}"])
        if missing and (own < 0).any():
            own, texts = np.where(own < 0, len(texts), own), [*texts, NOT_GIVEN]
        codes = np.where((codes < 0) | (own < 0), -1, codes * len(texts) + own)
        labels = [(*label, text) for label in labels for text in texts]
    time = by_name.get("t")
    days = time.values if isinstance(time, Days) else None
    if isinstance(time, Numbers):  # which of two periods
        days = time.values.astype(np.int64)
    sums = {
        asked.facts[place].name: (_cells(by_name, f"s{n}"), _cells(by_name, f"k{n}"))
        for n, place in enumerate(asked.chosen.measures)
    }
    names = tuple(asked.facts[key].name for key in keys)
    return gridded(names, labels, codes, days, _cells(by_name, "n"), sums, sql=text, gathered=gathered)


async def _values(asked: _Asked, measure: int) -> Values | None:
    """Where there are too many different values, they are gathered in narrow steps."""
    table = await asked.ask(asked.asking.values(measure), _MOST_VALUES)
    width = 1.0
    if table.truncated:
        mean = abs(asked.facts[measure].mean or 0)
        width = mean / _STEPS_OF_MEAN
        if width <= 0:
            return None
        table = await asked.ask(asked.asking.values(measure, width), _MOST_VALUES)
    if table.truncated:
        return None
    by_name = {column.name.lower(): column for column in table.columns}
    values, counts = _cells(by_name, "v") * width, _cells(by_name, "n")
    order = np.argsort(values, kind="stable")
    return Values(values[order], counts[order], partial=width != 1.0)


def _usual(facts: Sequence[ColumnFacts], chosen: Roles) -> Periods | None:
    time = None if chosen.time is None else facts[chosen.time]
    if time is None or time.first is None or time.last is None:
        return None
    return drivers.usual(day_of(time.first), day_of(time.last))


async def _compared(asked: _Asked, keys: Sequence[int], between: Periods | None) -> list[Grid]:
    time, measures = asked.chosen.time, asked.chosen.measures
    if between is None or time is None:
        return []
    texts = [(key, asked.asking.compared(time, key, measures, between)) for key in keys]
    tables = await asyncio.gather(*(asked.ask(text, MOST_CELLS) for _, text in texts))
    return [
        two_periods(_gridded(asked, (key,), table, text, gathered=False, missing=True))
        for (key, text), table in zip(texts, tables, strict=True)
        if not table.truncated and table.rows
    ]


async def _repeats(
    asked: _Asked, facts: Sequence[ColumnFacts], rows: int
) -> tuple[list[str], list[RepeatedDay]]:
    """Rows without a number of their own have nothing to tell a repeat from two equal sales."""
    time = asked.chosen.time
    own = [place for place, one in enumerate(facts) if one.role == "id" and one.distinct == rows]
    if time is None or not own or len(facts) - len(own) < 2:
        return [], []
    table = await asked.ask(asked.asking.repeats(time, own), MOST_CELLS)
    by_name = {column.name.lower(): column for column in table.columns}
    days = by_name["t"]
    if not isinstance(days, Days) or table.truncated:
        return [], []
    counts = _cells(by_name, "n").astype(np.int64)
    repeats = counts - _cells(by_name, "m").astype(np.int64)
    return [facts[place].name for place in own], days_with_repeats(days.values, counts, repeats)


def _described(asked: _Asked, profile: Table, place: int, rows: int) -> ColumnFacts:
    """As the first rows have it, with the figures of all rows."""
    sampled = asked.facts[place]
    known = _one(profile, f"k{place}")
    if np.isnan(known):
        return ColumnFacts(sampled.name, sampled.role, sampled.missing)
    facts = ColumnFacts(sampled.name, sampled.role, rows - int(known))
    distinct = _one(profile, f"d{place}")
    facts.distinct = None if np.isnan(distinct) else int(distinct)
    column = asked.sample.columns[place]
    if isinstance(column, Numbers) and known:
        facts.least, facts.most = _one(profile, f"l{place}"), _one(profile, f"m{place}")
        if sampled.role in ("measure", "level"):
            total = _one(profile, f"s{place}")
            facts.mean = total / known
            facts.total = total if sampled.role == "measure" else None
    if isinstance(column, Days) and known:
        facts.first, facts.last = _day(profile, f"l{place}"), _day(profile, f"m{place}")
    return facts


def _cells(by_name: Mapping[str, object], name: str) -> Floats:
    """What is no usable number counts as nothing."""
    column = by_name[name]
    found: Floats = np.nan_to_num(column.values) if isinstance(column, Numbers) else np.empty(0)
    return found


def _one(table: Table, name: str) -> float:
    column = next((column for column in table.columns if column.name.lower() == name), None)
    return float(column.values[0]) if isinstance(column, Numbers) and column.values.size else float("nan")


def _day(table: Table, name: str) -> str | None:
    column = next((column for column in table.columns if column.name.lower() == name), None)
    return day_text(int(column.values[0])) if isinstance(column, Days) and column.values.size else None


def _nothing() -> Grid:
    empty: Ints = np.empty(0, dtype=np.int64)
    return Grid((), ((),), empty, DAILY, np.zeros((1, 1)), {}, {})
