"""Oracle Database: the kind of connection, and how one is opened. What an open one does is in session.

oracledb in its thin mode: no Oracle client is needed. Servers from 12.1 on.
"""

import contextlib
import importlib.util
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from server import reach
from server.connectors.base import Field, Kind
from server.connectors.login import CERTIFICATE_AUTHORITY, Secret, is_loopback, trusting
from server.connectors.oracle import descriptor as oracle_descriptor
from server.connectors.oracle import errors as oracle_errors
from server.connectors.oracle import socket as oracle_socket
from server.connectors.oracle.descriptor import Address, Descriptor
from shared.errors import AppError, DriverMissing, InvalidRequest, QueryTimeout, SourceBusy, SourceUnavailable

if TYPE_CHECKING:
    from server.connectors.oracle.session import OracleConnector

_NAME = "V-Mart-AI-Agent"
_PROTOCOLS = ("tcp", "tcps")
_SECRETS = ("password", "wallet_password")
_PORTS = {"tcp": 1521, "tcps": 2484}


class _Login(msgspec.Struct, frozen=True):
    where: Descriptor
    user: str
    password: Secret
    ssl_ca: str
    wallet: str
    wallet_password: Secret

    @property
    def source(self) -> str:
        first = self.where.addresses[0]
        return f"Oracle at {first.host}:{first.port}"


class _Refusal(msgspec.Struct, frozen=True):
    """``kind``: ``oracle`` (it answered), ``host``, ``network``, ``tls``, ``time-out`` or ``wallet``."""

    kind: str
    said: oracle_errors.Said


def open_oracle(params: Mapping[str, Any], connect_timeout: float) -> "OracleConnector":
    """Raises SourceUnavailable, InvalidRequest (a field that cannot be) or DriverMissing."""
    if importlib.util.find_spec("oracledb") is None:
        raise DriverMissing("The Oracle driver is not installed.", details="Install oracledb on the backend.")
    params = {**params, **{name: Secret(str(params.get(name) or "")) for name in _SECRETS}}
    login = _login(params)  # from here on no traceback that shows local variables shows a password
    context = _tls_context(login)
    refusal = _Refusal("time-out", oracle_errors.Said("", ""))
    # Each address gets its share of the time, so that one that says nothing does not take all of it.
    share = connect_timeout / len(login.where.addresses)
    for address in login.where.addresses:
        with contextlib.suppress(OSError, UnicodeError):  # told by the driver
            reach.current().resolve(address.host, address.port)
        opened = _opened(login, address, context, share)
        if isinstance(opened, AppError):
            raise opened
        if not isinstance(opened, _Refusal):
            return opened
        refusal = opened
        if refusal.kind == "oracle":
            break
    # Not "from" what happened: the driver's frames hold the password.
    raise _failure(refusal, login)


def _login(params: Mapping[str, Any]) -> _Login:
    return _Login(
        where=_where(params),
        user=str(params["user"]),
        password=params["password"],
        ssl_ca=str(params.get("ssl_ca") or ""),
        wallet=str(params.get("wallet") or ""),
        wallet_password=params["wallet_password"],
    )


def _where(params: Mapping[str, Any]) -> Descriptor:
    said = {name: str(params.get(name) or "").strip() for name in ("host", "service_name", "sid", "dsn")}
    if said["dsn"]:
        if said["host"] or said["service_name"] or said["sid"]:
            raise InvalidRequest("Give either dsn, or host with service_name or sid.")
        return oracle_descriptor.parse(said["dsn"])
    if not said["host"] or bool(said["service_name"]) == bool(said["sid"]):
        raise InvalidRequest("Give host, and either service_name or sid; or dsn, a TNS descriptor.")
    for name in ("service_name", "sid"):
        if set(said[name]) & set("()=\"' \n\t\\,;"):
            raise InvalidRequest(f"{name} has a character that no such name has.")
    if set(said["host"]) & set("()=\"' \n\t\\,;/?"):
        raise InvalidRequest("host has a character that no host name has.")
    protocol = str(params.get("protocol") or ("tcp" if is_loopback(said["host"]) else "tcps")).lower()
    if protocol not in _PROTOCOLS:
        raise InvalidRequest(f"protocol must be one of {', '.join(_PROTOCOLS)}.")
    port = int(params.get("port") or _PORTS[protocol])
    if not 0 < port < 65536:
        raise InvalidRequest("port must be a number from 1 to 65535.")
    address = Address(said["host"], port, tls=protocol == "tcps")
    return Descriptor((address,), said["service_name"], said["sid"])


def _hosts(params: Mapping[str, Any]) -> list[str]:
    """What cannot be is told when it is opened."""
    said = [str(params["host"])] if params.get("host") else []
    with contextlib.suppress(InvalidRequest):
        said += [address.host for address in oracle_descriptor.parse(str(params.get("dsn") or "")).addresses]
    return said


def _tls_context(login: _Login) -> ssl.SSLContext | None:
    """Certificate and name are always checked; the driver compares the name itself. With a wallet, the
    wallet says who is trusted."""
    if login.wallet:
        if not (Path(login.wallet) / "ewallet.pem").is_file():
            raise InvalidRequest("wallet must be a folder on the backend that holds ewallet.pem.")
        return None
    return trusting(login.ssl_ca)


def _opened(
    login: _Login, address: Address, context: ssl.SSLContext | None, seconds: float
) -> "OracleConnector | _Refusal | AppError":
    """Exceptions of the driver stay in here, for their frames hold the password."""
    import oracledb

    from server.connectors.oracle.session import OracleConnector

    with oracle_socket.watched(seconds) as line:
        try:
            driver = oracledb.connect(
                host=address.host,
                port=address.port,
                protocol="tcps" if address.tls else "tcp",
                service_name=login.where.service_name or None,
                sid=login.where.sid or None,
                user=login.user,
                password=login.password.reveal(),
                ssl_context=context if address.tls else None,
                ssl_server_dn_match=True,
                ssl_server_cert_dn=login.where.server_dn or None,
                wallet_location=login.wallet or None,
                wallet_password=login.wallet_password.reveal() or None,
                tcp_connect_timeout=seconds,
                retry_count=0,
                program=_NAME,
                driver_name=_NAME,
                stmtcachesize=50,
            )
            driver.module = _NAME
            connector = OracleConnector(driver, line, source=login.source)
            connector.prepare(seconds)
        except AppError as error:
            line.cut()
            return _unprepared(error, login)
        except (oracledb.Error, OSError, ValueError, UnicodeError) as error:
            line.cut()
            return _refusal(error, late=line.late)
    return connector


def _unprepared(error: AppError, login: _Login) -> AppError:
    if isinstance(error, SourceUnavailable | SourceBusy):
        return error
    if isinstance(error, QueryTimeout):
        return _failure(_Refusal("time-out", oracle_errors.Said("", "")), login)
    return SourceUnavailable(f"{login.source} refused the connection.", details=error.message)


def _refusal(error: Exception, *, late: bool) -> _Refusal:
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and len(causes) < 8:
        causes.append(cause)
    said = oracle_errors.said(error)
    if late or any(isinstance(one, TimeoutError) for one in causes):
        return _Refusal("time-out", said)
    return _below_oracle(causes, said) or _Refusal("oracle", said)


def _below_oracle(causes: Sequence[BaseException], said: oracle_errors.Said) -> _Refusal | None:
    """What went wrong before Oracle itself said anything."""
    for one in causes:
        match one:
            case ssl.SSLCertVerificationError():
                return _Refusal("tls", oracle_errors.Said("", one.verify_message))
            case ssl.SSLError():
                return _Refusal("tls", oracle_errors.Said("", "the TLS handshake failed"))
            case OSError() if one.__class__.__name__ == "gaierror":
                return _Refusal("host", said)
    if said.code == oracle_errors.WRONG_NAME:
        return _Refusal("tls", oracle_errors.Said("", "its certificate has another name"))
    if said.code in ("DPY-6005", "DPY-4011", ""):
        reason = next((one.strerror for one in causes if isinstance(one, OSError) and one.strerror), "")
        return _Refusal("network", oracle_errors.Said("", reason))
    return None


def _failure(refusal: _Refusal, login: _Login) -> AppError:
    host = login.where.addresses[-1].host
    match refusal.kind:
        case "host":
            return SourceUnavailable(f"There is no host called {host!r}.")
        case "time-out":
            return SourceUnavailable(f"{login.source} did not answer in time.", retry_after=10)
        case "tls":
            return SourceUnavailable(
                f"{login.source} cannot be trusted: {refusal.said.message}.",
                details="Give its certificate authority in ssl_ca, or a wallet; or set protocol to tcp, which"
                " does not encrypt.",
            )
        case "network":
            reason = refusal.said.message or "it closed the connection, or is not an Oracle listener"
            details = (
                "" if login.where.addresses[-1].tls else "A listener that only takes TLS needs protocol tcps."
            )
            return SourceUnavailable(
                f"{login.source} cannot be reached: {reason}.", details=details, retry_after=10
            )
        case _:
            return oracle_errors.login_failure(
                refusal.said, source=login.source, user=login.user, service=login.where.database
            )


KIND = Kind(
    type="oracle",
    label="Oracle",
    dialect="oracle",
    fields=(
        Field("host", "Host", required=False, guards_secret=True),
        Field(
            "port",
            "Port",
            type=int,
            required=False,
            help="1521, or 2484 with tcps, when it is empty.",
            guards_secret=True,
        ),
        Field("service_name", "Service name", required=False),
        Field("sid", "SID", required=False, help="Only for databases that have no service name."),
        Field(
            "dsn",
            "TNS descriptor",
            required=False,
            help="(DESCRIPTION=…), instead of host, port and service name.",
            guards_secret=True,
        ),
        Field("user", "User", help="An account that can only read."),
        Field("password", "Password", secret=True),
        Field(
            "protocol",
            "Encryption",
            required=False,
            help="tcps (TLS, the default) or tcp (not encrypted; the default for this very machine).",
            guards_secret=True,
        ),
        CERTIFICATE_AUTHORITY,
        Field(
            "wallet",
            "Wallet",
            required=False,
            help="A folder on the backend with ewallet.pem, for certificates of both sides.",
            guards_secret=True,
        ),
        Field("wallet_password", "Password of the wallet", secret=True, required=False),
    ),
    open=open_oracle,
    hosts=_hosts,
)
