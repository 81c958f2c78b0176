"""One query, start to finish: guard, connection, deadline, pieces of the answer. HTTP stays in server/api."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from uuid import UUID, uuid4

import msgspec

from server import guard
from server.compression import TOO_SMALL, Packer
from server.connections import Connections
from server.connectors.base import Limits, ParamValue, Progress, Progressing, SqlConnector
from server.encodings import Encoder
from server.guard import ReadOnlySql
from server.leases import Lease
from shared.errors import (
    AppError,
    Conflict,
    InvalidRequest,
    QueryCancelled,
    QueryTimeout,
    SourceUnavailable,
    TooLarge,
)
from shared.results import Result
from shared.wire import ErrorBody, QueryEnd

_PIECE_BYTES = 128 * 1024
_PIECE_SECONDS = 0.05
"""A piece leaves when it is this large or has waited this long: few sends, and an early first row."""

_SOURCES_OWN_CHANCE_SECONDS = 0.25


class Question(msgspec.Struct, frozen=True):
    """A query that passed the guard, and what it may use."""

    query_id: str
    owner: str
    connection: str
    sql: ReadOnlySql
    tables: frozenset[str]
    params: Mapping[str, ParamValue]
    max_rows: int
    timeout_seconds: float
    cut_is_an_error: bool
    """When the format cannot say that rows are missing and the caller did not ask for so many."""
    asked_at: float
    """``time.perf_counter`` at the request's arrival."""

    @property
    def deadline(self) -> float:
        """On the same clock, for everything: waiting for a connection, running, sending."""
        return self.asked_at + self.timeout_seconds


class Writing(msgspec.Struct, frozen=True):
    """How an answer leaves: its format, and what makes it smaller. Made anew for each try."""

    encoder: Callable[[], Encoder]
    packer: Callable[[], Packer] | None = None
    is_light: bool = False
    """A few rows may be written by the event loop itself."""


class Piece(msgspec.Struct, frozen=True):
    data: bytes
    last: bool


class Answer:
    """An answer on its way. ``rows`` counts those in the pieces so far. Close it in the end."""

    def __init__(self, question: Question, lease: Lease, writing: Writing, close: Callable[[], None]) -> None:
        self.rows = 0
        self.truncated = False
        """Meaningful with the last piece."""
        self.content_encoding = ""
        self.first = Piece(b"", last=False)
        self.close = close
        self._question = question
        self._lease = lease
        self._encoder = writing.encoder()
        self._is_light = writing.is_light
        self._result: Result | None = None
        self._new_packer = writing.packer
        self._packer: Packer | None = None
        self._pieces = self._packed()

    async def begin(self) -> None:
        if await self._is_quick():
            self.first = next(self._pieces)
        else:
            self.first = await self.next_piece()

    async def _is_quick(self) -> bool:
        """Whether all rows are here, without the connection's thread."""
        quick = self._lease.quick
        if quick is None or not self._is_light:
            return False
        asked = quick.quickly(self._question.sql, self._question.params, self._limits())
        found = None if asked is None else await self._lease.follow(asked)
        if found is None:
            return False
        self._result = found.result
        self._lease.is_clean = found.is_clean
        return found.is_whole

    def _limits(self) -> Limits:
        return Limits(self._question.max_rows, max(self._question.deadline - time.perf_counter(), 0.01))

    async def next_piece(self) -> Piece:
        """Raises AppError; :meth:`failed` then says how the answer ends."""
        return await self._lease.run(self._pieces.__next__)

    def failed(self, error: ErrorBody) -> bytes:
        """How the answer ends then; empty when its format cannot say it."""
        end = self._encoder.failed(error)
        return self._packer.pack(end, last=True) if self._packer is not None else end

    def _packed(self) -> Iterator[Piece]:
        """On the connection's thread, as all that follows, but for a quick answer."""
        for piece in self._written():
            if self._new_packer is not None and not (piece.last and len(piece.data) < TOO_SMALL):
                self._packer, self._new_packer = self._new_packer(), None
                self.content_encoding = self._packer.name
            self._new_packer = None
            packer = self._packer
            yield piece if packer is None else Piece(packer.pack(piece.data, last=piece.last), piece.last)

    def _written(self) -> Iterator[Piece]:
        question, encoder = self._question, self._encoder
        result = self._result
        if result is None:
            connector = self._lease.connector
            if not isinstance(connector, SqlConnector):
                raise InvalidRequest(f"The connection {question.connection!r} does not answer SQL.")
            result = connector.query(question.sql, question.params, self._limits())
        if not self._lease.is_clean:
            self._lease.at_end(result.close)
            self._lease.at_end(encoder.close)
        parts = [encoder.head(question.query_id, result.columns)]
        size, since, begun = 0, time.perf_counter(), False
        try:
            for batch in result.batches():
                part = encoder.batch(batch)
                self.rows += batch.count
                parts.append(part)
                size += len(part)
                if size >= _PIECE_BYTES or (size and time.perf_counter() - since > _PIECE_SECONDS):
                    yield Piece(b"".join(parts), last=False)
                    parts, size, since, begun = [], 0, time.perf_counter(), True
        except AppError:
            if begun and size:  # the rows before the failure; a failed first piece is a plain refusal
                yield Piece(b"".join(parts), last=False)
            raise
        rest = b"".join(parts)
        for part in encoder.end(self._end(result)):
            if len(rest) >= _PIECE_BYTES:
                yield Piece(rest, last=False)
                rest = b""
            rest += part
        yield Piece(rest, last=True)

    def _end(self, result: Result) -> QueryEnd:
        self.truncated = result.truncated
        if result.truncated and self._question.cut_is_an_error:
            raise TooLarge(
                f"The result has more than {self._question.max_rows} rows, and this format cannot say that "
                "some are missing. Ask for fewer, or set max_rows."
            )
        elapsed = (time.perf_counter() - self._question.asked_at) * 1000
        return QueryEnd(self.rows, result.truncated, round(elapsed, 1))


class Queries:
    """Every query that runs here, by its id."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._running: dict[str, tuple[str, _Stop]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def check(self, connection: str, text: str) -> tuple[ReadOnlySql, frozenset[str]]:
        """The SQL that will run and the tables it reads. Raises NotFound or QueryRefused."""
        dialect = self._connections.dialect(connection)
        sql = guard.check(text, dialect)
        return sql, guard.tables(sql, dialect)

    async def start(self, question: Question, writing: Writing) -> Answer:
        """The answer with its first piece; close it. Raises AppError when there is no first piece.

        A connection that died while it lay idle is replaced once: reading twice harms nothing.
        """
        if question.query_id in self._running:
            raise Conflict(f"A query with the id {question.query_id} is running already.")
        stop = _Stop()
        self._running[question.query_id] = (question.owner, stop)
        # The source has the same deadline and says it better; this one is for sources that do not keep it.
        patience = max(question.deadline - time.perf_counter(), 0) + _SOURCES_OWN_CHANCE_SECONDS
        timer = asyncio.get_running_loop().call_later(patience, stop, _too_slow(question.timeout_seconds))

        def end() -> None:
            timer.cancel()
            self._running.pop(question.query_id, None)
            stop.release()

        try:
            lease = await self._leased(question, stop)
            answer = Answer(question, lease, writing, end)
            try:
                await answer.begin()
            except SourceUnavailable:
                if not lease.reused:
                    raise
                lease.release()
                answer = Answer(question, await self._leased(question, stop), writing, end)
                await answer.begin()
        except BaseException:
            end()
            raise
        return answer

    async def _leased(self, question: Question, stop: "_Stop") -> Lease:
        lease = self._connections.find_idle(question.connection)
        if lease is None:
            lease = await stop.unless_stopped(self._connections.lease(question.connection))
        stop.attach(lease)
        return lease

    def find_and_cancel(self, query_id: str, *, by: str, anybodys: bool) -> bool:
        """Stops a query inside its source; False when it does not run here or is not the caller's to stop."""
        owner, stop = self._running.get(query_id, ("", None))
        if stop is None or not (anybodys or owner == by):
            return False
        stop(QueryCancelled("The query was cancelled."))
        return True

    def progress(self, query_id: str) -> Progress | None:
        """How far its source is, when that tells. From any thread."""
        _, stop = self._running.get(query_id, ("", None))
        return None if stop is None else stop.progress()

    def cancel_all(self) -> None:
        for _, stop in list(self._running.values()):
            stop(QueryCancelled("The backend is being stopped.", details="Ask again in a moment."))


class _Stop:
    """A stop that may come before there is anything to stop."""

    def __init__(self) -> None:
        self._reason: AppError | None = None
        self._lease: Lease | None = None
        self._waiting: asyncio.Task[Lease] | None = None

    async def unless_stopped(self, leasing: Coroutine[None, None, Lease]) -> Lease:
        """Waits for the lease; a stop ends the waiting."""
        self._waiting = asyncio.get_running_loop().create_task(leasing)
        try:
            return await self._waiting
        except asyncio.CancelledError:
            if self._reason is not None:
                raise self._reason from None
            raise
        finally:
            self._waiting = None

    def attach(self, lease: Lease) -> None:
        self._lease = lease
        if self._reason is not None:
            lease.stop(self._reason)

    def progress(self) -> Progress | None:
        connector: object = None if self._lease is None else self._lease.connector
        return connector.progress() if isinstance(connector, Progressing) else None

    def release(self) -> None:
        if self._lease is not None:
            self._lease.release()

    def __call__(self, reason: AppError) -> None:
        self._reason = self._reason or reason
        if self._lease is not None:
            self._lease.stop(self._reason)
        elif self._waiting is not None:
            self._waiting.cancel()


def checked_id(query_id: str | None) -> str:
    """A fresh id, or the caller's own when it is a UUID."""
    if query_id is None:
        return str(uuid4())
    try:
        return str(UUID(query_id))
    except ValueError as error:
        raise InvalidRequest("query_id must be a UUID.") from error


def _too_slow(seconds: float) -> QueryTimeout:
    return QueryTimeout(
        f"The query took longer than {seconds:g} seconds and was stopped.",
        details="Ask for less: a shorter period, fewer columns, an aggregate.",
    )
