"""The values that text columns hold, and finding them in a question. Reads data through one function.

A value is found by its words, whatever its case and outer spaces. Columns with many different values
are not read whole; words that nothing else explains are looked up in them one by one.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from desktop.analyst.roles import Col, Role, Table
from desktop.analyst.sql import distinct_values, matching_values
from desktop.analyst.tokens import singular, words_of

MAX_DISTINCT = 4_000
MAX_LENGTH = 80
"""Characters; a longer text is prose and no value to filter by."""

MOST_SHORTENED = 200
"""Values of a column; of more than these, people do not know the first letters."""

_SIGNED = re.compile(r"\w[+#*-]+(?=\s|$)")
"""``A+``, ``C#``: the sign after a word tells it from other values, so the words alone are not enough."""

Fetch = Callable[[str], Sequence[Sequence[Any]]]


class Found(msgspec.Struct, frozen=True):
    """A value of a column: ``value`` as shown, ``variants`` as they are written in the data."""

    table: str
    column: str
    value: str
    variants: tuple[str, ...]


class Values:
    """The values of one schema, read when first wanted, kept for the life of the instance."""

    def __init__(self, tables: dict[str, Table], fetch: Fetch, dialect: str) -> None:
        self._tables = tables
        self._fetch = fetch
        self._dialect = dialect
        self._index: dict[tuple[str, ...], list[Found]] | None = None
        self._plural: dict[tuple[str, ...], list[Found]] = {}
        self._parts: dict[str, set[Found]] = {}
        self._initials: dict[str, list[Found]] = {}
        self._signed: dict[str, list[Found]] = {}
        self._large: list[Col] = []
        self._of: dict[tuple[str, str], dict[str, Found]] = {}
        self._looked_up: dict[str, list[Found]] = {}
        self.longest = 1

    def load(self) -> dict[tuple[str, ...], list[Found]]:
        if self._index is None:
            index: dict[tuple[str, ...], list[Found]] = {}
            self._index = index
            for table in self._tables.values():
                self._load_table(table, index)
        return self._index

    def _load_table(self, table: Table, index: dict[tuple[str, ...], list[Found]]) -> None:
        wanted: list[Col] = []
        for column, info in zip(table.columns, table.info.columns, strict=True):
            if not _is_text(column):
                continue
            if info.samples_complete:
                self._add(column, info.samples, index)
            else:
                wanted.append(column)
        for column in wanted:
            rows = list(
                self._fetch(distinct_values(table.name, column.name, MAX_DISTINCT + 1, self._dialect))
            )
            if len(rows) > MAX_DISTINCT:
                self._large.append(column)
            else:
                rows.sort(key=lambda row: (-int(row[1]), not str(row[0]).istitle(), str(row[0])))
                self._add(column, [str(row[0]) for row in rows], index)

    def _add(self, column: Col, raws: Sequence[str], index: dict[tuple[str, ...], list[Found]]) -> None:
        variants: dict[str, list[str]] = {}
        for raw in raws:
            if raw.strip() and len(raw) <= MAX_LENGTH:
                variants.setdefault(" ".join(raw.casefold().split()), []).append(raw)
        kept = self._of.setdefault((column.table, column.name), {})
        for name, written in variants.items():
            found = Found(column.table, column.name, " ".join(written[0].split()), tuple(written))
            kept[name] = found
            if _SIGNED.search(name):
                self._signed.setdefault(name, []).append(found)
            else:
                self._add_words(words_of(name), found, index)
                if len(variants) <= MOST_SHORTENED:
                    self._add_initials(words_of(name), found)

    def _add_words(
        self, words: tuple[str, ...], found: Found, index: dict[tuple[str, ...], list[Found]]
    ) -> None:
        if not words:
            return
        self.longest = max(self.longest, min(len(words), 8))
        index.setdefault(words, []).append(found)
        self._plural.setdefault(tuple(singular(w) for w in words), []).append(found)
        if len(words) > 1:
            for word in words:
                self._parts.setdefault(singular(word), set()).add(found)

    def _add_initials(self, words: tuple[str, ...], found: Found) -> None:
        if 2 <= len(words) <= 4:
            self._initials.setdefault("".join(word[0] for word in words), []).append(found)

    def shortened(self, word: str) -> list[Found]:
        """Values that ``word`` may be the first letters of: ``UP`` for Uttar Pradesh."""
        self.load()
        return self._initials.get(word.casefold(), [])

    def find(self, words: tuple[str, ...]) -> list[Found]:
        """Values written with exactly these words, or else with their plain forms."""
        index = self.load()
        exact = index.get(words)
        return exact or self._plural.get(tuple(singular(w) for w in words), [])

    def signed(self, text: str) -> list[Found]:
        """Values such as ``A+``, which only their exact writing means."""
        self.load()
        return self._signed.get(" ".join(text.casefold().split()), [])

    def look_up(self, text: str) -> list[Found]:
        """Values of the large columns that equal ``text``, asked of the data, at most once a text."""
        self.load()
        name = " ".join(text.casefold().split())
        if name not in self._looked_up:
            self._looked_up[name] = [
                found for column in self._large if (found := self._look_in(column, name)) is not None
            ]
        return self._looked_up[name]

    def _look_in(self, column: Col, name: str) -> Found | None:
        rows = self._fetch(matching_values(column.table, column.name, name, self._dialect))
        raws = tuple(sorted(str(row[0]) for row in rows))
        return Found(column.table, column.name, raws[0].strip(), raws) if raws else None

    def containing(self, word: str) -> list[Found]:
        """Values of several words, one of which is ``word``."""
        self.load()
        return sorted(self._parts.get(singular(word), ()), key=lambda f: (f.table, f.column, f.value))

    def vocabulary(self) -> set[str]:
        return {" ".join(words) for words in self.load()}

    def of(self, table: str, column: str) -> list[Found]:
        """All values of a column; empty when they are too many to know."""
        self.load()
        return list(self._of.get((table, column), {}).values())

    def variants(self, table: str, column: str) -> list[Found]:
        """The values of a column that are written in more than one way."""
        return [found for found in self.of(table, column) if len(found.variants) > 1]


def _is_text(column: Col) -> bool:
    return column.role is Role.TEXT or (column.role is Role.KEY and column.type == "text")
