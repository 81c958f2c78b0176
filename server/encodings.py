"""A Result as JSON, NDJSON or CSV: bytes in pieces, never a whole result. Sending stays in server/api.

What a source wrote as JSON passes to JSON and NDJSON as it is; only CSV takes it apart. How an
answer ends, also when the query fails in the middle of it, is described in shared/wire.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from shared.arrow_json import json_lines
from shared.errors import NotAcceptable
from shared.results import ArrowBatch, Batch, Column, ColumnType, JsonRows, Rows
from shared.wire import ErrorBody, QueryEnd, QueryFailedEnd, QueryHead

_json = msgspec.json.Encoder(decimal_format="number")
_lines = msgspec.json.Decoder(float_hook=str)
"""For CSV: numbers with a fraction stay the text that they are, and lose no digit."""
_nested_lines = msgspec.json.Decoder(float_hook=msgspec.Raw)
"""The same where numbers may stand inside a JSON value, and must stay numbers. Slower."""


class Encoder(Protocol):
    """One answer being written: ``head``, then batches, then ``end`` or ``failed``."""

    content_type: str

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes: ...

    def batch(self, batch: Batch) -> bytes: ...

    def end(self, end: QueryEnd) -> bytes: ...

    def failed(self, error: ErrorBody) -> bytes | None:
        """None: the format cannot say it, and the answer must be cut off."""
        ...


class JsonEncoder:
    """One object, its ``rows`` an array of arrays."""

    content_type = "application/json"

    def __init__(self) -> None:
        self._comma = b""
        self._columns: Sequence[Column] = ()

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes:
        self._columns = columns
        return _json.encode(QueryHead(query_id, list(columns)))[:-1] + b',"rows":['

    def batch(self, batch: Batch) -> bytes:
        data = _as_lines(batch, self._columns)
        if not data:
            return b""
        comma, self._comma = self._comma, b","
        return comma + data[:-1].replace(b"\n", b",")

    def end(self, end: QueryEnd) -> bytes:
        return b"]," + _json.encode(end)[1:]

    def failed(self, error: ErrorBody) -> bytes | None:
        return b"]," + _json.encode(QueryFailedEnd(error))[1:]


class NdjsonEncoder:
    """A line for the head, one for every row, one for the end."""

    content_type = "application/x-ndjson"

    def __init__(self) -> None:
        self._columns: Sequence[Column] = ()

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes:
        self._columns = columns
        return _json.encode(QueryHead(query_id, list(columns))) + b"\n"

    def batch(self, batch: Batch) -> bytes:
        return _as_lines(batch, self._columns)

    def end(self, end: QueryEnd) -> bytes:
        return _json.encode(end) + b"\n"

    def failed(self, error: ErrorBody) -> bytes | None:
        return _json.encode(QueryFailedEnd(error)) + b"\n"


class CsvEncoder:
    """RFC 4180. NULL is an empty field, the empty text is ``""``; nothing else is changed."""

    content_type = "text/csv; charset=utf-8; header=present"

    def __init__(self) -> None:
        self._decoder = _lines
        self._columns: Sequence[Column] = ()

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes:  # noqa: ARG002 - CSV has no place for it
        self._columns = columns
        if any(column.type == ColumnType.JSON for column in columns):
            self._decoder = _nested_lines
        return _csv_lines([[column.name for column in columns]])

    def batch(self, batch: Batch) -> bytes:
        return _csv_lines(self._decoder.decode_lines(_as_lines(batch, self._columns)))

    def end(self, end: QueryEnd) -> bytes:  # noqa: ARG002 - CSV has no place for it
        return b""

    def failed(self, error: ErrorBody) -> bytes | None:  # noqa: ARG002 - CSV has no place for it
        return None


ENCODERS: dict[str, type[Encoder]] = {
    "application/json": JsonEncoder,
    "application/x-ndjson": NdjsonEncoder,
    "text/csv": CsvEncoder,
}


def choose(accept: str | None) -> type[Encoder]:
    """The encoder for an Accept header: the highest quality, of equals the first in our list."""
    if not accept or accept == "application/json":
        return JsonEncoder
    ranges = [_range(part) for part in accept.split(",")]
    best, best_quality = None, 0.0
    for media_type, encoder in ENCODERS.items():
        quality = _quality(media_type, ranges)
        if quality > best_quality:
            best, best_quality = encoder, quality
    if best is None:
        raise NotAcceptable(
            "None of the formats in Accept can be produced.",
            details="There are: " + ", ".join(ENCODERS) + ".",
        )
    return best


def _range(part: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                quality = 0.0
    return media_range, quality


def _quality(media_type: str, ranges: Iterable[tuple[str, float]]) -> float:
    """The most specific range decides, as RFC 9110 has it."""
    patterns = {media_type: 2, media_type.split("/", maxsplit=1)[0] + "/*": 1, "*/*": 0}
    fitting = [(patterns[wanted], quality) for wanted, quality in ranges if wanted in patterns]
    return max(fitting)[1] if fitting else 0.0


def _as_lines(batch: Batch, columns: Sequence[Column]) -> bytes:
    match batch:
        case JsonRows():
            return batch.data
        case Rows():
            return _rows_as_lines(batch.rows)
        case ArrowBatch():
            return json_lines(batch.record_batch, columns)


def _rows_as_lines(rows: Sequence[Sequence[object]]) -> bytes:
    try:
        data = _json.encode_lines(rows)
    except UnicodeEncodeError:  # half a surrogate pair, from a source that allows it
        return _json.encode_lines([[_sayable(value) for value in row] for row in rows])
    if b"NaN" in data or b"Infinity" in data:
        return _json.encode_lines([[_sayable(value) for value in row] for row in rows])
    return data


def _sayable(value: object) -> object:
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value


_MUST_QUOTE = re.compile('[",\r\n]|^$|^ | $')


def _csv_lines(rows: Iterable[Sequence[object]]) -> bytes:
    lines = [",".join([_field(value) for value in row]) for row in rows]
    return ("\r\n".join(lines) + "\r\n").encode() if lines else b""


def _field(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return '"' + value.replace('"', '""') + '"' if _MUST_QUOTE.search(value) else value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            return _field(_json.encode(value).decode())
