"""What a source says of a governed query, without what the caller did not write. Pure.

Positions in the text are those of a text that the caller never saw, some sources quote the query itself, and
what they suggest depends on names around it.
"""

import re

from server.governance.governed import ALIAS
from shared.errors import AppError, QueryFailed, QueryRefused

_ADDED = "[Ii]n scope|[Ww]hile |[Ii]n query|[Mm]aybe you meant|Candidate |Did you mean|LINE \\d"
_QUOTES = re.compile(rf"(?:[:,.!]?\s+(?:{_ADDED})|\n).*", re.DOTALL)


def screened(error: AppError) -> AppError:
    """The same failure, safe to be told."""
    if not isinstance(error, QueryFailed | QueryRefused):
        return error
    said = _QUOTES.sub("", error.message)
    if ALIAS in f"{said} {error.details}".lower() or not said.strip():
        return type(error)(
            "The source could not run the query.",
            details="Look at its functions and at the types of its columns; GET /api/schema lists those.",
        )
    return type(error)(said.rstrip(" .,:") + ".", retry_after=error.retry_after)
