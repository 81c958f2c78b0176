"""Whether a window of this person's is in front of all others, as the windows themselves tell."""

import threading
from collections.abc import Callable
from typing import Annotated

import bottle
import msgspec

from desktop.web.replies import Body, body, nothing

_MOST_WINDOWS = 50


class FrontBody(Body, frozen=True):
    """``window`` is a name that the page has given itself."""

    window: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    in_front: bool


class Front:
    """``anybody`` says whether any window is there: one that was closed or killed may not have said so."""

    def __init__(self, anybody: Callable[[], bool]) -> None:
        self._anybody = anybody
        self._lock = threading.Lock()
        self._windows: dict[str, None] = {}

    def tell(self, window: str, *, in_front: bool) -> None:
        with self._lock:
            self._windows.pop(window, None)
            if in_front:
                self._windows[window] = None
            while len(self._windows) > _MOST_WINDOWS:
                self._windows.pop(next(iter(self._windows)))

    @property
    def is_taken(self) -> bool:
        with self._lock:
            if not self._anybody():
                self._windows.clear()  # whoever comes tells anew
            return bool(self._windows)


class FrontPage:
    def __init__(self, front: Front) -> None:
        self._front = front

    def tell(self) -> bottle.HTTPResponse:
        said = body(FrontBody)
        self._front.tell(said.window, in_front=said.in_front)
        return nothing()
