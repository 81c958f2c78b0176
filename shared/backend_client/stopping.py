"""Stopping a query from another thread, also when it has not come to the backend yet."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

from shared.errors import AppError

if TYPE_CHECKING:
    from shared.backend_client.client import BackendClient

OnStop = Callable[[Callable[[], None]], Callable[[], None]]
"""Takes a call to make when somebody stops, and gives one that takes it back."""

_AGAIN_SECONDS, _SELDOM_SECONDS = 0.1, 2.0
_log = logging.getLogger(__name__)


def stop(client: "BackendClient", query_id: str, ended: threading.Event) -> None:
    """Asks the backend to stop it, again and again until it knows of it or ``ended`` is set. Never raises
    what the network may do: nobody waits for this any more."""
    pause = _AGAIN_SECONDS
    while not ended.is_set():
        try:
            if client.cancel_query(query_id):
                return
        except AppError as error:
            _log.warning("The query could not be stopped in the source: %s", error)
            return
        ended.wait(pause)
        pause = min(pause * 1.5, _SELDOM_SECONDS)


@contextlib.contextmanager
def stoppable(client: "BackendClient", on_stop: OnStop) -> Iterator[str]:
    """The ``query_id`` for what is asked within: a stop ends it inside its source."""
    query_id, ended = str(uuid4()), threading.Event()
    forget = on_stop(lambda: stop(client, query_id, ended))
    try:
        yield query_id
    finally:
        ended.set()
        forget()
