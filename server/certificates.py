"""TLS from the settings, and certificates that are renewed while it serves. When is for others to say."""

import ssl
from pathlib import Path
from typing import Any

from shared.errors import SettingsInvalid
from shared.settings import BackendSettings

WITH_KEY, INSTEAD_OF_KEY = "with_key", "instead_of_key"


def tls(settings: BackendSettings) -> ssl.SSLContext | None:
    """TLS 1.3 when a certificate is set. Raises SettingsInvalid."""
    section, security = settings.server, settings.security
    if security.client_certificates not in (WITH_KEY, INSTEAD_OF_KEY):
        raise SettingsInvalid(f"security.client_certificates is {WITH_KEY} or {INSTEAD_OF_KEY}.")
    if security.client_users and not security.client_ca:
        raise SettingsInvalid(
            "security.client_users needs security.client_ca, the authority whose certificates are believed."
        )
    if security.client_certificates == INSTEAD_OF_KEY and not security.client_users:
        raise SettingsInvalid(
            "security.client_certificates is instead_of_key, but security.client_users says of no "
            "certificate whose it is."
        )
    if not section.ssl_cert and not section.ssl_key and not security.client_ca:
        return None
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(section.ssl_cert, section.ssl_key or None)
        if security.client_ca:
            context.load_verify_locations(security.client_ca)
            optional = security.client_certificates == INSTEAD_OF_KEY
            context.verify_mode = ssl.CERT_OPTIONAL if optional else ssl.CERT_REQUIRED
    except OSError as error:
        raise SettingsInvalid(
            "server.ssl_cert, server.ssl_key and security.client_ca must be PEM files that belong together: "
            f"{error.strerror or error}."
        ) from error
    return context


class Watched:
    """The files of TLS, looked at now and then; each is known by its place, size and day."""

    def __init__(self, settings: BackendSettings) -> None:
        self._files = [settings.server.ssl_cert, settings.server.ssl_key, settings.security.client_ca]
        self._seen = self._look()
        self._due = False

    def due(self) -> bool:
        """Whether others are there now, and have lain still since it was asked last: a pair is written one
        file after the other. True once for each change."""
        before, self._seen = self._seen, self._look()
        if before != self._seen:
            self._due = True
            return False
        due, self._due = self._due, False
        return due

    def _look(self) -> list[tuple[int, int, int] | None]:
        return [_mark(file) for file in self._files if file]


def _mark(file: str) -> tuple[int, int, int] | None:
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


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
