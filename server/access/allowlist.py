"""Which addresses may call, and which address a call really comes from."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from shared.errors import AddressNotAllowed, SettingsInvalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}")


class Allowlist:
    """``security.allowed_ips`` (empty: everybody) and ``security.trusted_proxies``."""

    def __init__(self, allowed: Sequence[str], trusted_proxies: Sequence[str]) -> None:
        self._allowed = parsed(allowed, "security.allowed_ips")
        self._proxies = parsed(trusted_proxies, "security.trusted_proxies")
        self._permits = lru_cache(4096)(self._looked_up)

    def origin(self, peer: str, forwarded_for: str) -> str:
        """Where a call comes from. X-Forwarded-For counts only as far as trusted proxies wrote it:
        read from its end, the first that is not one of them is the caller; what they wrote and is no address
        is a caller of whom nobody knows the address."""
        if not forwarded_for or not self._proxies:
            return peer
        caller = peer
        for hop in [*reversed(forwarded_for.split(",")), ""]:
            address = _find_address(caller)
            if address is None or not _within(address, self._proxies):
                break
            if not hop.strip():
                break
            caller = _without_port(hop.strip())
        return caller

    def check(self, origin: str) -> None:
        """Raises AddressNotAllowed."""
        if self._allowed and not self._permits(origin):
            raise AddressNotAllowed(
                f"Calls from the address {origin[:45]} are not allowed here.",
                details="Whoever administers the backend can add it to security.allowed_ips.",
            )

    def _looked_up(self, origin: str) -> bool:
        address = _find_address(origin)
        return address is not None and _within(address, self._allowed)


@lru_cache(4096)
def counted_as(origin: str) -> str:
    """What stands for an address when calls are counted: who has one of IPv6 has the 2^64 beside it too."""
    address = _find_address(origin)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address) >> 64 << 64, 64)))
    return origin if address is None else str(address)


def within(origin: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address, as text, lies in one of them; no text that is none does."""
    address = _find_address(origin)
    return address is not None and _within(address, networks)


def check_within(origin: str, networks: tuple[Network, ...]) -> None:
    """For the addresses of one key. Raises AddressNotAllowed."""
    if not within(origin, networks):
        raise AddressNotAllowed(
            f"This key may not be used from the address {origin[:45]}.",
            details="Whoever administers the backend can add it to the key's allowed_ips.",
        )


def parsed(texts: Sequence[str], key: str) -> tuple[Network, ...]:
    """Raises SettingsInvalid; ``key`` is what its sentence calls them."""
    try:
        return tuple(ip_network(text, strict=False) for text in texts)
    except ValueError as error:
        raise SettingsInvalid(f"{key}: {error}. Write addresses like 192.168.1.0/24 or 10.1.2.3.") from error


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def _without_port(hop: str) -> str:
    """``10.1.2.3:80`` and ``[2001:db8::1]:80``, as some proxies write an address."""
    found = _WITH_PORT.fullmatch(hop)
    return found[1] or found[2] if found else hop[:45]


def _find_address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
