"""ClickHouse's HTTP interface: it writes rows as JSON (JSONCompact), and they pass on nearly untouched.

In that format a row is a line ``\\t\\t[…],`` and a line break or a tab stands nowhere inside one. Behind the
rows comes the number of them, which proves that all are there. A failure in mid-stream is a text in their
place, since the status was sent long before; it begins where a row or its comma should.
"""

import contextlib
import re
import select
import socket
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

import msgspec
import numpy as np
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from server.connectors.clickhouse.errors import ServerError
from server.connectors.clickhouse.login import Login
from server.reach import dialling
from shared.results import JsonRows

_READ_BYTES = 256 * 1024
_LARGEST_ROW_BYTES = 64_000_000
_LOOK_SECONDS = 0.25

_GONE = (OSError, HTTPError, HTTPException)
"""A head that was cut off comes as the last of them."""

_DATA = re.compile(rb'\n\t"data":\s*\n\t\[\n')
_LINE_BREAK, _SPACE, _COMMA, _BRACKET = b"\n ,]"
_LONGEST_END_BYTES = 1000
_CODE = re.compile(rb"Code: (\d+)[.,].*", re.DOTALL)


class HttpLost(Exception):
    """The connection broke, or what came is not ClickHouse's. ``silence``: nothing came in time."""

    def __init__(self, *, silence: bool = False) -> None:
        super().__init__("the HTTP connection was lost")
        self.silence = silence


class HttpRows:
    """The rows of one query. Close it; another thread may close it too, which ends a read that waits."""

    def __init__(self, login: Login, connect_timeout: float) -> None:
        """Connects. Raises HttpLost."""
        self._connection: HTTPConnection = (
            dialling(HTTPConnection, login.may.connect)(login.host, login.http_port, timeout=connect_timeout)
            if login.tls is None
            else dialling(HTTPSConnection, login.may.connect)(
                login.host, login.http_port, timeout=connect_timeout, ssl_context=login.tls
            )
        )
        # HTTP/1.0, for its bodies have no chunks: old servers make chunks of 4 KB, and each one costs as much
        # as its rows. That a body is whole is proved by its own end.
        self._connection._http_vsn = 10
        self._connection._http_vsn_str = "HTTP/1.0"
        self._login = login
        self._response: Any = None
        try:
            self._connection.connect()
        except _GONE as error:
            self.close()
            raise HttpLost from error

    def ask(self, sql: str, query_id: str, settings: Mapping[str, str | int]) -> None:
        """Sends the query, and does not wait. Raises HttpLost."""
        query = urlencode({"database": self._login.database, "query_id": query_id, **settings})
        headers = {
            "Host": f"{self._login.host}:{self._login.http_port}",
            "X-ClickHouse-User": self._login.user,
            "X-ClickHouse-Key": self._login.password.reveal(),
            "Content-Type": "text/plain; charset=utf-8",
        }
        try:
            self._connection.request("POST", f"/?{query}", sql.encode(), headers, preload_content=False)
        except _GONE as error:
            raise HttpLost from error

    def wait(self, meanwhile: Callable[[], None]) -> None:
        """Until the answer begins. ``meanwhile`` is called now and then, and may raise."""
        sock = self._connection.sock
        while True:
            if sock is None or sock.fileno() < 0:
                raise HttpLost
            try:
                ready, _, _ = select.select([sock], [], [], _LOOK_SECONDS)
            except (OSError, ValueError) as error:
                raise HttpLost from error
            if ready:
                return
            meanwhile()

    def rows(self, give_up: Callable[[], float]) -> Iterator[JsonRows]:
        """Raises ServerError or HttpLost. ``give_up`` tells how many seconds there are left to wait."""
        pieces = self._pieces(give_up)
        pending = bytearray(next(pieces, b""))
        while (head := _DATA.search(pending)) is None:
            piece = next(pieces, b"")
            if not piece:
                raise _failure(pending)
            pending += piece
        begin, count = head.end(), 0
        del head  # it holds on to the buffer
        del pending[:begin]
        while True:
            if not count and pending.startswith(b"\n"):  # no rows at all
                del pending[:1]
            end = _end_of_rows(pending)
            whole = pending.rfind(b"\n", 0, len(pending) if end < 0 else end) + 1
            if whole:
                batch = _written(pending, whole)
                count += batch.count
                del pending[:whole]
                yield batch
            if end >= 0:
                break
            piece = next(pieces, b"")
            if not piece or len(pending) > _LARGEST_ROW_BYTES:
                raise _failure(pending)
            pending += piece
        _check_end(pending + b"".join(pieces), count)

    def abort(self) -> None:
        """From any thread, without waiting: whoever waits for the rows stops waiting."""
        sock = self._connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """From any thread."""
        sock = self._connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(2)
        if self._response is not None:
            with contextlib.suppress(*_GONE):
                self._response.close()
        with contextlib.suppress(*_GONE):
            self._connection.close()

    def _pieces(self, give_up: Callable[[], float]) -> Iterator[bytes]:
        sock = self._connection.sock
        try:
            if sock is None:
                raise HttpLost
            sock.settimeout(max(give_up(), 0.01))
            self._response = response = self._connection.getresponse()
            if response.status != 200:
                raise _failure(response.read(1 << 20))
            while piece := response.read1(_READ_BYTES):
                yield piece
                sock.settimeout(max(give_up(), 0.01))
        except TimeoutError as error:
            raise HttpLost(silence=True) from error
        except (*_GONE, ValueError, AttributeError) as error:
            raise HttpLost from error


def _end_of_rows(pending: bytearray) -> int:
    """Where the line ``\\t],`` begins, or -1. What follows it is short, unless it holds a failure."""
    if pending.startswith(b"\t]"):
        return 0
    found = pending.find(b"\n\t]", max(0, len(pending) - _LONGEST_END_BYTES))
    if found < 0 and b'"exception"' in pending[-_LONGEST_END_BYTES:]:
        found = pending.find(b"\n\t]")
    return found + 1 if found >= 0 else -1


def _written(pending: bytearray, size: int) -> JsonRows:
    """The lines in the first ``size`` bytes, their commas blanked; the two tabs before a row are spacing to
    JSON as well. Whatever is no row does not end like one."""
    view = np.frombuffer(pending, dtype=np.uint8, count=size)
    breaks = np.flatnonzero(view == _LINE_BREAK)
    if breaks[0] < 3:
        raise _failure(bytes(view))
    commas = breaks - 1
    if view[commas[-1]] == _BRACKET:  # the last row of all has no comma
        commas = commas[:-1]
    if (view[commas] != _COMMA).any() or (view[commas - 1] != _BRACKET).any():
        raise _failure(bytes(view))
    view[commas] = _SPACE
    return JsonRows(view.tobytes(), len(breaks))


class _End(msgspec.Struct, frozen=True):
    rows: int
    exception: str = ""


def _check_end(rest: bytes | bytearray, count: int) -> None:
    try:
        end = msgspec.json.decode(b"{" + rest.partition(b",")[2], type=_End)
    except msgspec.DecodeError:
        raise _failure(rest) from None
    if end.exception:
        raise _failure(end.exception.encode())
    if end.rows != count:
        raise HttpLost


def _failure(data: bytes | bytearray) -> Exception:
    """What the server says in place of rows; else the connection just ended."""
    begin = max(data.rfind(before + b"Code: ") + len(before) for before in (b"\n", b"]", b","))
    found = _CODE.match(data, begin if not data.startswith(b"Code: ") else 0)
    if found is None:
        return HttpLost()
    return ServerError(int(found[1]), found[0].decode("utf-8", "replace"))
