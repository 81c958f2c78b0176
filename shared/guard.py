"""SQL text to ReadOnlySql, or a refusal. The only maker of that type.

The first of three locks: one statement, a query, built only from kinds of nodes and functions that
shared/sql lists for the dialect. What runs is never the caller's text but the tree written anew, so
that whatever the parser misread is harmless; and that text is read once more, and must give the same
tree. The other two locks are in the connectors and in the account.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NewType

import msgspec
from sqlglot import exp
from sqlglot.errors import SqlglotError, UnsupportedError

from shared.errors import InvalidRequest, QueryRefused
from shared.sql import parsing
from shared.sql.latest import latest
from shared.sql.rules import Rules, rules
from shared.sql.tree import table_names, verify

ReadOnlySql = NewType("ReadOnlySql", str)
"""SQL that passed :func:`check`: one query that only reads, re-rendered from its parsed form.
Placeholders in it are written ``:name``."""

_CACHED_UP_TO = 10_000
"""Characters. Longer texts are checked each time, so that the cache stays small."""

_TREES, _TEXTS = 50_000, 2_000_000
"""Characters of which trees are kept, each of which takes nearly a kilobyte; and of which what is small."""


def check(text: str, dialect: str) -> ReadOnlySql:
    """Raises QueryRefused, which says what in the text, and why."""
    judge = _judged if len(text) <= _CACHED_UP_TO else _judged.__wrapped__
    verdict = judge(text, dialect)
    if isinstance(verdict, _Refusal):
        raise QueryRefused(verdict.message, details=verdict.details)
    return verdict


@latest(_TREES)
def _tree(sql: str, dialect: str) -> exp.Expr:
    return _parsed(sql, dialect, rules(dialect))


def tree(sql: ReadOnlySql, dialect: str) -> exp.Expr:
    """The tree of a checked query, for reading only: it is shared. Placeholders are exp.Placeholder."""
    return _tree(sql, dialect)


@latest(_TEXTS)
def _tables(sql: str, dialect: str) -> frozenset[str]:
    return table_names(_tree(sql, dialect))


def tables(sql: ReadOnlySql, dialect: str) -> frozenset[str]:
    """The tables and views that the query reads, as it writes them (``hr.staff``), without its CTEs."""
    return _tables(sql, dialect)


def governed(tree: exp.Expr, dialect: str) -> ReadOnlySql:
    """The SQL of a tree that was checked, and in which server/governance has since put what the caller sees
    in the place of tables. Raises QueryRefused when it does not read back as it is."""
    try:
        rendered = parsing.render(tree, dialect)
        if _parsed(rendered, dialect, rules(dialect)) == tree:
            return ReadOnlySql(rendered)
    except QueryRefused:
        raise
    except (SqlglotError, UnsupportedError, RecursionError):
        pass
    raise QueryRefused("The query can not be written under the data policies; write it more simply.")


@latest(_TEXTS)
def _placeholders(sql: str, dialect: str) -> frozenset[str]:
    return frozenset(node.name for node in _tree(sql, dialect).find_all(exp.Placeholder))


def placeholders(sql: ReadOnlySql, dialect: str) -> frozenset[str]:
    """The names behind the colons."""
    return _placeholders(sql, dialect)


_EXPLAIN = re.compile(r"\s*EXPLAIN(?P<analyze>\s+ANALYZE)?\s+(?=\S)", re.IGNORECASE)


class Explained(msgspec.Struct, frozen=True):
    """``EXPLAIN`` or ``EXPLAIN ANALYZE`` before a query, taken apart; ``how`` is empty when there is none."""

    how: str
    query: str

    @classmethod
    def of(cls, text: str) -> "Explained":
        found = _EXPLAIN.match(text)
        if found is None:
            return cls("", text)
        return cls("EXPLAIN ANALYZE" if found["analyze"] else "EXPLAIN", text[found.end() :])


def check_explained(text: str, dialect: str) -> ReadOnlySql:
    """As :func:`check`, but the query may stand behind ``EXPLAIN [ANALYZE]``, for what explains by itself:
    no source is ever given the word."""
    explained = Explained.of(text)
    sql = check(explained.query, dialect)
    return ReadOnlySql(f"{explained.how} {sql}") if explained.how else sql


def fill(sql: ReadOnlySql, dialect: str, write: Callable[[str], str]) -> str:
    """The text for the driver: each ``:name`` becomes ``write("name")``, such as ``$1`` or a literal
    (see :func:`literal`). What looks like a placeholder inside a string stays as it is."""
    pieces: list[str] = []
    end = 0
    for start, stop, name in _places(sql, dialect):
        pieces += [sql[end:start], write(name)]
        end = stop
    return "".join([*pieces, sql[end:]])


def literal(value: str | int | float | bool | None) -> str:
    """A value as SQL that every dialect reads alike, given that backslashes are plain in strings."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return f"({value})" if value < 0 else str(value)
        case float():
            text = repr(value)
            return f"CAST('{text}' AS DOUBLE PRECISION)"
        case str() if "\x00" in value:
            raise InvalidRequest("A parameter holds the character NUL, which no database takes.")
        case str():
            return "'" + value.replace("'", "''") + "'"


def check_params(sql: ReadOnlySql, dialect: str, params: Mapping[str, object]) -> None:
    """Raises InvalidRequest when a placeholder has no value, or a value no placeholder."""
    wanted = placeholders(sql, dialect)
    if missing := sorted(wanted - params.keys()):
        raise InvalidRequest(f"The query has a parameter :{missing[0]}, but no value was given for it.")
    if unused := sorted(params.keys() - wanted):
        raise InvalidRequest(f"A value for {unused[0]!r} was given, but the query has no :{unused[0]}.")


class _Refusal:
    def __init__(self, message: str, details: str = "") -> None:
        self.message, self.details = message, details


@lru_cache(maxsize=2048)
def _judged(text: str, dialect: str) -> "ReadOnlySql | _Refusal":
    try:
        allowed = rules(dialect)
        first = _parsed(text, dialect, allowed)
        verify(first, allowed)
        rendered = parsing.render(first, dialect)
        again = _parsed(rendered, dialect, allowed)
        verify(again, allowed)
        if again == first:
            return ReadOnlySql(rendered)
    except QueryRefused as refusal:
        return _Refusal(refusal.message, refusal.details)
    except UnsupportedError:
        pass
    except SqlglotError as error:
        return _Refusal("The SQL can not be parsed.", _where(error))
    except RecursionError:
        return _Refusal("The SQL is nested too deeply; use CTEs.")
    except Exception:  # noqa: BLE001 - the parser meets hostile text: whatever it raises, we refuse
        return _Refusal("The SQL can not be parsed.")
    return _Refusal("The query can not be written anew without changing it; write it more simply.")


def _parsed(text: str, dialect: str, allowed: Rules) -> exp.Expr:
    found = parsing.trees(text, dialect, allowed.typed)
    if len(found) != 1:
        what = "holds no statement" if not found else f"holds {len(found)} statements"
        raise QueryRefused(f"The text {what}; send exactly one query.")
    return found[0]


def _where(error: SqlglotError) -> str:
    for entry in getattr(error, "errors", []):
        if entry.get("line"):
            said = re.sub(r"<class '[\w.]*?(\w+)'>", r"\1", entry["description"])
            return f"{said} (line {entry['line']}, column {entry['col']})"[:300]
    return ""


@latest(_TEXTS)
def _places(sql: str, dialect: str) -> tuple[tuple[int, int, str], ...]:
    found = ((token, parsing.placeholder_name(token)) for token in parsing.tokens(sql, dialect))
    return tuple((token.start - 1, token.end + 1, name) for token, name in found if name is not None)
