"""News for every open window: the backend changed, the list of conversations changed."""

import contextlib
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


class _End:
    """What a listener hears last."""


class Announcements:
    """Anyone may announce; each listener hears what is announced from then on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Queue[Announcement | _End]] = []

    def announce(self, name: str, data: bytes = b"{}") -> None:
        with self._lock:
            for listener in self._listeners:
                with contextlib.suppress(Full):  # a window that does not read; it asks when it wakes
                    listener.put_nowait(Announcement(name, data))

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        with self._lock:
            return bool(self._listeners)

    def cut(self) -> None:
        """Whoever listens now hears nothing more, not even what waits to be heard."""
        with self._lock:
            for listener in self._listeners:
                with contextlib.suppress(Empty):
                    while True:
                        listener.get_nowait()
                listener.put_nowait(_End())
            self._listeners = []

    def listen(self) -> Iterator[Announcement | None]:
        """What is announced, and None when nothing was for a while. Ends when it is cut."""
        queue: Queue[Announcement | _End] = Queue(_WAITING)
        with self._lock:
            self._listeners.append(queue)
        try:
            yield None
            while True:
                try:
                    heard = queue.get(timeout=_QUIET_SECONDS)
                except Empty:
                    yield None
                    continue
                if isinstance(heard, _End):
                    return
                yield heard
        finally:
            with self._lock, contextlib.suppress(ValueError):
                self._listeners.remove(queue)
