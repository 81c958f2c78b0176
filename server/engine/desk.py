"""Where the engine's process takes its orders, also while a query runs. What becomes of them is not here."""

import os
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

from server.engine import messages


class Desk:
    """Where orders come in while a query runs; a cancel is obeyed at once."""

    def __init__(self) -> None:
        self._running = self._over = 0
        self.connection: Callable[[], Any] | None = None

    def begin(self, order: int) -> None:
        """Orders have rising numbers."""
        self._running = order

    def end(self) -> None:
        self._over, self._running = self._running, 0

    def listen(self, inbox: BinaryIO, orders: messages.Orders) -> None:
        while (order := messages.receive_request(inbox)) is not None:
            if isinstance(order, messages.Cancel):
                threading.Thread(target=self._stop, args=(order.id,), daemon=True).start()
            else:
                orders.put(order)
        os._exit(0)  # the parent is gone, and a query may be running

    def _stop(self, order: int) -> None:
        """Until it has stopped: an interrupt that comes between two statements is forgotten by DuckDB, and a
        cancel may come before its query has begun."""
        pause = threading.Event()
        while self._over < order:
            if self._running == order and self.connection is not None:
                self.connection().interrupt()
            pause.wait(0.01)
