"""JSON, NDJSON and CSV. What a source wrote as JSON passes to the first two as it is.

How an answer ends, also when the query fails in the middle of it, is described in shared/wire.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from shared.csv_rows import csv_of_lines, csv_of_rows
from shared.json_rows import lines_of
from shared.results import Batch, Column, ColumnType
from shared.wire import ErrorBody, QueryEnd, QueryFailedEnd, QueryHead

_json = msgspec.json.Encoder(decimal_format="number")


@lru_cache(maxsize=256)
def _behind_the_id(columns: tuple[Column, ...]) -> bytes:
    """A QueryHead from the end of its id on: the same for every answer with these columns."""
    return _json.encode(QueryHead("", list(columns)))[len(b'{"query_id":"') : -1]


def _head(query_id: str, columns: Sequence[Column]) -> bytes:
    """``query_id`` is a UUID. Without the last bracket."""
    return b'{"query_id":"' + query_id.encode() + _behind_the_id(tuple(columns))


class JsonEncoder:
    """One object, its ``rows`` an array of arrays."""

    def __init__(self) -> None:
        self._comma = b""
        self._columns: Sequence[Column] = ()

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes:
        self._columns = columns
        return _head(query_id, columns) + b',"rows":['

    def batch(self, batch: Batch) -> bytes:
        data = lines_of(batch, self._columns)
        if not data:
            return b""
        comma, self._comma = self._comma, b","
        return comma + data[:-1].replace(b"\n", b",")

    def end(self, end: QueryEnd) -> Iterable[bytes]:
        return (b"]," + _json.encode(end)[1:],)

    def failed(self, error: ErrorBody) -> bytes:
        return b"]," + _json.encode(QueryFailedEnd(error))[1:]

    def close(self) -> None:
        """Nothing is held."""


class NdjsonEncoder:
    """A line for the head, one for every row, one for the end."""

    def __init__(self) -> None:
        self._columns: Sequence[Column] = ()

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes:
        self._columns = columns
        return _head(query_id, columns) + b"}\n"

    def batch(self, batch: Batch) -> bytes:
        return lines_of(batch, self._columns)

    def end(self, end: QueryEnd) -> Iterable[bytes]:
        return (_json.encode(end) + b"\n",)

    def failed(self, error: ErrorBody) -> bytes:
        return _json.encode(QueryFailedEnd(error)) + b"\n"

    def close(self) -> None:
        """Nothing is held."""


class CsvEncoder:
    """See shared.csv_rows."""

    def __init__(self) -> None:
        self._nested = False
        self._columns: Sequence[Column] = ()

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes:  # noqa: ARG002 - CSV has no place for it
        self._columns = columns
        self._nested = any(column.type is ColumnType.JSON for column in columns)
        return csv_of_rows([[column.name for column in columns]])

    def batch(self, batch: Batch) -> bytes:
        return csv_of_lines(lines_of(batch, self._columns), nested=self._nested)

    def end(self, end: QueryEnd) -> Iterable[bytes]:  # noqa: ARG002 - CSV has no place for it
        return ()

    def failed(self, error: ErrorBody) -> bytes:  # noqa: ARG002 - CSV has no place for it
        return b""

    def close(self) -> None:
        """Nothing is held."""
