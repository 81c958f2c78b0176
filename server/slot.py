"""One open connection and the thread that has it for itself. Lending it out stays in leases and pools."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from server.connectors.base import Abortable, Connector, Quick, SqlConnector
from server.threads import Worker

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Slot:
    """One open connection with its thread. ``caller`` has it, or had it last."""

    def __init__(self, name: str) -> None:
        self.idle_since = 0.0
        self.lent_since = 0.0
        self.useful_until = 0.0
        self.caller = ""
        self.worker = Worker(f"source-{name}")
        self.quick: Quick | None = None
        """The connector, when it is one that answers some queries from the event loop."""
        self._connector: Connector | None = None
        self._opening = False
        self._on_end: Callable[[], None] | None = None

    @property
    def connector(self) -> Connector:
        if self._connector is None:
            raise RuntimeError("This slot is not open.")
        return self._connector

    def open(self, open_connector: Callable[[], Connector]) -> "asyncio.Future[Connector]":
        self._opening = True
        opening = self.worker.submit(open_connector)
        opening.add_done_callback(self._opened)
        return opening

    def _opened(self, opening: "asyncio.Future[Connector]") -> None:
        self._opening = False
        if opening.exception() is None:
            self._connector = opening.result()
            self.quick = self._connector if isinstance(self._connector, Quick) else None
        if self._on_end is not None:
            self._dispose(self._on_end)

    def check(self) -> "asyncio.Future[None]":
        """Whether the source answers. Raises SourceUnavailable."""
        return self.submit(self.connector.ping)

    def submit(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """On the connection's thread, which has the connection for itself from now on."""
        if self.quick is not None:
            self.quick.stop_listening()
        return self.worker.submit(work)

    def cancel(self) -> None:
        """On a thread of its own: telling a source to stop may itself take long."""
        connector = self._connector
        if isinstance(connector, SqlConnector):
            threading.Thread(target=connector.cancel, name="cancel", daemon=True).start()

    def abort(self) -> None:
        """Ends what blocks in it, where the connector can do that; it is good for nothing afterwards."""
        connector = self._connector
        if isinstance(connector, Abortable):
            connector.abort()

    def close(self, on_end: Callable[[], None]) -> None:
        """Safe at any time; a connection that is still being opened is closed when it is there. ``on_end``
        is called when all of it has ended, which is never when its thread hangs for ever."""
        self._on_end = on_end
        if not self._opening:
            self._dispose(on_end)

    def _dispose(self, on_end: Callable[[], None]) -> None:
        connector, self._connector = self._connector, None

        def ended(done: "asyncio.Future[None]") -> None:
            if error := done.exception():
                _log.error("A connection could not be closed", exc_info=error)
            on_end()

        if connector is None:
            on_end()
        else:
            self.submit(connector.close).add_done_callback(ended)
        self.worker.stop()
