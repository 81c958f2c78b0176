"""One schema as the bytes that leave, and ways to find a table in it. Where it comes from stays in schemas.

Each table is kept as its JSON, which is small beside the objects it was made from.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

import msgspec

from server.table_search import TableSearch
from shared.wire import Schema, TableInfo

_PART = re.compile(r'"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|\[((?:[^\]]|\]\])*)\]|([^.]+)')
_encode = msgspec.json.Encoder().encode


class Catalogue:
    """Frozen once made; making one takes a moment for ten thousand tables, so that is for a thread."""

    def __init__(self, schema: Schema) -> None:
        self._tables = [_encode(table) for table in schema.tables]
        self._parts: dict[tuple[str, ...], int] = {}
        for place, table in enumerate(schema.tables):
            parts = name_parts(table.name)
            self._parts.setdefault(parts, place)
            self._parts.setdefault(tuple(part.lower() for part in parts), place)
        self._search = TableSearch(schema.tables)
        self.names = tuple(table.name for table in schema.tables)
        self.rest = msgspec.structs.replace(schema, tables=[])
        """The Schema without its tables."""
        digest = hashlib.sha256(_encode(self.rest))
        for encoded in self._tables:
            digest.update(encoded)
        self.etag = f'"{digest.hexdigest()[:32]}"'
        self.bytes = sum(map(len, self._tables)) + self._search.bytes

    def body(self) -> bytes:
        """The whole Schema as JSON."""
        return self._written(range(len(self._tables)), self.rest)

    def find(self, name: str) -> TableInfo | None:
        """As SQL writes it; letters count as they are first, and whatever their case then."""
        return self.find_parts(name_parts(name))

    def find_parts(self, parts: Sequence[str]) -> TableInfo | None:
        """The same by schema and table, without the quotes that SQL needs."""
        place = self._place(tuple(parts))
        return None if place is None else msgspec.json.decode(self._tables[place], type=TableInfo)

    def at(self, place: int) -> TableInfo:
        """The table whose name stands there in ``names``."""
        return msgspec.json.decode(self._tables[place], type=TableInfo)

    def body_of(self, name: str) -> bytes | None:
        """A Schema of this table alone."""
        place = self._place(name_parts(name))
        return None if place is None else self._written([place], self.rest)

    def search(self, text: str, limit: int) -> bytes:
        """A Schema of the tables that fit best, the best first; ``found`` says how many fit at all."""
        best, count = self._search.best(text, limit)
        return self._written(best, msgspec.structs.replace(self.rest, found=count))

    def _place(self, parts: tuple[str, ...]) -> int | None:
        return self._parts.get(parts, self._parts.get(tuple(part.lower() for part in parts)))

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
