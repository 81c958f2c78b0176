"""News for every open window: the backend changed, the list of conversations changed."""

import threading
from collections.abc import Iterator
from queue import Empty, Full, Queue

import msgspec

_WAITING = 100
_QUIET_SECONDS = 15.0


class Announcement(msgspec.Struct, frozen=True):
    """``data`` is JSON."""

    name: str
    data: bytes


class Announcements:
    """Anyone may announce; each listener hears what is announced from then on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Queue[Announcement]] = []

    def announce(self, name: str, data: bytes = b"{}") -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener.put_nowait(Announcement(name, data))
            except Full:
                continue  # a window that does not read; it asks for the state when it wakes

    def listen(self) -> Iterator[Announcement | None]:
        """What is announced, and None when nothing was for a while. Never ends by itself."""
        queue: Queue[Announcement] = Queue(_WAITING)
        with self._lock:
            self._listeners.append(queue)
        try:
            yield None
            while True:
                try:
                    yield queue.get(timeout=_QUIET_SECONDS)
                except Empty:
                    yield None
        finally:
            with self._lock:
                self._listeners.remove(queue)
