"""SQL Server: the kind of connection, and how one is opened. What an open one does is in session.

pyodbc with Microsoft's ODBC driver (18 or 17) where it is installed, and otherwise with FreeTDS.
"""

import importlib.util
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from server import reach
from server.connectors.base import Field, Kind
from server.connectors.login import Secret, is_loopback
from server.connectors.sqlserver import driver as sqlserver_driver
from server.connectors.sqlserver import errors as sqlserver_errors
from server.connectors.sqlserver.driver import Target
from shared.errors import AppError, DriverMissing, InvalidRequest, QueryTimeout, SourceUnavailable

if TYPE_CHECKING:
    from server.connectors.sqlserver.session import SqlServerConnector

_ENCRYPTION = ("verify-full", "require")


def open_sqlserver(params: Mapping[str, Any], connect_timeout: float) -> "SqlServerConnector":
    """Raises SourceUnavailable, InvalidRequest (a field that cannot be) or DriverMissing."""
    params = {**params, "password": Secret(str(params.get("password") or ""))}
    target = _target(params)  # from here on no traceback that shows local variables shows the password
    wanted = str(params.get("driver") or "")
    own_authority = target.verified and bool(target.ssl_ca)
    driver = sqlserver_driver.choose(_installed(), wanted, own_authority=own_authority)
    target = _pinned(target)
    opened = _opened(sqlserver_driver.connection_string(driver, target), target, connect_timeout)
    if isinstance(opened, AppError):
        # Not "from" what happened: the driver's frames hold the password.
        raise opened
    return opened


def _target(params: Mapping[str, Any]) -> Target:
    host = str(params["host"]).strip()
    encryption = str(params.get("encryption") or ("require" if is_loopback(host) else "verify-full"))
    if encryption not in _ENCRYPTION:
        raise InvalidRequest(f"encryption must be one of {', '.join(_ENCRYPTION)}.")
    port = int(params.get("port") or 1433)
    if not 0 < port < 65536:
        raise InvalidRequest("port must be a number from 1 to 65535.")
    return Target(
        host=host,
        port=port,
        database=str(params["database"]),
        user=str(params["user"]),
        password=params["password"],
        verified=encryption == "verify-full",
        ssl_ca=str(params.get("ssl_ca") or ""),
    )


def _pinned(target: Target) -> Target:
    """The driver resolves names itself. Where nobody checks the server's name, it gets the address that was
    looked at; where the name is checked, the name. Raises HostNotAllowed."""
    try:
        found = reach.current().resolve(target.host, target.port)
    except (OSError, UnicodeError):
        return target  # told by the driver
    plain = [str(address[0]) for family, address in found if family == socket.AF_INET]
    return target if target.verified or not plain else msgspec.structs.replace(target, host=plain[0])


def _installed() -> list[str]:
    if importlib.util.find_spec("pyodbc") is None:
        raise DriverMissing("pyodbc is not installed.", details="Install pyodbc on the backend.")
    try:
        import pyodbc
    except ImportError as error:  # the driver manager's library is missing
        raise DriverMissing(
            "The ODBC driver manager is not installed.",
            details="Install unixODBC (apt install libodbc2, dnf install unixODBC, brew install unixodbc).",
        ) from error
    pyodbc.pooling = False  # pools are ours; the driver manager's would keep what we close
    names: list[str] = pyodbc.drivers()
    return names


def _opened(text: Secret, target: Target, seconds: float) -> "SqlServerConnector | AppError":
    """Exceptions of the driver stay in here, for their frames hold the password."""
    import pyodbc

    from server.connectors.sqlserver.session import SqlServerConnector

    whole_seconds = max(1, round(seconds))
    try:
        driver = pyodbc.connect(text.reveal(), timeout=whole_seconds, autocommit=False)
        connector = SqlServerConnector(driver, source=target.source)
    except pyodbc.Error as error:
        what = sqlserver_errors.said(error)
        return sqlserver_errors.login_failure(
            what, source=target.source, user=target.user, database=target.database
        )
    try:
        connector.prepare(seconds, target.port)
    except AppError as error:
        connector.close()
        late = SourceUnavailable(f"{target.source} did not answer in time.", retry_after=10)
        return late if isinstance(error, QueryTimeout) else error
    return connector


KIND = Kind(
    type="sqlserver",
    label="SQL Server",
    dialect="tsql",
    fields=(
        Field("host", "Host", guards_secret=True),
        Field("port", "Port", type=int, required=False, default=1433, guards_secret=True),
        Field("database", "Database"),
        Field("user", "User", help="A login that can only read."),
        Field("password", "Password", secret=True),
        Field(
            "encryption",
            "Encryption",
            required=False,
            help="verify-full (the default), or require: encrypted, unchecked (the default for loopback).",
            guards_secret=True,
        ),
        Field(
            "ssl_ca",
            "Certificate authority",
            required=False,
            help="PEM text, or a path on the backend; empty for the system's own authorities. Needs FreeTDS.",
            guards_secret=True,
        ),
        Field(
            "driver",
            "Driver",
            required=False,
            help="Which of the installed ODBC drivers, when it should not be the best one.",
            guards_secret=True,
        ),
    ),
    open=open_sqlserver,
)
