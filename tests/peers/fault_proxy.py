"""A bad line: a TCP proxy that delays, cuts, resets or swallows what passes through it.

Faults apply to what flows from the server to the client, and to connections made after they were set.
"""

import contextlib
import socket
import struct
import threading
import time

import msgspec

from tests.peers.listening import TcpPeer


class Fault(msgspec.Struct, frozen=True):
    """``latency_seconds`` before each piece; pieces of ``slice_bytes``, at most ``bytes_per_second``. After
    ``cut_after_bytes`` the connection ends, with a reset when ``reset``; after ``silent_after_bytes`` nothing
    comes any more. ``black_hole`` accepts and never answers; ``refuse`` resets at once."""

    latency_seconds: float = 0.0
    slice_bytes: int = 65536
    bytes_per_second: float = 0.0
    silent_after_bytes: int | None = None
    cut_after_bytes: int | None = None
    reset: bool = False
    black_hole: bool = False
    refuse: bool = False


class FaultProxy(TcpPeer):
    """Stands in front of ``port``. Set ``fault`` at any time.

    ``faults`` are used first, one a connection. ``connections`` counts them, ``sent_to_server`` the bytes
    that clients sent. While ``held``, no server is heard on any connection.
    """

    def __init__(self, port: int, fault: Fault = Fault()) -> None:  # noqa: B008 - frozen
        super().__init__()
        self.fault = fault
        self.faults: list[Fault] = []
        self.held = False
        self.connections = 0
        self.sent_to_server = 0
        self._target = port
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self.port}"

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.held = False
        self.cut_all()

    def cut_all(self) -> None:
        """Ends every connection that is open now."""
        for connection in self._open:
            _end(connection, reset=False)
        self._open.clear()

    def accepted(self, client: socket.socket) -> None:
        self.connections += 1
        fault = self.faults.pop(0) if self.faults else self.fault
        self._open.append(client)
        threading.Thread(target=self._serve, args=(client, fault), daemon=True).start()

    def _serve(self, client: socket.socket, fault: Fault) -> None:
        if fault.refuse:
            _end(client, reset=True)
            return
        if fault.black_hole:
            with contextlib.suppress(OSError):
                while client.recv(65536):
                    pass
            return
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=10)
        except OSError:
            _end(client, reset=True)
            return
        self._open.append(server)
        threading.Thread(target=self._upstream, args=(client, server), daemon=True).start()
        self._downstream(client, server, fault)

    def _upstream(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                self.sent_to_server += len(data)
                server.sendall(data)
        _end(server, reset=False)

    def _downstream(self, client: socket.socket, server: socket.socket, fault: Fault) -> None:
        limits = [n for n in (fault.cut_after_bytes, fault.silent_after_bytes) if n is not None]
        left = min(limits, default=None)
        with contextlib.suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := server.recv(65536):
                time.sleep(fault.latency_seconds)
                for start in range(0, len(data), fault.slice_bytes):
                    while self.held:
                        time.sleep(0.01)
                    piece = data[start : start + fault.slice_bytes][:left]
                    client.sendall(piece)
                    if fault.bytes_per_second:
                        time.sleep(len(piece) / fault.bytes_per_second)
                    if left is not None:
                        left -= len(piece)
                        if left <= 0:
                            break
                if left is not None and left <= 0:
                    break
            if fault.silent_after_bytes is not None and left == 0:
                while server.recv(65536):  # until the client has left, which ends the server's side too
                    pass
        _end(client, reset=fault.reset)
        _end(server, reset=False)


def _end(connection: socket.socket, *, reset: bool) -> None:
    with contextlib.suppress(OSError):
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # wakes the thread that reads here, which would otherwise keep the socket alive
            connection.shutdown(socket.SHUT_RD)
        else:
            connection.shutdown(socket.SHUT_RDWR)
    connection.close()
