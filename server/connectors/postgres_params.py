""":name placeholders to PostgreSQL's ``$1``. Values are bound by the protocol, never written into SQL."""

import re
from collections.abc import Mapping

import msgspec

from server.connectors.base import ParamValue
from shared.errors import QueryFailed

_TOKENS = re.compile(
    r"""
      (?<!\w)[eE]'(?:[^'\\]|''|\\.)*'              # a string with escapes
    | '(?:[^']|'')*'                               # a string
    | "(?:[^"]|"")*"                               # a quoted name
    | --[^\n]*                                     # a comment to the end of the line
    | (?P<comment>/\*)                             # a comment that may hold others
    | (?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$   # a dollar-quoted string
    | ::                                           # a cast
    | [\w\])]:(?!:)                                # an array slice
    | :(?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)


class Statement(msgspec.Struct, frozen=True):
    """SQL with ``$1 …`` in place of the names, and its values as text."""

    sql: str
    values: list[str | None]


def bound(sql: str, params: Mapping[str, ParamValue]) -> Statement:
    """Each occurrence gets a number of its own, so that the server may infer a type for each."""
    if "\0" in sql:
        raise QueryFailed("The query holds a NUL character, which PostgreSQL does not take.")
    if ":" not in sql:
        return Statement(sql, [])
    parts: list[str] = []
    values: list[str | None] = []
    done = at = 0
    while found := _TOKENS.search(sql, at):
        at = found.end()
        if found["comment"]:
            at = _comment_end(sql, at)
        name = found["name"]
        if name is None:
            continue
        if name not in params:
            raise QueryFailed(f"The query uses :{name}, and no value was given for it.")
        values.append(_text(name, params[name]))
        parts += (sql[done : found.start()], f"${len(values)}")
        done = at
    return Statement("".join([*parts, sql[done:]]), values)


def _comment_end(sql: str, at: int) -> int:
    depth = 1
    while depth and (edge := re.compile(r"/\*|\*/").search(sql, at)):
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return len(sql) if depth else at


def _text(name: str, value: ParamValue) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str() if "\0" in value:
            raise QueryFailed(f"The value of :{name} holds a NUL character, which PostgreSQL does not take.")
        case _:
            return str(value)
