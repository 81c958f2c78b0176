"""Words to tables: in their names, the names of their columns and comments, the best first. Pure.

An index from each word to the tables that it stands in, with points: a word that is the whole name counts for
more than one of several, a name of a table for more than that of a column, and that for more than a comment.
Parts of words are looked for among the different words only, which are few beside the tables.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from heapq import nlargest

from shared.wire import TableInfo

_MOST_WORDS = 8
_TABLE, _COLUMN, _COMMENT = 100, 10, 3
_ALONE, _AMONG_OTHERS = 4, 3
_EQUAL, _BEGINNING, _INSIDE = 4, 2, 1
_PHRASE = 10_000
"""For a table that is called just what was looked for."""

_ACCENTS = re.compile("[\u0300-\u036f]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD = re.compile(r"[\W_]+")


class TableSearch:
    """Some milliseconds a search, for ten thousand tables of ten columns."""

    def __init__(self, tables: Sequence[TableInfo]) -> None:
        points: dict[str, dict[int, int]] = {}
        self._names: list[tuple[str, ...]] = []
        known: dict[str, list[str]] = {}
        for place, table in enumerate(tables):
            names = tuple(map(normal, (table.name, table.name.rpartition(".")[2])))
            self._names.append(names)
            _add(points, place, (names[0].split(), names[1].split()), _TABLE)
            _add(points, place, (_words(known, column.name) for column in table.columns), _COLUMN)
            comments = (table.comment, *(column.comment for column in table.columns))
            _add(points, place, (_words(known, one) for one in comments if one), _COMMENT)
        self._index = {
            word: (array("I", found), array("H", found.values())) for word, found in points.items()
        }
        postings = sum(len(places) for places, _ in self._index.values())
        self.bytes = 6 * postings + 300 * len(self._index) + 200 * len(tables)

    def best(self, text: str, limit: int) -> tuple[list[int], int]:
        """The places of the tables, and how many fit at all: those that have all the words somewhere; or,
        when no table has all, those that have the most of them."""
        phrase = normal(text)
        scores: dict[int, int] = {}
        counts: dict[int, int] = {}
        for word in list(dict.fromkeys(phrase.split()))[:_MOST_WORDS]:
            for place, points in self._having(word).items():
                scores[place] = scores.get(place, 0) + points
                counts[place] = counts.get(place, 0) + 1
        most = max(counts.values(), default=0)
        fitting = [place for place, count in counts.items() if count == most]
        for place in fitting:
            if phrase in self._names[place]:
                scores[place] += _PHRASE
        return nlargest(limit, fitting, key=lambda place: (scores[place], -place)), len(fitting)

    def _having(self, part: str) -> dict[int, int]:
        found: dict[int, int] = {}
        for word in [word for word in self._index if part in word]:
            how = _EQUAL if word == part else _BEGINNING if word.startswith(part) else _INSIDE
            for place, points in zip(*self._index[word], strict=True):
                if points * how > found.get(place, 0):
                    found[place] = points * how
        return found


def normal(text: str) -> str:
    """Words in lower case without accents, one space between them: ``StoreID`` is ``store id``."""
    plain = _CAMEL.sub(" ", text)
    if not plain.isascii():
        plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain))
    return _NO_WORD.sub(" ", plain.casefold()).strip()


def _words(known: dict[str, list[str]], text: str) -> list[str]:
    """The same names stand in many tables."""
    found = known.get(text)
    if found is None:
        found = known[text] = normal(text).split()
    return found


def _add(points: dict[str, dict[int, int]], place: int, entries: Iterable[list[str]], weight: int) -> None:
    for words in entries:
        worth = weight * (_ALONE if len(words) == 1 else _AMONG_OTHERS)
        for word in words:
            of_word = points.setdefault(word, {})
            if of_word.get(place, 0) < worth:
                of_word[place] = worth
