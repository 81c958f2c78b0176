"""A CancelRequest: how PostgreSQL is told, on a connection of its own, to stop what another one runs."""

import socket
import ssl
import struct

import msgspec

TLS_REQUEST = struct.pack("!ii", 8, 80877103)
"""Answered with one byte: S, and TLS begins, or N."""

_CANCEL_CODE = 80877102
_PATIENCE_SECONDS = 5.0


class CancelTicket(msgspec.Struct, frozen=True):
    """What a running query can be stopped with: the address that was really connected to, so that a
    name that now means another machine changes nothing, and the server's key for the session."""

    address: tuple[str, int]
    process: int
    secret: int
    tls: ssl.SSLContext | None
    server_name: str

    def send(self) -> None:
        """Returns when the server has acted on it. Raises OSError."""
        sock = socket.create_connection(self.address, timeout=_PATIENCE_SECONDS)
        try:
            if self.tls is not None:
                sock.sendall(TLS_REQUEST)
                if sock.recv(1) != b"S":
                    return
                sock = self.tls.wrap_socket(sock, server_hostname=self.server_name)
            sock.sendall(struct.pack("!iiii", 16, _CANCEL_CODE, self.process, self.secret))
            sock.recv(1)  # the server closes without a word
        finally:
            sock.close()
