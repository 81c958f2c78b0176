"""One query over the native protocol: its blocks to JSON rows, progress, deadline, and stopping it."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from uuid import uuid4

import msgspec

from server.connectors.base import Limits, Progress
from server.connectors.clickhouse.errors import ServerError, query_failure
from server.connectors.clickhouse.wire import Block, ConnectionLost, NotClickHouse, Wire
from shared.errors import AppError, QueryCancelled, QueryFailed, QueryTimeout, SourceUnavailable
from shared.results import JsonRows

_GRACE_SECONDS = 3.0
"""How long the server may stay silent past the deadline before we give the connection up."""

_SHORT_SECONDS = 4.0
_PIECE_ROWS = 8192
"""A block is up to 65,536 rows, which can be a lot of text at once."""

_json = msgspec.json.Encoder(decimal_format="number")


class NativeQuery:
    """``out_of_step``: it failed so early that the connection must be made anew."""

    def __init__(self, wire: Wire, limits: Limits, *, source: str) -> None:
        self.truncated = False
        self.out_of_step = False
        self.progress: Progress | None = None
        self._wire = wire
        self._source = source
        self._label = limits.label
        self.ends_at = time.monotonic() + limits.timeout_seconds
        self.cancelled = False
        self._running = False
        wire.total_rows = 0

    def described(self, sql: str, settings: Mapping[str, str | int]) -> list[tuple[str, str]]:
        """Names and types of the result, without it. Raises AppError."""
        found: list[tuple[str, str]] = []
        for block in self._asked(f"DESCRIBE TABLE ({sql}\n)", settings):
            if block.rows:
                found += zip(*block.columns[:2], strict=True)
        return found

    def start(self, sql: str, settings: Mapping[str, str | int]) -> Block:
        """The first block, which has names and types and mostly no rows. Raises AppError."""
        self._blocks = self._asked(sql, settings)
        head = next(self._blocks, None)
        if head is None:
            raise QueryFailed("This statement returns no columns; only queries can be run here.")
        return head

    def batches(self, head: Block, max_rows: int) -> Iterator[JsonRows]:
        """Raises AppError."""
        left = max_rows
        for block in self._with(head):
            wanted = min(block.rows, left)
            yield from _written(block, wanted)
            left -= wanted
            if wanted < block.rows:
                self.truncated = True
                self.stop()
                return

    def cancel(self) -> None:
        """From another thread."""
        self.cancelled = True
        self._wire.cancel()

    def stop(self) -> None:
        """The caller wants no more rows: stops the work, and reads past what was on its way."""
        if self._running and not self._wire.lost:
            drain(self._wire)
        self._running = False

    def _with(self, head: Block) -> Iterator[Block]:
        if head.rows:
            yield head
        yield from self._blocks

    def _asked(self, sql: str, settings: Mapping[str, str | int]) -> Iterator[Block]:
        """Its blocks; progress is noted, and a passed deadline stops the query."""
        begun = False
        if self.cancelled:
            raise self._stopped()
        self._wire.wait_at_most(self.ends_at + _GRACE_SECONDS - time.monotonic())
        try:
            self._wire.ask(sql, query_id(self._label), settings)
            self._running = True
            while (packet := self._wire.next_packet()) is not None:
                if isinstance(packet, Block):
                    begun = True
                    yield packet
                    continue
                self._note(packet)
                if self._must_stop():
                    self.stop()
                    raise self._stopped()
        except ServerError as error:
            self._running = False
            self.out_of_step = not begun
            raise self._stopped_or(query_failure(error, self._source)) from error
        except (ConnectionLost, NotClickHouse) as error:
            raise self._gone(error) from error
        self._running = False
        if self.cancelled:
            raise self._stopped()

    def _must_stop(self) -> bool:
        return self.cancelled or time.monotonic() > self.ends_at

    def _note(self, more: Progress) -> None:
        before, total = self.progress or Progress(0, 0), self._wire.total_rows
        rows, size = before.rows + more.rows, before.bytes + more.bytes
        self.progress = Progress(rows, size, min(100.0, 100 * rows / total) if total else None)

    def _stopped(self) -> AppError:
        if self.cancelled:
            return QueryCancelled("The query was stopped inside ClickHouse.")
        return QueryTimeout("The query took longer than it may, and was stopped inside ClickHouse.")

    def _stopped_or(self, failure: AppError) -> AppError:
        return self._stopped() if self.cancelled else failure

    def _gone(self, error: ConnectionLost | NotClickHouse) -> AppError:
        running, self._running = self._running, False
        self._wire.close()
        if self.cancelled:
            return self._stopped()
        if isinstance(error, ConnectionLost) and error.silence and running:
            return QueryTimeout(f"{self._source} did not answer before the query's deadline.")
        return lost(error, self._source)


def query_id(label: str) -> str:
    """One that was never used: behind the id of the request, which may ask more than once, where there is
    one. ClickHouse refuses an id that is running already."""
    return f"{label}/{uuid4()}" if label else str(uuid4())


def drain(wire: Wire) -> None:
    """Stops what runs on ``wire``; one that does not end soon is closed."""
    give_up = time.monotonic() + _SHORT_SECONDS
    wire.wait_at_most(_SHORT_SECONDS)
    wire.cancel()
    with contextlib.suppress(ServerError, ConnectionLost, NotClickHouse):
        while wire.next_packet() is not None:
            if time.monotonic() > give_up:
                wire.close()
                return


def lost(error: ConnectionLost | NotClickHouse, source: str) -> SourceUnavailable:
    if isinstance(error, NotClickHouse):
        return SourceUnavailable(f"{source} sent what is not ClickHouse's protocol.")
    return SourceUnavailable(f"The connection to {source} was lost.", retry_after=5)


def _written(block: Block, rows: int) -> Iterator[JsonRows]:
    cells = zip(*block.columns, strict=True)
    for begin in range(0, rows, _PIECE_ROWS):
        count = min(_PIECE_ROWS, rows - begin)
        yield JsonRows(_json.encode_lines(islice(cells, count)), count)
