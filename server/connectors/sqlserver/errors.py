"""What SQL Server and the ODBC drivers answer, in the reader's words. Which failure it is, is decided by
SQLSTATE and by the server's number; cell values stand in some messages, and are masked there."""

import re

import msgspec

from shared.errors import AppError, QueryFailed, QueryRefused, SourceBusy, SourceUnavailable

_TIMED_OUT = ("HYT00", "HYT01")
_CANCELLED = "HY008"
_LOST_NUMBERS = frozenset({20003, 20004, 20006, 20017, 596, 6005, 10053, 10054, 10060})
_WITH_VALUES = frozenset({241, 245, 248, 547, 2601, 2627, 2628, 8114, 8152, 8169, 9420, 13609})
_READ_ONLY = frozenset({3906, 3908, 3924, 15562, 978})
_DEADLOCK = 1205
_UNTOLD_TYPE = ("HY106", "HY091")

_PREFIX = re.compile(r"^(?:\[[^\]]*\]\s*)+")
_FIRST = re.compile(r"^(.*?)\s*\((-?\d+)\)(?:\s*\(SQL\w+\)|;|$)", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\([^()]*\)", re.DOTALL)


class Said(msgspec.Struct, frozen=True):
    """``number`` is the server's, or the driver's own; 0 when there is none."""

    sqlstate: str
    number: int
    message: str

    @property
    def timed_out(self) -> bool:
        return self.sqlstate in _TIMED_OUT

    @property
    def cancelled(self) -> bool:
        return self.sqlstate == _CANCELLED

    @property
    def lost(self) -> bool:
        unsaid = self.number == 0 and self.sqlstate in ("HY000", "01000")  # the server's own have a number
        return unsaid or self.sqlstate.startswith("08") or self.number in _LOST_NUMBERS


def said(error: BaseException) -> Said:
    """What a driver's exception carries: the first of its messages."""
    sqlstate, *rest = [str(part) for part in error.args] or [""]
    text = rest[0] if rest else sqlstate
    if not rest:
        sqlstate = ""
    if len(sqlstate) != 5:  # pyodbc's own failures have it last
        sqlstate, text = (text, sqlstate) if len(text) == 5 else ("", text)
    text = _PREFIX.sub("", text)
    found = _FIRST.match(text)
    number = int(found[2]) if found else 0
    message = (found[1] if found else text).strip().rstrip(".")
    if number in _WITH_VALUES:
        message = _QUOTED.sub("…", message)
    return Said(sqlstate, number, message)


def query_failure(what: Said, source: str) -> AppError:
    if what.number in _READ_ONLY:
        return QueryRefused("This connection only reads, and the query would write.", details=_told(what))
    if what.lost:
        return SourceUnavailable(f"The connection to {source} was lost.", retry_after=5)
    if what.number == _DEADLOCK:
        return QueryFailed("SQL Server chose the query as the victim of a deadlock.", details="Ask again.")
    if what.sqlstate in _UNTOLD_TYPE:
        return QueryFailed(
            "A column of the result has a type that the driver cannot give, such as sql_variant.",
            details="CAST it, for example to nvarchar(4000).",
        )
    return QueryFailed(f"SQL Server says: {what.message}.", details=f"Number {what.number}.")


_LOGIN = {
    **dict.fromkeys(
        (18456, 18452, 18470),
        "{source} does not let {user!r} in: the password is wrong, or it may not connect.",
    ),
    18486: "{source} has locked the account {user!r}.",
    **dict.fromkeys((18487, 18488), "The password of {user!r} at {source} has expired."),
    **dict.fromkeys((4060, 911, 4064), "{source} has no database {database!r} that {user!r} may open."),
    40615: "{source} does not take connections from this address: its firewall must let the backend in.",
    **dict.fromkeys((6005, 18401, 17142), "{source} is starting or shutting down."),
}
_TOO_MANY = frozenset({10928, 10929, 17809, 17830, 10936})


def login_failure(what: Said, *, source: str, user: str, database: str) -> AppError:
    if what.number in _TOO_MANY:
        return SourceBusy(f"{source} has no connection left for us.", retry_after=30)
    if what.number in _LOGIN:
        sentence = _LOGIN[what.number].format(source=source, user=user, database=database)
        return SourceUnavailable(sentence)
    if what.timed_out:
        return SourceUnavailable(f"{source} did not answer in time.", retry_after=10)
    if "certificate" in what.message.lower() or "SSL" in what.message:  # the drivers have no code for it
        return SourceUnavailable(
            f"{source} cannot be trusted: its certificate is signed by nobody we know, or has another name.",
            details="Give its authority in ssl_ca, or set encryption to require (encrypted, unchecked).",
        )
    return SourceUnavailable(
        f"{source} cannot be reached.",
        details="The host, the port or its certificate is not right, or what answers is not SQL Server.",
        retry_after=10,
    )


def _told(what: Said) -> str:
    return f"{what.message} ({what.number})."
