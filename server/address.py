"""Where a backend listens: the socket, and the address that it has for others."""

import socket

from shared.errors import SettingsInvalid
from shared.settings import ServerSection


def bind(host: str, port: int) -> socket.socket:
    """A listening socket of our own; port 0 means any free one. Raises SettingsInvalid."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
            sock.listen(1024)
        except BaseException:
            sock.close()
            raise
    except OSError as error:
        raise SettingsInvalid(
            f"server.host and server.port: {host}:{port} cannot be listened on ({error.strerror}). "
            "Choose another port, or stop what uses it."
        ) from error
    sock.setblocking(False)
    return sock


def url_of(section: ServerSection, sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"{'https' if section.ssl_cert else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
