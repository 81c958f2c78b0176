"""SQL over a folder: an engine process that is there when it is asked, and shows the folder as it is.

What a connector of files is made of. A query is interrupted at its deadline or on cancel, and its process
killed if it goes on; the next query gets a new one. The folder is only touched by the process, so a drive
that hangs costs a process and never a thread of ours. Starting and killing it stays in process, what it does
in worker.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from server.engine import messages
from server.engine.conversions import Conversions
from server.engine.process import EngineProcess
from server.engine.running_query import HANGS, LOOK_SECONDS, RunningQuery
from server.engine.tables import File, Rule
from shared import guard
from shared.errors import AppError, QueryCancelled, QueryTimeout, SourceUnavailable
from shared.guard import ReadOnlySql
from shared.results import Result
from shared.wire import Schema, Unread

DIALECT = "duckdb"
CACHE_MB = 10_240
DIRECT_BYTES = 64_000_000
"""A text file of this size or more is read as it is until its converted copy is there; a smaller one, down to
an eighth, for a query that wants few rows."""
SCHEMA_SECONDS = 15.0
"""How long a schema waits for files that are seen for the first time."""
_TRIES = 4
_CRASHED = "The engine that reads the files ended while it worked, most likely for want of memory; try again."


class FolderEngine:
    """Used by one caller at a time, but :meth:`cancel` may come from any thread. ``cache`` is a private
    folder, which several engines may share; ``rules`` join files into tables. Close it in the end."""

    def __init__(
        self,
        root: Path,
        cache: Path,
        *,
        memory_mb: int,
        threads: int,
        rules: Sequence[Rule] = (),
        cache_mb: int = CACHE_MB,
        direct_bytes: int = DIRECT_BYTES,
    ) -> None:
        self._open = messages.Open(str(root), str(cache), memory_mb, threads, list(rules), direct_bytes)
        self._conversions = Conversions(
            messages.OpenConverter(str(root), str(cache), memory_mb, threads, cache_mb * 1_000_000)
        )
        self._engine: EngineProcess | None = None
        self._order = 0
        self._afterwards: list[File] = []
        self._running: RunningQuery | None = None
        self._waiting: threading.Event | None = None
        self._aborted = False

    def ready(self) -> None:
        """Raises SourceUnavailable when the folder can not be read."""
        self._ask(messages.Look)

    def schema(self) -> Schema:
        """Waits for files that are seen for the first time, but only so long: what is not known by then is
        told as unread, and of the next time. Looking at the tables has a bound of its own (see profile)."""
        reply = self._ask(messages.Profile)
        if isinstance(reply, messages.Missing):
            self._converted(reply.files, SCHEMA_SECONDS)
            reply = self._ask(lambda order: messages.Profile(order, whole=False))
        if not isinstance(reply, messages.Tables):
            raise SourceUnavailable(_CRASHED)
        return Schema(tables=reply.tables, dialect=DIALECT, unread=_unread(reply))

    def broken(self) -> list[str]:
        """The files that are no tables, a sentence each."""
        self.schema()
        reply = self._ask(lambda order: messages.Look(order, thoroughly=True))
        if not isinstance(reply, messages.Ready):
            raise SourceUnavailable(_CRASHED)
        return reply.broken

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
        until = time.monotonic() + timeout_seconds
        for _ in range(_TRIES):
            running, reply = self._asked(text, max_rows, until - time.monotonic(), timeout_seconds)
            if isinstance(reply, messages.Head):
                result = Result(reply.columns, iter(()), close=lambda: self._finish(running))  # noqa: B023
                result._batches = running.batches(result, _CRASHED)
                return result
            self._converted(reply.files, until - time.monotonic(), needed=True)
        raise SourceUnavailable(
            "The files of this query change faster than they can be read.", retry_after=30
        )

    def _asked(
        self, text: str, max_rows: int, seconds: float, whole_seconds: float
    ) -> tuple[RunningQuery, messages.Head | messages.Missing]:
        """The query under way, or what it waits for."""
        engine = self._process()
        self._order += 1
        running = self._running = RunningQuery(engine, self._order, seconds, whole_seconds)
        engine.send(messages.Query(self._order, text, max_rows))
        try:
            while True:
                match running.receive():
                    case messages.Looked():
                        pass
                    case messages.Missing(files, first=False):
                        self._afterwards = files  # now it would only slow the query down
                    case messages.Head() | messages.Missing() as reply:
                        return running, reply
                    case _:
                        self._give_up()
                        raise SourceUnavailable(_CRASHED)
        except AppError:
            self._finish(running)
            raise

    def _converted(self, files: Sequence[File], seconds: float, *, needed: bool = False) -> None:
        """Has the files converted and waits. Where ``needed``, raises when that does not come to an end."""
        waiting = self._waiting = threading.Event()
        try:
            self._demand_life()
            self._conversions.ask(files)
            done = self._conversions.wait(files, seconds, waiting)
        finally:
            self._waiting = None
        if not needed:
            return
        if waiting.is_set():
            raise QueryCancelled("The query was cancelled.")
        if not done:
            raise QueryTimeout(
                "A file of this query is being read for the first time, which takes longer than that.",
                details="It goes on; ask again in a few minutes.",
            )
        if problem := self._conversions.problem():
            raise SourceUnavailable(problem)

    def cancel(self) -> None:
        """Never raises."""
        if (waiting := self._waiting) is not None:
            waiting.set()
        if (running := self._running) is not None:
            running.stop("cancelled")

    def abort(self) -> None:
        """From any thread, without waiting: whoever waits here fails at once, and nothing starts again."""
        self._aborted = True
        if (waiting := self._waiting) is not None:
            waiting.set()
        if (engine := self._engine) is not None:
            engine.kill()

    def look_again(self) -> None:
        """Files were put into the folder: the next query sees them. Raises SourceUnavailable."""
        self._ask(lambda order: messages.Look(order, at_once=True))

    def fit(self) -> bool:
        """Whether it can go on, in between queries."""
        return self._engine is None or self._engine.alive()

    @property
    def pid(self) -> int:
        """The process, for looking at it from outside. Starts it when there is none."""
        return self._process().pid

    def close(self) -> None:
        """Ends the process; a later call would start another."""
        self._conversions.close()
        self._give_up()

    def _finish(self, running: RunningQuery) -> None:
        """The query has ended, or its result is not wanted any more."""
        if not running.finish():
            self._give_up()
        if self._afterwards:
            self._conversions.ask(self._afterwards)
            self._afterwards = []
        if self._running is running:
            self._running = None

    def _ask(self, order: Callable[[int], messages.Request]) -> messages.Reply:
        """One answer to one order that is no query. Raises SourceUnavailable."""
        engine = self._process()
        self._order += 1
        engine.send(order(self._order))
        with engine.killed_after(LOOK_SECONDS) as late:
            reply = engine.receive()
        if isinstance(reply, messages.Looked):
            reply = engine.receive()
        match reply:
            case messages.Failure(_, message):
                raise SourceUnavailable(message or "The files can not be read.")
            case None | messages.Rows():
                self._give_up()
                raise SourceUnavailable(HANGS if late.is_set() else _CRASHED)
        return reply

    def _process(self) -> EngineProcess:
        """A process that can be asked."""
        self._demand_life()
        if self._running is not None:
            self._finish(self._running)
        engine = self._engine
        if engine is None or not engine.alive():
            self._give_up()
            engine = self._opened()
        return engine

    def _demand_life(self) -> None:
        if self._aborted:
            raise SourceUnavailable("The engine that reads the files was given up.", retry_after=1)

    def _opened(self) -> EngineProcess:
        engine = self._engine = EngineProcess()
        if self._aborted:  # before there was anything to kill
            engine.kill()
        engine.send(self._open)
        with engine.killed_after(LOOK_SECONDS) as late:
            reply = engine.receive()
        if isinstance(reply, messages.Ready):
            return engine
        self._give_up()
        if isinstance(reply, messages.Failure):
            raise SourceUnavailable(reply.message)
        raise SourceUnavailable(HANGS if late.is_set() else "The engine that reads the files did not start.")

    def _give_up(self) -> None:
        engine, self._engine = self._engine, None
        self._running = None
        if engine is not None:
            engine.end()


def _unread(reply: messages.Tables) -> list[Unread]:
    """The connection's name is put in where it is known."""
    said = []
    if reply.waiting:
        files = "1 file is" if reply.waiting == 1 else f"{reply.waiting:,} files are"
        said.append(f"{files} still being read for the first time; ask again in a moment.")
    if reply.hurried:
        tables = "1 table" if reply.hurried == 1 else f"{reply.hurried:,} tables"
        said.append(f"Values and keys of {tables} are not known yet; ask again in a moment.")
    return [Unread("", sentence) for sentence in said]
