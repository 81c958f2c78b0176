"""TLS from the settings, and certificates that are renewed while it serves. When is for others to say."""

import ssl
from typing import Any

from shared.errors import SettingsInvalid
from shared.settings import ServerSection


def tls(section: ServerSection) -> ssl.SSLContext | None:
    """TLS 1.3 when a certificate is set. Raises SettingsInvalid."""
    if not section.ssl_cert and not section.ssl_key and not section.client_ca:
        return None
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(section.ssl_cert, section.ssl_key or None)
        if section.client_ca:
            context.load_verify_locations(section.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        raise SettingsInvalid(
            "server.ssl_cert, server.ssl_key and server.client_ca must be PEM files that belong together: "
            f"{error.strerror or error}."
        ) from error
    return context


class RenewableContext(ssl.SSLContext):
    """Stands before the context in force: each new connection takes that one whole (certificate,
    client authority, session keys), and connections that exist keep what they began with.

    Loading a new certificate into a live context would mend only a part of this, and a file that
    turns out broken would leave it with half a pair.
    """

    _current: ssl.SSLContext

    def __new__(cls, current: ssl.SSLContext) -> "RenewableContext":
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made._current = current
        return made

    def __init__(self, current: ssl.SSLContext) -> None:
        """``current`` was taken by ``__new__``: an SSLContext has no ``__init__`` of its own."""

    def renew(self, current: ssl.SSLContext) -> None:
        """In force from the next connection on."""
        self._current = current

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """What event loops call for each connection."""
        return self._current.wrap_bio(*args, **kwargs)
