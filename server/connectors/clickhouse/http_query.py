"""One query whose rows come over HTTP, while the native connection, idle meanwhile, watches and stops it."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from server.connectors.base import Progress
from server.connectors.clickhouse.errors import ServerError, query_failure
from server.connectors.clickhouse.http import HttpLost, HttpRows
from shared.errors import AppError, QueryCancelled, QueryTimeout, SourceUnavailable
from shared.results import JsonRows

Aside = Callable[[str], list[dict[str, Any]]]

_GRACE_SECONDS = 3.0
_LOOK_SECONDS = 1.0


class HttpQuery:
    """``aside`` asks something on the native connection; it gives nothing when that fails. ``query_id`` may
    stand in quotes as it is."""

    def __init__(self, http: HttpRows, aside: Aside, query_id: str, *, source: str, ends_at: float) -> None:
        self.truncated = False
        self.progress: Progress | None = None
        self._http = http
        self._aside = aside
        self._source = source
        self._ends_at = ends_at
        self._query_id = query_id
        self._looked_at = time.monotonic()
        self.cancelled = False
        self._over = False
        self._lock = threading.Lock()

    def start(self, sql: str, settings: Mapping[str, str | int]) -> None:
        """Returns when the answer begins. Raises AppError."""
        try:
            self._http.ask(sql, self._query_id, settings)
            self._http.wait(self._look)
        except HttpLost as error:
            raise self._lost(error) from error

    def batches(self, max_rows: int) -> Iterator[JsonRows]:
        """Raises AppError. The query was asked for one row more than ``max_rows``."""
        left = max_rows
        try:
            for batch in self._http.rows(lambda: self._ends_at + _GRACE_SECONDS - time.monotonic()):
                if batch.count > left:
                    self.truncated = True
                    yield _without_last(batch)
                    continue
                left -= batch.count
                yield batch
                self._look()
        except ServerError as error:
            self._end()
            self._http.close()
            raise self._stopped() or query_failure(error, self._source) from error
        except HttpLost as error:
            raise self._lost(error) from error
        self._end()
        self._http.close()

    def cancel(self) -> None:
        """From another thread."""
        self.cancelled = True
        self.stop()

    def stop(self) -> None:
        """Inside the source too, unless it has ended."""
        if self._end():
            self._aside(f"KILL QUERY WHERE query_id = '{self._query_id}' ASYNC")
            self._http.close()

    def abort(self) -> None:
        """From another thread; the source is not told."""
        self._http.abort()

    def _end(self) -> bool:
        """False when it had ended before."""
        with self._lock:
            over, self._over = self._over, True
        return not over

    def _look(self) -> None:
        """How far it is, once a second; and whether it must stop."""
        now = time.monotonic()
        if self.cancelled or now > self._ends_at:
            self.stop()
            raise self._stopped() or _too_slow()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        rows = self._aside(
            "SELECT read_rows, read_bytes, total_rows_approx FROM system.processes"  # noqa: S608 - it may stand there
            f" WHERE query_id = '{self._query_id}'"
        )
        for row in rows:
            read, size, total = (int(value) for value in row.values())
            self.progress = Progress(read, size, min(100.0, 100 * read / total) if total else None)
        self._looked_at = time.monotonic()

    def _stopped(self) -> AppError | None:
        if self.cancelled:
            return QueryCancelled("The query was stopped inside ClickHouse.")
        return _too_slow() if time.monotonic() > self._ends_at else None

    def _lost(self, error: HttpLost) -> AppError:
        stopped = self._stopped()
        self.stop()
        if stopped is not None:
            return stopped
        if error.silence:
            return _too_slow()
        return SourceUnavailable(f"The HTTP connection to {self._source} was lost.", retry_after=5)


def _without_last(batch: JsonRows) -> JsonRows:
    return JsonRows(batch.data[: batch.data.rfind(b"\n", 0, -1) + 1], batch.count - 1)


def _too_slow() -> QueryTimeout:
    return QueryTimeout("The query took longer than it may, and was stopped inside ClickHouse.")
