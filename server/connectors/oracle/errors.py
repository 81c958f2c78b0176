"""What Oracle and its driver answer, in the reader's words. Which failure it is, is decided by code, never
by text.

Cell values stand in some messages of newer versions; what is in quotes is masked there.
"""

import re

import msgspec

from shared.errors import AppError, QueryFailed, QueryRefused, SourceBusy, SourceUnavailable

CANCELLED = "ORA-01013"
CALL_TIMEOUT = "DPY-4024"
WRONG_NAME = "DPY-6006"
"""The certificate is another server's."""

_CANNOT_CONNECT = "DPY-6005"

_READ_ONLY = ("ORA-01456", "ORA-16000", "ORA-28194")
_GONE = (
    *("DPY-4011", "DPY-1001", "DPY-4005", "ORA-00028", "ORA-01012", "ORA-02396", "ORA-02399", "ORA-03113"),
    *("ORA-03114", "ORA-03135", "ORA-12537", "ORA-12547", "ORA-12570", "ORA-12571", "ORA-01089", "ORA-01090"),
    *("ORA-01092", "ORA-12153", "ORA-31203", "ORA-45582", "ORA-56600", "ORA-25401", "ORA-25402", "ORA-25403"),
)
_STARTING_OR_STOPPING = ("ORA-01033", "ORA-01034", "ORA-01089", "ORA-01090", "ORA-12526", "ORA-12528")
_TOO_MANY = ("ORA-00018", "ORA-00020", "ORA-02391", "ORA-12516", "ORA-12518", "ORA-12519", "ORA-12520")
_SNAPSHOT_TOO_OLD = ("ORA-01555", "ORA-08176", "ORA-08177")
_MAY_HOLD_VALUES = ("ORA-01722", "ORA-01843", "ORA-01858", "ORA-01861", "ORA-06502", "ORA-40441")

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"", re.DOTALL)


_LOGIN = {
    **dict.fromkeys(
        ("ORA-01017", "ORA-01005", "ORA-01045"),
        "{source} does not let {user!r} in: the password is wrong, or it may not connect.",
    ),
    "ORA-28000": "{source} has locked the account {user!r}.",
    **dict.fromkeys(("ORA-28001", "ORA-28002"), "The password of {user!r} at {source} has expired."),
    **dict.fromkeys(
        ("DPY-6001", "DPY-6003", "ORA-12514", "ORA-12505"), "{source} has no service called {service!r}."
    ),
    "DPY-3010": "{source} is too old: version 12.1 or later is needed.",
    **dict.fromkeys(
        ("DPY-3001", "DPY-4027", "ORA-12660"),
        "{source} demands Oracle's own network encryption; use TLS instead, with protocol tcps.",
    ),
}


class Said(msgspec.Struct, frozen=True):
    """``code`` is ORA-… or DPY-…; ``offset`` counts characters of the statement, -1 when it says nothing."""

    code: str
    message: str
    offset: int = -1


def said(error: BaseException) -> Said:
    """What a driver's exception carries."""
    what = error.args[0] if error.args else None
    code, text = str(getattr(what, "full_code", "") or ""), str(getattr(what, "message", "") or "")
    first = text.split("\n", 1)[0].removeprefix(f"{code}:").strip().rstrip(".")
    if code in _MAY_HOLD_VALUES:
        first = _QUOTED.sub("…", first)
    # Some of the driver's failures wrap Oracle's own, which says more.
    for inner in re.findall(r"ORA-\d{5}|DPY-\d{4}", text) if code == _CANNOT_CONNECT else ():
        if inner in _STARTING_OR_STOPPING + _TOO_MANY or inner in _LOGIN or inner == WRONG_NAME:
            code = inner
    offset = getattr(what, "offset", None)
    return Said(code, first, offset if isinstance(offset, int) and offset > 0 else -1)


def is_gone(what: Said) -> bool:
    return what.code in _GONE


def query_failure(what: Said, sql: str, source: str) -> AppError:
    """``sql`` is the caller's text, empty when offsets are not positions in it."""
    if what.code in _READ_ONLY:
        return QueryRefused("This connection only reads, and the query would write.", details=_told(what))
    if is_gone(what):
        return SourceUnavailable(f"The connection to {source} was lost.", details=_told(what), retry_after=5)
    if what.code in _TOO_MANY:
        return SourceBusy(f"{source} has no connection left for us.", retry_after=30)
    if what.code in _SNAPSHOT_TOO_OLD:
        return QueryFailed(
            "Oracle no longer has the data as it was when the query began.",
            details=f"Ask for less, or again at a quieter time ({what.code}).",
        )
    return QueryFailed(f"Oracle says: {what.message}.", details=_where(what, sql))


def login_failure(what: Said, *, source: str, user: str, service: str) -> AppError:
    if what.code in _TOO_MANY:
        return SourceBusy(f"{source} has no connection left for us.", retry_after=30)
    if what.code in _STARTING_OR_STOPPING:
        return SourceUnavailable(f"{source} is starting or shutting down.", retry_after=5)
    sentence = _LOGIN.get(what.code)
    if sentence is None:
        return SourceUnavailable(f"{source} refused the connection.", details=_told(what))
    return SourceUnavailable(sentence.format(source=source, user=user, service=service))


def _told(what: Said) -> str:
    return f"{what.message} ({what.code})." if what.code else f"{what.message}."


def _where(what: Said, sql: str) -> str:
    if not sql or not 0 <= what.offset <= len(sql):
        return f"{what.code}."
    before = sql[: what.offset]
    column = what.offset - (before.rfind("\n") + 1) + 1
    return f"{what.code}, in line {before.count(chr(10)) + 1}, column {column} of the query."
