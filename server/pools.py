"""Where blocking connectors meet async: connections kept open, lent fairly, taken back safely.

Every open connection has a thread of its own, so a source that hangs costs its own places and
nothing else.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

import msgspec

from server.connectors.base import Connector
from server.leases import Lease, Slot
from shared.errors import AppError, SourceBusy, SourceUnavailable


class PoolSettings(msgspec.Struct, frozen=True):
    """Per connection; the times are seconds. ``grace`` is how long a stopped query may take to end."""

    max_connections: int
    connection_timeout: float
    check_after_idle: float = 10.0
    grace: float = 5.0


class Pool:
    """The open connections to one source. Lives on the event loop."""

    def __init__(self, name: str, open_connector: Callable[[], Connector], settings: PoolSettings) -> None:
        self._name = name
        self._open = open_connector
        self._settings = settings
        self._idle: list[Slot] = []
        self._taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def lease(self) -> "Lease":
        """A checked connection. Raises SourceBusy or SourceUnavailable."""
        deadline = time.monotonic() + self._settings.connection_timeout
        await self._enter()
        slot: Slot | None = None
        try:
            while self._idle:
                slot = self._idle.pop()
                if await self._alive(slot):
                    return Lease(self, slot, reused=True)
                slot.close()
            slot = Slot(self._name)
            await self._connect(slot, deadline)
        except BaseException:
            if slot is not None:
                slot.close()
            self._leave()
            raise
        return Lease(self, slot, reused=False)

    def find_idle(self) -> Lease | None:
        """One that was used a moment ago and lies ready, when nobody waits for it."""
        if not self._idle or self._queue or self._taken >= self._settings.max_connections:
            return None
        if time.monotonic() - self._idle[-1].idle_since >= self._settings.check_after_idle:
            return None
        self._taken += 1
        return Lease(self, self._idle.pop(), reused=True)

    async def _enter(self) -> None:
        """Takes one of ``max_connections`` places, in the order of arrival."""
        if self._closed:
            raise SourceUnavailable(f"The connection {self._name} is being closed.")
        if self._taken < self._settings.max_connections and not self._queue:
            self._taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await asyncio.wait_for(turn, self._settings.connection_timeout)
        except TimeoutError as error:
            self._give_up(turn)
            raise SourceBusy(
                f"All {self._settings.max_connections} connections to {self._name} are in use.",
                details="Try again in a moment.",
                retry_after=5,
            ) from error
        except BaseException:
            self._give_up(turn)
            raise

    def _give_up(self, turn: "asyncio.Future[None]") -> None:
        if turn in self._queue:
            self._queue.remove(turn)
        elif turn.done() and not turn.cancelled() and turn.exception() is None:
            self._leave()

    def _leave(self) -> None:
        """Hands the place to the next in the queue, or frees it."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._taken -= 1

    async def _alive(self, slot: Slot) -> bool:
        if time.monotonic() - slot.idle_since < self._settings.check_after_idle:
            return True
        try:
            await asyncio.wait_for(slot.worker.submit(slot.connector.ping), self._settings.grace)
        except (AppError, TimeoutError):
            return False
        return True

    async def _connect(self, slot: Slot, deadline: float) -> None:
        patience = max(deadline - time.monotonic(), 1.0)
        opening = slot.open(self._open)
        try:
            # The connector has the same time-out; this one is for drivers that ignore it.
            await asyncio.wait_for(asyncio.shield(opening), patience + self._settings.grace)
        except TimeoutError as error:
            raise SourceUnavailable(f"{self._name} did not answer in time.", retry_after=30) from error

    def take_back(self, slot: Slot, *, usable: bool) -> None:
        """Called once per lease."""
        if usable and not self._closed:
            slot.idle_since = time.monotonic()
            self._idle.append(slot)
        else:
            slot.close()
        self._leave()

    def forget_idle(self) -> None:
        """When one connection turned out dead, its idle neighbours most likely are."""
        idle, self._idle = self._idle, []
        for slot in idle:
            slot.close()

    @property
    def grace(self) -> float:
        return self._settings.grace

    @property
    def idle(self) -> int:
        """How many lie ready."""
        return len(self._idle)

    @property
    def name(self) -> str:
        return self._name

    def close(self) -> None:
        """Closes what is idle now, and the rest when it comes back."""
        self._closed = True
        self.forget_idle()
        for turn in self._queue:
            if not turn.done():
                turn.set_exception(SourceUnavailable(f"The connection {self._name} is being closed."))
        self._queue.clear()
