"""Columns of ClickHouse's native protocol to lists of what JSON can say. No sockets: it reads from a buffer.

The driver makes an object of the right Python type for every cell and then throws most of them away;
here numbers come out of the buffer all at once, and a date becomes its text once a day, not once a row.
"""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from server.connectors.clickhouse.times import date_texts, time_of_day_texts, timestamp_texts
from server.connectors.clickhouse.types import Type, enum_names

Values = list[Any]

_INTEGERS = {
    f"{sign}Int{bits}": np.dtype(f"<{'u' if sign else 'i'}{bits // 8}")
    for sign in ("", "U")
    for bits in (8, 16, 32, 64)
}
_WIDE = {f"{sign}Int{bits}": (bits // 8, not sign) for sign in ("", "U") for bits in (128, 256)}
_DECIMAL_BYTES = ((9, 4), (18, 8), (38, 16), (76, 32))
_EXACT_IN_A_DOUBLE = 10**15
"""Fewer digits than this survive a double and come back as they were."""
_KEYS = (np.dtype("<u1"), np.dtype("<u2"), np.dtype("<u4"), np.dtype("<u8"))


class Buffer(Protocol):
    """The driver's reader."""

    def read(self, size: int) -> bytes: ...

    def read_strings(self, count: int, encoding: str) -> Sequence[Any]: ...


class Unreadable(Exception):
    """A type that the header should have stopped."""


class Columns:
    """Reads columns; ``zone`` is the server's, for times that have none of their own."""

    def __init__(self, zone: str) -> None:
        self._zone = zone

    def read(self, kind: Type, count: int, buffer: Buffer) -> Values:
        """One column of a block, ``count`` cells, at least one."""
        _read_prefix(kind, buffer)
        return self._cells(kind, count, buffer)

    def _cells(self, kind: Type, count: int, buffer: Buffer) -> Values:
        if kind.low_cardinality:
            return self._from_dictionary(kind, count, buffer)
        if not kind.nullable:
            return self._values(kind, count, buffer)
        nulls = np.flatnonzero(np.frombuffer(buffer.read(count), dtype=np.uint8))
        values = self._values(kind, count, buffer)
        for position in nulls.tolist():
            values[position] = None
        return values

    def _from_dictionary(self, kind: Type, count: int, buffer: Buffer) -> Values:
        if not count:
            return []
        width = int.from_bytes(buffer.read(8), "little") & 0xF
        size = int.from_bytes(buffer.read(8), "little")
        words = np.empty(size, dtype=object)
        words[:] = self._values(kind, size, buffer)
        if kind.nullable:
            words[0] = None
        buffer.read(8)  # the number of keys, once more
        keys = np.frombuffer(buffer.read(count * _KEYS[width].itemsize), dtype=_KEYS[width])
        found: Values = words[keys].tolist()
        return found

    def _values(self, kind: Type, count: int, buffer: Buffer) -> Values:  # noqa: PLR0911, C901, PLR0912
        name = kind.name
        if (integer := _INTEGERS.get(name)) is not None:
            return _numbers(buffer, integer, count).tolist()  # type: ignore[no-any-return]
        match name:
            case "String":
                return _texts(buffer.read_strings(count, encoding="utf-8"))
            case "Float64":
                return _numbers(buffer, np.dtype("<f8"), count).tolist()  # type: ignore[no-any-return]
            case "Float32":
                return _shortest(_numbers(buffer, np.dtype("<f4"), count))
            case "BFloat16":
                wide = _numbers(buffer, np.dtype("<u2"), count).astype("<u4") << 16
                return _shortest(wide.view("<f4"))
            case "Bool":
                return _numbers(buffer, np.dtype(np.bool_), count).tolist()  # type: ignore[no-any-return]
            case "Date":
                return date_texts(_numbers(buffer, np.dtype("<u2"), count).astype(np.int64))
            case "Date32":
                return date_texts(_numbers(buffer, np.dtype("<i4"), count).astype(np.int64))
            case "DateTime" | "DateTime32":
                moments = _numbers(buffer, np.dtype("<u4"), count).astype(np.int64)
                return self._timestamps(kind, moments, scale=0)
            case "DateTime64":
                return self._timestamps(kind, _numbers(buffer, np.dtype("<i8"), count), scale=kind.scale)
            case "Time":
                return time_of_day_texts(_numbers(buffer, np.dtype("<i4"), count).astype(np.int64), 0)
            case "Time64":
                return time_of_day_texts(_numbers(buffer, np.dtype("<i8"), count), kind.scale)
            case "FixedString":
                size = int(kind.arguments[0])
                data = buffer.read(size * count)
                return [_text(data[at : at + size].rstrip(b"\0")) for at in range(0, size * count, size)]
            case "Enum8" | "Enum16":
                names = enum_names(kind)
                dtype = np.dtype("<i1" if name == "Enum8" else "<i2")
                return [names.get(number) for number in _numbers(buffer, dtype, count).tolist()]
            case "UUID":
                return _uuids(buffer.read(16 * count))
            case "IPv4":
                data = _numbers(buffer, np.dtype("<u4"), count).astype(">u4").tobytes()
                return [".".join(map(str, data[at : at + 4])) for at in range(0, 4 * count, 4)]
            case "IPv6":
                data = buffer.read(16 * count)
                return [_ipv6(data[at : at + 16]) for at in range(0, 16 * count, 16)]
            case "Nothing":
                buffer.read(count)
                return [None] * count
            case "Array":
                return self._arrays(kind.inner[0], count, buffer)
            case "Map":
                pairs = self._arrays(Type("Tuple", kind.arguments), count, buffer)
                return [dict(_keyed(pair)) for pair in pairs]
            case "Tuple":
                parts = [self._cells(part, count, buffer) for part in kind.inner]
                if not kind.names:
                    return [list(cell) for cell in zip(*parts, strict=True)]
                return [dict(zip(kind.names, cell, strict=True)) for cell in zip(*parts, strict=True)]
        if name.startswith("Decimal"):
            return _decimals(kind, count, buffer)
        if name in _WIDE:
            return [msgspec.Raw(str(number).encode()) for number in _wide(buffer, count, *_WIDE[name])]
        if name.startswith("Interval"):
            return _numbers(buffer, np.dtype("<i8"), count).tolist()  # type: ignore[no-any-return]
        raise Unreadable(name)

    def _timestamps(self, kind: Type, moments: npt.NDArray[np.int64], *, scale: int) -> Values:
        return timestamp_texts(moments, kind.zone or self._zone, scale, with_offset=bool(kind.zone))

    def _arrays(self, inner: Type, count: int, buffer: Buffer) -> Values:
        ends = _numbers(buffer, np.dtype("<u8"), count).tolist()
        flat = self._cells(inner, ends[-1], buffer) if ends and ends[-1] else []
        begin, found = 0, []
        for end in ends:
            found.append(flat[begin:end])
            begin = end
        return found


def _read_prefix(kind: Type, buffer: Buffer) -> None:
    """Dictionaries announce their version before the first value, however deep they lie."""
    if kind.low_cardinality:
        buffer.read(8)
    elif kind.name in ("Array", "Map", "Tuple"):
        for inner in kind.inner:
            _read_prefix(inner, buffer)


def _numbers(buffer: Buffer, dtype: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    return np.frombuffer(buffer.read(dtype.itemsize * count), dtype=dtype)


def _shortest(numbers: npt.NDArray[np.float32]) -> Values:
    """A double would show digits that a single float never had."""
    return [float(text) for text in numbers.astype("S24").tolist()]


def _decimals(kind: Type, count: int, buffer: Buffer) -> Values:
    size = next(size for digits, size in _DECIMAL_BYTES if kind.digits <= digits)
    scale = kind.scale
    if size > 8:
        return [_decimal(number, scale) for number in _wide(buffer, count, size, True)]
    numbers = _numbers(buffer, np.dtype(f"<i{size}"), count)
    if scale == 0:
        return numbers.tolist()  # type: ignore[no-any-return]
    exact = int(numbers.max()) < _EXACT_IN_A_DOUBLE and int(numbers.min()) > -_EXACT_IN_A_DOUBLE
    if scale <= 4 and exact:
        return (numbers / 10**scale).tolist()  # type: ignore[no-any-return]
    return [_decimal(number, scale) for number in numbers.tolist()]


@lru_cache(maxsize=4096)
def _decimal(number: int, scale: int) -> msgspec.Raw:
    digits = str(abs(number)).rjust(scale + 1, "0")
    whole = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
    return msgspec.Raw(("-" if number < 0 else "").encode() + whole.encode())


def _wide(buffer: Buffer, count: int, size: int, signed: bool) -> list[int]:
    data = buffer.read(size * count)
    return [
        int.from_bytes(data[at : at + size], "little", signed=signed) for at in range(0, size * count, size)
    ]


def _texts(texts: Sequence[Any]) -> Values:
    """The driver leaves bytes where they are not UTF-8."""
    if bytes in set(map(type, texts)):
        return [text if isinstance(text, str) else _text(text) for text in texts]
    return list(texts)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _uuids(data: bytes) -> Values:
    halves = np.frombuffer(data, dtype="<u8").astype(">u8").tobytes().hex()
    return [
        f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
        for h in (halves[at : at + 32] for at in range(0, len(halves), 32))
    ]


def _ipv6(data: bytes) -> str:
    address = ipaddress.IPv6Address(data)
    return f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)


def _keyed(pairs: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(key if isinstance(key, str) else _as_key(key), value) for key, value in pairs]


def _as_key(key: Any) -> str:
    return key if isinstance(key, str) else msgspec.json.encode(key).decode()
