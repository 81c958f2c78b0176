"""Where blocking connectors meet async: connections kept open, lent fairly, taken back safely.

Every open connection has a thread of its own, so a source that hangs costs its own places and
nothing else. A place is the right to one connection; whoever holds one takes an idle connection or
opens another. Opening belongs to the pool: a caller who leaves meanwhile leaves the connection, and
until then the place, behind, so that there are never more attempts than places.
"""

import asyncio
import math
import random
import time
from collections.abc import Callable

from server.breaker import Breaker
from server.connectors.base import Connector
from server.figures import Histogram
from server.leases import Lease
from server.pool_settings import PoolSettings
from server.slot import Slot
from server.turns import Turn, Turns
from shared.errors import AppError, SourceBusy, SourceUnavailable
from shared.wire import PoolFigures

_LONGEST_ADVICE_SECONDS = 60
_FIRST_ADVICE_SECONDS = 5
"""What one who is sent away is told to wait, at most, and as long as nothing is known."""


class Pool:
    """The open connections to one source. Lives on the event loop."""

    def __init__(
        self,
        name: str,
        open_connector: Callable[[], Connector],
        settings: PoolSettings,
        times: Histogram | None = None,
    ) -> None:
        """``times`` takes how long each lease lasted."""
        self._name = name
        self._open_connector = open_connector
        self._settings = settings
        self._idle: list[Slot] = []
        self._turns = Turns(settings.max_connections, settings.max_waiting, self._full)
        self._breaker = Breaker()
        self._times = Histogram() if times is None else times
        self._lent = 0
        self._ending = 0
        self._openings: set[asyncio.Task[Slot]] = set()
        self._opened = 0
        self._failed = 0
        self._mean_lent_seconds: float | None = None
        self._closed = ""
        """Why, once it is."""

    async def lease(self, caller: str = "", *, early: bool = False) -> Lease:
        """A checked connection. Raises SourceBusy or SourceUnavailable.

        ``caller`` is between whom places are shared out fairly. ``early``: try a source again that has
        just failed, without waiting for its time.
        """
        deadline = time.monotonic() + self._settings.connection_timeout
        self._refuse_when_hopeless(early=early)
        if not self._turns.take(caller):
            await self._wait(caller)
        try:
            slot = await self._checked_idle(deadline)
            ticket = None if slot is not None else self._ticket(early=early)
        except BaseException:
            self._turns.leave(caller)
            raise
        if slot is not None:
            return self._lend(slot, caller, reused=True)
        return self._lend(await self._opened_for(caller, deadline, ticket or 0), caller, reused=False)

    def find_idle(self, caller: str = "") -> Lease | None:
        """One that was used a moment ago and lies ready, when nobody waits for it."""
        if not self._idle or self._turns.waiting:
            return None
        if time.monotonic() - self._idle[-1].idle_since >= self._settings.check_after_idle:
            return None
        if not self._turns.take(caller):
            return None
        return self._lend(self._idle.pop(), caller, reused=True)

    def take_back(self, slot: Slot, *, usable: bool) -> None:
        """Called once per lease."""
        now = time.monotonic()
        self._lent -= 1
        seconds = now - slot.lent_since
        self._times.observe(seconds)
        mean = self._mean_lent_seconds
        self._mean_lent_seconds = seconds if mean is None else mean + (seconds - mean) * 0.1
        if usable and not self._closed and now < slot.useful_until:
            slot.idle_since = now
            self._idle.append(slot)
        else:
            self._discard(slot)
        self._turns.leave(slot.caller)

    def forget_idle(self) -> None:
        """When one connection turned out dead, its idle neighbours most likely are."""
        idle, self._idle = self._idle, []
        for slot in idle:
            self._discard(slot)

    def reap(self) -> None:
        """Closes what lay idle for too long, or is too old. To be called now and then."""
        now = time.monotonic()
        latest = now - self._settings.idle_timeout
        kept = [slot for slot in self._idle if slot.idle_since > latest and now < slot.useful_until]
        if len(kept) == len(self._idle):
            return
        idle, self._idle = self._idle, kept
        for slot in idle:
            if slot not in kept:
                self._discard(slot)

    def close(self, reason: str = "") -> None:
        """Lends nothing more; closes what is idle now, and the rest when it comes back."""
        self._closed = reason or f"The connection {self._name} is being closed."
        self.forget_idle()
        self._turns.send_away(self._closing)

    def figures(self) -> PoolFigures:
        return PoolFigures(
            max_connections=self._settings.max_connections,
            open=self._lent + len(self._idle),
            idle=len(self._idle),
            in_use=self._lent,
            opening=len(self._openings),
            ending=self._ending,
            waiting=self._turns.waiting,
            opened=self._opened,
            failed=self._failed,
            breaker=self._breaker.state,
        )

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

    def _refuse_when_hopeless(self, *, early: bool) -> None:
        """Before anybody stands in line for a source that is known to be away."""
        if self._closed:
            raise self._closing()
        if not early and not self._idle and not self._lent and self._breaker.wait_seconds > 0:
            raise self._away()

    async def _wait(self, caller: str) -> None:
        turn = self._turns.join(caller)
        seconds = self._settings.connection_timeout
        timer = asyncio.get_running_loop().call_later(seconds, self._waited_too_long, caller, turn)
        try:
            await turn
        except BaseException:
            self._turns.give_up(caller, turn)
            raise
        finally:
            timer.cancel()

    def _waited_too_long(self, caller: str, turn: Turn) -> None:
        if not turn.done():
            self._turns.give_up(caller, turn)
            turn.set_exception(self._full())

    async def _checked_idle(self, deadline: float) -> Slot | None:
        """The one that was used last, if it still answers."""
        if self._closed:
            raise self._closing()
        if not self._idle:
            return None
        slot = self._idle.pop()
        now = time.monotonic()
        if now - slot.idle_since < self._settings.check_after_idle:
            return slot
        seconds = max(min(self._settings.grace, deadline - now), 0.01)
        try:
            # In a task, for whoever waits here may have none.
            await asyncio.get_running_loop().create_task(asyncio.wait_for(slot.check(), seconds))
        except (AppError, TimeoutError):
            slot.abort()
            self._discard(slot)
            self.forget_idle()
            return None
        except BaseException:
            slot.abort()
            self._discard(slot)
            raise
        return slot

    def _ticket(self, *, early: bool) -> int:
        if self._ending > self._settings.max_connections:
            raise SourceUnavailable(
                f"{self._name} leaves connections hanging that were given up.",
                details="No more are opened until some of them have ended.",
                retry_after=_FIRST_ADVICE_SECONDS,
            )
        ticket = self._breaker.enter(early=early)
        if ticket is None:
            raise self._away()
        return ticket

    async def _opened_for(self, caller: str, deadline: float, ticket: int) -> Slot:
        opening = asyncio.get_running_loop().create_task(self._open(caller, deadline, ticket))
        self._openings.add(opening)
        opening.add_done_callback(self._openings.discard)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(lambda done: self._keep(done, caller))
            raise

    async def _open(self, caller: str, deadline: float, ticket: int) -> Slot:
        """With a place, which is given up on failure."""
        patience = max(deadline - time.monotonic(), 1.0)
        slot = Slot(self._name)
        try:
            # The connector has the same time-out; this one is for drivers that ignore it.
            await asyncio.wait_for(
                asyncio.shield(slot.open(self._open_connector)), patience + self._settings.grace
            )
            if self._closed:
                raise self._closing()
        except BaseException as error:
            self._discard(slot)
            self._turns.leave(caller)
            if isinstance(error, TimeoutError):
                error = SourceUnavailable(f"{self._name} did not answer in time.", retry_after=30)
            self._could_not_open(error, ticket)
            raise error
        self._breaker.succeeded()
        self._opened += 1
        slot.useful_until = time.monotonic() + self._settings.max_age * random.uniform(0.9, 1.0)  # noqa: S311
        return slot

    def _could_not_open(self, error: BaseException, ticket: int) -> None:
        self._failed += 1
        trouble = str(error) if isinstance(error, AppError) else "Opening it failed unexpectedly."
        if self._breaker.failed(ticket, trouble) and not self._lent:
            self._turns.send_away(self._away)

    def _keep(self, opening: "asyncio.Task[Slot]", caller: str) -> None:
        """Nobody waits for it any more: it is there for the next."""
        if opening.cancelled() or opening.exception() is not None:
            return
        self._lend(opening.result(), caller, reused=False).release()

    def _lend(self, slot: Slot, caller: str, *, reused: bool) -> Lease:
        slot.caller = caller
        slot.lent_since = time.monotonic()
        self._lent += 1
        return Lease(self, slot, reused=reused)

    def _discard(self, slot: Slot) -> None:
        self._ending += 1
        slot.close(self._ended)

    def _ended(self) -> None:
        self._ending -= 1

    def _full(self) -> SourceBusy:
        """How long the line takes, by how long connections were needed so far."""
        seconds: float = _FIRST_ADVICE_SECONDS
        if self._mean_lent_seconds is not None:
            seconds = self._mean_lent_seconds * (self._turns.waiting + 1) / self._settings.max_connections
        return SourceBusy(
            f"All {self._settings.max_connections} connections to {self._name} are in use.",
            details=f"{self._turns.waiting} others wait for one. Try again in a moment.",
            retry_after=min(max(math.ceil(seconds), 1), _LONGEST_ADVICE_SECONDS),
        )

    def _away(self) -> SourceUnavailable:
        seconds = max(math.ceil(self._breaker.wait_seconds), 1)
        return SourceUnavailable(
            f"{self._name} could not be reached again and again, and is left alone for {seconds} s.",
            details=self._breaker.trouble,
            retry_after=seconds,
        )

    def _closing(self) -> SourceUnavailable:
        return SourceUnavailable(self._closed, details="Ask again in a moment.", retry_after=1)
