"""Rows from the wire to Python values, by the types of their columns. No digit is lost.

The fast way decodes straight into the types. A cell that does not fit its type (a date beyond the
year 9999, an interval in a ``time`` column) sends its batch the slow way, which keeps such a cell
as the text that came.
"""

import base64
import binascii
import functools
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from shared.errors import BackendProtocolError
from shared.json_rows import lines_of
from shared.results import Batch, Column, ColumnType, Rows

_PYTHON: dict[ColumnType, Any] = {
    ColumnType.INTEGER: int | None,
    ColumnType.DECIMAL: Decimal | None,
    ColumnType.FLOAT: float | None,
    ColumnType.TEXT: str | None,
    ColumnType.BOOLEAN: bool | None,
    ColumnType.DATE: date | None,
    ColumnType.TIMESTAMP: datetime | None,
    ColumnType.TIME: time | None,
    ColumnType.BINARY: bytes | None,
    ColumnType.JSON: Any,
}

T = TypeVar("T")


def decode_rows(data: bytes | msgspec.Raw, columns: Sequence[Column]) -> list[list[Any]]:
    """A JSON array of rows. Raises BackendProtocolError."""
    row = _row_type(tuple(column.type for column in columns))
    return _decoded(
        lambda: msgspec.json.decode(data, type=list[row]),  # type: ignore[valid-type]
        lambda: msgspec.json.Decoder(list[list[Any]], float_hook=Decimal).decode(data),
        columns,
    )


def decode_batch(batch: Batch, columns: Sequence[Column]) -> list[list[Any]]:
    """The rows of one batch of a Result as Python values. Raises BackendProtocolError."""
    if isinstance(batch, Rows):
        return [list(row) for row in batch.rows]
    data = lines_of(batch, columns)
    row = _row_type(tuple(column.type for column in columns))
    return _decoded(
        lambda: msgspec.json.Decoder(row).decode_lines(data),
        lambda: msgspec.json.Decoder(list[Any], float_hook=Decimal).decode_lines(data),
        columns,
    )


@functools.lru_cache(maxsize=256)
def _row_type(types: tuple[ColumnType, ...]) -> Any:
    return tuple[tuple(_PYTHON[kind] for kind in types)] if types else tuple[()]  # type: ignore[misc]


def _decoded(
    exact: Callable[[], list[tuple[Any, ...]]],
    loose: Callable[[], list[list[Any]]],
    columns: Sequence[Column],
) -> list[list[Any]]:
    try:
        return list(map(list, exact()))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return list(_fitted(_well_formed(loose), columns))


def _well_formed(decode: Callable[[], T]) -> T:
    try:
        return decode()
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BackendProtocolError("The backend sent rows that are not JSON.") from error


def _fitted(rows: list[list[Any]], columns: Sequence[Column]) -> Iterator[list[Any]]:
    for row in rows:
        if len(row) != len(columns):
            raise BackendProtocolError(
                f"The backend sent a row of {len(row)} cells for {len(columns)} columns."
            )
        yield [_cell(value, column.type) for value, column in zip(row, columns, strict=True)]


def _cell(value: Any, kind: ColumnType) -> Any:
    if kind is ColumnType.JSON:
        return _plain(value)
    try:
        if kind is ColumnType.BINARY and isinstance(value, str):
            return base64.b64decode(value, validate=True)
        if kind is ColumnType.FLOAT and isinstance(value, Decimal):
            return float(value)
        if kind is ColumnType.DECIMAL and isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        return msgspec.convert(value, _PYTHON[kind])
    except (msgspec.ValidationError, binascii.Error):
        if isinstance(value, str):
            return value
    raise BackendProtocolError(f"The backend sent a cell that is no {kind.value}.")


def _plain(value: Any) -> Any:
    """A JSON value as the fast way gives it: its fractions are floats."""
    match value:
        case Decimal():
            return float(value)
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return value
