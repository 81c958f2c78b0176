"""What every kind needs for a login: secrets that do not show, whom to trust. How one logs in is its own."""

import ipaddress
import ssl
from collections.abc import Callable
from pathlib import Path

from shared.errors import InvalidRequest


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
