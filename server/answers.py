"""One question and its answer: what was asked, how it is written, and the pieces in which it leaves.

Who asks whom, and what stops it, stays in queries.
"""

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b

import msgspec

from server.access.data_policy import DataPolicy
from server.access.standing import Rights
from server.compression import Packer
from server.connectors.base import Limits, ParamValue, SqlConnector
from server.encodings import Encoder
from server.governance.errors import screened
from server.leases import Lease
from server.pieces import PIECE_BYTES, Piece, Pieces
from shared.errors import AppError, InvalidRequest, QueryTimeout, TooLarge
from shared.guard import ReadOnlySql
from shared.results import Column, Result
from shared.wire import ErrorBody, QueryEnd

_SOURCES_OWN_CHANCE_SECONDS = 0.25


class Question(msgspec.Struct, frozen=True):
    """A query that passed the guard, and what it may use."""

    query_id: str
    rights: Rights
    connection: str
    sql: ReadOnlySql
    tables: frozenset[str]
    params: Mapping[str, ParamValue]
    max_rows: int
    timeout_seconds: float
    cut_is_an_error: bool
    """When the format cannot say that rows are missing and the caller did not ask for so many."""
    data: DataPolicy
    """What the caller sees; ``sql`` shows no more, but for a query across connections, whose parts do not."""
    asked_at: float
    """``time.perf_counter`` at the request's arrival."""
    request_id: str = ""

    @property
    def owner(self) -> str:
        """The id of the key that asks."""
        return self.rights.key_id

    @property
    def same_for_all(self) -> Hashable:
        """Equal for questions with equal answers, of callers who may see the same. 1 is not true, nor
        1.0, and 0.0 is not -0.0."""
        values = tuple(
            sorted([(name, type(value).__name__, repr(value)) for name, value in self.params.items()])
        )
        return self.connection, self.sql, values, self.max_rows, self.cut_is_an_error

    def is_over(self, now: float) -> bool:
        """The source has the same deadline and says it better; this is for sources that do not keep it."""
        return now > self.asked_at + self.timeout_seconds + _SOURCES_OWN_CHANCE_SECONDS

    def limits(self) -> Limits:
        return Limits(self.max_rows, max(self.deadline - time.perf_counter(), 0.01), self.request_id)

    def refuse_cut(self, result: Result) -> None:
        """Raises TooLarge. ``result`` was read to its end."""
        if result.truncated and self.cut_is_an_error:
            raise TooLarge(
                f"The result has more than {self.max_rows} rows, and this format cannot say that "
                "some are missing. Ask for fewer, or set max_rows."
            )

    def too_slow(self) -> QueryTimeout:
        return QueryTimeout(
            f"The query took longer than {self.timeout_seconds:g} seconds and was stopped.",
            details="Ask for less: a shorter period, fewer columns, an aggregate.",
        )

    @property
    def deadline(self) -> float:
        """On the same clock, for everything: waiting for a connection, running, sending."""
        return self.asked_at + self.timeout_seconds


class Writing(msgspec.Struct, frozen=True):
    """How an answer leaves: its format, and what makes it smaller. Made anew for each try."""

    encoder: Callable[[], Encoder]
    packer: Callable[[], Packer] | None = None
    format: str = ""
    is_light: bool = False
    """The event loop may write a few rows itself, and put written ones between another head and end."""


class Told(msgspec.Struct, frozen=True):
    """A short answer, written: its rows without the head and the end, which differ from caller to caller."""

    columns: tuple[Column, ...]
    rows: bytes
    count: int
    truncated: bool
    etag: str
    """Weak: the id of the query and the time that it took are not part of it."""


class Answer:
    """An answer on its way. ``rows`` counts those in the pieces so far. Close it in the end. ``result`` is
    what the lease has begun to bring already."""

    def __init__(
        self,
        question: Question,
        lease: Lease,
        writing: Writing,
        close: Callable[[], None],
        result: Result | None = None,
    ) -> None:
        self.rows = 0
        self.truncated = False
        """Meaningful with the last piece."""
        self.first = Piece(b"", last=False)
        self.close = close
        self.told: Told | None = None
        """Once begun: all of it, when it is short and light."""
        self._question = question
        self._lease = lease
        self._encoder = writing.encoder()
        self._is_light = writing.is_light
        self._result = result
        self._pieces = Pieces(writing.packer)
        self._coming = self._written()

    async def begin(self) -> None:
        self.first = await self.next_piece()

    @property
    def content_encoding(self) -> str:
        """Empty when nothing was made smaller. Known with the first piece."""
        return self._pieces.content_encoding

    async def next_piece(self) -> Piece:
        """Raises AppError; :meth:`failed` then says how the answer ends."""
        try:
            return await self._pieces.next(lambda: self._lease.run(self._coming.__next__))
        except AppError as error:
            if self._question.data.restricts:
                raise screened(error) from None
            raise

    def failed(self, error: ErrorBody) -> bytes:
        """How the answer ends then; empty when its format cannot say it."""
        return self._pieces.after_failure(self._encoder.failed(error))

    def _written(self) -> Iterator[Piece]:
        """On the connection's thread, as all that follows."""
        pieces = self._pieces
        question, encoder = self._question, self._encoder
        result = self._result
        if result is None:
            connector = self._lease.connector
            if not isinstance(connector, SqlConnector):
                raise InvalidRequest(f"The connection {question.connection!r} does not answer SQL.")
            result = connector.query(question.sql, question.params, question.limits())
        self._lease.at_end(result.close)
        self._lease.at_end(encoder.close)
        head = encoder.head(question.query_id, result.columns)
        pieces.head(head)
        try:
            for batch in result.batches():
                part = encoder.batch(batch)
                self.rows += batch.count
                pieces.add(part, batch.count)
                if (piece := pieces.full()) is not None:
                    yield piece
        except AppError:
            if pieces.begun and (piece := pieces.held()) is not None:
                yield piece  # the rows before the failure; a failed first piece is a plain refusal
            raise
        rest = pieces.rest()
        end = self._end(result)
        if self._is_light and not pieces.begun:
            self.told = _told(result, rest[len(head) :], self.rows)
        for part in encoder.end(end):
            if len(rest) >= PIECE_BYTES:
                yield pieces.packed(rest, last=False)
                rest = b""
            rest += part
        yield pieces.packed(rest, last=True)

    def _end(self, result: Result) -> QueryEnd:
        self.truncated = result.truncated
        self._question.refuse_cut(result)
        elapsed = (time.perf_counter() - self._question.asked_at) * 1000
        return QueryEnd(self.rows, result.truncated, round(elapsed, 1))


def told(question: Question, result: Result, writing: Writing) -> Told:
    """A short answer whose batches are here, written at once. Raises TooLarge."""
    encoder, rows, count = writing.encoder(), list[bytes](), 0
    encoder.head(question.query_id, result.columns)
    for batch in result.batches():
        rows.append(encoder.batch(batch))
        count += batch.count
    question.refuse_cut(result)
    return _told(result, b"".join(rows), count)


def _told(result: Result, rows: bytes, count: int) -> Told:
    digest = blake2b(
        rows, digest_size=12, key=_said(result.columns), person=b"cut" if result.truncated else b""
    )
    etag = f'W/"{digest.hexdigest()}"'
    return Told(result.columns, rows, count, result.truncated, etag)


@lru_cache(maxsize=1024)
def _said(columns: tuple[Column, ...]) -> bytes:
    return blake2b(repr(columns).encode(), digest_size=32).digest()
