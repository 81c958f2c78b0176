"""What a connection may do before anybody knows who it is: how long it may take, how a head may look.

Time is counted from the first byte of a request, not from the last one, so that dripping gains nothing.
What may come after the head, from whom and how much, is dispatch's to say.
"""

import re
import time
from typing import Any

from sanic import Request
from sanic.exceptions import BadRequest, RequestTimeout
from sanic.http import Stage

from server.api.heads import MOST_HEADERS
from server.api.lean import LeanProtocol

_LINE = re.compile(
    rb"(?i:content-length):[\t ]*[0-9]+[\t ]*"
    rb"|(?!(?i:content-length):)[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*"
)
"""Of a length only our digits: there are others that Python reads as a number."""
_FIRST_LINE = re.compile(rb"[!-~]+ [!-~\x80-\xff]+ HTTP/1\.[01]")
_ONCE = frozenset({b"host", b"content-length", b"transfer-encoding", b"authorization", b"content-type"})


class StrictRequest(Request):
    """Only heads that every server in front of us reads as we do. (Plain ones never come here: see lean.)

    Chunks are read by Sanic, which is not strict about them: nothing that follows them on the connection is
    taken for a request.
    """

    def __init__(self, url_bytes: bytes, headers: Any, *args: Any, **more: Any) -> None:
        head = more.get("head", b"")
        if head:
            _check(head)
        else:  # Sanic's stand-in for a request whose head was refused; its address may be the reason
            url_bytes = b"*"
        super().__init__(url_bytes, headers, *args, **more)
        if "transfer-encoding" in self.headers:
            protocol: Any = self.transport.get_protocol()
            protocol.http.keep_alive = False


def _check(head: bytes) -> None:
    """Raises BadRequest for folded lines, bare line breaks and other control characters, names that are no
    tokens, what may stand there once and does not, and more headers than anybody needs."""
    first, *lines = head.split(b"\r\n")
    names = [line.partition(b":")[0].lower() for line in lines]
    good = (
        _FIRST_LINE.fullmatch(first)
        and len(lines) <= MOST_HEADERS
        and all(_LINE.fullmatch(line) for line in lines)
        and all(names.count(name) <= 1 for name in _ONCE)
        and not (
            b"transfer-encoding" in names and (b"content-length" in names or first.endswith(b"HTTP/1.0"))
        )
    )
    if not good:
        raise BadRequest("The head of this request can be read in more than one way.")
    if b"host" not in names and not first.endswith(b"HTTP/1.0"):  # RFC 9112, section 3.2
        raise BadRequest("The request says no Host, which HTTP/1.1 demands.")


class EdgeProtocol(LeanProtocol):
    """Ends connections that take too long: to begin, to send a head, or to send what nobody will read."""

    __slots__ = ("_began", "_since", "_unread")

    def connection_made(self, transport: Any) -> None:
        self._since = time.monotonic()
        self._began = False
        self._unread: tuple[Any, float] = (None, 0.0)
        super().connection_made(transport)  # type: ignore[no-untyped-call]

    def data_received(self, data: bytes) -> None:
        if not self.recv_buffer:
            self._since, self._began = time.monotonic(), True
        super().data_received(data)

    def check_timeouts(self) -> None:
        """Sanic calls it now and then."""
        http: Any = self._http
        task: Any = self._task
        if http is not None and task and self._is_late(http):
            http.exception = RequestTimeout("The request took too long to arrive.")
            task.cancel()
            return
        super().check_timeouts()  # type: ignore[no-untyped-call]

    def _is_late(self, http: Any) -> bool:
        now = time.monotonic()
        since = now
        if http.stage is Stage.REQUEST or (
            http.stage is Stage.IDLE and (self.recv_buffer or not self._began)
        ):
            since = self._since
        elif http.stage is Stage.IDLE and http.request_body:  # answered, and the rest of the body still comes
            if self._unread[0] is not http.request:
                self._unread = http.request, now
            since = self._unread[1]
        return bool(now - since > self.request_timeout)
