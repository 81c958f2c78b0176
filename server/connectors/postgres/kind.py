"""PostgreSQL: the kind of connection, and how one is opened. What an open one does is in session.

pg8000 opens and authenticates (all of PostgreSQL's password methods, TLS with channel binding);
the socket is made here, so that it is quick (TCP_NODELAY) and notices a dead peer (keep-alive).
"""

import contextlib
import importlib.util
import socket
import ssl
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from server.connectors.base import Field, Kind
from server.connectors.login import CERTIFICATE_AUTHORITY, Secret, connected, is_loopback, trusting
from server.connectors.postgres.cancel import TLS_REQUEST, CancelTicket
from server.connectors.postgres.errors import login_failure
from server.connectors.postgres.protocol import Wire
from shared.errors import DriverMissing, InvalidRequest, SourceUnavailable

if TYPE_CHECKING:
    from server.connectors.postgres.session import PostgresConnector

APPLICATION_NAME = "V-Mart AI Agent"

_SESSION = {
    "default_transaction_read_only": "on",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
}
"""Sent while connecting, so that DISCARD ALL comes back to them."""

_SSLMODES = ("prefer", "require", "verify-full")


class _Login(msgspec.Struct, frozen=True):
    host: str
    port: int
    database: str
    user: str
    password: Secret
    sslmode: str
    ssl_ca: str

    @property
    def source(self) -> str:
        return f"PostgreSQL at {self.host}:{self.port}"


class _Refusal(msgspec.Struct, frozen=True):
    """``reason``: a SQLSTATE, ``tls``, ``time-out``, ``cut`` or ``strange`` (not PostgreSQL at all)."""

    reason: str
    message: str


def open_postgres(params: Mapping[str, Any], connect_timeout: float) -> "PostgresConnector":
    """Raises SourceUnavailable, InvalidRequest (a field that cannot be) or DriverMissing."""
    if importlib.util.find_spec("pg8000") is None:
        raise DriverMissing(
            "The PostgreSQL driver is not installed.", details="Install pg8000 on the backend."
        )
    login = _login(params)
    del params  # a traceback that shows local variables must not show the password
    context = _tls_context(login)
    sock = connected(login.host, login.port, login.source, connect_timeout)
    line = _encrypted(sock, login, context)
    opened = line if isinstance(line, _Refusal) else _authenticated(line, login, context)
    if not isinstance(opened, _Refusal):
        return opened
    # The driver still holds it, in a circle that only the garbage collector would break some time.
    with contextlib.suppress(OSError):
        socket.close((sock if isinstance(line, _Refusal) else line).detach())
    # Not "from" what happened: the driver's frames hold the password.
    raise _failure(opened, login)


def _login(params: Mapping[str, Any]) -> _Login:
    host = str(params["host"]).strip()
    sslmode = str(params.get("sslmode") or ("prefer" if is_loopback(host) else "verify-full"))
    return _Login(
        host=host,
        port=int(params.get("port") or 5432),
        database=str(params["database"]),
        user=str(params["user"]),
        password=Secret(str(params.get("password") or "")),
        sslmode=sslmode,
        ssl_ca=str(params.get("ssl_ca") or ""),
    )


def _tls_context(login: _Login) -> ssl.SSLContext:
    """``require`` and ``prefer`` encrypt without asking who answers, as PostgreSQL's own clients do."""
    if login.sslmode not in _SSLMODES:
        raise InvalidRequest(f"sslmode must be one of {', '.join(_SSLMODES)}.")
    if login.sslmode == "verify-full":
        return trusting(login.ssl_ca)
    context = trusting("")
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _encrypted(sock: socket.socket, login: _Login, context: ssl.SSLContext) -> "socket.socket | _Refusal":
    """Not left to the driver: so it is ours, and closed, whatever the driver fails of."""
    try:
        sock.sendall(TLS_REQUEST)
        said = sock.recv(1)
        if said == b"S":
            return context.wrap_socket(sock, server_hostname=login.host)
    except (OSError, ValueError) as error:
        return _refusal(error)
    if said != b"N":
        return _Refusal("strange" if said else "cut", "")
    if login.sslmode != "prefer":
        return _Refusal("tls", "the server has no TLS")
    return sock


def _authenticated(
    sock: socket.socket, login: _Login, context: ssl.SSLContext
) -> "PostgresConnector | _Refusal":
    """Exceptions of the driver stay in here, for their frames hold the password."""
    from pg8000.core import CoreConnection

    from server.connectors.postgres.session import PostgresConnector

    try:
        address: tuple[str, int] = sock.getpeername()[:2]
        driver = CoreConnection(
            login.user,
            host=login.host,
            database=login.database,
            password=login.password.reveal(),
            ssl_context=False,
            application_name=APPLICATION_NAME,
            startup_params=_SESSION,
            sock=sock,
        )
        process, secret = struct.unpack("!ii", driver._backend_key_data[:8])
    except Exception as error:  # noqa: BLE001 - whatever the driver makes of what strangers and bad lines send
        return _refusal(error)
    driver.password = None
    return PostgresConnector(
        Wire(sock),
        CancelTicket(
            address,
            process,
            secret,
            tls=context if isinstance(sock, ssl.SSLSocket) else None,
            server_name=login.host,
        ),
        source=login.source,
        text_is_utf8=driver.parameter_statuses.get("server_encoding") != "SQL_ASCII",
        # A pooler may have swallowed our wish: then each transaction alone reads only.
        shown=driver.parameter_statuses.get("default_transaction_read_only", "on"),
    )


def _refusal(error: Exception) -> _Refusal:
    reason = error.__cause__ if isinstance(error.__cause__, OSError) else error  # the driver wraps them
    match reason:
        case ssl.SSLCertVerificationError():
            return _Refusal("tls", reason.verify_message)
        case ssl.SSLError():
            return _Refusal("tls", "the TLS handshake failed")
        case TimeoutError():
            return _Refusal("time-out", "")
        case OSError():
            return _Refusal("cut", "")
    said = error.args[0] if error.args else None
    if isinstance(said, dict):
        return _Refusal(str(said.get("C", "")), str(said.get("M", "")).rstrip("."))
    return _Refusal("cut" if said == "network error" else "strange", "")


def _failure(refusal: _Refusal, login: _Login) -> SourceUnavailable:
    match refusal.reason:
        case "strange":
            return SourceUnavailable(f"What answers at {login.host}:{login.port} is not PostgreSQL.")
        case "cut":
            return SourceUnavailable(
                f"{login.source} broke off the connection before we were in.",
                details="It may be restarting, or full, or something else than PostgreSQL.",
                retry_after=5,
            )
        case "time-out":
            return SourceUnavailable(f"{login.source} did not answer in time.", retry_after=10)
        case "tls":
            return SourceUnavailable(
                f"{login.source} cannot be trusted: {refusal.message}.",
                details="Give its certificate authority in ssl_ca, or set sslmode to require"
                " (encrypted, unchecked) or prefer (encrypted where the server can).",
            )
        case sqlstate:
            return login_failure(
                sqlstate, refusal.message, source=login.source, user=login.user, database=login.database
            )


KIND = Kind(
    type="postgresql",
    label="PostgreSQL",
    dialect="postgres",
    fields=(
        Field("host", "Host", guards_secret=True),
        Field("port", "Port", type=int, required=False, default=5432, guards_secret=True),
        Field("database", "Database"),
        Field("user", "User", help="An account that can only read."),
        Field("password", "Password", secret=True),
        Field(
            "sslmode",
            "Encryption",
            required=False,
            help="verify-full (the default), require, or prefer (the default for this very machine).",
            guards_secret=True,
        ),
        CERTIFICATE_AUTHORITY,
    ),
    open=open_postgres,
)
