"""Which ODBC driver reaches SQL Server, and the connection string for it. Nothing is opened here.

A value may hold any character and never becomes an option: Microsoft's drivers read ``{…}`` with ``}``
doubled, FreeTDS knows no doubling, so what it cannot be told is refused.
"""

import platform
import re
from collections.abc import Sequence

import msgspec

from server.connectors.login import Secret
from server.connectors.sqlserver import freetds as sqlserver_freetds
from shared.errors import DriverMissing, InvalidRequest

MICROSOFT = ("ODBC Driver 18 for SQL Server", "ODBC Driver 17 for SQL Server")
FREETDS = "FreeTDS"
APPLICATION_NAME = "V-Mart AI Agent"

_HOST = re.compile(r"[\w.:-]{1,253}")
_INSTALL = {
    "Windows": "Install Microsoft's ODBC Driver 18 for SQL Server (winget install Microsoft.msodbcsql.18).",
    "Darwin": "Install FreeTDS (brew install freetds unixodbc), or Microsoft's ODBC Driver 18.",
    "Linux": "Install FreeTDS (apt install tdsodbc, or dnf install freetds), or Microsoft's ODBC Driver 18.",
}


class Target(msgspec.Struct, frozen=True):
    """What to reach. ``verified``: the server's certificate and name are checked; encrypted it is always."""

    host: str
    port: int
    database: str
    user: str
    password: Secret
    verified: bool
    ssl_ca: str

    @property
    def source(self) -> str:
        return f"SQL Server at {self.host}:{self.port}"


def choose(installed: Sequence[str], wanted: str, *, own_authority: bool) -> str:
    """The best of the installed drivers, or the wanted one. Only FreeTDS can be told of an authority that the
    system does not know. Raises DriverMissing or InvalidRequest."""
    known = [name for name in (*MICROSOFT, FREETDS) if name in installed]
    if own_authority and not wanted:
        known.sort(key=lambda name: name != FREETDS)
    if own_authority and (wanted or (known and known[0])) in MICROSOFT:
        raise InvalidRequest(
            "Microsoft's driver takes only certificate authorities that the system knows.",
            details="Add it there (update-ca-certificates) and leave ssl_ca empty, or install FreeTDS.",
        )
    if wanted:
        if wanted not in (*MICROSOFT, FREETDS):
            raise InvalidRequest(f"driver must be one of {', '.join((*MICROSOFT, FREETDS))}.")
        if wanted not in known:
            raise DriverMissing(f"The driver {wanted!r} is not installed on the backend.", details=_how())
        return wanted
    if not known:
        raise DriverMissing("There is no ODBC driver for SQL Server on the backend.", details=_how())
    return known[0]


def connection_string(driver: str, target: Target) -> Secret:
    """Raises InvalidRequest for what the driver cannot be told."""
    if not _HOST.fullmatch(target.host):
        raise InvalidRequest(
            "host has a character that no host name has.",
            details="A named instance is given by its port.",
        )
    problem = _problem(driver, target)
    if problem is not None:
        raise problem  # here, where no local variable is the password
    where = _freetds(target) if driver == FREETDS else _microsoft(driver, target)
    quoted = _freetds_quoted if driver == FREETDS else _microsoft_quoted
    values = {**_theirs(target), "APP": APPLICATION_NAME}
    return Secret(";".join([where, *(f"{name}={quoted(value)}" for name, value in values.items())]))


def _theirs(target: Target) -> dict[str, str]:
    return {"DATABASE": target.database, "UID": target.user, "PWD": target.password.reveal()}


_CALLED = {"DATABASE": "The database", "UID": "The user", "PWD": "The password"}


def _problem(driver: str, target: Target) -> InvalidRequest | None:
    for name, value in _theirs(target).items():
        if set(value) & set("\0\r\n"):
            return InvalidRequest(f"{_CALLED[name]} holds a character that no connection takes.")
        if driver == FREETDS and _freetds_quoted(value) is None:
            return InvalidRequest(
                f"{_CALLED[name]} has both }} and another character that FreeTDS cannot be told together.",
                details="Change it, or install Microsoft's ODBC driver.",
            )
    return None


def _microsoft(driver: str, target: Target) -> str:
    trust = "no" if target.verified else "yes"
    return (
        f"DRIVER={{{driver}}};SERVER={{tcp:{target.host},{target.port}}};Encrypt=yes;"
        f"TrustServerCertificate={trust};ApplicationIntent=ReadOnly;ConnectRetryCount=0;MARS_Connection=no"
    )


def _freetds(target: Target) -> str:
    if target.verified:
        where = f"Servername={sqlserver_freetds.section(target.host, target.port, target.ssl_ca)}"
    else:
        where = f"SERVER={target.host};PORT={target.port};Encryption=require"
    # FreeTDS takes brackets around a character set for a part of its name, and crashes on the first text.
    return f"DRIVER={{{FREETDS}}};{where};TDS_Version=7.4;ClientCharset=UTF-8;ApplicationIntent=ReadOnly"


def _microsoft_quoted(value: str) -> str:
    return "{" + value.replace("}", "}}") + "}"


def _freetds_quoted(value: str) -> str | None:
    """In brackets where there is none inside; plain where nothing in it ends a plain value; else None."""
    if "}" not in value:
        return f"{{{value}}}"
    return None if ";" in value or value.startswith("{") or value != value.strip() else value


def _how() -> str:
    return _INSTALL.get(platform.system(), _INSTALL["Linux"])
