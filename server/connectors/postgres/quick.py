"""A small query that was asked before, from the event loop: one exchange, no thread, nothing left behind.

The query and everything around it are prepared on the connection (see prepared), sent in one
batch and answered in one. What cannot go this way, or fails on it in a way that the ordinary one tells
better, goes the ordinary one, which is postgres_session's. An answer that turns out long is handed
over, half read, to be read on a thread.
"""

import asyncio
from collections.abc import Callable, Iterator

from server.connectors.base import Limits, QuickAnswer
from server.connectors.postgres.described import Known, Memory
from server.connectors.postgres.params import Statement
from server.connectors.postgres.prepared import QUERY_AT, SHOW_AT, Prepared
from server.connectors.postgres.protocol import (
    COMPLETE,
    DATA_ROW,
    ERROR,
    LENGTH,
    READY,
    ConnectionLost,
    ServerError,
    Wire,
    data_row,
    error_response,
)
from server.connectors.postgres.rows import DataRows
from server.connectors.postgres.running import Running
from shared.errors import AppError
from shared.results import JsonRows, Result

_LARGEST_ANSWER_BYTES = 64_000
"""What the event loop reads and writes itself; a longer answer would hold up everybody else."""


class Frame:
    """What stands around the query's rows in a batch's answer when all went well: always the same bytes on
    one connection, so that they are compared and not taken apart again. ``shown`` is what the session says
    of reading only when nobody has changed it."""

    def __init__(self, shown: bytes) -> None:
        self.before = b""
        self.behind = b""
        self.shown = shown


class Reply:
    """The answer to one batch, taken in as it comes. ``is_clean``: the session is as it was before."""

    def __init__(self, reader: DataRows, frame: Frame) -> None:
        self.reader = reader
        self.done = False
        self.is_clean = False
        self.failure: ServerError | None = None
        self._completed = 0
        self._only_reads = False
        self._frame = frame
        self._before = b""
        self._seen = bytearray()
        """Of the part before the rows, or behind them."""

    def take(self, wire: Wire) -> list[JsonRows]:
        """The rows in the complete messages that have come, which ``wire.pending`` loses."""
        pending, frame = wire.pending, self._frame
        if (
            not self._completed
            and frame.behind
            and pending.startswith(frame.before)
            and pending.endswith(frame.behind)
        ):
            between = bytes(pending[len(frame.before) : -len(frame.behind)])
            if (all_rows := self.reader.take_all(between)) is not None:
                pending.clear()
                self._end(wire, is_clean=True)
                return [all_rows] if all_rows.count else []
        rows: list[JsonRows] = []
        self._take(wire, rows)
        return rows

    def _take(self, wire: Wire, rows: list[JsonRows]) -> None:
        pending = wire.pending
        at, size = 0, len(pending)
        while size - at >= 5:
            code, end = pending[at], at + 1 + LENGTH.unpack_from(pending, at + 1)[0]
            if end < at + 5:
                raise wire.strange()
            if code == DATA_ROW and self._completed == QUERY_AT:
                del pending[:at]
                batch = self.reader.take(pending)
                if batch is not None:
                    rows.append(batch)
                at, size = 0, len(pending)
                if size and pending[0] == DATA_ROW:
                    break
                continue
            if end > size:
                break
            self._note(wire, code, pending[at:end])
            at = end
        del pending[:at]

    def _note(self, wire: Wire, code: int, message: bytearray) -> None:
        """Whatever is not a row of the query."""
        if code == COMPLETE:
            self._completed += 1
            if self._completed == QUERY_AT + 1:
                self._before, self._seen = bytes(self._seen), bytearray()
                return
        elif code == DATA_ROW:
            if self._completed == SHOW_AT:
                self._only_reads = data_row(bytes(message[5:])) == [self._frame.shown]
        elif code == ERROR:
            self.failure = self.failure or error_response(bytes(message[5:]))
        self._seen += message
        if code == READY:
            is_clean = self._only_reads and self.failure is None and message[5] == _IDLE
            self._end(wire, is_clean=is_clean)
            if is_clean:
                self._frame.before, self._frame.behind = self._before, bytes(self._seen)

    def _end(self, wire: Wire, *, is_clean: bool) -> None:
        wire.readies -= 1
        self.done, self.is_clean = True, is_clean


_IDLE = ord("I")


Ended = Callable[[QuickAnswer | AppError | None], None]
"""See server.connectors.base.Quick.quickly."""


class _Asked:
    """What is waited for."""

    __slots__ = ("ended", "known", "received", "reply", "rows")

    def __init__(self, known: Known, reply: Reply, ended: Ended) -> None:
        self.known = known
        self.reply = reply
        self.ended = ended
        self.rows: list[JsonRows] = []
        self.received = 0


class QuickWay:
    """The quick way of one connection, for queries that session described and ran before.
    ``is_dirty``: something failed, and the session must be cleaned before anything else."""

    def __init__(
        self, wire: Wire, running: Running, memory: Memory, stop: Callable[[], None], frame: Frame
    ) -> None:
        self.is_dirty = False
        self._wire = wire
        self._running = running
        self._memory = memory
        self._stop = stop
        self._prepared = Prepared()
        self._frame = frame
        self._asked: _Asked | None = None
        self._number = -1
        """The socket's, while the event loop listens to it."""

    def ask(self, known: Known, statement: Statement, limits: Limits, ended: Ended) -> bool:
        """See server.connectors.base.Quick.quickly."""
        wire = self._wire
        if self.is_dirty or wire.lost or wire.readies or not self._prepared.takes(known, statement):
            return False
        if not self._running.begin_now(limits.timeout_seconds):
            return False
        reply = Reply(DataRows(limits.max_rows, known.plan.forms), self._frame)
        try:
            wire.send_now(self._prepared.request(known, statement, limits), readies=1)
        except ConnectionLost as error:
            raise self._running.gone(error) from error
        self._asked = _Asked(known, reply, ended)
        if self._number < 0:
            self._listen()
        return True

    def stop_listening(self) -> None:
        self._asked = None
        if self._number >= 0:
            asyncio.get_running_loop().remove_reader(self._number)
            self._number = -1

    def _listen(self) -> None:
        """From the first quick query on, and between them, for as long as nobody else reads."""
        self._number = self._wire.number
        asyncio.get_running_loop().add_reader(self._number, self._readable)

    def _readable(self) -> None:
        asked, wire = self._asked, self._wire
        lost: ConnectionLost | None = None
        try:
            received = wire.receive_now()
            if asked is not None:
                asked.received += received
                asked.rows += asked.reply.take(wire)
        except ConnectionLost as error:
            lost = error
        if asked is None or not (lost or asked.reply.done or asked.received > _LARGEST_ANSWER_BYTES):
            if lost:
                self.stop_listening()
            return
        self._asked = None
        if not asked.reply.done:
            self.stop_listening()
        try:
            answer: QuickAnswer | AppError | None = self._answer(asked.known, asked.reply, asked.rows, lost)
        except AppError as error:
            answer = error
        asked.ended(answer)

    def _answer(
        self, known: Known, reply: Reply, rows: list[JsonRows], lost: ConnectionLost | None
    ) -> QuickAnswer | None:
        if lost is not None:
            raise self._running.gone(lost, reply.failure) from lost
        if not reply.done:
            known.rows = None
            return QuickAnswer(self._handed_over(known, reply, rows), is_whole=False)
        if reply.failure is not None:
            self.is_dirty = True
            if self._prepared.failed(reply.failure.sqlstate):
                self._memory.take(known.statement)
                return None
            raise self._running.failure(reply.failure, None) from reply.failure
        # A cancel that is under way must not meet the next query: then reset waits for it, on the thread.
        is_clean = self._running.end_now() and self._checked(reply)
        result = Result(known.plan.columns, iter(rows))
        self._note(known, reply, result)
        return QuickAnswer(result, is_whole=True, is_clean=is_clean)

    def _handed_over(self, known: Known, reply: Reply, rows: list[JsonRows]) -> Result:
        def delivered() -> Iterator[JsonRows]:
            yield from rows
            try:
                while not reply.done:
                    self._running.refuse_too_large()
                    self._wire.fill()
                    yield from reply.take(self._wire)
            except ConnectionLost as error:
                raise self._running.gone(error, reply.failure) from error
            self._running.end()
            if reply.failure is not None:
                self.is_dirty = True
                self._prepared.failed(reply.failure.sqlstate)
                raise self._running.failure(reply.failure, None) from reply.failure
            self._checked(reply)
            self._note(known, reply, result)

        result = Result(known.plan.columns, delivered(), close=self._stop)
        return result

    def _checked(self, reply: Reply) -> bool:
        if not reply.is_clean:
            self._wire.lost = True
        return reply.is_clean

    def _note(self, known: Known, reply: Reply, result: Result) -> None:
        result.truncated, known.rows = reply.reader.truncated, reply.reader.count
