"""ClickHouse: the kind of connection, and how one is opened. What an open one does is in session.

The socket is made here, so that TLS follows our rules and not the driver's, and that it notices a dead peer.
"""

import contextlib
import importlib.util
import socket
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from server import reach
from server.connectors.base import Field, Kind
from server.connectors.clickhouse.errors import ServerError, login_failure
from server.connectors.clickhouse.login import Login
from server.connectors.login import CERTIFICATE_AUTHORITY, Secret, connected, is_loopback, trusting
from shared.errors import AppError, DriverMissing, InvalidRequest, SourceUnavailable
from shared.http_adapter import tls_context

if TYPE_CHECKING:
    from server.connectors.clickhouse.session import ClickHouseConnector
    from server.connectors.clickhouse.wire import Wire

_SSLMODES = ("disable", "require", "verify-full")
_PORT, _TLS_PORT = 9000, 9440


def open_clickhouse(params: Mapping[str, Any], connect_timeout: float) -> "ClickHouseConnector":
    """Raises SourceUnavailable, InvalidRequest (a field that cannot be) or DriverMissing."""
    if importlib.util.find_spec("clickhouse_driver") is None:
        raise DriverMissing(
            "The ClickHouse driver is not installed.",
            details="Install clickhouse-driver[lz4] on the backend.",
        )
    from server.connectors.clickhouse.session import ClickHouseConnector

    login = _login(params)
    del params  # a traceback that shows local variables must not show the password
    wire = _connected(login, connect_timeout)
    return ClickHouseConnector(wire, login, lambda: _connected(login, connect_timeout), connect_timeout)


def _connected(login: Login, connect_timeout: float) -> "Wire":
    sock = _socket(login, connect_timeout)
    opened = _shaken(sock, login)
    if isinstance(opened, AppError):
        with contextlib.suppress(OSError):
            sock.close()
        raise opened  # not "from" what happened: the driver's frames hold the password
    return opened


def _login(params: Mapping[str, Any]) -> Login:
    host = str(params["host"]).strip()
    sslmode = str(params.get("sslmode") or ("disable" if is_loopback(host) else "verify-full"))
    tls = _tls(sslmode, str(params.get("ssl_ca") or ""))
    return Login(
        host=host,
        port=_port(params, "port", _PORT if tls is None else _TLS_PORT),
        http_port=_port(params, "http_port", 0),
        database=str(params.get("database") or "default"),
        user=str(params["user"]),
        password=Secret(str(params.get("password") or "")),
        tls=tls,
        may=reach.current(),
    )


def _port(params: Mapping[str, Any], name: str, default: int) -> int:
    port = int(params.get(name) or default)
    if not 0 <= port <= 65535:
        raise InvalidRequest(f"{name} must be between 1 and 65535.")
    return port


def _tls(sslmode: str, authority: str) -> ssl.SSLContext | None:
    """``require`` encrypts without asking who answers."""
    match sslmode:
        case "disable":
            return None
        case "require":
            return tls_context(verify=False)
        case "verify-full" if not authority:
            return tls_context()
        case "verify-full":
            return trusting(authority)
    raise InvalidRequest(f"sslmode must be one of {', '.join(_SSLMODES)}.")


def _socket(login: Login, connect_timeout: float) -> socket.socket:
    sock = connected(login.host, login.port, login.source, connect_timeout, login.may)
    if login.tls is None:
        return sock
    try:
        return login.tls.wrap_socket(sock, server_hostname=login.host)
    except (OSError, ValueError) as error:
        sock.close()
        raise _tls_failure(login, error) from error


def _tls_failure(login: Login, error: Exception) -> SourceUnavailable:
    if isinstance(error, TimeoutError):
        return SourceUnavailable(f"{login.source} did not answer in time.", retry_after=10)
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message or "its certificate is not valid"
    else:
        reason = "the TLS handshake failed"
    return SourceUnavailable(
        f"{login.source} cannot be trusted: {reason.rstrip('.')}.",
        details="Give its certificate authority in ssl_ca; or set sslmode to require (encrypted, unchecked)"
        f" or disable (port {_PORT} has no TLS, {_TLS_PORT} has).",
    )


def _shaken(sock: socket.socket, login: Login) -> "Wire | AppError":
    """The wire, or why there is none. Exceptions of the driver stay in here."""
    from server.connectors.clickhouse.wire import ConnectionLost, NotClickHouse, Wire

    known = {"database": login.database, "user": login.user}
    try:
        return Wire(
            sock, {**known, "password": login.password.reveal()}, compression=not is_loopback(login.host)
        )
    except ServerError as error:
        return login_failure(error, source=login.source, user=login.user, database=login.database)
    except ConnectionLost as error:
        if error.silence:
            return SourceUnavailable(f"{login.source} did not answer in time.", retry_after=10)
        return SourceUnavailable(
            f"What answers at {login.host}:{login.port} closed the connection.",
            details=f"The native port is {_PORT}, or {_TLS_PORT} with TLS; 8123 is for HTTP.",
        )
    except NotClickHouse:
        return SourceUnavailable(
            f"What answers at {login.host}:{login.port} is not ClickHouse's native port."
        )


KIND = Kind(
    type="clickhouse",
    label="ClickHouse",
    dialect="clickhouse",
    fields=(
        Field("host", "Host", guards_secret=True),
        Field(
            "port",
            "Port",
            type=int,
            required=False,
            help="Of the native protocol; empty for 9440 with TLS, 9000 without.",
            guards_secret=True,
        ),
        Field(
            "http_port",
            "HTTP port",
            type=int,
            required=False,
            help="8443 with TLS, otherwise 8123. Makes large results faster; empty where it is closed.",
            guards_secret=True,
        ),
        Field("database", "Database", required=False, default="default"),
        Field("user", "User", help="An account that can only read."),
        Field("password", "Password", secret=True, required=False),
        Field(
            "sslmode",
            "Encryption",
            required=False,
            help="verify-full (the default), require, or disable (the default for this very machine).",
            guards_secret=True,
        ),
        CERTIFICATE_AUTHORITY,
    ),
    open=open_clickhouse,
)
