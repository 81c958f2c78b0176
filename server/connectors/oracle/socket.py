"""The socket under an Oracle connection. The driver sets no limit to how long a login may take, nor to what
is sent when a connection is closed; whoever holds the socket can end both.

The driver makes its socket by ``socket.create_connection``. Its module gets a stand-in for ``socket`` once,
which does the same, leads only where connections may lead (a listener may send the driver elsewhere), and
hands a second handle of the socket to whoever opens a connection in this thread.
"""

import contextlib
import importlib
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

from server import reach


class Line:
    """The connection as the system has it. ``late``: it was cut because its time was up."""

    def __init__(self) -> None:
        self.late = False
        self._handle: socket.socket | None = None
        self._cut = False
        self._lock = threading.Lock()

    def attach(self, sock: socket.socket) -> None:
        """A handle of our own: TLS takes the driver's away from it."""
        with self._lock:
            if self._cut:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                return
            if self._handle is not None:  # the listener sent the driver elsewhere
                self._handle.close()
            self._handle = socket.socket(sock.family, sock.type, sock.proto, os.dup(sock.fileno()))

    def cut(self) -> None:
        """Whoever waits for it is woken with an error. Safe to call more than once."""
        with self._lock:
            self._cut = True
            handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)
            handle.close()

    def time_is_up(self) -> None:
        self.late = True
        self.cut()


class _Sockets:
    """``socket`` for the driver."""

    def __getattr__(self, name: str) -> Any:
        return getattr(socket, name)

    def create_connection(self, *args: Any, **kwargs: Any) -> socket.socket:
        (host, port), seconds = args[0], args[1] if len(args) > 1 else kwargs.get("timeout")
        sock = reach.current().connect(str(host), int(port), seconds)
        for option, seconds in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), seconds)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        line = getattr(_opening, "line", None)
        if line is not None:
            line.attach(sock)
        return sock


_opening = threading.local()
_sockets = _Sockets()


@contextlib.contextmanager
def watched(seconds: float) -> Iterator[Line]:
    """What is opened in this thread inside is cut when it takes longer."""
    driver = importlib.import_module("oracledb.thin_impl")
    if getattr(driver, "socket", None) is socket:
        vars(driver)["socket"] = _sockets
    line = Line()
    timer = threading.Timer(seconds, line.time_is_up)
    timer.daemon = True
    _opening.line = line
    timer.start()
    try:
        yield line
    finally:
        timer.cancel()
        _opening.line = None
