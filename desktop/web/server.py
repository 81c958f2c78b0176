"""The HTTP server on loopback: a thread for each request, limits on all of them. What is served is not here.

wsgiref's own server answers one request at a time and waits for ever on a half-open socket.
"""

import logging
import socket
import threading
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication

_log = logging.getLogger(__name__)

_HEAD_SECONDS = 10.0
_SILENCE_SECONDS = 30.0
_MOST_CONNECTIONS = 100


class WebServer:
    """Serves ``application`` on a socket that listens already. ``stop`` does not wait for streams."""

    def __init__(self, listening: socket.socket, application: WSGIApplication) -> None:
        self._server = _Server(listening)
        self._server.set_app(application)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="web", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def listen(port: int) -> socket.socket:
    """A socket on 127.0.0.1; ``port`` 0 takes a free one. Raises OSError when the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(64)
    except OSError:
        listening.close()
        raise
    return listening


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listening: socket.socket) -> None:
        address = listening.getsockname()
        super().__init__(address, _RequestHandler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_name, self.server_port = "127.0.0.1", address[1]
        self.setup_environ()
        self._room = threading.BoundedSemaphore(_MOST_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)  # the browser tries again; a flood gets no thread
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's form
        _log.debug("A connection ended early.", exc_info=True)


class _RequestHandler(WSGIRequestHandler):
    timeout = _SILENCE_SECONDS
    server_version = "vmart"
    sys_version = ""

    def handle(self) -> None:
        """Head and body must be here in time, however slowly the other side drips them."""
        deadline = threading.Timer(_HEAD_SECONDS, self._give_up)
        deadline.daemon = True
        deadline.start()
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if len(self.raw_requestline) > 65536:
                self.requestline = self.request_version = self.command = ""
                self.send_error(414)
                return
            if not self.parse_request():
                return
        except (OSError, ValueError):
            return
        finally:
            deadline.cancel()
        output: Any = self.wfile
        handler = _Handler(self.rfile, output, self.get_stderr(), self.get_environ(), multithread=True)
        handler.request_handler = self  # type: ignore[attr-defined]  # ServerHandler looks there
        handler.run(self.server.get_app())  # type: ignore[attr-defined]

    def _give_up(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            _log.debug("The slow connection was gone already.")

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        environ["vmart.hosts"] = self.headers.get_all("host") or []
        environ["vmart.client_port"] = self.client_address[1]
        return environ

    def address_string(self) -> str:
        return str(self.client_address[0])  # no reverse look-up

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        _log.debug(format, *args)


class _Handler(ServerHandler):
    server_software = "vmart"

    def log_exception(self, exc_info: Any) -> None:
        _log.debug("A stream ended early.", exc_info=exc_info)

    def close(self) -> None:
        SimpleHandler.close(self)
