"""The query that a PostgreSQL connection runs: whether it was stopped, and what its failures mean.

How it is sent and read stays in session and quick.
"""

import contextlib
import threading
import time

from server.connectors.postgres.cancel import CancelTicket
from server.connectors.postgres.errors import QUERY_CANCELED, query_failure
from server.connectors.postgres.params import Statement
from server.connectors.postgres.protocol import ConnectionLost, ServerError, Silence, Wire
from shared.errors import AppError, QueryCancelled, QueryFailed, QueryTimeout, SourceUnavailable

_GRACE_SECONDS = 3.0
"""How long after its own time-out the server may stay silent before we give the connection up."""

_LARGEST_ROW_BYTES = 64_000_000


class Running:
    """``source`` is what error sentences call the other end."""

    def __init__(self, wire: Wire, ticket: CancelTicket, source: str) -> None:
        self.source = source
        self.is_cancelled = False
        self.was_stopped = False
        """Since it began: what it was told may reach what comes behind it instead."""
        self._wire = wire
        self._ticket = ticket
        self._is_running = False
        self._ends_at = 0.0
        self._cancelling = threading.Lock()  # so that no cancel meets the query after the one it means

    def __bool__(self) -> bool:
        return self._is_running

    def begin(self, timeout_seconds: float) -> None:
        with self._cancelling:
            self._begin(timeout_seconds)

    def begin_now(self, timeout_seconds: float) -> bool:
        """Never waits: False while a cancel is under way."""
        if not self._cancelling.acquire(False):
            return False
        self._begin(timeout_seconds)
        self._cancelling.release()
        return True

    def _begin(self, timeout_seconds: float) -> None:
        self._is_running, self.is_cancelled, self.was_stopped = True, False, False
        self._ends_at = time.monotonic() + timeout_seconds
        self._wire.deadline = self._ends_at + _GRACE_SECONDS

    def wait(self, timeout_seconds: float) -> None:
        """For the source's own time-out, and a little longer."""
        self._wire.wait_at_most(timeout_seconds + _GRACE_SECONDS)

    def end(self) -> None:
        with self._cancelling:
            self._is_running = False

    def end_now(self) -> bool:
        """Never waits: False while a cancel is under way."""
        if not self._cancelling.acquire(blocking=False):
            return False
        self._is_running = False
        self._cancelling.release()
        return True

    def cancel(self) -> None:
        """From another thread. Returns when the server has acted on it."""
        with self._cancelling:
            if self._is_running:
                self.is_cancelled = True
                self.stop()

    def stop(self) -> None:
        """Tells the server to stop; by whoever uses the connection. Returns when it has acted on it."""
        self.was_stopped = True
        with contextlib.suppress(OSError):
            self._ticket.send()

    def refuse_too_large(self) -> None:
        """A row is held whole, several times over. The rest of it is not worth reading: the wire goes."""
        if self._wire.announced <= _LARGEST_ROW_BYTES:
            return
        self._wire.lost = True
        self.end()
        self.stop()
        raise QueryFailed("A row of the result is larger than 64 MB. Ask for less of it.")

    def failure(self, error: ServerError, statement: Statement | None) -> AppError:
        if error.sqlstate != QUERY_CANCELED:
            return query_failure(error, statement, self.source)
        if not self.is_cancelled and time.monotonic() > self._ends_at - 0.1:
            return QueryTimeout("The query took longer than it may, and was stopped inside PostgreSQL.")
        return QueryCancelled("The query was stopped inside PostgreSQL.")

    def gone(self, error: ConnectionLost, answer: ServerError | None = None) -> AppError:
        """``answer``: what the server said before it closed the connection."""
        running, self._is_running = self._is_running, False
        if answer is not None:
            return query_failure(answer, None, self.source)
        if isinstance(error, Silence) and running:
            self.stop()
            return QueryTimeout(f"{self.source} did not answer before the query's deadline.")
        return SourceUnavailable(f"The connection to {self.source} was lost.", retry_after=5)
