"""TLS whose certificate can be renewed while it serves. What is in force at the start is app's business."""

import ssl
from typing import Any


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
