"""One schema as the bytes that leave, and ways to find a table in it. Where it comes from stays in schemas.

Each table is kept as its JSON, which is small beside the objects it was made from; the search looks through
a few plain texts a table, some milliseconds for ten thousand of them.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from heapq import nlargest

import msgspec

from shared.wire import Schema, TableInfo

_MOST_WORDS = 8
_WEIGHTS = (100, 10, 3)
"""A table's name, its columns' names, comments."""

_ACCENTS = re.compile("[\u0300-\u036f]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PART = re.compile(r'"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|\[((?:[^\]]|\]\])*)\]|([^.]+)')
_NO_WORD = re.compile(r"[\W_]+")
_encode = msgspec.json.Encoder().encode


class Catalogue:
    """Frozen once made; making one takes a second for ten thousand tables, so that is for a thread."""

    def __init__(self, schema: Schema) -> None:
        self._tables = [_encode(table) for table in schema.tables]
        self._places: dict[str, int] = {}
        for place, table in enumerate(schema.tables):
            self._places.setdefault(table.name, place)
        for place, table in enumerate(schema.tables):
            self._places.setdefault(table.name.lower(), place)
        self._parts: dict[tuple[str, ...], int] = {}
        for place, table in enumerate(schema.tables):
            parts = name_parts(table.name)
            self._parts.setdefault(parts, place)
            self._parts.setdefault(tuple(part.lower() for part in parts), place)
        self._texts = [_texts(table) for table in schema.tables]
        self._rest = msgspec.structs.replace(schema, tables=[])
        digest = hashlib.sha256(_encode(self._rest))
        for encoded in self._tables:
            digest.update(encoded)
        self.etag = f'"{digest.hexdigest()[:32]}"'
        self.bytes = sum(map(len, self._tables)) + 2 * sum(
            len(text) for texts in self._texts for text in texts
        )

    def __len__(self) -> int:
        return len(self._tables)

    @property
    def dialect(self) -> str:
        return self._rest.dialect

    def body(self) -> bytes:
        """The whole Schema as JSON."""
        return self._written(range(len(self._tables)), self._rest)

    def find(self, name: str) -> TableInfo | None:
        """As SQL writes it; letters count as they are first, and whatever their case then."""
        place = self._places.get(name, self._places.get(name.lower()))
        return None if place is None else msgspec.json.decode(self._tables[place], type=TableInfo)

    def find_parts(self, parts: Sequence[str]) -> TableInfo | None:
        """The same by schema and table, without the quotes that SQL needs."""
        exact = tuple(parts)
        place = self._parts.get(exact, self._parts.get(tuple(part.lower() for part in exact)))
        return None if place is None else msgspec.json.decode(self._tables[place], type=TableInfo)

    def body_of(self, names: Sequence[str]) -> bytes:
        """A Schema of these tables; those that do not exist are left out."""
        found = (self._places.get(name, self._places.get(name.lower())) for name in names)
        return self._written([place for place in found if place is not None], self._rest)

    def search(self, text: str, limit: int) -> bytes:
        """A Schema of the tables that fit best, the best first; ``found`` says how many fit at all."""
        places = self.ranked(text)
        best = nlargest(limit, places, key=lambda place: (places[place], -place))
        return self._written(best, msgspec.structs.replace(self._rest, found=len(places)))

    def ranked(self, text: str) -> dict[int, float]:
        """Points for every table that has all the words somewhere; or for those that have the most of
        them, when no table has all."""
        words = list(dict.fromkeys(normal(text).split()))[:_MOST_WORDS]
        phrase = f"\n {normal(text)} \n"
        scores: dict[int, list[float]] = {}
        for word in words:
            marks = (f"\n {word} \n", f" {word} ", f" {word}", word)
            for place, texts in enumerate(self._texts):
                best = _points(texts, marks)
                if best:
                    scores.setdefault(place, []).append(best)
        most = max(map(len, scores.values()), default=0)
        return {
            place: sum(points) + (1_000 if phrase in self._texts[place][0] else 0)
            for place, points in scores.items()
            if len(points) == most
        }

    def _written(self, places: Iterable[int], rest: Schema) -> bytes:
        tables = b",".join([self._tables[place] for place in places])
        return b'{"tables":[' + tables + b"]" + _encode(rest).removeprefix(b'{"tables":[]')


def name_parts(name: str) -> tuple[str, ...]:
    """``hr."Pay Roll"`` as ``hr`` and ``Pay Roll``, in the quotes of any dialect."""
    found = _PART.findall(name)
    return tuple(
        double.replace('""', '"') or tick.replace("``", "`") or bracket.replace("]]", "]") or plain
        for double, tick, bracket, plain in found
    )


def normal(text: str) -> str:
    """Words in lower case without accents, one space between them: ``StoreID`` is ``store id``."""
    plain = _CAMEL.sub(" ", text)
    if not plain.isascii():
        plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain))
    return _NO_WORD.sub(" ", plain.casefold()).strip()


def _texts(table: TableInfo) -> tuple[str, str, str]:
    """Name, names of columns and comments: every entry between line ends, every word between spaces."""
    short = table.name.rpartition(".")[2]
    comments = [table.comment, *(column.comment for column in table.columns)]
    return (
        _entries(dict.fromkeys((table.name, short))),
        _entries(column.name for column in table.columns),
        _entries(filter(None, comments)),
    )


def _entries(texts: Iterable[str]) -> str:
    return "".join(f"\n {normal(text)} \n" for text in texts)


def _points(texts: Sequence[str], marks: Sequence[str]) -> float:
    """Of the best place where a word stands: the whole entry, a word of it, its beginning, anywhere."""
    best = 0.0
    entry, whole, begins, anywhere = marks
    for text, weight in zip(texts, _WEIGHTS, strict=True):
        if anywhere not in text:
            continue
        how = 4 if entry in text else 3 if whole in text else 2 if begins in text else 1
        best = max(best, weight * how)
    return best
