"""The rows behind a figure, for an insight: the day, what groups, what can be added up. Not summed here."""

from collections.abc import Iterator
from itertools import zip_longest

import msgspec
from sqlglot import exp

from desktop.analyst import sql
from desktop.analyst.catalogue import Catalogue
from desktop.analyst.intent import Intent, Place
from desktop.analyst.joins import Links
from desktop.analyst.roles import Col, Role, Table, entity_label
from desktop.analyst.select import Part

_FIGURES, _GROUPS = 4, 7
_MANY = 600
"""Different values; a column with more names things rather than groups them."""


class RowsOf(msgspec.Struct, frozen=True):
    """SQL and the columns that it gives."""

    sql: str
    groups: list[str]
    figures: list[str]


def rows_of(catalogue: Catalogue, intent: Intent) -> RowsOf | None:
    """Of the first fact, with its filters and within its period. None when it has no date or no figure."""
    fact = intent.facts[0]
    dates = catalogue.dates_of(fact)
    date = intent.dates.get(fact) or (dates[0] if len(dates) == 1 else None)
    table = catalogue.tables[fact]
    figures = _figures(table, intent)
    if date is None or not figures:
        return None
    plain = msgspec.structs.replace(
        intent, dimensions=(), against=None, conditions=(), dates={**intent.dates, fact: date}
    )
    part = Part(catalogue.tables, catalogue.links, catalogue.values, catalogue.dialect, plain, fact)
    taken: set[str] = set()

    def named(column: exp.Expr, name: str) -> exp.Expr:
        while name.casefold() in taken:
            name = f"{name}_2"
        taken.add(name.casefold())
        return exp.alias_(column, name, quoted=True, copy=False)

    columns = [named(part.column(date), date.column)]
    groups = [(place, name) for place, name in _groups(catalogue, fact)][:_GROUPS]
    columns += [named(part.tidy(place), name) for place, name in groups]
    columns += [named(part.column(Place(fact, one.name)), one.name) for one in figures]
    text = sql.render(part.select(columns), catalogue.dialect)
    return RowsOf(text, [name for _, name in groups], [one.name for one in figures])


def _figures(table: Table, intent: Intent) -> list[Col]:
    """What was asked about comes first; levels (stock) only when it is one of them."""
    asked = [table.find(m.column) for m in intent.measures if m.fact == table.name and m.column is not None]
    found = [one for one in asked if one is not None and one.role.is_measure]
    found += [one for one in table.columns if one.role is Role.ADD and one not in found]
    return found[:_FIGURES]


def _groups(catalogue: Catalogue, fact: str) -> Iterator[tuple[Place, str]]:
    """Of each table the coarsest first, then what names its rows, taken in turn: all sides are seen."""
    tables = [fact, *_near(catalogue.links, fact)]
    ranked = [list(_ranked(catalogue.tables[name], is_fact=name == fact)) for name in tables]
    for turn in zip_longest(*ranked):
        yield from (one for one in turn if one is not None)


def _near(links: Links, fact: str) -> list[str]:
    """Tables that exactly one way leads to."""
    return [
        name for name in sorted(links.reachable(fact)) if name != fact and len(links.paths(fact, name)) == 1
    ]


def _ranked(table: Table, *, is_fact: bool) -> Iterator[tuple[Place, str]]:
    label = None if is_fact else entity_label(table)
    info = {column.name: column for column in table.info.columns}
    texts = [one for one in table.columns if one.role is Role.TEXT and one != label]
    known = [one for one in texts if info[one.name].samples_complete]
    known.sort(key=lambda one: len(info[one.name].samples))
    few = label is not None and (table.info.row_estimate or _MANY + 1) <= _MANY
    order = [*known[:1], *([label] if few and label is not None else []), *known[1:]]
    order += [one for one in texts if one not in known]
    noun = table.words[-1] if table.words else table.name
    for one in order:
        yield Place(table.name, one.name), noun if one == label else one.name
