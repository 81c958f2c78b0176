"""SQL Server's types as TDS 7.4 writes them, beyond those that pysqlbridge has; after [MS-TDS] 2.2.5."""

import datetime
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from pysqlbridge.tds.result import (
    DEFAULT_COLLATION,
    PLP_NULL,
    Bit,
    Column,
    ColumnType,
    Float,
    Integer,
    NVarChar,
    UniqueIdentifier,
)

_EXACTLY = Context(prec=60)
_OFFSET_MINUTES = 330
_DAY_ONE = datetime.date(1, 1, 1)


@dataclass(frozen=True)
class Numeric(ColumnType):  # type: ignore[misc]
    precision: int
    scale: int

    @property
    def _size(self) -> int:
        return next(size for most, size in ((9, 5), (19, 9), (28, 13), (38, 17)) if self.precision <= most)

    def type_info(self) -> bytes:
        return bytes([0x6A, self._size, self.precision, self.scale])

    def encode(self, value: Any) -> bytes:
        if value is None:
            return b"\0"
        number = int(Decimal(value).scaleb(self.scale, _EXACTLY))
        return bytes([self._size, number >= 0]) + abs(number).to_bytes(self._size - 1, "little")


@dataclass(frozen=True)
class Money(ColumnType):  # type: ignore[misc]
    def type_info(self) -> bytes:
        return bytes([0x6E, 8])

    def encode(self, value: Any) -> bytes:
        if value is None:
            return b"\0"
        number = int(Decimal(value) * 10_000)
        return b"\x08" + struct.pack("<iI", number >> 32, number & 0xFFFFFFFF)


@dataclass(frozen=True)
class Date(ColumnType):  # type: ignore[misc]
    def type_info(self) -> bytes:
        return b"\x28"

    def encode(self, value: Any) -> bytes:
        return b"\0" if value is None else b"\x03" + _days(value)


@dataclass(frozen=True)
class Time(ColumnType):  # type: ignore[misc]
    def type_info(self) -> bytes:
        return b"\x29\x07"

    def encode(self, value: Any) -> bytes:
        return b"\0" if value is None else b"\x05" + _ticks(value, 0)


@dataclass(frozen=True)
class DateTime2(ColumnType):  # type: ignore[misc]
    """Always with seven hundred nanoseconds on top, which no Python type holds."""

    def type_info(self) -> bytes:
        return b"\x2a\x07"

    def encode(self, value: Any) -> bytes:
        if value is None:
            return b"\0"
        return b"\x08" + _ticks(value.time(), 7) + _days(value.date())


@dataclass(frozen=True)
class DateTimeOffset(ColumnType):  # type: ignore[misc]
    def type_info(self) -> bytes:
        return b"\x2b\x07"

    def encode(self, value: Any) -> bytes:
        if value is None:
            return b"\0"
        moment = value.astimezone(datetime.UTC)
        return b"\x0a" + _ticks(moment.time(), 0) + _days(moment.date()) + struct.pack("<h", _OFFSET_MINUTES)


@dataclass(frozen=True)
class VarBinaryMax(ColumnType):  # type: ignore[misc]
    def type_info(self) -> bytes:
        return b"\xa5\xff\xff"

    def encode(self, value: Any) -> bytes:
        return _chunked(None if value is None else bytes(value))


@dataclass(frozen=True)
class Xml(ColumnType):  # type: ignore[misc]
    def type_info(self) -> bytes:
        return b"\xf1\x00"

    def encode(self, value: Any) -> bytes:
        return _chunked(None if value is None else str(value).encode("utf-16-le"))


@dataclass(frozen=True)
class Variant(ColumnType):  # type: ignore[misc]
    """Each value with a type of its own; here int and nvarchar."""

    def type_info(self) -> bytes:
        return b"\x62" + struct.pack("<I", 8009)

    def encode(self, value: Any) -> bytes:
        if value is None:
            return struct.pack("<I", 0)
        if re.fullmatch(r"-?\d+", str(value)):
            return struct.pack("<I", 6) + b"\x38\x00" + struct.pack("<i", int(value))
        text = str(value).encode("utf-16-le")
        body: bytes = b"\xe7\x07" + DEFAULT_COLLATION + struct.pack("<H", 8000) + text
        return struct.pack("<I", len(body)) + body


_KINDS: dict[str, ColumnType] = {
    "TINYINT": Integer(2),
    "SMALLINT": Integer(2),
    "INTEGER": Integer(4),
    "BIGINT": Integer(8),
    "HUGEINT": Numeric(38, 0),
    "DOUBLE": Float(8),
    "FLOAT": Float(4),
    "BOOLEAN": Bit(),
    "DATE": Date(),
    "TIME": Time(),
    "TIMESTAMP": DateTime2(),
    "TIMESTAMP WITH TIME ZONE": DateTimeOffset(),
    "BLOB": VarBinaryMax(),
    "UUID": UniqueIdentifier(),
}
_BY_NAME: dict[str, ColumnType] = {"_money": Money(), "_xml": Xml(), "_variant": Variant()}


def column(name: str, kind: str, rows: Sequence[Sequence[Any]], at: int) -> Column:
    """From DuckDB's type; a name that ends in _money, _xml or _variant has that one."""
    for ending, special in _BY_NAME.items():
        if name.lower().endswith(ending):
            return Column(name, special)
    if decimal := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind):
        return Column(name, Numeric(*map(int, decimal.groups())))
    known = _KINDS.get(kind)
    if known is not None:
        return Column(name, known)
    longest = max((len(str(row[at]).encode("utf-16-le")) for row in rows if row[at] is not None), default=0)
    return Column(name, NVarChar(4000 if longest <= 8000 else None))


def _ticks(at: datetime.time, rest: int) -> bytes:
    seconds = at.hour * 3600 + at.minute * 60 + at.second
    return (seconds * 10**7 + at.microsecond * 10 + rest).to_bytes(5, "little")


def _days(day: datetime.date) -> bytes:
    return (day - _DAY_ONE).days.to_bytes(3, "little")


def _chunked(data: bytes | None) -> bytes:
    if data is None:
        return bytes(PLP_NULL)
    body = struct.pack("<I", len(data)) + data if data else b""
    whole: bytes = struct.pack("<Q", len(data)) + body + struct.pack("<I", 0)
    return whole
