"""A link that was opened outside, kept until the person has seen it. It connects to nothing by itself."""

import threading
from collections.abc import Callable

from shared.connect_code import Link, parse_link


class Offers:
    """The newest link, for the window to show. Anybody may offer one: a web page can have it opened."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._link: Link | None = None
        self.on_offer: Callable[[], None] = lambda: None
        """Called when there is another one."""

    @property
    def newest(self) -> Link | None:
        return self._link

    def put(self, text: str) -> None:
        """Raises SettingsInvalid when it cannot be read."""
        link = parse_link(text)
        with self._lock:
            self._link = link
        self.on_offer()

    def drop(self) -> None:
        with self._lock:
            self._link = None
