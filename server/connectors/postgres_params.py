""":name placeholders to PostgreSQL's ``$1``. Values are bound by the protocol, never written into SQL."""

from collections.abc import Mapping

import msgspec

from server import guard
from server.connectors.base import ParamValue
from server.guard import ReadOnlySql
from shared.errors import InvalidRequest, QueryFailed


class Statement(msgspec.Struct, frozen=True):
    """SQL with ``$1 …`` in place of the names, and its values as text."""

    sql: str
    values: list[str | None]


def bound(sql: ReadOnlySql, params: Mapping[str, ParamValue]) -> Statement:
    """Each occurrence gets a number of its own, so that the server may infer a type for each."""
    if "\0" in sql:
        raise QueryFailed("The query holds a NUL character, which PostgreSQL does not take.")
    if ":" not in sql and not params:
        return Statement(sql, [])
    used: set[str] = set()
    values: list[str | None] = []

    def number(name: str) -> str:
        if name not in params:
            raise InvalidRequest(f"The query has a parameter :{name}, but no value was given for it.")
        used.add(name)
        values.append(_text(name, params[name]))
        return f"${len(values)}"

    filled = guard.fill(sql, "postgres", number)
    if unused := sorted(params.keys() - used):
        raise InvalidRequest(f"A value for {unused[0]!r} was given, but the query has no :{unused[0]}.")
    return Statement(filled, values)


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
