"""What the account of a connection may do beyond reading: found out when the connection is made or changed,
and kept beside it. The questions are each connector's own; nobody waits for the answer.
"""

import asyncio
import contextlib
import logging

from server.connections import Connections
from server.threads import Worker
from shared.errors import AppError

_log = logging.getLogger(__name__)


class AccountProbe:
    """Lives on the event loop. One account at a time, on a connection of its own."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._worker = Worker("account probe")
        self._running: set[asyncio.Task[None]] = set()

    def begin(self, name: str) -> None:
        """Soon, and once; what cannot be reached now is found out when somebody tests it."""
        task = asyncio.get_running_loop().create_task(self._probe(name))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def close(self) -> None:
        for task in self._running:
            task.cancel()
        self._worker.stop()

    async def _probe(self, name: str) -> None:
        try:
            warnings = await self._worker.submit(lambda: self._warnings(name))
            if warnings is not None:
                await self._connections.note_account(name, warnings)
        except AppError as error:
            _log.info("What the account of %s may do is not known yet: %s", name, error)
            return
        except Exception:  # noqa: BLE001 - nobody waits for it who could be told
            _log.exception("What the account of %s may do could not be found out", name)
            return
        for warning in warnings or []:
            _log.warning("The connection %s: %s", name, warning)

    def _warnings(self, name: str) -> list[str] | None:
        """None for a connection that has no account of its own, such as a folder."""
        if not self._connections.leads_elsewhere(name):
            return None
        with contextlib.closing(self._connections.open_apart(name)) as connector:
            return connector.warnings()
