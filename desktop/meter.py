"""What leaves this machine for a model or for the backend: every body, as it goes. Not where it is kept.

The bodies come from where they really leave: the transports of the model's library and of the backend's
client tell of each when it is put on the wire. A turn is known by the thread's context, which threads
that work for the turn inherit.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import msgspec

from desktop.events import Counted

Destination = Literal["model", "backend"]

NOTHING = Counted()


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One body that left. ``turn_id`` is None for what no question asked for; ``columns`` and ``rows`` count
    the data that went with it for the first time."""

    turn_id: str | None
    destination: Destination
    what: str
    body: bytes
    columns: int = 0
    rows: int = 0


Keep = Callable[[Parcel], None]


class TurnMeter:
    """One turn's share. Safe to use from any thread."""

    def __init__(self, turn_id: str, keep: Keep) -> None:
        self._turn_id = turn_id
        self._keep = keep
        self._lock = threading.Lock()
        self._columns = self._rows = 0
        self._sent = NOTHING

    @property
    def sent(self) -> Counted:
        return self._sent

    def loaded(self, *, columns: int, rows: int) -> None:
        """This much data goes along with the next body for the model."""
        with self._lock:
            self._columns += columns
            self._rows += rows

    def to_model(self, label: str, body: bytes) -> None:
        with self._lock:
            columns, rows, self._columns, self._rows = self._columns, self._rows, 0, 0
            self._sent = added(self._sent, Counted(columns=columns, rows=rows, bytes=len(body)))
        self._keep(
            Parcel(
                turn_id=self._turn_id,
                destination="model",
                what=label,
                body=body,
                columns=columns,
                rows=rows,
            )
        )

    def to_backend(self, what: str, body: bytes) -> None:
        with self._lock:
            self._sent = added(self._sent, Counted(backend_bytes=len(body)))
        self._keep(Parcel(turn_id=self._turn_id, destination="backend", what=what, body=body))


_current: ContextVar[TurnMeter | None] = ContextVar("turn_meter", default=None)


class Meter:
    """All turns, and what goes out beside them. Until ``keep_in`` was called, parcels wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keep: Keep | None = None
        self._waiting: list[Parcel] = []

    def keep_in(self, keep: Keep) -> None:
        with self._lock:
            self._keep, waiting, self._waiting = keep, self._waiting, []
        for parcel in waiting:
            keep(parcel)

    @contextmanager
    def turn(self, turn_id: str) -> Iterator[TurnMeter]:
        """What leaves from this thread, and from those that inherit its context, belongs to the turn."""
        meter = TurnMeter(turn_id, self._put)
        token = _current.set(meter)
        try:
            yield meter
        finally:
            _current.reset(token)

    def to_backend(self, method: str, path: str, body: bytes) -> None:
        """Called by the backend's client for every body that it has put on the wire."""
        what = f"{method} {path}"
        turn = _current.get()
        if turn is not None:
            turn.to_backend(what, body)
        else:
            self._put(Parcel(turn_id=None, destination="backend", what=what, body=body))

    def _put(self, parcel: Parcel) -> None:
        with self._lock:
            keep = self._keep
            if keep is None:
                self._waiting.append(parcel)
        if keep is not None:
            keep(parcel)


def added(one: Counted, other: Counted) -> Counted:
    return Counted(
        columns=one.columns + other.columns,
        rows=one.rows + other.rows,
        bytes=one.bytes + other.bytes,
        backend_bytes=one.backend_bytes + other.backend_bytes,
    )
