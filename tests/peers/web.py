"""What peers over HTTP share: what they were asked, and their faults. What they answer is theirs."""

import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import msgspec

from tests.peers.listening import HttpPeer


class Fault(msgspec.Struct, frozen=True):
    """What becomes of one call: ``status`` (and ``reason``) answers, or ``body``, or ``location``, which
    leads elsewhere; ``cut`` sends half of a content, ``slow`` a byte at a time."""

    status: int = 0
    reason: str = ""
    cut: bool = False
    slow: bool = False
    location: str = ""
    body: bytes | None = None
    path: str = ""
    """Only for paths that contain it."""


class WebPeer(HttpPeer):
    """``calls`` are the paths asked for, ``request_ids`` what each said in X-Request-Id; ``faults`` are used
    up in order."""

    handler: type["WebHandler"]

    def __init__(self) -> None:
        super().__init__(self.handler)
        self.calls: list[str] = []
        self.request_ids: list[str | None] = []
        self.faults: list[Fault] = []

    def called(self, path: str) -> Fault | None:
        """Notes the call; what is to go wrong with it."""
        self.calls.append(path)
        for number, one in enumerate(self.faults):
            if one.path in path:
                return self.faults.pop(number)
        return None


class WebHandler(BaseHTTPRequestHandler):
    """``peer`` is set by the one that it serves."""

    peer: Any
    protocol_version = "HTTP/1.1"

    def answer_get(self) -> None:
        raise NotImplementedError

    def answer_post(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.peer.request_ids.append(self.headers.get("x-request-id"))
        self.answer_get()

    def do_POST(self) -> None:
        self.peer.request_ids.append(self.headers.get("x-request-id"))
        self.answer_post()

    def send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self._head(status, body, kind, **headers)
        self.wfile.write(body)

    def send_content(self, body: bytes, kind: str, fault: Fault | None) -> None:
        """The bytes of a file, or what a fault leaves of them."""
        self._head(200, body, kind)
        if fault is None:
            self.wfile.write(body)
            return
        if fault.slow:
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(0.2)
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True

    def posted(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _head(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
