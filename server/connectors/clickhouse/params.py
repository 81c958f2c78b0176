""":name placeholders to ClickHouse's literals. Every value is one literal, whatever is in it."""

import math
from collections.abc import Mapping

from server.connectors.base import ParamValue
from shared import guard
from shared.errors import InvalidRequest
from shared.guard import ReadOnlySql

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\0": "\\0"})


def filled(sql: ReadOnlySql, params: Mapping[str, ParamValue], *, has_booleans: bool) -> str:
    """Raises InvalidRequest when values and placeholders do not match. Before version 21.12 a server has no
    booleans, but 1 and 0."""
    if ":" not in sql and not params:
        return sql
    guard.check_params(sql, "clickhouse", params)
    return guard.fill(sql, "clickhouse", lambda name: literal(params[name], has_booleans))


def literal(value: ParamValue, has_booleans: bool) -> str:  # noqa: PLR0911 - one for each type
    """ClickHouse reads backslashes in strings as escapes, so :func:`guard.literal` is not for it."""
    match value:
        case None:
            return "NULL"
        case bool() if not has_booleans:
            return str(int(value))
        case bool():
            return "true" if value else "false"
        case int():
            return f"({value})" if value < 0 else str(value)
        case float() if math.isnan(value):
            return "nan"
        case float() if math.isinf(value):
            return "inf" if value > 0 else "(-inf)"
        case float():
            return f"({value!r})" if value < 0 else repr(value)
        case str() if any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidRequest("A parameter holds half a character (a lone surrogate).")
        case str():
            return "'" + value.translate(_ESCAPES) + "'"
