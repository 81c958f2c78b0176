"""How each Oracle type leaves: its portable type, what the query must say for it, and its value as JSON.

The driver gives times as they stand in their zone and drops the zone, and drops what is finer than a
microsecond; those columns are asked for as text instead, which takes one wrapping of the query.
"""

import datetime
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from shared.errors import QueryFailed
from shared.results import Column, ColumnType

_FINEST_OF_THE_DRIVER = 6
_WITH_ZONE = """TO_CHAR({}, 'FXYYYY-MM-DD"T"HH24:MI:SS.FF9TZH:TZM')"""
_IN_UTC = """TO_CHAR(SYS_EXTRACT_UTC({}), 'FXYYYY-MM-DD"T"HH24:MI:SS.FF9') || '+00:00'"""
_FINE = """TO_CHAR({}, 'FXYYYY-MM-DD"T"HH24:MI:SS.FF9')"""

_DECIMAL128_DIGITS = 38
_EXACT_IN_ARROW = frozenset(
    {"VARCHAR", "NVARCHAR", "CHAR", "NCHAR", "DATE", "TIMESTAMP", "RAW", "BINARY_DOUBLE", "BINARY_FLOAT"}
)
_LOBS = ("CLOB", "NCLOB", "BLOB")
_TEXT = "CHAR NCHAR VARCHAR NVARCHAR VARCHAR2 NVARCHAR2 LONG LONG_NVARCHAR ROWID UROWID XMLTYPE CLOB NCLOB"
_PORTABLE = {
    **dict.fromkeys(_TEXT.split(), ColumnType.TEXT),
    **dict.fromkeys(("NUMBER", "FLOAT"), ColumnType.DECIMAL),
    "BINARY_INTEGER": ColumnType.INTEGER,
    **dict.fromkeys(("BINARY_DOUBLE", "BINARY_FLOAT"), ColumnType.FLOAT),
    "BOOLEAN": ColumnType.BOOLEAN,
    **dict.fromkeys(("RAW", "LONG_RAW", "BLOB"), ColumnType.BINARY),
    **dict.fromkeys(("JSON", "VECTOR"), ColumnType.JSON),
}

Write = Callable[[Any], object]


class Planned(msgspec.Struct, frozen=True):
    """One column: ``asked`` holds ``{}`` where its name goes, and is empty when it is asked for as it is."""

    name: str
    type: ColumnType
    asked: str = ""
    write: Write | None = None
    is_lob: bool = False
    is_exact_in_arrow: bool = False


class Plan(msgspec.Struct, frozen=True):
    """How the rows of one described query are fetched."""

    sql: str
    columns: tuple[Column, ...]
    writes: tuple[tuple[int, Write], ...]
    """Positions whose Python values are not JSON's yet."""
    has_lobs: bool
    in_arrow: bool
    """The driver's Arrow batches hold every digit: it makes doubles of numbers without a precision."""
    row_bytes: int
    """As much as a row may take at most, its LOBs aside."""


def plan(sql: str, described: Sequence[Any]) -> Plan:
    """``described`` is what the driver says of the columns (FetchInfo). Raises QueryFailed for a type that
    has no way out."""
    columns = [_planned(info) for info in described]
    return Plan(
        sql=_wrapped(sql, columns) if any(column.asked for column in columns) else sql,
        columns=tuple(_column(*both) for both in zip(columns, described, strict=True)),
        writes=tuple((at, column.write) for at, column in enumerate(columns) if column.write is not None),
        has_lobs=any(column.is_lob for column in columns),
        in_arrow=all(column.is_exact_in_arrow for column in columns),
        row_bytes=sum(max(info.internal_size or 0, 40) for info in described),
    )


def portable(type_name: str, precision: int, scale: int | None) -> ColumnType | None:
    """From the driver's or the dictionary's name of a type; None when there is none."""
    kind = type_name.upper().removeprefix("DB_TYPE_").replace(" ", "_").split("(")[0]
    if kind == "NUMBER" and precision and scale == 0:
        return ColumnType.INTEGER
    if kind.startswith(("TIMESTAMP", "DATE")):
        return ColumnType.TIMESTAMP
    return ColumnType.TEXT if kind.startswith("INTERVAL") else _PORTABLE.get(kind)


def _planned(info: Any) -> Planned:
    name, kind = str(info.name), str(info.type_code.name).removeprefix("DB_TYPE_")
    type_ = portable(kind, info.precision or 0, info.scale)
    if type_ is None:
        raise QueryFailed(
            f"The column {name!r} has the type {kind}, which has no portable form.",
            details="Select a part of it, or convert it to text.",
        )
    if kind == "TIMESTAMP" and (info.scale or 0) > _FINEST_OF_THE_DRIVER:
        kind = "TIMESTAMP_FINE"
    return Planned(
        name,
        type_,
        asked=_ASKED.get(kind, ""),
        write=_WRITES.get(kind),
        is_lob=kind in _LOBS,
        is_exact_in_arrow=kind in _EXACT_IN_ARROW or (kind == "NUMBER" and _is_constrained(info)),
    )


def _is_constrained(info: Any) -> bool:
    return bool(info.precision) and 0 <= (info.scale or 0) <= info.precision <= _DECIMAL128_DIGITS


def _column(planned: Planned, info: Any) -> Column:
    if planned.type in (ColumnType.DECIMAL, ColumnType.INTEGER) and _is_constrained(info):
        return Column(planned.name, planned.type, precision=info.precision, scale=info.scale or 0)
    if planned.type is ColumnType.TIMESTAMP:
        return Column(planned.name, planned.type, zoned=planned.asked in (_WITH_ZONE, _IN_UTC))
    return Column(planned.name, planned.type)


def _wrapped(sql: str, columns: Sequence[Planned]) -> str:
    """Order is kept: nothing around the query gives Oracle a reason to sort again."""
    names = [f"c{number}" for number in range(len(columns))]
    selected = ", ".join(
        f"{column.asked.format(name)} {name}" if column.asked else name
        for column, name in zip(columns, names, strict=True)
    )
    return f"WITH q_ ({', '.join(names)}) AS (\n{sql}\n) SELECT {selected} FROM q_"  # noqa: S608 - checked alone before


def _trimmed_time(text: str) -> str:
    """``…18:40:00.250000000+05:30`` without the zeros that say nothing."""
    head, _, tail = text.partition(".")
    digits, zone = tail[:9].rstrip("0"), tail[9:]
    return f"{head}.{digits}{zone}" if digits else f"{head}{zone}"


def _days_and_time(value: datetime.timedelta) -> str:
    """As SQL writes it: ``1 05:30:00``."""
    sign, value = ("-", -value) if value < datetime.timedelta(0) else ("", value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    return f"{sign}{value.days} {hours:02}:{minutes:02}:{seconds:02}{fraction}"


def _years_and_months(value: Any) -> str:
    """As SQL writes it: ``1-2``."""
    months = value.years * 12 + value.months
    years, months = divmod(abs(months), 12)
    return f"{'-' if value.years < 0 or value.months < 0 else ''}{years}-{months}"


def _plain_vector(value: Any) -> object:
    if hasattr(value, "indices"):
        return {"indices": list(value.indices), "values": list(value.values)}
    return list(value)


_ASKED = {"TIMESTAMP_TZ": _WITH_ZONE, "TIMESTAMP_LTZ": _IN_UTC, "TIMESTAMP_FINE": _FINE}

_WRITES: dict[str, Write] = {
    **dict.fromkeys(_ASKED, _trimmed_time),
    "INTERVAL_DS": _days_and_time,
    "INTERVAL_YM": _years_and_months,
    "VECTOR": _plain_vector,
}
