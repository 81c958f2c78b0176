"""TLS in front of a plain port: takes the encryption off, and passes on what is inside."""

import contextlib
import socket
import ssl
import tempfile
import threading
from pathlib import Path

from tests.peers.listening import TcpPeer


class TlsFront(TcpPeer):
    """Stands in front of ``port``."""

    def __init__(self, port: int, key: bytes, certificate: bytes) -> None:
        super().__init__()
        self._target = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            both = Path(folder, "both.pem")
            both.write_bytes(key + certificate)
            self._context.load_cert_chain(both)

    def accepted(self, client: socket.socket) -> None:
        threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            plain,
            self._context.wrap_socket(plain, server_side=True) as client,
            socket.create_connection(("127.0.0.1", self._target), 10) as server,
        ):
            up = threading.Thread(target=_pass_on, args=(client, server), daemon=True)
            up.start()
            _pass_on(server, client)
            up.join(10)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
