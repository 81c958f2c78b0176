"""HTTP on one kept-alive socket, with as little client as possible: what is measured is the server."""

import json
import re
import socket
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec

from tests.bench.measuring import Figures, Meter, Process

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_LAST_CHUNK = b"\r\n0\r\n\r\n"


class Ask(msgspec.Struct, frozen=True):
    """A request. ``%d`` in the path and the body stands for a number that changes from call to call;
    ``expected`` is in every good answer, for a server may well say 200 and tell of a failure."""

    path: str
    body: str = ""
    headers: dict[str, str] = {}
    expected: bytes = b""

    @property
    def method(self) -> str:
        return "POST" if self.body else "GET"

    def written(self, number: int) -> bytes:
        body = self.body.replace("%d", str(number)).encode()
        lines = [f"{self.method} {self.path.replace('%d', str(number))} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        return "\r\n".join([*lines, "", ""]).encode() + body


def post(
    path: str, body: dict[str, Any], headers: dict[str, str] | None = None, expected: bytes = b""
) -> Ask:
    """A value ``"%d"`` in the body becomes a number."""
    text = json.dumps(body).replace('"%d"', "%d")
    return Ask(path, text, {"Content-Type": "application/json", **(headers or {})}, expected)


class Server:
    """Something that answers HTTP on this machine. ``meter`` also counts what works behind it."""

    def __init__(self, pid: int, port: int, *behind: Process) -> None:
        self.port = port
        self.process = Process(pid)
        self.meter = Meter(self.process, *behind)
        self._socket: socket.socket | None = None

    def call(self, ask: Ask, number: int = 0) -> bytes:
        """The body. Raises RuntimeError when the status says failure."""
        _, body = self._exchange(ask.written(number), lambda _: None)
        if ask.expected not in body:
            raise RuntimeError(f"{ask.path} answered: {body[:500].decode(errors='replace')}")
        return body

    def short(self, ask: Ask, times: int) -> Figures:
        """The median of ``times`` calls with different numbers."""
        self.close()  # while the others were measured, the server may have closed it
        self.call(ask, times + 1)
        seconds: list[float] = []
        cpu = self.meter.read()
        for number in range(1, times + 1):
            request = ask.written(number)
            began = time.perf_counter()
            self._exchange(request, lambda _: None)
            seconds.append(time.perf_counter() - began)
        return Figures(statistics.median(seconds), cpu_seconds=self.meter.since(cpu, times=times))

    def long(self, ask: Ask) -> Figures:
        """One call, its answer thrown away as it comes; what is expected must be in the end of it."""
        self.process.mark_memory()
        cpu = self.meter.read()
        began = time.perf_counter()
        first: list[float] = []

        def note(_: bytes) -> None:
            if not first:
                first.append(time.perf_counter() - began)

        _, body = self._exchange(ask.written(0), note, keep=4096)
        seconds = time.perf_counter() - began
        if ask.expected not in body:
            raise RuntimeError(f"{ask.path} did not end as expected: …{body[-200:].decode(errors='replace')}")
        return Figures(seconds, first[0], self.meter.since(cpu), self.process.growth_mb())

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(
        self, request: bytes, seen: Callable[[bytes], None], *, keep: int | None = None
    ) -> tuple[bytes, bytes]:
        """Head and body (or its last ``keep`` bytes, as they came); ``seen`` gets each piece."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=120)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        received = b""
        while (at := received.find(b"\r\n\r\n")) < 0:
            received += self._receive(seen)
        head, body = received[: at + 2], received[at + 4 :]
        found = _LENGTH.search(head)
        total = len(body)
        pieces = [body]
        end = (b"\r\n" + body)[-len(_LAST_CHUNK) :]  # a line of CSV may end as the last chunk does
        while total < int(found[1]) if found else not end.endswith(_LAST_CHUNK):
            piece = self._receive(seen)
            total += len(piece)
            end = (end + piece)[-len(_LAST_CHUNK) :]
            pieces.append(piece)
            if keep is not None and len(pieces) > 2:
                pieces = [b"".join(pieces)[-keep:]]
        body = b"".join(pieces)
        if keep is None and _CHUNKED.search(head):
            body = _joined(body)
        if not head.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")):
            raise RuntimeError(f"{head.splitlines()[0].decode()}: {body[:500].decode(errors='replace')}")
        return head, body

    def _receive(self, seen: Callable[[bytes], None]) -> bytes:
        if self._socket is None:
            raise RuntimeError("The connection is closed.")
        piece = self._socket.recv(1 << 18)
        if not piece:
            self.close()
            raise RuntimeError("The server closed the connection.")
        seen(piece)
        return piece


def _joined(chunks: bytes) -> bytes:
    parts, at = list[bytes](), 0
    while True:
        end = chunks.index(b"\r\n", at)
        size = int(chunks[at:end].partition(b";")[0], 16)
        if not size:
            return b"".join(parts)
        parts.append(chunks[end + 2 : end + 2 + size])
        at = end + 4 + size
