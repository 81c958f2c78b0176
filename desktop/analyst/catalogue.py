"""Everything known about one connection: its tables, links, names, values and dates, read when wanted."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec

from desktop.analyst import sql
from desktop.analyst.intent import Place
from desktop.analyst.joins import Link, Links
from desktop.analyst.lexicon import CANON, GENERIC, MONEY_NOUNS
from desktop.analyst.names import Names
from desktop.analyst.numbers import as_date
from desktop.analyst.roles import Col, Role, entity_label, read_tables
from desktop.analyst.steps import last_of_month
from desktop.analyst.tokens import singular
from desktop.analyst.values import Values
from shared.wire import Schema

Wanted = tuple[Place, tuple[str | bool | int, ...]]
"""A column, and values of it."""


class Days(msgspec.Struct, frozen=True):
    """The dates of a column. ``monthly``: each is the first of a month, so the last month counts whole."""

    first: date | None
    last: date | None
    monthly: bool


class Catalogue:
    """Kept per connection and schema; what it asks the data is asked once."""

    def __init__(self, schema: Schema, fetch: Callable[[str], Sequence[Sequence[Any]]]) -> None:
        self.dialect = schema.dialect
        self._fetch = fetch
        self.tables = read_tables(schema)
        self.links = Links(self.tables, self.is_unique)
        self.names = Names(self.tables, self.links)
        self.values = Values(self.tables, fetch, schema.dialect)
        self._unique: dict[tuple[str, str], bool] = {}
        self._days: dict[Place, Days] = {}
        self._facts: dict[str, bool] = {}

    def column(self, place: Place) -> Col:
        return self.tables[place.table].get(place.column)

    def is_unique(self, table: str, column: str) -> bool:
        """Whether each value finds one row: declared, or counted in the data."""
        if self.tables[table].info.primary_key == [column]:
            return True
        if (table, column) not in self._unique:
            rows = self._fetch(sql.uniqueness(table, column, self.dialect))
            self._unique[(table, column)] = bool(rows) and int(rows[0][0]) == int(rows[0][1]) > 0
        return self._unique[(table, column)]

    def days(self, place: Place) -> Days:
        if place not in self._days:
            row = self._fetch(sql.date_facts(place.table, place.column, self.dialect))[0]
            monthly = int(row[2] or 0) > 1 and not int(row[3] or 0)
            last = as_date(row[1])
            self._days[place] = Days(
                as_date(row[0]), last_of_month(last) if last and monthly else last, monthly
            )
        return self._days[place]

    def overlap(self, inside: Wanted, also: Wanted) -> tuple[int, int]:
        """Of one table: how many rows have a value of ``inside``, and how many of them of ``also``."""
        (place, values), (other, others) = inside, also
        wanted = [(p.column, [sql.literal(v) for v in vs]) for p, vs in ((place, values), (other, others))]
        row = self._fetch(sql.overlap(place.table, wanted[0], wanted[1], self.dialect))[0]
        return int(row[0]), int(row[1])

    def ways(self, fact: str, place: Place) -> list[tuple[Link, ...]]:
        paths = self.links.paths(fact, place.table)
        return [p for p in paths if not place.via or any(link.said == place.via for link in p)]

    def dates_of(self, fact: str) -> list[Place]:
        """The date columns that say when a row of the fact happened: its own, or its header's."""
        own = [Place(fact, c.name) for c in self.tables[fact].dates()]
        if own:
            return own
        nouns = set(self.tables[fact].words)
        heads = [link.target for link in self.links.of(fact) if set(self.tables[link.target].words) & nouns]
        return [Place(head, c.name) for head in dict.fromkeys(heads) for c in self.tables[head].dates()]

    def is_fact(self, table: str) -> bool:
        """It records what happened: it is dated, points at other tables, or holds sums, and no name."""
        if table not in self._facts:
            self._facts[table] = self._looks_like_fact(table)
        return self._facts[table]

    def _looks_like_fact(self, table: str) -> bool:
        known = self.tables[table]
        dated = bool(known.dates())
        sums = any(c.role in (Role.ADD, Role.LEVEL) for c in known.columns)
        named = entity_label(known) is not None
        points = any(c.role is Role.KEY for c in known.columns)
        return (dated and (sums or points) and not named) or (sums and points and not named)

    def short_phrase(self, place: Place) -> str:
        """The shortest such words: ``net sales``, ``zone``."""
        known, column = self.tables[place.table], self.column(place)
        sells = any(CANON.get(w, w) in MONEY_NOUNS for w in known.words[-1:])
        as_noun = tuple(known.label if sells and w in GENERIC else w for w in column.words)
        for words in (as_noun, column.words):
            found = self.names.find(tuple(" ".join(words).split()))
            best = [t for t in found if t.strength == found[0].strength]
            if [(t.table, t.column) for t in best] == [(place.table, place.column)] and not place.via:
                return " ".join(words)
        return self.phrase(place)

    def phrase(self, place: Place) -> str:
        """Words that mean this column and no other, for a choice: ``store city``."""
        known, column = self.tables[place.table], self.column(place)
        words = " ".join(column.words)
        noun = singular(known.label)
        if place.via:
            return f"{place.via} {noun} {words}"
        return words if column.words[:1] == known.words[-1:] else f"{noun} {words}"
