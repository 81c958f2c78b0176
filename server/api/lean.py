"""The short way through HTTP: whole, plain requests to fixed addresses, without the framework's machinery.

Most calls look alike: one of our own lines, ordinary headers, a small body with its length. They are read
here, strictly, and handed to the same handlers. The first request on a connection that is anything else
(in pieces, chunked, with an expectation, odd in any way) gives the rest of that connection to Sanic, which
also keeps time, closes and drains for both.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

from sanic import HTTPResponse
from sanic.exceptions import RequestCancelled
from sanic.http import Http, Stage
from sanic.server.protocols.http_protocol import HttpProtocol

_LONGEST_HEAD = 8_192
_LONGEST_BODY = 32_768
_NAME = re.compile(r"[A-Za-z0-9-]+")
_LENGTH = re.compile(r"[0-9]{1,5}")
_OTHERS_BUSINESS = frozenset({"transfer-encoding", "expect", "upgrade", "trailer", "te"})
_STATUS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_BODILESS = frozenset({204, 304})

Handle = Callable[["LeanRequest"], Awaitable[HTTPResponse | None]]


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


class LeanRequest:
    """What dispatch needs of a request."""

    __slots__ = ("_http", "body", "ctx", "headers", "ip", "transport")
    args: Mapping[str, list[str]] = {}
    query_string = ""
    stream = None

    def __init__(self, headers: Headers, body: bytes, http: "LeanHttp") -> None:
        protocol: Any = http.protocol
        self.headers = headers
        self.body = body
        self.ctx = SimpleNamespace()
        self.ip: str = protocol.conn_info.client_ip
        self.transport = protocol.transport
        self._http = http

    async def respond(self, *, status: int, headers: Mapping[str, str], content_type: str) -> "LeanStream":
        """An answer in pieces."""
        more = {**headers, "content-type": content_type, "transfer-encoding": "chunked"}
        await self._http.write(_head(status, more))
        return LeanStream(self._http)


class LeanStream:
    def __init__(self, http: "LeanHttp") -> None:
        http.stage = Stage.RESPONSE
        self._http = http

    async def send(self, data: bytes) -> None:
        if data:
            await self._http.write(b"%x\r\n%b\r\n" % (len(data), data))

    async def eof(self) -> None:
        await self._http.write(b"0\r\n\r\n")


class LeanHttp(Http):
    """Sanic's side of one connection, with the short way before it."""

    __slots__ = ("_last",)

    def __init__(self, protocol: Any) -> None:
        super().__init__(protocol)  # type: ignore[no-untyped-call]
        self._last: tuple[bytes, _Head | None] = (b"", None)
        self._begin_anew()

    async def http1(self) -> None:
        """Until the connection ends."""
        try:
            while (plain := await self._plain()) is not None:
                handle, request = plain
                self.stage = Stage.HANDLER
                response = await handle(request)
                if response is not None and self.stage is Stage.RESPONSE:
                    self.protocol.close()  # it went wrong in the middle, and this is seen by the cut
                    return
                if response is not None:
                    await self.write(_whole(response))
                self.stage = Stage.IDLE
        except asyncio.CancelledError as error:
            await self._cancelled(error)
        except RequestCancelled:  # nobody is there to be told
            return
        else:
            await super().http1()  # type: ignore[no-untyped-call]

    async def write(self, data: bytes) -> None:
        await self.protocol.send(data)  # type: ignore[no-untyped-call]

    async def _plain(self) -> "tuple[Handle, LeanRequest] | None":
        """The next request; None when it is not for here, and still in the buffer."""
        buffer: bytearray = self.recv_buffer
        if not buffer:
            await self._receive_more()
        end = buffer.find(b"\r\n\r\n", 0, _LONGEST_HEAD)
        if end < 0:
            return None
        written = bytes(buffer[:end])
        if self._last[0] != written:  # a client's requests have the same head, mostly
            self._last = written, _read(written, self.protocol.app.ctx.lean)
        head = self._last[1]
        if head is None:
            return None
        total = end + 4 + head.length
        while len(buffer) < total:
            self.stage = Stage.REQUEST
            await self._receive_more()
        body = bytes(buffer[end + 4 : total])
        del buffer[:total]
        self.protocol.state["requests_count"] += 1
        return head.handle, LeanRequest(head.headers, body, self)

    async def _cancelled(self, error: asyncio.CancelledError) -> None:
        """The client has left, or a time is up: as Sanic tells it."""
        place: Any = self.protocol
        if not place.transport or place.conn_info.lost:
            return  # nobody is there to be told
        reason: Any = self.exception or error
        self._begin_anew()
        self.keep_alive = False
        await self.error_response(reason)

    def _begin_anew(self) -> None:
        """Sanic's own errors need what its way through a request begins with."""
        self.init_for_request()  # type: ignore[no-untyped-call]
        self.response_func: Any = self.http1_response_header


class LeanProtocol(HttpProtocol):
    HTTP_CLASS = LeanHttp


class _Head:
    __slots__ = ("handle", "headers", "length")

    def __init__(self, handle: Handle, headers: Headers, length: int) -> None:
        self.handle = handle
        self.headers = headers
        self.length = length


def _read(written: bytes, handles: Mapping[str, Handle]) -> _Head | None:
    """None for whatever is not plain: Sanic decides about it."""
    first, *lines = written.decode("latin-1").split("\r\n")
    handle = handles.get(first)
    if handle is None:
        return None
    values: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        value = value.strip(" \t")
        if not _NAME.fullmatch(name) or not value.isascii() or not value.isprintable():
            return None
        values.setdefault(name.lower(), []).append(value)
    length = values.get("content-length", ["0"])
    plain = (
        _OTHERS_BUSINESS.isdisjoint(values)
        and len(values.get("host", ())) == len(length) == 1
        and values.get("connection", ["keep-alive"])[0].lower() == "keep-alive"
        and _LENGTH.fullmatch(length[0])
        and int(length[0]) <= _LONGEST_BODY
    )
    return _Head(handle, Headers(values), int(length[0])) if plain else None


def _whole(response: HTTPResponse) -> bytes:
    headers = dict(response.headers.items())
    if response.status in _BODILESS:
        return _head(response.status, headers)
    body = response.body or b""
    headers["content-length"] = str(len(body))
    if response.content_type:
        headers["content-type"] = response.content_type
    return _head(response.status, headers) + body


def _head(status: int, headers: Mapping[str, object]) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    first = _STATUS.get(status) or f"HTTP/1.1 {status} \r\n"
    written = first + "".join(lines) + "connection: keep-alive\r\n\r\n"
    if written.count("\n") != len(lines) + 3:
        raise ValueError("A header holds a line break.")
    return written.encode("latin-1", "replace")
