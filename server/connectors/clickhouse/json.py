"""Which results ClickHouse can write as JSON rows exactly as ours, and the SQL that makes it do so. Pure.

It can for numbers of up to 64 bits, decimals, texts, days and times: those whose JSON is the portable one, or
becomes it by an expression around the column. Whatever else a result holds (arrays, wider integers, zones
whose clocks change), it is read by the native protocol, whole.
"""

from collections.abc import Sequence

import numpy as np

from server.connectors.clickhouse.times import constant_offset, offset_text, timestamp_texts
from server.connectors.clickhouse.types import Type, parsed

_AS_IT_IS = frozenset(
    {"Float32", "Float64", "Decimal", "Decimal32", "Decimal64", "Decimal128", "Decimal256", "String", "UUID"}
    | {"Enum8", "Enum16", "IPv4", "IPv6", "Date", "Date32", "Bool", "Nothing"}
    | {f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32)}
)


def written_by_the_server(
    sql: str,
    described: Sequence[tuple[str, str]],
    *,
    max_rows: int,
    quotes_integers: bool,
    zone_of_old_server: str = "",
) -> str | None:
    """The query around ``sql``, whose columns have these names and types; None when one is not of those.
    ``quotes_integers``: those of 64 bits would be written as texts, and the account cannot change that.
    ``zone_of_old_server``: of one that writes the first day of 1970, and its first second, as zeros.

    ``sql`` passed the guard, so it cannot reach out of its brackets. One row more than wanted tells whether
    there are more.
    """
    names = {name for name, _ in described}
    if not described or len(names) < len(described):
        return None
    columns = []
    for name, text in described:
        kind = parsed(text)
        expression = _expression(_quoted(name), kind, quotes_integers=quotes_integers)
        if expression is None:
            return None
        if zone_of_old_server:
            expression = _without_zeros(expression, _quoted(name), kind, zone_of_old_server)
        columns.append(expression)
    return f"SELECT {', '.join(columns)} FROM ({sql}\n) LIMIT {max_rows + 1} FORMAT JSONCompact"  # noqa: S608


def _expression(name: str, kind: Type, *, quotes_integers: bool) -> str | None:
    if kind.name in _AS_IT_IS:
        return name
    match kind.name:
        case "Int64" | "UInt64":
            return f"toDecimal128({name}, 0)" if quotes_integers else name
        case "DateTime" | "DateTime32" | "DateTime64" if not kind.zone:
            return f"replaceOne(toString({name}), ' ', 'T')"
        case "DateTime" | "DateTime32":
            offset = constant_offset(kind.zone)
            if offset is None:
                return None
            return f"concat(replaceOne(toString({name}), ' ', 'T'), '{offset_text(offset)}')"
    return None


def _without_zeros(expression: str, name: str, kind: Type, zone: str) -> str:
    match kind.name:
        case "Date":
            return f"replaceOne(toString({name}), '0000-00-00', '1970-01-01')"
        case "DateTime":
            where, with_offset = kind.zone or zone, bool(kind.zone)
            (first,) = timestamp_texts(np.zeros(1, dtype=np.int64), where, 0, with_offset=with_offset)
            return f"if(toUInt32({name}) = 0, '{first}', {expression})"
    return expression


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
