"""Is a backend healthy, asked from outside? Light, for a container asks it every few seconds."""

import contextlib
import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

from shared.errors import SettingsInvalid
from shared.settings import BackendSettings

_SECONDS = 5.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - read, not listened on


def url_of(settings: BackendSettings) -> str:
    """Where a backend with these settings answers on its own machine. Raises SettingsInvalid."""
    section = settings.server
    if section.port == 0:
        raise SettingsInvalid("server.port is 0, so only the log knows the address. Name it with --url.")
    host = _EVERYWHERE.get(section.host, section.host)
    host = f"[{host}]" if ":" in host else host
    return f"{'https' if section.ssl_cert else 'http'}://{host}:{section.port}"


def ask(url: str, own: BackendSettings | None = None, *, ready: bool = False) -> tuple[bool, str]:
    """Whether the backend at ``url`` is healthy, and a sentence about it. Raises SettingsInvalid. ``ready``:
    whether it can work, too.

    ``own`` are the settings of a backend on this machine: its certificate names the outside world, and
    is not checked.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
        raise SettingsInvalid(f"--url {url!r} is not an address. Write it like https://backend.example:5000.")
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname, port, timeout=_SECONDS, context=_context(own)
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, port, timeout=_SECONDS)
    connected = False
    try:
        connection.connect()
        connected = True
        path = "/health/ready" if ready else "/health"
        connection.request("GET", f"{parts.path.rstrip('/')}{path}")
        response = connection.getresponse()
        status, body = response.status, response.read(65_536)
    except (OSError, http.client.HTTPException) as error:
        if (
            connected
            and own is not None
            and own.security.client_ca
            and isinstance(error, ConnectionError | ssl.SSLError)
        ):
            return True, f"The backend at {url} answers, and asks for a certificate that we have not got."
        return False, f"The backend at {url} does not answer: {_reason(error)}."
    finally:
        connection.close()
    found = _decoded(body)
    if ready and found.get("status") in ("ready", "unready"):
        reasons = " ".join(map(str, found.get("reasons") or [])) or "It can work."
        return status == 200, f"The backend at {url} is {found['status']}. {reasons}"
    if status != 200 or found.get("status") != "ok":
        return False, f"What answers at {url} is not a healthy backend (HTTP {status})."
    count = found.get("connections")
    counts = f"{count} connection{'' if count == 1 else 's'}, up {found.get('uptime')} s"
    return True, f"The backend at {url} is healthy: {counts}."


def _context(own: BackendSettings | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if own is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if own.security.client_ca:
            with contextlib.suppress(OSError):  # its own one may do: often both come from one authority
                context.load_cert_chain(own.server.ssl_cert, own.server.ssl_key or None)
    return context


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing came within {_SECONDS:g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    return getattr(error, "strerror", None) or type(error).__name__


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
