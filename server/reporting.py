"""What the service manager is told: ready, alive, reloading, stopping. How it is told is in notify."""

import asyncio
import logging

from server.notify import Notifier
from server.serving import Serving

_log = logging.getLogger(__name__)

_STATUS_SECONDS = 10.0
"""How old the status line may get."""


class Reporting:
    """Lives on the event loop."""

    def __init__(self, serving: Serving, notifier: Notifier) -> None:
        self._serving = serving
        self._notifier = notifier
        self._trouble = ""

    def ready(self) -> None:
        self._notifier.ready(self._status())

    def reloading(self) -> None:
        self._notifier.reloading()

    def reloaded(self, trouble: str) -> None:
        """``trouble`` is why the old settings stay in force; it stays in the status line until a reload
        went well, for whoever looks there later."""
        self._trouble = trouble
        self._notifier.ready(self._status())

    async def run(self) -> None:
        """Until serving stops. Alive means: this loop turns and the state can be read. A state that
        answers with a failure, or not at all, for as long as the watchdog waits ends in a new start."""
        patience = self._notifier.watchdog_seconds
        interval = _STATUS_SECONDS if patience is None else min(_STATUS_SECONDS, patience / 3)
        stopping = asyncio.ensure_future(self._serving.until_told_to_stop())
        try:
            while not stopping.done():
                await self._tell(interval)
                await asyncio.wait([stopping], timeout=interval)
        finally:
            stopping.cancel()
        self._notifier.stopping(f"Stopping: {_running(len(self._serving.backend.queries))} may end")

    async def _tell(self, patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                await self._serving.read_state()
        except Exception as error:  # noqa: BLE001 - whatever it was, it is not alive, and must be seen
            _log.warning("The state cannot be read: %s", str(error) or type(error).__name__)
            self._notifier.status("The state cannot be read")
        else:
            self._notifier.alive(self._status())

    def _status(self) -> str:
        backend = self._serving.backend
        known = len(backend.connections)
        text = (
            f"Serving at {self._serving.url}: {known} {'connection' if known == 1 else 'connections'}, "
            f"{_running(len(backend.queries))}"
        )
        return f"{text}. Not reloaded: {self._trouble}" if self._trouble else text


def _running(queries: int) -> str:
    return f"{queries} {'query' if queries == 1 else 'queries'} running"
