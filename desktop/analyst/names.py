"""What tables and columns may be called: an index from words to them. No meaning of whole questions."""

from functools import lru_cache

import msgspec

from desktop.analyst.joins import Link, Links
from desktop.analyst.lexicon import CANON, GENERIC, KEY_ENDINGS
from desktop.analyst.roles import Col, Role, Table
from desktop.analyst.tokens import singular

_UNITS = frozenset(("sqft", "sqm", "km", "kg", "inr", "rs", "usd", "mb", "gb", "kwh", "litre", "liter"))
_DATE_ENDINGS = frozenset(("on", "at", "date", "dt", "ts", "time", "day"))
FULL, CALLED, PART, PART_CALLED = 4, 3, 2, 1
LONGEST = 6
_REMEMBERED = 2_000


class Target(msgspec.Struct, frozen=True, gc=False):
    """A table (``column`` empty) or a column that words may mean. ``strength``: how well they fit.
    ``implied``: the words are the table's noun standing for its money (``net sales``). ``via`` names
    the link (``origin`` airport)."""

    table: str
    column: str
    strength: int
    implied: bool = False
    via: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        return self.table, self.column, self.via


_Targets = dict[tuple[str, str, str], Target]
_Index = dict[tuple[str, ...], _Targets | Target]
"""Most names lead to one place, and then to it at once: a hundred thousand columns have a million names."""


class Names:
    """The index of one schema."""

    def __init__(self, tables: dict[str, Table], links: Links) -> None:
        self._exact: _Index = {}
        self._called: _Index = {}
        self._found: dict[tuple[str, ...], tuple[Target, ...]] = {}
        for table in tables.values():
            self._table(table)
            for column in table.columns:
                self._column(table, column)
            for link in links.said_of(table.name):
                self._linked(link, tables[link.target])

    def _linked(self, link: Link, table: Table) -> None:
        """``origin city`` and ``origin airport`` where a table points twice at airports."""
        said, noun = tuple(link.said.split()), table.words[-1:]
        self._add((*said, *noun), table.name, "", whole=True, via=link.said)
        self._add(said, table.name, "", whole=True, via=link.said)
        for column in table.columns:
            if column.role is not Role.KEY:
                self._add((*said, *column.words), table.name, column.name, whole=True, via=link.said)
                self._add((*said, *noun, *column.words), table.name, column.name, whole=True, via=link.said)

    def _table(self, table: Table) -> None:
        self._add(table.words, table.name, "", whole=True)
        self._add(table.words[-1:], table.name, "", whole=len(table.words) == 1)
        if table.words[:1] and table.words[0] in ("dim", "fact", "fct", "tbl", "stg", "vw", "v"):
            self._add(table.words[1:], table.name, "", whole=True)

    def _column(self, table: Table, column: Col) -> None:
        words, noun = column.words, table.words[-1:]
        shorter = _without_ending(column)
        for name in dict.fromkeys((words, shorter)):
            self._add(name, table.name, column.name, whole=True)
            happened = column.role is Role.DATE and (name != words or words[-1].endswith("ed"))
            thing = column.role is Role.KEY and name != words  # in "sales store wise" the store is another's
            if name[:1] != noun and not happened and not thing:
                self._add((*table.words, *name), table.name, column.name, whole=True)
                self._add((*noun, *name), table.name, column.name, whole=True)
        counted = "amount" if column.money else "quantity" if column.role is Role.LEVEL else ""
        if counted and not set(words) & (GENERIC | {"quantity"}):
            self._add((*words, counted), table.name, column.name, whole=True)
        if column.money and set(words) & GENERIC:
            swapped = tuple(noun[0] if w in GENERIC and noun else w for w in words)
            rest = tuple(w for w in words if w not in GENERIC)
            if len(swapped) > 1:
                self._add(swapped, table.name, column.name, whole=True, implied=True)
            if rest:
                self._add(rest, table.name, column.name, whole=False)
        if len(words) > 1 and column.role is not Role.KEY:
            parts = {words[-1:], words[:-1]} if column.role is not Role.DATE else {words[:-1]}
            for part in sorted(parts):
                self._add(part, table.name, column.name, whole=False)

    def _add(
        self,
        words: tuple[str, ...],
        table: str,
        column: str,
        *,
        whole: bool,
        implied: bool = False,
        via: str = "",
    ) -> None:
        if not words:
            return
        place = (table, column, via)
        for index, key, strength in (
            (self._exact, words, FULL if whole else PART),
            (self._called, _called(words), CALLED if whole else PART_CALLED),
        ):
            entry = index.get(key)
            if entry is None:
                index[key] = Target(table, column, strength, implied, via)
                continue
            if isinstance(entry, Target):
                entry = index[key] = {entry.place: entry}
            old = entry.get(place)
            if old is None or old.strength < strength:
                entry[place] = Target(table, column, strength, implied, via)

    def find(self, words: tuple[str, ...]) -> tuple[Target, ...]:
        """Everything that these words may name, the best fit first."""
        found = self._found.get(words)
        if found is None:
            if len(self._found) >= _REMEMBERED:  # a question's own words come and go
                self._found.clear()
            found = self._found[words] = self._look_up(words)
        return found

    def _look_up(self, words: tuple[str, ...]) -> tuple[Target, ...]:
        plain = tuple(singular(w) for w in words)
        found = dict(_targets(self._exact, plain))
        if words != plain:
            for key, target in _targets(self._exact, words).items():
                found.setdefault(key, target)
        called = tuple(CANON.get(w, CANON.get(p, p)) for w, p in zip(words, plain, strict=True))
        for key, target in _targets(self._called, called).items():
            found.setdefault(key, target)
        return tuple(sorted(found.values(), key=lambda t: (-t.strength, t.table, t.column)))

    def vocabulary(self) -> set[str]:
        return {" ".join(words) for words in self._exact}


def _targets(index: _Index, words: tuple[str, ...]) -> _Targets:
    entry = index.get(words, {})
    return {entry.place: entry} if isinstance(entry, Target) else entry


@lru_cache(maxsize=16_384)
def _called(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(CANON.get(w, w) for w in words)


def _without_ending(column: Col) -> tuple[str, ...]:
    words = column.words
    if len(words) < 2:
        return words
    last = words[-1]
    unit = column.role.is_measure and last in _UNITS
    date = column.role is Role.DATE and last in _DATE_ENDINGS
    key = column.role is Role.KEY and last in KEY_ENDINGS
    name = column.role is Role.TEXT and last == "name"
    return words[:-1] if unit or date or key or name else words
