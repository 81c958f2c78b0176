"""What no server on this event loop goes below: bytes in, the batch that a one-row query takes, bytes out.

``python -m tests.bench.floor PORT '{"host": …}'``. Nothing is parsed, checked or recorded; the number that is
asked for changes, as everywhere in the bench.
"""

import asyncio
import contextlib
import gc
import itertools
import json
import socket
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from server.connectors.postgres.prepared import AFTER, BEFORE
from server.connectors.postgres.protocol import EXECUTE, SYNC, bind, parse
from tests.bench import started
from tests.bench.measuring import Process
from tests.bench.wire import Ask, Server

_NUMBERS = 1_000
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"
ASK = Ask("/")


@contextlib.contextmanager
def running(folder: Path, params: Mapping[str, Any], sql: str, database: Process) -> Iterator[Server]:
    """``sql`` has one parameter, ``$1``, a number."""
    port = started.free_port()
    command = [sys.executable, "-m", "tests.bench.floor", str(port), json.dumps(dict(params)), sql]
    with started.process(command, folder / "floor.log", port) as process:
        yield Server(process.pid, port, database)


class _Line:
    """One connection to PostgreSQL on which all is prepared; answers come in the order of the questions."""

    def __init__(self, params: dict[str, Any], sql: str) -> None:
        import pg8000.native

        self._connection = pg8000.native.Connection(**params)
        self._socket: socket.socket = self._connection._usock
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        names = {text: f"s{number}" for number, text in enumerate((*BEFORE, *AFTER, sql))}
        making = b"".join(parse(text, (), name) for text, name in names.items())
        begin, timeout = BEFORE
        before = bind((), names[begin]) + EXECUTE + bind(("60000",), names[timeout]) + EXECUTE
        after = EXECUTE + b"".join(bind((), names[text]) + EXECUTE for text in AFTER) + SYNC
        self._batches = itertools.cycle(
            [before + bind((str(number),), names[sql]) + after for number in range(1, _NUMBERS)]
        )
        self._socket.sendall(making + next(self._batches))
        self._read_to_ready()
        self._socket.setblocking(False)
        self._waiting: deque[asyncio.Transport] = deque()

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._socket.fileno(), self._readable)

    def ask(self, caller: asyncio.Transport) -> None:
        self._waiting.append(caller)
        self._socket.send(next(self._batches))

    def _readable(self) -> None:
        self._socket.recv(1 << 18)
        self._waiting.popleft().write(_ANSWER)

    def _read_to_ready(self) -> None:
        received = b""
        while not received.endswith(b"Z\0\0\0\5I"):
            received += self._socket.recv(1 << 18)


async def _serve(port: int, line: _Line) -> None:
    loop = asyncio.get_running_loop()
    line.listen(loop)

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport: Any = transport

        def data_received(self, data: bytes) -> None:
            line.ask(self._transport)

    server = await loop.create_server(Protocol, "127.0.0.1", port)
    gc.freeze()
    await server.serve_forever()


def _main(port: str, params: str, sql: str) -> None:
    import uvloop

    uvloop.run(_serve(int(port), _Line(json.loads(params), sql)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
