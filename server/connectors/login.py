"""What every kind needs for a login: hidden secrets, a socket, whom to trust. How one logs in is its own."""

import ipaddress
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from server import reach
from server.connectors.base import Field
from shared.errors import InvalidRequest, SourceUnavailable

CERTIFICATE_AUTHORITY = Field(
    "ssl_ca",
    "Certificate authority",
    required=False,
    help="PEM text, or a path on the backend; empty for the system's own authorities.",
    guards_secret=True,
)
"""What :func:`trusting` takes."""


class Secret:
    """A text that no repr, log or traceback shows."""

    def __init__(self, text: str) -> None:
        self.reveal: Callable[[], str] = lambda: text

    def __repr__(self) -> str:
        return "<secret>"


def is_loopback(host: str) -> bool:
    """Whether that is this very machine, by its address or as ``localhost``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def connected(
    host: str, port: int, source: str, seconds: float, may: reach.Reach | None = None
) -> socket.socket:
    """A TCP connection that sends at once and notices a peer that is gone. ``source`` is what a failure calls
    it; ``may`` says where it may lead, when it is not opened where that is known. Raises SourceUnavailable or
    HostNotAllowed."""
    try:
        sock = (may or reach.current()).connect(host, port, seconds)
    except socket.gaierror as error:
        raise SourceUnavailable(f"There is no host called {host!r}.") from error
    except TimeoutError as error:
        raise SourceUnavailable(f"{source} did not answer in time.", retry_after=10) from error
    except (OSError, UnicodeError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "the address cannot be used"
        raise SourceUnavailable(f"{source} cannot be reached: {reason}.", retry_after=10) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return sock


def trusting(authority: str) -> ssl.SSLContext:
    """Checks certificate and name, from TLS 1.2 on. ``authority`` is PEM text, or a path on the backend;
    empty for the system's own authorities. Raises InvalidRequest."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not authority:
        return context
    try:
        if authority.lstrip().startswith("-----BEGIN"):
            context.load_verify_locations(cadata=authority)
        else:
            context.load_verify_locations(cafile=str(Path(authority)))
    except (OSError, ssl.SSLError, ValueError) as error:
        raise InvalidRequest(
            "ssl_ca is not a readable certificate: give the PEM text, or a path on the backend."
        ) from error
    return context
