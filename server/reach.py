"""Which hosts and folders a connection may lead to, and a socket to none but those hosts.

A name is resolved once; every address it has is looked at, and the socket goes to one of those that were
looked at, so that a name which changes its mind in between gains nothing. Link-local addresses, those from
which clouds hand out credentials, and those that stand for no machine are refused unless a network of the
settings holds them; in whatever notation they come, for it is the resolved address that counts.
"""

import contextlib
import ipaddress
import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from shared.errors import HostNotAllowed, SettingsInvalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolved = tuple[int, Any]
"""A family of sockets, and an address of it."""

_REFUSED: tuple[tuple[Network, str], ...] = tuple(
    (ipaddress.ip_network(text), why)
    for text, why in (
        ("169.254.0.0/16", "link-local: clouds hand out credentials there"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("fd00:ec2::/32", "a metadata service"),
        ("fd20:ce::/32", "a metadata service"),
        ("100.100.100.200/32", "a metadata service"),
        ("168.63.129.16/32", "a metadata service"),
        ("192.0.0.0/24", "a metadata service"),
        ("0.0.0.0/8", "no machine's"),
        ("::/128", "no machine's"),
        ("224.0.0.0/4", "many machines'"),
        ("ff00::/8", "many machines'"),
        ("240.0.0.0/4", "no machine's"),
    )
)
_TRANSLATED = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96"))
"""IPv6 whose last 32 bits are an address of IPv4."""

_NAME = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")


class Reach:
    """``listed`` is ``security.connection_hosts``: names, ``*.example.com`` for all below one, addresses and
    networks. Empty: everywhere but where nobody should go. ``folders`` is ``security.connection_folders``:
    those in and below which folders of files may lie; empty for all but what the connector itself refuses."""

    def __init__(self, listed: Sequence[str] = (), folders: Sequence[str] = ()) -> None:
        """Raises SettingsInvalid."""
        self._folders = [_folder(text) for text in folders]
        self._networks: list[Network] = []
        self._names: set[str] = set()
        for text in listed:
            try:
                self._networks.append(ipaddress.ip_network(text.strip().strip("[]"), strict=False))
            except ValueError:
                name = text.strip().lower().rstrip(".")
                if not _NAME.fullmatch(name) or name.replace(".", "").isdigit():
                    raise SettingsInvalid(
                        f"security.connection_hosts: {text!r} is neither a name, an address nor a network. "
                        "Write it like db1.example.com, *.example.com, 10.1.2.3 or 10.1.0.0/16."
                    ) from None
                self._names.add(name)

    def check_folder(self, folder: str) -> None:
        """Raises HostNotAllowed. Links are followed first: where the folder really is counts."""
        real = Path(os.path.realpath(os.path.expanduser(folder)))  # noqa: PTH111 - no failure without a home
        if self._folders and not any(real == one or one in real.parents for one in self._folders):
            raise HostNotAllowed(
                f"Connections may not lead to the folder {folder[:253]!r}.",
                details="Whoever administers the backend can add it to security.connection_folders.",
            )

    def check(self, host: str) -> None:
        """Raises HostNotAllowed for a host that nobody would be led to. Blocking: it is resolved; what has no
        address just now is judged by its name."""
        try:
            self.resolve(host, 0)
        except (OSError, UnicodeError):
            if self._listed() and not self._names_it(host):
                raise self._refusal(host) from None

    def resolve(self, host: str, port: int) -> list[Resolved]:
        """The addresses to connect to, each of them good. Raises HostNotAllowed, and OSError or UnicodeError
        for what is no host at all."""
        found = socket.getaddrinfo(_plain(host), port, type=socket.SOCK_STREAM)
        by_name = not self._listed() or self._names_it(host)
        for *_, address in found:
            self._check(host, ipaddress.ip_address(str(address[0])), by_name=by_name)
        return [(family, address) for family, _, _, _, address in found]

    def connect(self, host: str, port: int, seconds: float | None) -> socket.socket:
        """A connection to one of the host's addresses. Raises as :meth:`resolve` does."""
        trouble: OSError = OSError("there is no such host")
        for family, address in self.resolve(host, port):
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(seconds)
                sock.connect(address)
            except OSError as error:
                sock.close()
                trouble = error
            else:
                return sock
        raise trouble

    def _check(self, host: str, address: Address, *, by_name: bool) -> None:
        real = _real(address)
        if any(real in network or address in network for network in self._networks):
            return
        for network, why in _REFUSED:
            if real in network or address in network:
                raise HostNotAllowed(
                    f"Connections do not lead to {host[:253]!r}: its address {real} is {why}.",
                    details="Where that is meant, an administrator can list it in security.connection_hosts.",
                )
        if not by_name:
            raise self._refusal(host)

    def _refusal(self, host: str) -> HostNotAllowed:
        return HostNotAllowed(
            f"Connections may not lead to {host[:253]!r}.",
            details="Whoever administers the backend can add it to security.connection_hosts.",
        )

    def _listed(self) -> bool:
        return bool(self._names or self._networks)

    def _names_it(self, host: str) -> bool:
        name = _plain(host).lower()
        parents = name.split(".")
        return name in self._names or any(
            "*." + ".".join(parents[begin:]) in self._names for begin in range(1, len(parents))
        )


def _folder(text: str) -> Path:
    if not os.path.isabs(text) or "\0" in text:  # noqa: PTH117 - a path with a zero in it is none
        raise SettingsInvalid(
            f"security.connection_folders: {text!r} is not a folder's full path. Write it like /srv/retail."
        )
    return Path(os.path.realpath(text))


def _plain(host: str) -> str:
    return host.strip().strip("[]").rstrip(".")


def _real(address: Address) -> Address:
    """The address of IPv4 that one of IPv6 stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in ipaddress.ip_network("::/127"):
        return address
    inside = address.ipv4_mapped or address.sixtofour
    if inside is None and any(address in network for network in _TRANSLATED):
        inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address if inside is None else inside


_current: ContextVar[Reach] = ContextVar("reach")


def current() -> Reach:
    """The one of whoever opens a connection in this thread now. What connects later on keeps it."""
    return _current.get(None) or Reach()


@contextlib.contextmanager
def within(reach: Reach) -> Iterator[None]:
    """What is opened inside, in this thread, leads nowhere else."""
    before = _current.set(reach)
    try:
        yield
    finally:
        _current.reset(before)


def dialling(base: Any, dial: Callable[[str, int, float | None], socket.socket]) -> Any:
    """urllib3's connection class, with ``dial`` in place of its own way to a socket."""
    from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

    class Connection(base):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            seconds = self.timeout if isinstance(self.timeout, int | float) else None
            try:
                sock = dial(self._dns_host, self.port, seconds)
            except socket.gaierror as error:
                raise NameResolutionError(self.host, self, error) from error
            except TimeoutError as error:
                raise ConnectTimeoutError(self, "the connection took too long") from error
            except (OSError, UnicodeError) as error:
                raise NewConnectionError(self, str(error)) from error
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock

    return Connection
