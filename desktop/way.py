"""The way to an address: its name, what listens there, the company's proxy in between, the encryption.

No key and no code is sent here. Each failure is one sentence with its remedy.
"""

import base64
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import msgspec
import requests.utils

from desktop.address import Address
from desktop.step import Step, Stopped, stop
from shared.errors import SettingsInvalid
from shared.http_adapter import is_loopback, tls_context

_SECONDS = 8.0
_LONGEST_HEAD = 64 * 1024


class Proxy(msgspec.Struct, frozen=True):
    """``authorization`` is what it is shown, empty for nothing."""

    host: str
    port: int
    authorization: str = ""

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


def way_to(address: Address, *, verify: bool, plain_allowed: bool) -> Iterator[Step]:
    """Raises Stopped with the step that fails."""
    proxy = _proxy_for(address)
    if proxy is None:
        yield from _directly(address)
    else:
        yield from _to_the_proxy(proxy)
    if not address.encrypted:
        yield _unencrypted(address, allowed=plain_allowed)
        return
    with _opened(address, proxy) as plain:
        if proxy is not None:
            says = f"The company's proxy {proxy.place} leads to {address.place}."
            yield Step(step="reach", state="ok", says=says)
        yield _encryption(plain, address, proxy, verify=verify)


def _proxy_for(address: Address) -> Proxy | None:
    """What the system says: HTTPS_PROXY and its kin, or the settings of Windows and macOS."""
    if is_loopback(address.url):
        return None
    found: dict[str, str] = requests.utils.get_environ_proxies(address.url)
    text = found.get(urlsplit(address.url).scheme) or found.get("all")
    if not text:
        return None
    try:
        return _proxy(text)
    except (ValueError, SettingsInvalid) as error:
        raise stop(
            "reach",
            "The address of the company's proxy, in this computer's settings, cannot be used.",
            "Correct HTTPS_PROXY or the proxy in the system's settings: it looks like "
            "http://proxy.example.com:8080.",
        ) from error


def _proxy(text: str) -> Proxy:
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if parts.scheme != "http" or not parts.hostname:
        raise SettingsInvalid("This is no address of a proxy.")
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Proxy(parts.hostname, parts.port or 80, authorization)


def _directly(address: Address) -> Iterator[Step]:
    try:
        socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise stop(
            "name",
            f"There is no computer called {address.host} on this network.",
            "Check the spelling. If it is right, connect to the company's network or VPN.",
        ) from error
    yield Step(step="name", state="ok", says=f"The name {address.host} is known.")
    with _connected(address):
        yield Step(step="reach", state="ok", says=f"{address.place} answers.")


def _connected(address: Address) -> socket.socket:
    try:
        return socket.create_connection((address.host, address.port), _SECONDS)
    except TimeoutError as error:
        raise stop(
            "reach",
            f"{address.place} does not answer.",
            "A firewall may stand in between: connect to the company's network or VPN, "
            "or ask your administrator.",
        ) from error
    except OSError as error:
        raise stop(
            "reach",
            f"Nothing listens at {address.place}.",
            "Check the port. If it is right, the backend is not running: tell your administrator.",
        ) from error


# -- Through a proxy -----------------------------------------------------------------------


def _to_the_proxy(proxy: Proxy) -> Iterator[Step]:
    with _connected_to(proxy):
        yield Step(step="name", state="ok", says=f"This computer uses the company's proxy {proxy.place}.")


def _connected_to(proxy: Proxy) -> socket.socket:
    try:
        return socket.create_connection((proxy.host, proxy.port), _SECONDS)
    except (OSError, UnicodeError) as error:
        raise stop(
            "reach",
            f"The company's proxy {proxy.place} does not answer.",
            "Connect to the company's network or VPN, or correct HTTPS_PROXY or the proxy in the system's "
            "settings.",
        ) from error


def _opened(address: Address, proxy: Proxy | None) -> socket.socket:
    if proxy is None:
        return _connected(address)
    connected = _connected_to(proxy)
    try:
        _tunnel(connected, address, proxy)
    except BaseException:
        connected.close()
        raise
    return connected


def _tunnel(connected: socket.socket, address: Address, proxy: Proxy) -> None:
    """CONNECT, as RFC 9110 section 9.3.6 has it."""
    host = address.host.encode("idna").decode() if not address.host.isascii() else address.host
    place = f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"
    shown = f"Proxy-Authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
    asked = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{shown}\r\n"
    try:
        connected.sendall(asked.encode())
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _LONGEST_HEAD:
            piece = connected.recv(4096)
            if not piece:
                break
            head += piece
        status = int(head.split(b" ", 2)[1])
    except (OSError, ValueError, IndexError) as error:
        raise stop(
            "reach",
            f"The company's proxy {proxy.place} gives no answer that makes sense.",
            "Check HTTPS_PROXY or the proxy in the system's settings, or tell your administrator.",
        ) from error
    if not 200 <= status < 300:
        raise _refused_by_proxy(status, address, proxy)


def _refused_by_proxy(status: int, address: Address, proxy: Proxy) -> Stopped:
    if status == 407:
        again = "does not take its password" if proxy.authorization else "asks for a name and password"
        return stop(
            "reach",
            f"The company's proxy {proxy.place} {again}.",
            "Write them into HTTPS_PROXY, like http://name:password@proxy.example.com:8080, or have your "
            "administrator let the agent through.",
        )
    if status in (502, 503, 504):
        return stop(
            "reach",
            f"The company's proxy cannot reach {address.place}.",
            "Check the address. If it is inside the company, add its name to NO_PROXY, or ask your "
            "administrator.",
        )
    return stop(
        "reach",
        f"The company's proxy does not let this computer connect to {address.place} (it answers {status}).",
        "Ask your administrator to allow it, or add the name to NO_PROXY when it is inside the company.",
    )


# -- Encryption ----------------------------------------------------------------------------


def _encryption(plain: socket.socket, address: Address, proxy: Proxy | None, *, verify: bool) -> Step:
    context = tls_context(verify, oldest_tls=ssl.TLSVersion.TLSv1_3)
    try:
        with context.wrap_socket(plain, server_hostname=address.host) as encrypted:
            version = encrypted.version()
    except ssl.SSLCertVerificationError as error:
        raise _certificate(address, proxy, error) from error
    except ssl.SSLError as error:
        raise _no_tls(address, str(error)) from error
    except (OSError, ValueError) as error:
        raise _no_tls(address, "") from error
    if not verify:
        says = "The connection is encrypted, but the settings file says not to check who is at the other end."
        return Step(step="tls", state="warning", says=says)
    return Step(
        step="tls", state="ok", says=f"The connection is encrypted ({version}) and its certificate is good."
    )


def _certificate(address: Address, proxy: Proxy | None, error: ssl.SSLCertVerificationError) -> Stopped:
    text = f"{error.verify_message} {error}".lower()
    if "expired" in text:
        return stop(
            "tls",
            f"The certificate of {address.host} has expired.",
            "Tell your administrator; also check the clock of this computer.",
        )
    if "not yet valid" in text:
        return stop(
            "tls",
            f"The certificate of {address.host} is not valid yet.",
            "Check the clock of this computer: date, time and time zone.",
        )
    if "hostname" in text or "ip address" in text or "not valid for" in text:
        return stop(
            "tls",
            f"The certificate at {address.place} belongs to another name.",
            "Use the name that stands in the certificate; your administrator knows it.",
        )
    if proxy is not None:
        return stop(
            "tls",
            f"The certificate of {address.host} is not trusted by this computer; it may be that of the "
            "company's proxy.",
            "Have your administrator install the root certificate of the proxy in this computer's store.",
        )
    return stop(
        "tls",
        f"The certificate of {address.host} is not trusted by this computer.",
        "Have your administrator install the company's root certificate on this computer, then try again.",
    )


def _no_tls(address: Address, text: str) -> Stopped:
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text:
        return stop(
            "tls",
            f"{address.place} does not speak TLS.",
            "If your administrator says that it has no certificate, begin the address with http://.",
        )
    if "VERSION" in text:
        return stop("tls", f"{address.place} does not offer TLS 1.3.", "Your administrator must update it.")
    return stop(
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
        raise stop(
            "tls",
            "This address is not encrypted: anyone on the way can read your key and the answers.",
            "Ask your administrator for an https:// address.",
            "not_encrypted",
        )
    return Step(step="tls", state="warning", says="The connection is not encrypted, as you chose.")
