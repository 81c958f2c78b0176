"""How each SQL Server type leaves: its portable type, and the values that Python's own types would shorten.

ODBC's structures are read as the drivers give them: a datetime2 and a time keep seven digits, a
datetimeoffset its offset.
"""

import datetime
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from shared.results import Column, ColumnType

DATETIMEOFFSET, TIME, TIMESTAMP = -155, -154, 93
"""ODBC's numbers for types: SQL_SS_TIMESTAMPOFFSET, SQL_SS_TIME2, SQL_TYPE_TIMESTAMP."""

_FINEST_OF_PYTHON = 6
_DATETIMEOFFSET_WIDTH = 26
_SINGLE_PRECISION = 24

Write = Callable[[Any], object]

_BY_CLASS: dict[type, ColumnType] = {
    bool: ColumnType.BOOLEAN,
    int: ColumnType.INTEGER,
    Decimal: ColumnType.DECIMAL,
    float: ColumnType.FLOAT,
    datetime.date: ColumnType.DATE,
    datetime.datetime: ColumnType.TIMESTAMP,
    datetime.time: ColumnType.TIME,
    bytearray: ColumnType.BINARY,
    bytes: ColumnType.BINARY,
}


class Moment(str):
    """A datetimeoffset as ISO 8601."""

    __slots__ = ()


class Plan(msgspec.Struct, frozen=True):
    """How the rows of one executed query are read. ``fine``: ODBC types that need all their digits."""

    columns: tuple[Column, ...]
    writes: tuple[tuple[int, Write], ...]
    fine: tuple[int, ...]
    perhaps_moments: tuple[int, ...]
    """Columns that may be datetimeoffset(0) or a text of 26 characters; only a value tells."""
    unbounded: tuple[int, ...]
    """Columns of (max) types."""
    row_bytes: int


def plan(description: Sequence[Sequence[Any]]) -> Plan:
    columns: list[Column] = []
    writes: list[tuple[int, Write]] = []
    fine: set[int] = set()
    perhaps: list[int] = []
    size = 0
    for at, (name, kind, _, width, precision, scale, _) in enumerate(description):
        type_ = _BY_CLASS.get(kind, ColumnType.TEXT)
        if kind is str and width and width >= _DATETIMEOFFSET_WIDTH:
            if scale:
                type_ = ColumnType.TIMESTAMP
                writes.append((at, str))
            elif width == _DATETIMEOFFSET_WIDTH:
                perhaps.append(at)
        if kind is datetime.datetime and scale > _FINEST_OF_PYTHON:
            fine.add(TIMESTAMP)
        if kind is datetime.time and scale > _FINEST_OF_PYTHON:
            fine.add(TIME)
        if kind is float and precision == _SINGLE_PRECISION:
            writes.append((at, _single))
        columns.append(_column(name, type_, precision, scale, zoned=kind is str))
        size += width or 8000  # a (max) type has no width
    unbounded = tuple(at for at, column in enumerate(description) if not column[3])
    return Plan(tuple(columns), tuple(writes), tuple(fine), tuple(perhaps), unbounded, max(size, 40))


def with_moments(found: Plan, rows: Sequence[Sequence[object]]) -> Plan:
    """The plan, once the first rows tell which columns are times."""
    columns, writes = list(found.columns), list(found.writes)
    for at in found.perhaps_moments:
        if any(isinstance(row[at], Moment) for row in rows):
            columns[at] = Column(columns[at].name, ColumnType.TIMESTAMP, zoned=True)
            writes.append((at, str))
    return msgspec.structs.replace(found, columns=tuple(columns), writes=tuple(writes), perhaps_moments=())


def declared(type_name: str) -> ColumnType:
    """From sys.types' name of a type."""
    return _BY_NAME.get(type_name.lower(), ColumnType.TEXT)


def moment(raw: bytes) -> Moment:
    """SQL_SS_TIMESTAMPOFFSET_STRUCT."""
    *at, fraction, hours, minutes = struct.unpack("<hHHHHHIhh", raw)
    sign = "-" if hours < 0 or minutes < 0 else "+"
    zone = f"{sign}{abs(hours):02}:{abs(minutes):02}"
    return Moment(_written(at, fraction) + zone)


def timestamp(raw: bytes) -> str:
    """SQL_TIMESTAMP_STRUCT."""
    *at, fraction = struct.unpack("<hHHHHHI", raw)
    return _written(at, fraction)


def time(raw: bytes) -> str:
    """SQL_SS_TIME2_STRUCT."""
    hour, minute, second, fraction = struct.unpack("<HHH2xI", raw)
    return f"{hour:02}:{minute:02}:{second:02}{_fraction(fraction)}"


CONVERTERS: dict[int, Callable[[bytes], str]] = {TIMESTAMP: timestamp, TIME: time}

_BY_NAME = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), ColumnType.INTEGER),
    **dict.fromkeys(("decimal", "numeric", "money", "smallmoney"), ColumnType.DECIMAL),
    **dict.fromkeys(("float", "real"), ColumnType.FLOAT),
    "bit": ColumnType.BOOLEAN,
    "date": ColumnType.DATE,
    **dict.fromkeys(("datetime", "datetime2", "smalldatetime", "datetimeoffset"), ColumnType.TIMESTAMP),
    "time": ColumnType.TIME,
    **dict.fromkeys(("binary", "varbinary", "image", "timestamp", "rowversion"), ColumnType.BINARY),
}


def _column(name: str, type_: ColumnType, precision: int, scale: int, *, zoned: bool) -> Column:
    if type_ is ColumnType.DECIMAL:
        return Column(name, type_, precision=precision, scale=scale)
    if type_ is ColumnType.TIMESTAMP:
        return Column(name, type_, zoned=zoned)
    return Column(name, type_)


def _written(at: Sequence[int], fraction: int) -> str:
    year, month, day, hour, minute, second = at
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{_fraction(fraction)}"


def _fraction(nanoseconds: int) -> str:
    return f".{nanoseconds:09}".rstrip("0") if nanoseconds else ""


def _single(value: float) -> float:
    """A real has seven digits; as a double it would show more than were ever there."""
    return float(str(np.float32(value)))
