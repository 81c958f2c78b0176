"""What ClickHouse answers, in the reader's words. Which failure it is, is decided by its number alone.

The numbers are those of ClickHouse's ErrorCodes.cpp, which never change their meaning.
"""

import re

from shared.errors import (
    AppError,
    QueryCancelled,
    QueryFailed,
    QueryRefused,
    QueryTimeout,
    SourceBusy,
    SourceUnavailable,
)

TIMEOUT_EXCEEDED, TOO_SLOW, CANCELLED = 159, 160, 394
READONLY, SETTING_CONSTRAINT = 164, 452
_UNKNOWN_DATABASE = 81
_LOGIN_REFUSED = (192, 193, 194, 195, 516)
_TOO_MANY_QUERIES, _MEMORY, _RATE = 202, 241, 201
_STOPPING = (236, 210, 209)
_TOO_MUCH = (158, 307, 396)
_VALUES_IN_MESSAGE = (
    6,
    26,
    27,
    38,
    41,
    69,
    70,
    72,
    131,
    153,
    321,
    349,
    376,
    395,
    407,
    441,
    467,
    675,
    676,
    691,
)
"""Conversions and limits of values: what stands in quotes may be a cell."""

_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|`[^`]*`|\"[^\"]*\"", re.DOTALL)
_TAIL = re.compile(
    r"(?:\. Stack trace:.*|\s*\(version [^()]*(?:\([^()]*\))?[^()]*\)|, e\.what\(\) = .*)", re.DOTALL
)
_HEAD = re.compile(r"^Code: \d+[.,] (?:e\.displayText\(\) = )?")
_NAME = re.compile(r"\s*\([A-Z_]+\)\s*$")
_LONGEST = 600


class ServerError(Exception):
    """An exception of the server: its number, and its text as it came."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"code {code}")
        self.code = code
        self.text = text


def query_failure(error: ServerError, source: str) -> AppError:  # noqa: PLR0911 - a table
    said = message(error)
    match error.code:
        case code if code in (TIMEOUT_EXCEEDED, TOO_SLOW):
            return QueryTimeout("The query took longer than it may, and was stopped inside ClickHouse.")
        case code if code == CANCELLED:
            return QueryCancelled("The query was stopped inside ClickHouse.")
        case code if code == READONLY:
            return QueryRefused("This connection only reads, and the query would do more.", details=said)
        case code if code == _MEMORY:
            return QueryFailed(
                "The query needs more memory than ClickHouse gives it. Ask for less: a shorter period, an"
                " aggregate.",
                details="Code 241.",
            )
        case code if code == _TOO_MANY_QUERIES:
            return SourceBusy(f"{source} runs as many queries as it may.", retry_after=5)
        case code if code == _RATE:
            return SourceBusy(
                f"The quota of the account at {source} is used up.", details=said, retry_after=60
            )
        case code if code in _STOPPING:
            return SourceUnavailable(f"{source} is shutting down.", retry_after=5)
        case code if code in _TOO_MUCH:
            return QueryFailed("The query reads or gives more than the account may.", details=said)
        case code:
            return QueryFailed(f"ClickHouse says: {said}.", details=f"Code {code}.")


def login_failure(error: ServerError, *, source: str, user: str, database: str) -> AppError:
    match error.code:
        case code if code in _LOGIN_REFUSED:
            return SourceUnavailable(
                f"{source} does not let {user!r} in: the password is wrong, or it may not connect from here."
            )
        case code if code == _UNKNOWN_DATABASE:
            return SourceUnavailable(f"{source} has no database called {database!r}.")
        case code if code == _TOO_MANY_QUERIES:
            return SourceUnavailable(f"{source} has no connection left for us.", retry_after=30)
        case code:
            return SourceUnavailable(
                f"{source} refused the connection.", details=f"{message(error)} (code {code})."
            )


def message(error: ServerError) -> str:
    """Without the server's stack, version and, where cells may be meant, without values."""
    text = _HEAD.sub("", _TAIL.sub("", error.text)).replace("DB::Exception: ", "").strip()
    text = _NAME.sub("", text)
    if error.code in _VALUES_IN_MESSAGE:
        text = _QUOTED.sub("…", text.partition(": While ")[0].partition(": In scope")[0])
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
