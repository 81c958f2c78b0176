"""Servers on loopback that run beside a test, from entering to leaving. What they say is theirs."""

import contextlib
import itertools
import os
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_BELOW_OUTGOING = range(20_000, 32_000)
"""From 32768 on, systems hand ports to outgoing connections: those of other tests would take one that is
free for a moment, such as that of a server which is down and comes back."""
_turns = itertools.count(os.getpid() * 37)  # processes that test side by side begin at different places


def free_port() -> int:
    """For a server that cannot be told to choose one, or that must come back to it. Another one each time."""
    while True:
        port = _BELOW_OUTGOING[next(_turns) % len(_BELOW_OUTGOING)]
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


class TcpPeer:
    """Use it as a context manager. ``port`` is a free one."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # a thread that waits in accept() is only woken by shutting the socket down
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def accepted(self, client: socket.socket) -> None:
        """One connection after the other, in their order; returns at once."""
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted(client)


class HttpPeer:
    """Use it as a context manager. ``port`` 0 takes a free one; handlers know the server as ``peer``."""

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], *, port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self._http = _Quiet(("127.0.0.1", port), type("Handler", (handler,), {"peer": self}))
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.port = int(self._http.server_address[1])
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves, or refuses a handshake, is what some tests are about."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
