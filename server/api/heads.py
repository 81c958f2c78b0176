"""The heads of plain HTTP messages: requests read strictly, answers written. Pure: bytes, both ways."""

import re
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

MOST_HEADERS = 100
_LONGEST_BODY = 32_768
_NAME = re.compile(r"[A-Za-z0-9-]+")
_LENGTH = re.compile(r"[0-9]{1,5}")
_OTHERS_BUSINESS = frozenset({"transfer-encoding", "expect", "upgrade", "trailer", "te", "content-encoding"})
_ONCE = ("authorization", "content-type")
_STATUS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


class Headers:
    """By their names in lower case, each with all its values."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def getone(self, name: str, default: Any = None) -> Any:
        found = self._values.get(name)
        return default if found is None else found[0]

    def getall(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)


class Head:
    """``first`` is the request line; ``length`` that of the body."""

    __slots__ = ("first", "headers", "length")

    def __init__(self, first: str, headers: Headers, length: int) -> None:
        self.first = first
        self.headers = headers
        self.length = length


def read(written: bytes) -> Head | None:
    """None for whatever is not plain."""
    first, *lines = written.decode("latin-1").split("\r\n")
    values: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        value = value.strip(" \t")
        if not colon or not _NAME.fullmatch(name) or not value.isascii() or not value.isprintable():
            return None
        values.setdefault(name.lower(), []).append(value)
    length = values.get("content-length", ["0"])
    plain = (
        len(lines) <= MOST_HEADERS
        and all(len(values.get(name, ())) <= 1 for name in _ONCE)
        and _OTHERS_BUSINESS.isdisjoint(values)
        and len(values.get("host", ())) == len(length) == 1
        and [value.lower() for value in values.get("connection", ["keep-alive"])] == ["keep-alive"]
        and _LENGTH.fullmatch(length[0])
        and int(length[0]) <= _LONGEST_BODY
    )
    return Head(first, Headers(values), int(length[0])) if plain else None


def written(status: int, headers: Mapping[str, object]) -> bytes:
    """With the empty line behind it. Raises ValueError for a header that would break out of its line."""
    head = _lines(status, tuple(headers)) % tuple(headers.values())
    if not head.count("\n") == head.count("\r") == len(headers) + 3:
        raise ValueError("A header holds a line break.")
    return head.encode("latin-1", "replace")


@lru_cache(maxsize=256)
def _lines(status: int, names: tuple[str, ...]) -> str:
    """A head with ``%s`` for each value: answers have the same names again and again."""
    lines = [_STATUS.get(status) or f"HTTP/1.1 {status} \r\n"]
    lines += [f"{name.replace('%', '%%')}: %s\r\n" for name in names]
    return "".join(lines) + "connection: keep-alive\r\n\r\n"
