"""Is there a backend of ours at an address, and does it take this key? Asked step by step.

Each step is one sentence, so that somebody who cannot read a stack trace knows whom to call. The key
is sent only when everything before it is in order, and never to an address that is not encrypted
unless the person has said so.
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Literal
from urllib.parse import urlsplit

import msgspec
import requests.utils

from desktop.address import Address
from shared.backend_client import BackendClient
from shared.errors import (
    AddressNotAllowed,
    AppError,
    BackendConnectionError,
    BackendTimeoutError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    RateLimited,
)
from shared.http_adapter import is_loopback, tls_context
from shared.settings import BackendSection

_SECONDS = 8.0
_NOWHERE = "permission-check"
"""No connection has this name: what is asked of it shows whether the key may ask, and runs nothing."""

Name = Literal["address", "name", "reach", "tls", "backend", "key", "permissions", "saved"]
STEPS: tuple[Name, ...] = ("address", "name", "reach", "tls", "backend", "key", "permissions", "saved")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """``says`` is a sentence; ``remedy`` what to do about a failure; ``code`` is ``not_encrypted`` when
    the person may decide to go on."""

    step: Name
    state: Literal["ok", "failed", "warning"]
    says: str
    remedy: str = ""
    code: str = ""


class _Stopped(Exception):
    """A step failed."""


def probe(section: BackendSection, address: Address, *, plain_allowed: bool) -> Iterator[Step]:
    """``section`` holds the key and how certificates are checked. Ends with the first step that fails."""
    try:
        yield Step(step="address", state="ok", says=f"The address is {address.url}.")
        proxy = _proxy_for(address)
        if proxy is None:
            yield from _reach(address)
        else:
            yield Step(step="reach", state="ok", says="This computer reaches it through the company's proxy.")
        if address.encrypted:
            if proxy is None:
                yield from _encryption(address, verify=section.verify_tls)
        else:
            yield _unencrypted(address, allowed=plain_allowed)
        with _client(section, address, key="") as stranger:
            yield _ours(stranger, address)
        with _client(section, address, key=section.api_key) as client:
            yield _key(client)
            yield _permissions(client)
    except _Stopped as stopped:
        yield stopped.args[0]


def _stop(step: Name, says: str, remedy: str, code: str = "") -> _Stopped:
    return _Stopped(Step(step=step, state="failed", says=says, remedy=remedy, code=code))


def _proxy_for(address: Address) -> str | None:
    if is_loopback(address.url):
        return None
    found: dict[str, str] = requests.utils.get_environ_proxies(address.url)
    return found.get(urlsplit(address.url).scheme) or found.get("all")


def _reach(address: Address) -> Iterator[Step]:
    try:
        socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _stop(
            "name",
            f"There is no computer called {address.host} on this network.",
            "Check the spelling. If it is right, connect to the company's network or VPN.",
        ) from error
    yield Step(step="name", state="ok", says=f"The name {address.host} is known.")
    try:
        socket.create_connection((address.host, address.port), _SECONDS).close()
    except TimeoutError as error:
        raise _stop(
            "reach",
            f"{address.place} does not answer.",
            "A firewall may stand in between: connect to the company's network or VPN, "
            "or ask your administrator.",
        ) from error
    except OSError as error:
        raise _stop(
            "reach",
            f"Nothing listens at {address.place}.",
            "Check the port. If it is right, the backend is not running: tell your administrator.",
        ) from error
    yield Step(step="reach", state="ok", says=f"{address.place} answers.")


def _encryption(address: Address, *, verify: bool) -> Iterator[Step]:
    context = tls_context(verify, oldest_tls=ssl.TLSVersion.TLSv1_3)
    try:
        with (
            socket.create_connection((address.host, address.port), _SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=address.host) as encrypted,
        ):
            version = encrypted.version()
    except ssl.SSLCertVerificationError as error:
        raise _certificate(address, error) from error
    except ssl.SSLError as error:
        raise _no_tls(address, str(error)) from error
    except (OSError, ValueError) as error:
        raise _no_tls(address, "") from error
    if not verify:
        says = "The connection is encrypted, but the settings file says not to check who is at the other end."
        yield Step(step="tls", state="warning", says=says)
        return
    yield Step(
        step="tls", state="ok", says=f"The connection is encrypted ({version}) and its certificate is good."
    )


def _certificate(address: Address, error: ssl.SSLCertVerificationError) -> _Stopped:
    text = f"{error.verify_message} {error}".lower()
    if "expired" in text:
        return _stop(
            "tls",
            f"The certificate of {address.host} has expired.",
            "Tell your administrator; also check the clock of this computer.",
        )
    if "hostname" in text or "ip address" in text or "not valid for" in text:
        return _stop(
            "tls",
            f"The certificate at {address.place} belongs to another name.",
            "Use the name that stands in the certificate; your administrator knows it.",
        )
    return _stop(
        "tls",
        f"The certificate of {address.host} is not trusted by this computer.",
        "Have your administrator install the company's root certificate on this computer, then try again.",
    )


def _no_tls(address: Address, text: str) -> _Stopped:
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text:
        return _stop(
            "tls",
            f"{address.place} does not speak TLS.",
            "If your administrator says that it has no certificate, begin the address with http://.",
        )
    if "VERSION" in text:
        return _stop("tls", f"{address.place} does not offer TLS 1.3.", "Your administrator must update it.")
    return _stop(
        "tls",
        f"No encrypted connection to {address.place} came about.",
        "Check the port; if it is right, tell your administrator.",
    )


def _unencrypted(address: Address, *, allowed: bool) -> Step:
    if is_loopback(address.url):
        return Step(
            step="tls", state="ok", says="It is on this computer, so nothing travels over the network."
        )
    if not allowed:
        raise _stop(
            "tls",
            "This address is not encrypted: anyone on the way can read your key and the answers.",
            "Ask your administrator for an https:// address.",
            "not_encrypted",
        )
    return Step(step="tls", state="warning", says="The connection is not encrypted, as you chose.")


def _client(section: BackendSection, address: Address, *, key: str) -> BackendClient:
    return BackendClient(address.url, key, timeout=_SECONDS, retry_attempts=0, verify=section.verify_tls)


def _ours(client: BackendClient, address: Address) -> Step:
    """Asked without the key: a stranger must not get it."""
    try:
        health = client.health()
    except RateLimited as error:
        raise _stop("backend", "The backend is busy.", "Try again in a minute.") from error
    except BackendTimeoutError as error:
        raise _stop("backend", error.message, "Try again; if it stays, tell your administrator.") from error
    except BackendConnectionError as error:
        again = "Try again; if it stays, tell your administrator."
        remedy = again if address.encrypted else "If it has a certificate, begin the address with https://."
        raise _stop("backend", error.message, error.details or remedy) from error
    except AppError as error:
        raise _not_ours(address) from error
    version = f", version {health.version[:20]}" if health.version else ""
    return Step(step="backend", state="ok", says=f"It is a V-Mart backend{version}.")


def _not_ours(address: Address) -> _Stopped:
    return _stop(
        "backend",
        f"{address.place} answers, but it is not a V-Mart backend.",
        "Check the address and the port; a proxy or another program may stand there.",
    )


def _key(client: BackendClient) -> Step:
    """Whether the key lets anybody in at all; one without connections_read does as well."""
    try:
        connections = client.list_connections(refresh=True)
    except NotAuthenticated as error:
        raise _stop(
            "key",
            "The backend does not know this key.",
            "Copy it again, whole; if it is right, it has expired or been revoked: ask for a new one.",
        ) from error
    except AddressNotAllowed as error:
        raise _stop(
            "key",
            "The backend does not let this computer's address in.",
            "Connect to the company's network or VPN, or have your administrator allow the address.",
        ) from error
    except NotPermitted:
        return Step(step="key", state="ok", says="The key is accepted.")
    except RateLimited as error:
        raise _busy("key", error) from error
    except AppError as error:
        raise _stop(
            "key", error.message, error.details or "Try again; if it stays, tell your administrator."
        ) from error
    if not connections:
        return Step(
            step="key", state="warning", says="The key is accepted, but no data is connected there yet."
        )
    count = "one connection" if len(connections) == 1 else f"{len(connections)} connections"
    return Step(step="key", state="ok", says=f"The key is accepted; there is data in {count}.")


def _permissions(client: BackendClient) -> Step:
    needed: list[tuple[str, Callable[[], object]]] = [
        ("connections_read", lambda: client.list_connections(refresh=True)),
        ("schema_read", lambda: client.get_schema(_NOWHERE, refresh=True)),
        ("db_read", lambda: client.execute_query(_NOWHERE, "SELECT 1", max_rows=1)),
    ]
    missing = [name for name, ask in needed if not _permitted(ask)]
    if missing:
        raise _stop(
            "permissions",
            f"The key is good, but questions also need {_listed(missing)}.",
            "Ask your administrator to add that to your key or your role, then try again.",
        )
    return Step(step="permissions", state="ok", says="The key may read what questions need.")


def _permitted(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except NotPermitted:
        return False
    except NotFound:
        return True
    except RateLimited as error:
        raise _busy("permissions", error) from error
    except BackendTimeoutError as error:
        raise _stop("permissions", error.message, "Try again in a moment.") from error
    except BackendConnectionError as error:
        raise _stop("permissions", error.message, error.details or "Try again in a moment.") from error
    except AppError:
        return True  # it was let in, and failed at something that comes after
    return True


def _busy(step: Name, error: RateLimited) -> _Stopped:
    when = f"in {error.retry_after} seconds" if error.retry_after else "in a while"
    return _stop(step, "The key is good, but it has been used too often just now.", f"Try again {when}.")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
