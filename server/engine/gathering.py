"""The engine for a query across sources, as the backend sees it: parts go in, one result comes out.

What the process does with them stays in joining. Everything here blocks; rows may be sent from several
threads at once, the rest is for one caller at a time.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from server.engine import messages
from server.engine.messages import Part
from server.engine.process import EngineProcess
from server.engine.running_query import RunningQuery
from shared.errors import AppError, QueryFailed, QueryRefused, SourceUnavailable
from shared.results import Column, Result

__all__ = ["Gathering", "Part"]

T = TypeVar("T")

_CRASHED = "The engine that joins the sources ended while it worked, most likely for want of memory."


class Gathering:
    """One process. ``spill`` is a private folder, which several may share. Close it in the end."""

    def __init__(self, spill: Path, *, memory_mb: int, disk_mb: int, threads: int) -> None:
        """Raises SourceUnavailable."""
        self._order = 0
        self._running: RunningQuery | None = None
        self._engine = EngineProcess()
        self._engine.send(messages.Gather(str(spill), memory_mb, disk_mb, threads))
        if not isinstance(self._engine.receive(), messages.Ready):
            self._engine.end()
            raise SourceUnavailable("The engine that joins the sources did not start.")

    @property
    def pid(self) -> int:
        return self._engine.pid

    def alive(self) -> bool:
        return self._engine.alive()

    def prepare(self, sql: str, parts: Sequence[Part]) -> None:
        """Forgets what was there. Raises QueryFailed or QueryRefused when the query can not run on such
        parts, whatever their rows will be."""
        self._order += 1
        self._engine.send(messages.Prepare(self._order, sql, list(parts)))
        self._answer(messages.Prepared)

    def begin(self, part: int, columns: Sequence[Column]) -> None:
        """What was sent for this part before is forgotten."""
        self._engine.send(messages.Begin(part, list(columns)))

    def add(self, part: int, lines: bytes) -> None:
        """Rows as shared.results.JsonRows.data."""
        try:
            self._engine.send_rows(part, lines)
        except (OSError, ValueError) as error:
            raise SourceUnavailable(_CRASHED) from error

    def settle(
        self, parts: Sequence[int], keys: Sequence[tuple[int, str]] = (), most_keys: int = 0
    ) -> list[list[str | int] | None]:
        """These parts have all their rows. The different values of ``keys``, columns of such parts; None
        for one that has more than ``most_keys``. Raises QueryFailed when a part does not fit."""
        self._order += 1
        self._engine.send(messages.Settle(self._order, list(parts), list(keys), most_keys))
        return self._answer(messages.Settled).keys

    def query(self, sql: str, max_rows: int, timeout_seconds: float) -> Result:
        """Raises as SqlConnector.query does (see server/connectors/base)."""
        self._order += 1
        running = RunningQuery(self._engine, self._order, timeout_seconds, timeout_seconds)
        self._running = running
        self._engine.send(messages.Query(self._order, sql, max_rows))
        try:
            head = running.receive()
            if isinstance(head, messages.Looked):
                head = running.receive()
        except AppError:
            self._finish(running)
            raise
        if not isinstance(head, messages.Head):
            raise SourceUnavailable(_CRASHED)
        result = Result(head.columns, iter(()), close=lambda: self._finish(running))
        result._batches = running.batches(result, _CRASHED)
        return result

    def cancel(self) -> None:
        """Stops the query that runs. From any thread."""
        running = self._running
        if running is not None:
            running.stop("cancelled")

    def close(self) -> None:
        """At once, whatever goes on. From any thread."""
        with contextlib.suppress(OSError):
            self._engine.end()

    def _finish(self, running: RunningQuery) -> None:
        if not running.finish():
            self._engine.end()
        if self._running is running:
            self._running = None

    def _answer(self, kind: type[T]) -> T:
        match self._engine.receive():
            case messages.Failure("refused", message):
                raise QueryRefused(message)
            case messages.Failure(_, message):
                raise QueryFailed(message or "The query failed.")
            case answer if isinstance(answer, kind):
                return answer
            case _:
                raise SourceUnavailable(_CRASHED)
