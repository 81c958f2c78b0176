"""What each column is for: a measure, a level, the time, a grouping, an id. By its name and its values."""

import re
from dataclasses import dataclass

import numpy as np

from server.insights.described import ColumnFacts
from server.insights.table import NO_DAY, AnyColumn, Days, Ints, Labels, Numbers, Table, day_text

MEASURES, GROUPINGS, PAIRS = 4, 6, 3
MOST_GROUPS, MOST_PAIRS = 400, 400
_FEW_NUMBERS = 500
"""A number that only names things groups by them when so few are named."""

_ID = re.compile(r"(?i)(^|[_\s])(id|no|code|key|number|pin|phone)$")
_LEVEL = re.compile(
    r"(?i)(^|[_\s])(percent|pct|rate|ratio|share|avg|average|mean|median|price|mrp|growth|margin|age|year|month)"
    r"($|[_\s])"
)
"""Names of figures that must not be added up."""


@dataclass(frozen=True)
class Roles:
    """Columns by their place in the table. ``pairs`` are groupings that are worth crossing."""

    time: int | None
    measures: list[int]
    levels: frozenset[int]
    groupings: list[int]
    pairs: list[tuple[int, int]]
    ids: list[int]


def described(column: AnyColumn, rows: int) -> ColumnFacts:
    match column:
        case Numbers():
            return _described_numbers(column)
        case Days():
            there = column.values[column.values != NO_DAY]
            facts = ColumnFacts(column.name, "time" if there.size else "other", rows - there.size)
            if there.size:
                facts.distinct = int(np.unique(there).size)
                facts.first, facts.last = day_text(int(there.min())), day_text(int(there.max()))
            return facts
        case Labels():
            missing = int(np.count_nonzero(column.values == -1))
            distinct = len(column.labels)
            one_row_each = distinct == rows - missing <= 2_000
            few = 2 <= distinct <= max(50, (rows - missing) // 2) or (one_row_each and distinct > 1)
            few = few and not column.too_many
            role = "id" if _ID.search(column.name) and distinct > 50 else "group" if few else "other"
            return ColumnFacts(column.name, role, missing, None if column.too_many else distinct)


def roles(table: Table, facts: list[ColumnFacts], interest: str = "") -> Roles:
    """Columns named in ``interest`` come first, then those with the largest totals: money before pieces."""
    wanted = interest.lower().replace("_", " ")

    def unwanted(place: int) -> bool:
        return facts[place].name.lower().replace("_", " ") not in wanted

    def all_of(*names: str) -> list[int]:
        return [place for place, one in enumerate(facts) if one.role in names]

    measures = sorted(
        all_of("measure", "level"), key=lambda place: (unwanted(place), -abs(facts[place].total or 0))
    )
    groupings = [place for place in all_of("group") if (facts[place].distinct or 0) <= 2_000]
    groupings += [place for place in all_of("id") if _names_few(table.columns[place], facts[place])]
    groupings = sorted(groupings, key=unwanted)[:GROUPINGS]
    times = sorted(all_of("time"), key=unwanted)
    return Roles(
        times[0] if times else None,
        measures[:MEASURES],
        frozenset(place for place in measures if facts[place].role == "level"),
        groupings,
        _pairs(table, groupings),
        [place for place in all_of("id") if place not in groupings],
    )


def _names_few(column: AnyColumn, facts: ColumnFacts) -> bool:
    if not isinstance(column, Numbers):
        return False
    there = column.values[~np.isnan(column.values)]
    distinct = int(np.unique(there).size)
    facts.distinct = distinct
    return 2 <= distinct <= _FEW_NUMBERS and distinct <= there.size // 4


def codes_of(column: AnyColumn) -> tuple[Ints, list[str]]:
    """A grouping's values as numbers from 0, -1 where there is none, and their names."""
    if isinstance(column, Labels):
        return column.values, column.labels
    known, codes = np.unique(column.values, return_inverse=True)
    missing = np.isnan(known)
    codes = np.where(missing[codes], -1, codes).astype(np.int64)
    return codes, [f"{value:.0f}" for value in known[~missing]]


def _pairs(table: Table, groupings: list[int]) -> list[tuple[int, int]]:
    """Crossing a city with its own zone tells nothing: what one column decides of the other is left out."""
    found: list[tuple[int, int, int]] = []
    for at, one in enumerate(groupings):
        for other in groupings[at + 1 :]:
            first, first_labels = codes_of(table.columns[one])
            second, second_labels = codes_of(table.columns[other])
            most = len(first_labels) * len(second_labels)
            if most > MOST_PAIRS:
                continue
            there = (first >= 0) & (second >= 0)
            seen = int(np.unique(first[there] * len(second_labels) + second[there]).size)
            if seen > 1.5 * max(len(first_labels), len(second_labels)):
                found.append((most, one, other))
    found.sort(key=lambda pair: -pair[0])
    return [(one, other) for _, one, other in found[:PAIRS]]


def _described_numbers(column: Numbers) -> ColumnFacts:
    there = column.values[~np.isnan(column.values)]
    missing = int(column.values.size - there.size)
    if not there.size:
        return ColumnFacts(column.name, "other", missing)
    role = "id" if _ID.search(column.name) else "level" if _LEVEL.search(column.name) else "measure"
    facts = ColumnFacts(column.name, role, missing, least=float(there.min()), most=float(there.max()))
    if role != "id":
        facts.mean, facts.median = float(there.mean()), float(np.median(there))
        facts.total = float(there.sum()) if role == "measure" else None
    return facts
