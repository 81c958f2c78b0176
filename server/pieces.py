"""Parts of an answer on their way out: gathered to large pieces while they come fast, let go when they stall.

They come on the connection's thread. It cannot let go of what it holds while it waits in the source for more,
so the event loop takes it then. What the parts are is told in answers.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import msgspec

from server.compression import TOO_SMALL, Packer

PIECE_BYTES = 128 * 1024
PIECE_SECONDS = 0.05
"""A piece leaves when it is this large, or has waited this long: few sends, and an early first row."""
_BUSY_SECONDS = 0.005


class Piece(msgspec.Struct, frozen=True):
    """What is sent at once, with so many rows; nothing comes after the ``last``."""

    data: bytes
    last: bool
    rows: int = 0


class Pieces:
    """``packer`` makes them smaller. ``begun``: some have left."""

    def __init__(self, packer: Callable[[], Packer] | None) -> None:
        self.begun = False
        self.content_encoding = ""
        self._new_packer = packer
        self._packer: Packer | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._rows = 0
        self._since = 0.0
        self._lock = threading.Lock()
        """Over taking and packing together: packed is in order."""
        self._coming: asyncio.Task[Piece] | None = None
        self._wake: Callable[[], object] | None = None
        """Set while the event loop waits for something to be held at all."""

    # -- On the connection's thread ----------------------------------------------------------

    def head(self, part: bytes) -> None:
        """What comes before the rows, and leaves with the first of them."""
        self._parts.append(part)

    def add(self, part: bytes, rows: int) -> None:
        with self._lock:
            if part and not self._size:
                self._since = time.perf_counter()
            self._parts.append(part)
            self._size += len(part)
            self._rows += rows
            wake = self._wake if self._size else None
        if wake is not None:
            wake()

    def full(self) -> Piece | None:
        """What is held, when it is enough."""
        with self._lock:
            enough = self._size >= PIECE_BYTES or self._age() > PIECE_SECONDS
            return self._taken() if enough else None

    def held(self) -> Piece | None:
        """What is held, when that is something."""
        with self._lock:
            return self._taken() if self._size else None

    def rest(self) -> bytes:
        """What is held, as it is; nothing is taken by others from now on."""
        with self._lock:
            data = b"".join(self._parts)
            self._parts, self._size = [], 0
            return data

    def packed(self, data: bytes, *, last: bool) -> Piece:
        """A piece of ``data``, with the rows that were held."""
        if self._new_packer is not None and not (last and len(data) < TOO_SMALL):
            self._packer = self._new_packer()
            self.content_encoding = self._packer.name
        self._new_packer = None
        packer = self._packer
        rows, self._rows = self._rows, 0
        return Piece(data if packer is None else packer.pack(data, last=last), last, rows)

    # -- On the event loop -------------------------------------------------------------------

    async def next(self, run: Callable[[], Awaitable[Piece]]) -> Piece:
        """The next piece: of ``run``, which asks the thread for one; or what the thread holds, when that has
        waited for long enough. Raises what ``run`` raises."""
        coming = self._coming
        if coming is None:
            coming = self._coming = asyncio.ensure_future(_awaited(run))
            coming.add_done_callback(_seen)
        try:
            await asyncio.wait((coming,), timeout=PIECE_SECONDS)
            while not coming.done():
                if (piece := self._stalled()) is not None:
                    return piece
                await self._something(coming)
        except asyncio.CancelledError:
            coming.cancel()
            raise
        self._coming = None
        return coming.result()

    def after_failure(self, end: bytes) -> bytes:
        """How the answer ends then."""
        return self._packer.pack(end, last=True) if self._packer is not None else end

    def _stalled(self) -> Piece | None:
        """What the thread has left lying. While it packs, there is no need to wait for it."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._taken() if self._age() >= PIECE_SECONDS else None
        finally:
            self._lock.release()

    async def _something(self, coming: "asyncio.Task[Piece]") -> None:
        """Waits for what the thread brings, or until what it holds may have become old enough."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[None] = loop.create_future()
        self._wake = lambda: loop.call_soon_threadsafe(_arrive, arrived)
        if self._size:  # also what came just before
            left = max(PIECE_SECONDS - self._age(), _BUSY_SECONDS)
            await asyncio.wait((coming,), timeout=left)
        else:
            await asyncio.wait((coming, arrived), return_when=asyncio.FIRST_COMPLETED)
        self._wake = None

    def _age(self) -> float:
        """Seconds for which the oldest row has been held."""
        return time.perf_counter() - self._since if self._size else 0.0

    def _taken(self) -> Piece:
        data = b"".join(self._parts)
        self._parts, self._size, self.begun = [], 0, True
        return self.packed(data, last=False)


async def _awaited(run: Callable[[], Awaitable[Piece]]) -> Piece:
    return await run()


def _seen(done: "asyncio.Task[Piece]") -> None:
    """Also when nobody waits for it any more."""
    if not done.cancelled():
        done.exception()


def _arrive(arrived: "asyncio.Future[None]") -> None:
    if not arrived.done():
        arrived.set_result(None)
