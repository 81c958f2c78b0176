"""Which ODBC driver reaches SQL Server, and the connection string for it. Nothing is opened here.

A value may hold any character and never becomes an option: Microsoft's drivers read ``{…}`` with ``}``
doubled, FreeTDS knows no doubling, so what it cannot be told is refused.
"""

import platform
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from server.connectors import sqlserver_freetds
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


class Secret:
    """A text that no repr, log or traceback shows."""

    def __init__(self, text: str) -> None:
        self.reveal: Callable[[], str] = lambda: text

    def __repr__(self) -> str:
        return "<secret>"


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


def choose(installed: Sequence[str], wanted: str) -> str:
    """The best of the installed drivers, or the wanted one. Raises DriverMissing or InvalidRequest."""
    known = [name for name in (*MICROSOFT, FREETDS) if name in installed]
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
    common = {
        "DATABASE": target.database,
        "UID": target.user,
        "PWD": target.password.reveal(),
        "APP": APPLICATION_NAME,
    }
    if driver == FREETDS:
        return Secret(_freetds(target, common))
    return Secret(_microsoft(driver, target, common))


def _microsoft(driver: str, target: Target, common: Mapping[str, str]) -> str:
    options = {
        "DRIVER": driver,
        "SERVER": f"tcp:{target.host},{target.port}",
        **common,
        "Encrypt": "yes",
        "TrustServerCertificate": "no" if target.verified else "yes",
        "ApplicationIntent": "ReadOnly",
        "ConnectRetryCount": "0",
        "MARS_Connection": "no",
    }
    if target.verified and target.ssl_ca:
        if driver != MICROSOFT[0]:
            raise InvalidRequest("ssl_ca needs Microsoft's driver 18, or FreeTDS.")
        options["ServerCertificate"] = sqlserver_freetds.certificate_file(target.ssl_ca)
    for name, value in options.items():
        _refuse_nul(name, value)
    return ";".join(f"{name}={{{value.replace('}', '}}')}}}" for name, value in options.items())


def _freetds(target: Target, common: Mapping[str, str]) -> str:
    if target.verified:
        section = sqlserver_freetds.section(target.host, target.port, target.ssl_ca)
        where = f"Servername={section}"
    else:
        where = f"SERVER={target.host};PORT={target.port};Encryption=require"
    # FreeTDS takes brackets around a character set for a part of its name, and crashes on the first text.
    ours = f"DRIVER={{{FREETDS}}};{where};TDS_Version=7.4;ClientCharset=UTF-8;ApplicationIntent=ReadOnly"
    return ";".join([ours, *(f"{name}={_for_freetds(name, value)}" for name, value in common.items())])


def _for_freetds(name: str, value: str) -> str:
    """In brackets where there is none inside; plain where nothing in it ends a plain value."""
    _refuse_nul(name, value)
    if "}" not in value:
        return f"{{{value}}}"
    if ";" in value or value.startswith("{") or value != value.strip():
        what = {"PWD": "The password", "UID": "The user", "DATABASE": "The database"}.get(name, name)
        raise InvalidRequest(
            f"{what} has both }} and another character that FreeTDS cannot be told together.",
            details="Change it, or install Microsoft's ODBC driver.",
        )
    return value


def _refuse_nul(name: str, value: str) -> None:
    if "\0" in value or "\n" in value or "\r" in value:
        raise InvalidRequest(f"{name} holds a character that no connection takes.")


def _how() -> str:
    return _INSTALL.get(platform.system(), _INSTALL["Linux"])
