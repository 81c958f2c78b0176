"""A TNS descriptor, ``(DESCRIPTION=(ADDRESS=…)(CONNECT_DATA=…))``, taken apart to what it may say. Pure.

What the driver gets is written anew from that: nothing else in the text can reach it (wallets, proxies,
files, traces, switched-off checks).
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from shared.errors import InvalidRequest

MOST_ADDRESSES = 16
_LONGEST = 4000
_DEEPEST = 8

_TOKEN = re.compile(r"\s*([()=]|[^()=]+)")
_VALUE = re.compile(r"[\w.$:/\[\]-]{1,253}")
_DISTINGUISHED_NAME = re.compile(r"[\w .,=@&'/+-]{1,512}")


class Address(msgspec.Struct, frozen=True):
    """Where a listener is. ``tls``: TCPS."""

    host: str
    port: int
    tls: bool


class Descriptor(msgspec.Struct, frozen=True):
    """``server_dn`` is the name that the certificate must have, when it is not that of the host."""

    addresses: tuple[Address, ...]
    service_name: str = ""
    sid: str = ""
    server_dn: str = ""

    @property
    def database(self) -> str:
        return self.service_name or self.sid


class _Node(msgspec.Struct):
    key: str
    value: str
    children: list["_Node"]


def parse(text: str) -> Descriptor:
    """Raises InvalidRequest, which names what is not taken."""
    text = text.strip()
    if not text.startswith("("):
        raise InvalidRequest(
            "dsn must be a TNS descriptor, as in (DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=db)(PORT=1521))"
            "(CONNECT_DATA=(SERVICE_NAME=sales))).",
            details="For a name of tnsnames.ora, give what stands behind it there.",
        )
    if len(text) > _LONGEST:
        raise InvalidRequest(f"dsn has more than {_LONGEST} characters.")
    words = [found.group(1).strip() for found in _TOKEN.finditer(text)]
    words = [word for word in words if word]
    nodes, end = _read(words, 0, 0)
    if end != len(words) or len(nodes) != 1:
        raise InvalidRequest("dsn is not one whole TNS descriptor: its brackets do not match.")
    return _descriptor(nodes[0])


def _read(words: Sequence[str], at: int, depth: int) -> tuple[list[_Node], int]:
    nodes: list[_Node] = []
    if depth > _DEEPEST:
        raise InvalidRequest("dsn is nested too deeply.")
    while at < len(words) and words[at] == "(":
        if at + 2 >= len(words) or words[at + 2] != "=" or words[at + 1] in "()=":
            raise InvalidRequest("dsn is not a TNS descriptor: (NAME=…) is expected.")
        key, at = words[at + 1].upper(), at + 3
        children, at = _read(words, at, depth + 1)
        value = ""
        # A distinguished name holds equals signs of its own.
        while not children and at < len(words) and words[at] not in "()":
            value, at = value + words[at], at + 1
        if at >= len(words) or words[at] != ")":
            raise InvalidRequest("dsn is not one whole TNS descriptor: its brackets do not match.")
        nodes.append(_Node(key, value.strip("\"'"), children))
        at += 1
    return nodes, at


def _descriptor(root: _Node) -> Descriptor:
    if root.key not in ("DESCRIPTION", "DESCRIPTION_LIST"):
        raise InvalidRequest("dsn must begin with (DESCRIPTION=.")
    addresses: list[Address] = []
    said: dict[str, str] = {}
    for path, node in _walk(root, ()):
        match (*path, node.key):
            case (*_, "ADDRESS"):
                addresses.append(_address(node))
            case (*_, "CONNECT_DATA", "SERVICE_NAME" | "SID" as key) | (
                *_,
                "SECURITY",
                "SSL_SERVER_CERT_DN" as key,
            ):
                said[key] = _plain(node, _DISTINGUISHED_NAME if key == "SSL_SERVER_CERT_DN" else _VALUE)
            case (*_, "SECURITY", "SSL_SERVER_DN_MATCH"):
                if node.value.upper() not in ("ON", "YES", "TRUE", "1"):
                    raise InvalidRequest("dsn may not switch off the check of the server's name.")
            case _ if node.children or node.key in _HARMLESS:
                pass
            case _:
                raise InvalidRequest(f"dsn may not say {node.key[:40]}.", details=_TAKEN)
    if not 0 < len(addresses) <= MOST_ADDRESSES:
        raise InvalidRequest(f"dsn must have 1 to {MOST_ADDRESSES} addresses.")
    if ("SERVICE_NAME" in said) == ("SID" in said):
        raise InvalidRequest("dsn must have one SERVICE_NAME, or one SID.")
    return Descriptor(
        tuple(addresses),
        said.get("SERVICE_NAME", ""),
        said.get("SID", ""),
        said.get("SSL_SERVER_CERT_DN", ""),
    )


_GROUPS = ("DESCRIPTION", "DESCRIPTION_LIST", "ADDRESS_LIST", "ADDRESS", "CONNECT_DATA", "SECURITY")

_HARMLESS = frozenset(
    {"LOAD_BALANCE", "FAILOVER", "SERVER", "CONNECT_TIMEOUT", "TRANSPORT_CONNECT_TIMEOUT", "RETRY_COUNT"}
    | {"RETRY_DELAY", "EXPIRE_TIME", "ENABLE", "SDU", "SOURCE_ROUTE", "INSTANCE_NAME"}
)
"""Taken, and left to us: how long to wait and how often to try is the pool's to say."""

_TAKEN = "There may be addresses, SERVICE_NAME or SID, and SSL_SERVER_CERT_DN; certificates have own fields."


def _walk(node: _Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], _Node]]:
    if node.children and node.key not in _GROUPS:
        raise InvalidRequest(f"dsn may not say {node.key[:40]}.", details=_TAKEN)
    yield path, node
    if node.key != "ADDRESS":
        for child in node.children:
            yield from _walk(child, (*path, node.key))


def _address(node: _Node) -> Address:
    said: dict[str, str] = {}
    for child in node.children:
        if child.key not in ("PROTOCOL", "HOST", "PORT") or child.children:
            raise InvalidRequest(f"dsn may not say {child.key[:40]} in an address.", details=_TAKEN)
        said[child.key] = _plain(child, _VALUE)
    protocol = said.get("PROTOCOL", "tcp").lower()
    if protocol not in ("tcp", "tcps") or "HOST" not in said:
        raise InvalidRequest("An address in dsn needs PROTOCOL tcp or tcps, and a HOST.")
    port = said.get("PORT", "1521")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise InvalidRequest("A PORT in dsn must be a number from 1 to 65535.")
    return Address(said["HOST"], int(port), tls=protocol == "tcps")


def _plain(node: _Node, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(node.value):
        raise InvalidRequest(f"{node.key} in dsn has a character that no such value has.")
    return node.value
