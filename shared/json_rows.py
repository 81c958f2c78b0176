"""Any batch as lines of JSON, one array a row, in the spelling of shared.results.ColumnType."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from shared.arrow_json import json_lines
from shared.results import ArrowBatch, Batch, Column, ColumnType, JsonRows, Rows

_json = msgspec.json.Encoder(decimal_format="number")
_cells = msgspec.json.Decoder(list[msgspec.Raw])


def lines_of(batch: Batch, columns: Sequence[Column]) -> bytes:
    """As shared.results.JsonRows has it; what JSON cannot say (NaN, the infinities) is null."""
    match batch:
        case JsonRows():
            return batch.data
        case Rows():
            return _rows_as_lines(batch.rows)
        case ArrowBatch():
            return json_lines(batch.record_batch, columns)


def json_as_text(lines: bytes, columns: Sequence[Column]) -> bytes:
    """The same rows, where a value of the type json is the text of it, to the last digit."""
    is_json = [column.type is ColumnType.JSON for column in columns]
    return _json.encode_lines(
        [
            [_text_of(cell) if json else cell for cell, json in zip(cells, is_json, strict=True)]
            for cells in _cells.decode_lines(lines)
        ]
    )


def _text_of(cell: msgspec.Raw) -> str | None:
    data = bytes(memoryview(cell)).strip()
    return None if data == b"null" else data.decode()


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
