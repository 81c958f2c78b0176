"""A backend of a few lines: it answers what a test tells it to, and remembers what it was asked.

For what the real server never does: wrong types, cut bodies, proxy pages, slow drips.
"""

import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from typing import Any

import msgspec

from tests.peers.listening import HttpPeer


class Asked(msgspec.Struct, frozen=True):
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Reply(msgspec.Struct, frozen=True):
    """One answer. ``body`` may be an iterable of pieces, sent in chunks; ``cut`` ends the connection
    after the body although more was announced; ``raw`` replaces the whole answer, head included."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: dict[str, str] = {}
    cut: bool = False
    raw: Iterable[bytes] | None = None
    pause_seconds: float = 0.0


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(
        status=status, body=msgspec.json.encode(value), headers={"Content-Type": "application/json", **named}
    )


def query_answer(columns: Iterable[tuple[str, str]], rows: bytes, count: int, **end: Any) -> Reply:
    """The JSON of a query's answer around rows that are already JSON."""
    head = msgspec.json.encode([{"name": name, "type": kind} for name, kind in columns])
    tail = msgspec.json.encode({"row_count": count, "truncated": False, "elapsed_ms": 1.5, **end})
    body = b'{"query_id":"q","columns":' + head + b',"rows":' + rows + b"," + tail[1:]
    return Reply(body=body, headers={"Content-Type": "application/json"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peer: "BackendPeer"

    def log_message(self, *args: Any) -> None:
        pass

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        self.peer.asked.append(asked)
        try:
            self._send(self.peer.answer(asked))
        except ConnectionError:
            self.peer.gone.set()
            self.close_connection = True

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.pause_seconds)
        if reply.cut or reply.raw is not None:
            self.close_connection = True
        if reply.raw is not None:
            for piece in reply.raw:
                self.wfile.write(piece)
            return
        self.send_response(reply.status)
        for name, text in reply.headers.items():
            self.send_header(name, text)
        if isinstance(reply.body, bytes):
            self.send_header("Content-Length", str(len(reply.body) + (100 if reply.cut else 0)))
            self.end_headers()
            self.wfile.write(reply.body)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in reply.body:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if not reply.cut:
            self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _any  # noqa: N815 - the names of http.server


class BackendPeer(HttpPeer):
    """``answer`` makes the reply to each request; ``gone`` is set when a client left in mid-answer."""

    def __init__(self, answer: Callable[[Asked], Reply], *, port: int = 0) -> None:
        super().__init__(_Handler, port=port)
        self.answer = answer
        self.asked: list[Asked] = []
        self.gone = threading.Event()
