""":name placeholders to PostgreSQL's ``$1``. Values are bound by the protocol, never written into SQL."""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache

import msgspec

from server.connectors.base import ParamValue
from shared import guard
from shared.errors import InvalidRequest, QueryFailed
from shared.guard import ReadOnlySql

_TEXT, _BOOLEAN, _BIGINT, _DOUBLE = 25, 16, 20, 701


class Statement(msgspec.Struct, frozen=True):
    """SQL with ``$1 …`` in place of the names, its values as text, and the OIDs of their types.

    An OID of 0 lets the server infer the type from where the placeholder stands (``sold_on > $1``
    is a date); ``natural`` has the types for those where nothing tells (``$1 IS NULL``).
    """

    sql: str
    values: list[str | None]
    oids: list[int]
    natural: list[int]
    around: list[str] = []
    """The pieces of ``sql`` between its placeholders."""
    key: Hashable = None
    """Equal for statements that are described alike, whatever their values."""

    def with_natural_type(self, number: int) -> "Statement | None":
        """None when the placeholder does not exist, or has its natural type already."""
        if not 0 < number <= len(self.oids) or self.oids[number - 1]:
            return None
        oids = [*self.oids[: number - 1], self.natural[number - 1], *self.oids[number:]]
        return Statement(self.sql, self.values, oids, self.natural, self.around, self.key)


def bound(sql: ReadOnlySql, params: Mapping[str, ParamValue]) -> Statement:
    """Each occurrence gets a number of its own, so that the server may infer a type for each."""
    filled, around, names, distinct = _numbered(sql)
    values, natural = list[str | None](), list[int]()
    for name in names:
        if name not in params:
            raise InvalidRequest(f"The query has a parameter :{name}, but no value was given for it.")
        value = params[name]
        values.append(str(value) if type(value) is int else _text(name, value))
        natural.append(_NATURAL.get(type(value), _TEXT))
    if len(params) > distinct:
        unused = sorted(params.keys() - set(names))
        raise InvalidRequest(f"A value for {unused[0]!r} was given, but the query has no :{unused[0]}.")
    return Statement(filled, values, [0] * len(values), natural, around, (filled, *natural))


@lru_cache(maxsize=1024)
def _numbered(sql: ReadOnlySql) -> tuple[str, list[str], list[str], int]:
    """The text with numbers, the pieces between them, the name behind each number, and how many names there
    are; for reading only."""
    if "\0" in sql:
        raise QueryFailed("The query holds a NUL character, which PostgreSQL does not take.")
    names: list[str] = []

    def number(name: str) -> str:
        names.append(name)
        return "\0"

    around = guard.fill(sql, "postgres", number).split("\0") if ":" in sql else [str(sql)]
    filled = "".join(f"{piece}${place}" for place, piece in enumerate(around[:-1], 1)) + around[-1]
    return filled, around, names, len(set(names))


_NATURAL = {bool: _BOOLEAN, int: _BIGINT, float: _DOUBLE}

_NAMES = {
    16: "bool",
    20: "int8",
    21: "int2",
    23: "int4",
    25: "text",
    700: "float4",
    701: "float8",
    1043: "varchar",
    1082: "date",
    1083: "time",
    1114: "timestamp",
    1184: "timestamptz",
    1700: "numeric",
    2950: "uuid",
}
"""Types whose values are the same whether bound or read from a setting."""


def can_be_settings(oids: Sequence[int]) -> bool:
    return all(oid in _NAMES for oid in oids)


def sql_with_settings(statement: Statement, oids: Sequence[int]) -> str:
    """The SQL for a command that takes no bound values: it reads them from settings of the transaction,
    which :func:`settings` made. They are still never written into SQL."""
    parts = [statement.around[0]]
    for number, (oid, value) in enumerate(zip(oids, statement.values, strict=True)):
        read = "NULL" if value is None else f"pg_catalog.current_setting('vmart.v{number}')"
        parts += (f"CAST({read} AS pg_catalog.{_NAMES[oid]})", statement.around[number + 1])
    return "".join(parts)


def settings(statement: Statement) -> tuple[str, list[str]]:
    """SQL that makes the settings, and the values for its placeholders; they end with the transaction."""
    values = {number: value for number, value in enumerate(statement.values) if value is not None}
    calls = [
        f"pg_catalog.set_config('vmart.v{number}', ${place}, true)" for place, number in enumerate(values, 1)
    ]
    return "SELECT " + ", ".join(calls), list(values.values())


def _text(name: str, value: ParamValue) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str() if "\0" in value:
            raise InvalidRequest(
                f"The value of :{name} holds a NUL character, which PostgreSQL does not take."
            )
        case _:
            return str(value)
