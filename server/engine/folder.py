"""SQL over a folder: an engine process that is there when it is asked, and shows the folder as it is.

What a connector of files is made of. A query is interrupted at its deadline or on cancel, and its process
killed if it goes on; the next query gets a new one, as it does when the folder has changed. Starting and
killing the process stays in process, what it does in worker.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from server import guard
from server.engine import messages, tables
from server.engine.process import EngineProcess
from server.guard import ReadOnlySql
from shared.errors import AppError, QueryCancelled, QueryFailed, QueryRefused, QueryTimeout, SourceUnavailable
from shared.results import Batch, JsonRows, Result
from shared.wire import Schema

DIALECT = "duckdb"
LOOK_AGAIN_SECONDS = 1.0
"""How old a look at the folder may be."""
_CRASHED = "The engine that reads the files ended while it worked, most likely for want of memory; try again."


class FolderEngine:
    """Used by one caller at a time, but :meth:`cancel` may come from any thread. ``cache`` is a private
    folder, which several engines may share. Close it in the end."""

    def __init__(self, root: Path, cache: Path, *, memory_mb: int, threads: int) -> None:
        self._root = root
        self._cache = cache
        self._settings = (memory_mb, threads)
        self._engine: EngineProcess | None = None
        self._files: list[tables.File] = []
        self._looked_at = 0.0
        self._broken: list[str] = []
        self._order = 0
        self._running: _Running | None = None

    def ready(self) -> None:
        """Raises SourceUnavailable when the folder can not be read."""
        self._ready()

    def schema(self) -> Schema:
        engine = self._ready()
        self._order += 1
        engine.send(messages.Profile(self._order))
        match engine.receive():
            case messages.Tables(found):
                return Schema(tables=found, dialect=DIALECT)
            case messages.Failure(_, message):
                raise SourceUnavailable("The files can not be read.", details=message)
            case _:
                self._give_up()
                raise SourceUnavailable(_CRASHED)

    def broken(self) -> list[str]:
        """The files that are no tables, a sentence each."""
        self._ready()
        return list(self._broken)

    def query(
        self,
        sql: ReadOnlySql,
        params: Mapping[str, str | int | float | bool | None],
        max_rows: int,
        timeout_seconds: float,
    ) -> Result:
        """Raises as SqlConnector.query does (see server/connectors/base)."""
        guard.check_params(sql, DIALECT, params)
        text = guard.fill(sql, DIALECT, lambda name: guard.literal(params[name]))
        engine = self._ready()
        self._order += 1
        running = self._running = _Running(engine, self._order, timeout_seconds)
        engine.send(messages.Query(self._order, text, max_rows))
        try:
            head = running.receive()
        except AppError:
            self._finish(running)
            raise
        if not isinstance(head, messages.Head):
            self._give_up()
            raise SourceUnavailable(_CRASHED)
        result = Result(head.columns, iter(()), close=lambda: self._finish(running))
        result._batches = self._batches(running, result)
        return result

    def _batches(self, running: "_Running", result: Result) -> Iterator[Batch]:
        while not running.over:
            match running.receive():
                case messages.Rows(count, data):
                    yield JsonRows(data, count)
                case messages.End(truncated):
                    result.truncated = truncated
                case _:
                    raise SourceUnavailable(_CRASHED)

    def cancel(self) -> None:
        running = self._running
        if running is not None:
            running.stop("cancelled")

    def fit(self) -> bool:
        """Whether it can go on, in between queries."""
        return self._engine is None or self._engine.alive()

    @property
    def pid(self) -> int:
        """The process, for looking at it from outside. Starts it when there is none."""
        return self._ready().pid

    def close(self) -> None:
        """Ends the process; a later call would start another."""
        self._give_up()

    def _finish(self, running: "_Running") -> None:
        """The query has ended, or its result is not wanted any more."""
        if not running.finish():
            self._give_up()
        if self._running is running:
            self._running = None

    def _ready(self) -> EngineProcess:
        """A process that shows the folder as it is."""
        self._look()
        if self._running is not None:
            self._finish(self._running)
        if self._engine is None or not self._engine.alive():
            self._give_up()
            self._engine = self._opened()
        return self._engine

    def _look(self) -> None:
        now = time.monotonic()
        if self._engine is not None and now - self._looked_at < LOOK_AGAIN_SECONDS:
            return
        try:
            files = tables.scan(self._root)
        except OSError as error:
            reason = "does not exist" if isinstance(error, FileNotFoundError) else "can not be read"
            raise SourceUnavailable(f"The folder of this connection {reason}.") from error
        self._looked_at = now
        if files != self._files:
            self._give_up()
            self._files = files

    def _opened(self) -> EngineProcess:
        memory_mb, threads = self._settings
        engine = EngineProcess()
        engine.send(messages.Open(str(self._root), str(self._cache), memory_mb, threads))
        match engine.receive():
            case messages.Ready(broken):
                self._broken = broken
                return engine
            case messages.Failure(_, message):
                engine.end()
                raise SourceUnavailable(message)
            case _:
                engine.end()
                raise SourceUnavailable("The engine that reads the files did not start.")

    def _give_up(self) -> None:
        engine, self._engine = self._engine, None
        self._running = None
        if engine is not None:
            engine.end()


class _Running:
    """One query in the engine, from its order to its last frame."""

    def __init__(self, engine: EngineProcess, order: int, timeout_seconds: float) -> None:
        self.over = self._gone = False
        self._engine, self._order = engine, order
        self._why = ""
        self._lock = threading.Lock()
        self._timeout_seconds = timeout_seconds
        self._timers = [threading.Timer(timeout_seconds, self.stop, args=("timeout",))]
        self._timers[0].daemon = True
        self._timers[0].start()

    def receive(self) -> messages.Head | messages.Rows | messages.End | None:
        """The next frame; None when the process is gone for no reason of ours."""
        frame = self._engine.receive()
        if isinstance(frame, messages.Head | messages.Rows):
            return frame
        self._end()
        self._gone = frame is None
        match frame:
            case messages.End():
                return frame
            case messages.Failure("query", message) if not self._why:
                raise QueryFailed(message or "The query failed.")
            case messages.Failure("refused", message):
                raise QueryRefused(message)
        if self._why == "timeout":
            raise QueryTimeout(
                f"The query took longer than {round(self._timeout_seconds, 1):g} seconds and was stopped."
            )
        if self._why:
            raise QueryCancelled("The query was cancelled.")
        return None

    def stop(self, why: str) -> None:
        """From any thread."""
        with self._lock:
            if self.over or self._why:
                return
            self._why = why
            self._timers.append(self._engine.stop(self._order))

    def finish(self) -> bool:
        """Stops what is left of the query. False when the process can not be used any more."""
        self.stop("closed")
        while not self.over:
            try:
                if self.receive() is None:
                    break
            except AppError:
                break
        return not self._gone

    def _end(self) -> None:
        with self._lock:
            self.over = True
            for timer in self._timers:
                timer.cancel()
