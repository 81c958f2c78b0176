"""What PostgreSQL answers, in the reader's words. Which failure it is, is decided by SQLSTATE, never by text.

PostgreSQL translates its messages and puts cell values into some of them; DETAIL and CONTEXT are
dropped for that, and what stands in quotes is masked where a value may be meant.
"""

import re

from server.connectors.postgres.params import Statement
from server.connectors.postgres.protocol import ServerError
from shared.errors import AppError, QueryFailed, QueryRefused, SourceUnavailable

_VALUES_IN_MESSAGE = ("22", "23")
"""Data exceptions and constraint violations."""

_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»|„[^“]*“|\([^)]*\)=\([^)]*\)", re.DOTALL)

QUERY_CANCELED = "57014"
_READ_ONLY = "25006"
_LOGIN_REFUSED = ("28000", "28P01")
_NO_TYPE = ("42P18", "42P08")
_NO_DATABASE = "3D000"
_TOO_MANY_CONNECTIONS = "53300"
_STARTING_OR_STOPPING = ("57P01", "57P02", "57P03", "57P05")


def query_failure(error: ServerError, statement: Statement | None, source: str) -> AppError:
    """``statement`` is given when positions in the error are positions in it."""
    if error.sqlstate == _READ_ONLY:
        return QueryRefused("This connection only reads, and the query would write.", details=_message(error))
    if error.sqlstate in _STARTING_OR_STOPPING or error.sqlstate.startswith("08"):
        return SourceUnavailable(f"{source} closed the connection.", details=_message(error), retry_after=5)
    return QueryFailed(
        f"PostgreSQL says: {_message(error)}.",
        details=_where(error, statement) or f"SQLSTATE {error.sqlstate}.",
    )


def untyped_placeholder(error: ServerError) -> int:
    """The number of the placeholder whose type PostgreSQL could not infer; 0 for any other error."""
    number = re.search(r"\$(\d+)", error.fields.get("M", ""))
    return int(number[1]) if number and error.sqlstate in _NO_TYPE else 0


def login_failure(sqlstate: str, message: str, *, source: str, user: str, database: str) -> SourceUnavailable:
    if sqlstate in _LOGIN_REFUSED:
        return SourceUnavailable(
            f"{source} does not let {user!r} in: the password is wrong, or it may not connect from here."
        )
    if sqlstate == _NO_DATABASE:
        return SourceUnavailable(f"{source} has no database called {database!r}.")
    if sqlstate == _TOO_MANY_CONNECTIONS:
        return SourceUnavailable(f"{source} has no connection left for us.", retry_after=30)
    if sqlstate in _STARTING_OR_STOPPING:
        return SourceUnavailable(f"{source} is starting or shutting down.", retry_after=5)
    return SourceUnavailable(f"{source} refused the connection.", details=f"{message} (SQLSTATE {sqlstate}).")


def _message(error: ServerError) -> str:
    message = error.fields.get("M", "unknown error")
    if error.sqlstate.startswith(_VALUES_IN_MESSAGE):
        message = _QUOTED.sub("…", message)
    return message.rstrip(".")


def _where(error: ServerError, statement: Statement | None) -> str:
    position = error.fields.get("P", "")
    if statement is None or not position.isdecimal():
        return ""
    before = statement.sql[: int(position) - 1]
    if statement.values:  # the placeholders had other lengths in the caller's text
        return f"In line {before.count(chr(10)) + 1} of the query."
    column = len(before) - (before.rfind("\n") + 1) + 1
    return f"In line {before.count(chr(10)) + 1}, column {column} of the query."
