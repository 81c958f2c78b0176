"""The audit trail: one line a call, written in batches by one thread. Reading it back is for later.

A line never holds a secret or a cell value. Lines wait in one bounded queue; the writer commits
at least every tenth of a second, so that is what a killed process may lose, and no more.
"""

import logging
import queue
import threading
from typing import Any

import msgspec
import sqlalchemy as sa

from server.store.state import State

_log = logging.getLogger(__name__)

_BATCH = 500
_GATHER_SECONDS = 0.1
_RETRY_SECONDS = 1.0


class AuditLine(msgspec.Struct, frozen=True):
    """Who did what, from where, with which outcome."""

    at: str
    request_id: str
    key_id: str
    key_name: str
    address: str
    action: str
    connection: str
    query_id: str
    sql_text: str
    tables: str
    row_count: int | None
    status: int
    code: str
    elapsed_ms: float


_MARKS = {"qmark": "?"}
"""How a driver writes a placeholder, when not ``%s``: that of SQLite."""


def _insert(paramstyle: str) -> str:
    """In the driver's own words: SQLAlchemy's would cost more, for each line, than the line itself."""
    fields = AuditLine.__struct_fields__
    marks = ", ".join([_MARKS.get(paramstyle, "%s")] * len(fields))
    return f"INSERT INTO audit ({', '.join(fields)}) VALUES ({marks})"  # noqa: S608 - from the struct above


class AuditTrail:
    """``write`` never waits; ``write_slowly`` does when a thousand lines stand before it."""

    def __init__(self, state: State, *, waiting_lines: int = 10_000) -> None:
        self._state = state
        self._waiting: queue.Queue[AuditLine | None] = queue.Queue(waiting_lines)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def write(self, line: AuditLine) -> bool:
        """False when the queue is full; then the caller must wait with :meth:`write_slowly`."""
        try:
            self._waiting.put_nowait(line)
        except queue.Full:
            return False
        return True

    def write_slowly(self, line: AuditLine) -> None:
        """Blocks until there is room, so that a storm slows its callers and loses no line."""
        self._waiting.put(line)

    def close(self, timeout_seconds: float = 10) -> None:
        """Writes what waits, then stops."""
        self._stopping.set()
        self._waiting.put(None)
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        stopped = False
        while not stopped:
            first = self._waiting.get()
            batch = [] if first is None else [first]
            stopped = first is None
            if not self._stopping.wait(_GATHER_SECONDS if self._waiting.qsize() < _BATCH else 0):
                pass
            while len(batch) < _BATCH and not self._waiting.empty():
                line = self._waiting.get_nowait()
                if line is None:
                    stopped = True
                else:
                    batch.append(line)
            if batch:
                self._commit(batch)

    def _commit(self, batch: list[AuditLine]) -> None:
        """Tries until it works: a full disk must not lose the lines that explain it."""
        while True:
            try:
                with self._state.begin() as connection:
                    statement = _insert(connection.dialect.paramstyle)
                    connection.exec_driver_sql(statement, [_as_values(line) for line in batch])
            except sa.exc.SQLAlchemyError as error:
                # Not the error itself: it quotes the lines.
                reason = getattr(error, "orig", None) or type(error).__name__
                _log.error("The audit trail cannot be written, %d lines wait: %s", len(batch), reason)
                if self._stopping.wait(_RETRY_SECONDS):
                    return
            else:
                return


def _as_values(line: AuditLine) -> tuple[Any, ...]:
    """PostgreSQL takes no NUL in a text: one such line, which any caller can cause, would hold up all."""
    values = msgspec.structs.astuple(line)
    if not any("\0" in value for value in values if isinstance(value, str)):
        return values
    return tuple(
        value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value
        for value in values
    )
