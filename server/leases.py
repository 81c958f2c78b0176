"""One connection lent out: work is run on it, stopped, and cleaned up. Who gets one stays in pools.

A caller that goes away never takes the connection along: what runs is stopped in the source, and
the connection goes back when that has ended, or is thrown away when it does not end in time.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from server.connectors.base import (
    Connector,
    Limits,
    ParamValue,
    Quick,
    QuickAnswer,
)
from server.slot import Slot
from server.soon import Soon
from shared.errors import AppError, SourceUnavailable
from shared.guard import ReadOnlySql

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Home(Protocol):
    """Where a lease comes from, and goes back to."""

    @property
    def name(self) -> str: ...

    @property
    def grace(self) -> float:
        """Seconds that a stopped query may take to end."""
        ...

    def take_back(self, slot: Slot, *, usable: bool) -> None: ...

    def forget_idle(self) -> None:
        """When one connection turned out dead, its idle neighbours most likely are."""
        ...


class Lease:
    """One connection, lent. Release it in a ``finally``; releasing never waits.

    Between ``stop`` and the end of what runs, nobody else gets the connection.
    """

    def __init__(self, home: Home, slot: Slot, *, reused: bool) -> None:
        self.connector: Connector = slot.connector
        self.quick = slot.quick
        self.is_clean = False
        """Nothing has to be undone before it goes back."""
        self.reused = reused
        self._home = home
        self._slot = slot
        self._running: asyncio.Future[object] | None = None
        self._stopped: AppError | None = None
        self._usable = True
        self._finishing = False
        self._returned = False
        self._timer: asyncio.TimerHandle | None = None
        self._at_end: list[Callable[[], None]] = []

    def at_end(self, work: Callable[[], None]) -> None:
        """Blocking work to do on the connection's thread before it goes back."""
        self._at_end.append(work)

    async def run_within(self, seconds: float, work: Callable[[], T]) -> T:
        """:meth:`run` with a deadline of its own. Raises SourceUnavailable when it passes."""
        late = SourceUnavailable(f"{self._home.name} did not answer in {seconds:g} seconds.", retry_after=30)
        timer = asyncio.get_running_loop().call_later(seconds, self.stop, late)
        try:
            return await self.run(work)
        finally:
            timer.cancel()

    async def run(self, work: Callable[[], T]) -> T:
        """``work`` on the connection's thread. When the caller is cancelled, the source is stopped."""
        if self._stopped is not None:
            raise self._stopped
        self.is_clean = False
        inner = self._slot.submit(work)
        outer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def ended(done: "asyncio.Future[T]") -> None:
            if not done.cancelled():
                done.exception()  # seen, also when nobody awaits it any more
            self._over()
            _pass_on(done, outer)

        inner.add_done_callback(ended)
        return await self._until(outer)

    async def ask_quickly(
        self, quick: Quick, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits
    ) -> QuickAnswer | None:
        """See Quick.quickly; stopped as :meth:`run` is."""
        if self._stopped is not None:
            raise self._stopped
        soon: Soon[QuickAnswer | None] = Soon(loop=asyncio.get_running_loop())

        def ended(answer: QuickAnswer | AppError | None) -> None:
            self._over()
            if not soon.done():
                if isinstance(answer, AppError):
                    soon.set_exception(answer)
                else:
                    soon.set_result(answer)

        if not quick.quickly(sql, params, limits, ended):
            return None
        found = await self._until(soon)
        self.is_clean = found is not None and found.is_clean
        return found

    async def _until(self, outer: "asyncio.Future[T]") -> T:
        """Waits for the work that runs."""
        self._running = outer  # type: ignore[assignment]
        try:
            result = await outer
        except asyncio.CancelledError:
            self.stop(SourceUnavailable("The caller has left."))
            raise
        except AppError as error:
            if self._stopped is not None:
                raise self._stopped from error
            if isinstance(error, SourceUnavailable):
                self._usable = False
                self._home.forget_idle()
            raise
        except Exception:
            self._usable = False
            raise
        if self._stopped is not None:
            raise self._stopped
        return result

    def stop(self, reason: AppError) -> None:
        """Stops what runs inside the source; whoever waits for it gets ``reason``."""
        if self._stopped is not None or self._finishing:
            return
        self._stopped = reason
        if self._running is None:
            self._finish()
        else:
            self._slot.cancel()
            self._expect_end()

    def release(self) -> None:
        if self._running is not None:
            self.stop(SourceUnavailable("The caller has left."))
        else:
            self._finish()

    def _over(self) -> None:
        self._running = None
        if self._stopped is not None:
            self._finish()

    def _finish(self) -> None:
        """Undoes the session's state on the connection's thread, then gives it back."""
        if self._finishing:
            return
        self._finishing = True
        if not self._usable or (self.is_clean and not self._at_end):
            self._return(usable=self._usable)
            return
        self._expect_end()
        at_end, connector = self._at_end, self.connector

        def clean() -> bool:
            for work in at_end:
                work()
            return connector.reset()

        self._slot.submit(clean).add_done_callback(self._cleaned)

    def _cleaned(self, done: "asyncio.Future[bool]") -> None:
        error = done.exception()
        if error is not None and not isinstance(error, AppError):
            _log.error("A connection to %s could not be cleaned", self._home.name, exc_info=error)
        self._return(usable=error is None and done.result())

    def _expect_end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._home.grace, self._abandon)

    def _abandon(self) -> None:
        """The source does not even answer a stop: its thread is left behind, the place goes on."""
        _log.warning("A connection to %s did not stop in time and is thrown away", self._home.name)
        running, self._running = self._running, None
        self._finishing = True
        if self.quick is not None:
            self.quick.stop_listening()
        self._slot.abort()
        self._return(usable=False)
        if running is not None and not running.done() and self._stopped is not None:
            running.set_exception(self._stopped)

    def _return(self, *, usable: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._returned:
            self._returned = True
            self._home.take_back(self._slot, usable=usable)


def _pass_on(done: "asyncio.Future[T]", outer: "asyncio.Future[T]") -> None:
    if outer.done():
        return
    error = done.exception()
    if error is not None:
        outer.set_exception(error)
    else:
        outer.set_result(done.result())
