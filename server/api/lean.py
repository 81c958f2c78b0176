"""The short way through HTTP: whole, plain requests to fixed addresses, without the framework's machinery.

Most calls look alike: one of our own lines, ordinary headers, a small body with its length. They are read
here, strictly, and handed to the same handlers. The first request on a connection that is anything else
(in pieces, chunked, with an expectation, odd in any way) gives the rest of that connection to Sanic, which
also keeps time, closes and drains for both.

A request that comes whole is answered where it is received, when its route allows that and as far as it goes
without waiting, or while waiting only for what is Soon; what waits longer is handed over to the connection's
task.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

from sanic.exceptions import RequestCancelled
from sanic.http import Http, Stage
from sanic.server.protocols.http_protocol import HttpProtocol

from server.api import heads
from server.api.heads import Head
from server.api.replies import Response
from server.soon import Part, Soon, finish

_LONGEST_HEAD = 8_192
_HEADS_KEPT = 8
_BODILESS = frozenset({204, 304})

Answering = Coroutine[Any, Any, Response | None]
Handle = Callable[["LeanRequest"], Answering]


class LeanRequest:
    """What dispatch needs of a request."""

    __slots__ = ("_http", "body", "headers", "memo")
    args: Mapping[str, list[str]] = {}
    query_string = ""
    stream = None
    ctx = SimpleNamespace()
    """Only Sanic's own way reads what is put there."""

    def __init__(self, known: "_Known", body: bytes, http: "LeanHttp") -> None:
        self.headers = known.headers
        self.memo = known.memo
        """Kept for as long as this head may come again."""
        self.body = body
        self._http = http

    @property
    def ip(self) -> str:
        protocol: Any = self._http.protocol
        address: str = protocol.conn_info.client_ip
        return address

    @property
    def transport(self) -> Any:
        return self._http.protocol.transport

    async def respond(self, *, status: int, headers: Mapping[str, str], content_type: str) -> "LeanStream":
        """An answer in pieces."""
        more = {**headers, "content-type": content_type, "transfer-encoding": "chunked"}
        await self._http.write(heads.written(status, more))
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


class _Known:
    """A head that came on this connection, and who answers it."""

    __slots__ = ("at_once", "handle", "headers", "length", "memo")

    def __init__(self, handle: Handle, at_once: bool, head: Head) -> None:
        self.memo: dict[Hashable, Any] = {}
        self.handle = handle
        self.at_once = at_once
        self.headers = head.headers
        self.length = head.length


class LeanHttp(Http):
    """Sanic's side of one connection, with the short way before it.

    ``waits``: the connection's task does nothing but wait for a request, so that one may be answered at once.
    """

    __slots__ = ("_begun", "_heads", "_leaves", "_soon", "waits")

    def __init__(self, protocol: Any) -> None:
        super().__init__(protocol)  # type: ignore[no-untyped-call]
        protocol.lean = self
        self.waits = False
        self._leaves = False
        self._heads: dict[bytes, _Known | None] = {}
        self._begun: tuple[Answering, Any] | None = None
        self._soon: Soon[Any] | None = None
        self._begin_anew()

    async def http1(self) -> None:
        """Until the connection ends."""
        try:
            while (answering := await self._next()) is not None:
                response = await answering
                if response is not None and self.stage is Stage.RESPONSE:
                    self.protocol.close()  # it went wrong in the middle, and this is seen by the cut
                    return
                if response is not None:
                    await self.write(_whole(response))
                self.stage = Stage.IDLE
        except asyncio.CancelledError as error:
            await self._stop_answering()
            await self._cancelled(error)
        except RequestCancelled:  # nobody is there to be told
            return
        else:
            await super().http1()  # type: ignore[no-untyped-call]

    async def write(self, data: bytes) -> None:
        await self.protocol.send(data)  # type: ignore[no-untyped-call]

    # -- By the connection's task ---------------------------------------------------------

    async def _next(self) -> "Awaitable[Response | None] | None":
        """The answer to the next request; None when it is not for here, and still in the buffer."""
        buffer: bytearray = self.recv_buffer
        if not buffer:
            self.waits = True
            await self._receive_more()
            self.waits = False
            if self._begun is not None:
                begun, self._begun = self._begun, None
                return Part(*begun)
        end = buffer.find(b"\r\n\r\n", 0, _LONGEST_HEAD)
        known = None if end < 0 else self._known(bytes(buffer[:end]))
        if known is None:
            return None
        total = end + 4 + known.length
        while len(buffer) < total:
            self.stage = Stage.REQUEST
            await self._receive_more()
        body = bytes(buffer[end + 4 : total])
        del buffer[:total]
        self.stage = Stage.HANDLER
        return known.handle(LeanRequest(known, body, self))

    def _known(self, written: bytes) -> _Known | None:
        """A client's requests have the same head, mostly, but for the length."""
        if written in self._heads:
            return self._heads[written]
        head = heads.read(written)
        route = None if head is None else self.protocol.app.ctx.lean.get(head.first)
        known = None if head is None or route is None else _Known(route[0], route[1], head)
        if len(self._heads) >= _HEADS_KEPT:
            del self._heads[next(iter(self._heads))]
        self._heads[written] = known
        return known

    async def _stop_answering(self) -> None:
        """What was begun where it was received ends as a cancelled task does."""
        self._leaves = True
        if self._soon is not None:
            self._soon.cancel()
        if self._begun is not None:
            answering, awaited = self._begun
            self._begun = None
            rest = Part(answering, awaited)
            rest.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await rest

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

    # -- Where it is received -------------------------------------------------------------

    def take(self, data: bytes) -> bool:
        """Whether ``data`` was seen to here: a whole plain request, when the connection's task waits for one;
        or what follows one that is being answered."""
        protocol: Any = self.protocol
        if self._soon is not None:
            self.recv_buffer += data
            if len(self.recv_buffer) >= protocol.app.config.REQUEST_BUFFER_SIZE:
                protocol.transport.pause_reading()
            return True
        if not self.waits or self.recv_buffer or not protocol._can_write.is_set():
            return False
        end = data.find(b"\r\n\r\n", 0, _LONGEST_HEAD)
        known = None if end < 0 else self._known(data[:end])
        if known is None or not known.at_once or len(data) != end + 4 + known.length:
            return False
        protocol._time = time.monotonic()
        self.waits = False
        self.stage = Stage.HANDLER
        self._go_on(known.handle(LeanRequest(known, data[end + 4 :], self)))
        return True

    def _go_on(self, answering: Answering, _awaited: "Soon[Any] | None" = None) -> None:
        protocol: Any = self.protocol
        self._soon = None
        try:
            awaited = answering.send(None)
        except StopIteration as ended:
            self._answered(ended.value)
        except RequestCancelled:  # nobody is there to be told
            return
        except asyncio.CancelledError:
            if not self._leaves:
                protocol._task.cancel()  # which tells the caller
        except BaseException:
            protocol.close()
            raise
        else:
            if isinstance(awaited, Soon):
                self._soon = awaited
                awaited._asyncio_future_blocking = False  # as a task does that takes it up
                awaited.add_done_callback(partial(self._go_on, answering))
            elif self._leaves:
                finish(Part(answering, awaited))  # the connection's task is gone too
            else:
                self._begun = answering, awaited
                self._wake()

    def _answered(self, response: Response | None) -> None:
        protocol: Any = self.protocol
        if response is not None and not protocol.transport.is_closing():
            protocol.transport.write(_whole(response))
            protocol._time = time.monotonic()
        self.stage = Stage.IDLE
        if self.recv_buffer:
            self._wake()
        else:
            self.waits = True

    def _wake(self) -> None:
        self.protocol._data_received.set()


class LeanProtocol(HttpProtocol):
    HTTP_CLASS = LeanHttp
    __slots__ = ("lean",)

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.lean: LeanHttp | None = None
        """Once the connection's task has begun."""

    def data_received(self, data: bytes) -> None:
        lean = self.lean
        if lean is None or not lean.take(data):
            super().data_received(data)


def _whole(response: Response) -> bytes:
    if response.status in _BODILESS:
        return heads.written(response.status, response.headers)
    headers = {**response.headers, "content-length": len(response.body)}
    if response.content_type:
        headers["content-type"] = response.content_type
    return heads.written(response.status, headers) + response.body
