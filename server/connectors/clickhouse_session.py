"""One open ClickHouse connection: queries, their deadline, their progress, and stopping them.

Opening it stays in clickhouse.py, packets in clickhouse_wire, catalogues in clickhouse_schema.

A query runs in a session of its own kind: nothing is left behind in the connection when it ends, for
what would be left (SET, temporary tables) needs statements of its own, and those are not queries. Only a
query that fails before its first block may leave a server out of step with us, for what we send behind
it was not read: the connection is made anew before the next one, as the driver's own client does.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any
from uuid import uuid4

import msgspec

from server.connectors import clickhouse_account, clickhouse_schema, clickhouse_settings
from server.connectors.base import Limits, ParamValue, Progress
from server.connectors.clickhouse import Login
from server.connectors.clickhouse_errors import ServerError, query_failure
from server.connectors.clickhouse_params import filled
from server.connectors.clickhouse_settings import Account
from server.connectors.clickhouse_types import column
from server.connectors.clickhouse_wire import Block, ConnectionLost, NotClickHouse, Wire
from server.guard import ReadOnlySql
from shared.errors import AppError, QueryCancelled, QueryFailed, QueryTimeout, SourceUnavailable
from shared.results import Column, JsonRows, Result
from shared.wire import Schema

_GRACE_SECONDS = 3.0
"""How long the server may stay silent past the deadline before we give the connection up."""

_SHORT_SECONDS = 4.0
_CATALOGUE_SECONDS = 60.0
_PIECE_ROWS = 8192
"""A block is up to 65,536 rows, which can be a lot of text at once."""

_json = msgspec.json.Encoder(decimal_format="number")


class ClickHouseConnector:
    """See server.connectors.base.SqlConnector."""

    dialect = "clickhouse"

    def __init__(self, wire: Wire, login: Login, connect: Callable[[], Wire]) -> None:
        self._wire = wire
        self._connect = connect
        self._out_of_step = False
        self._login = login
        self._source = login.source
        self._known: Account | None = None
        self._ends_at = 0.0
        self._cancelled = False
        self._running = False
        self._read = Progress(0, 0)
        self._cancel_lock = threading.Lock()  # so that no cancel meets the query after the one it means

    def __repr__(self) -> str:
        return f"<ClickHouseConnector {self._source}>"

    def ping(self) -> None:
        self._make_usable()
        self._wire.wait_at_most(_SHORT_SECONDS)
        try:
            self._wire.ping()
        except (ConnectionLost, NotClickHouse) as error:
            raise self._gone(error) from error

    def schema(self) -> Schema:
        return clickhouse_schema.read(self.rows, self._login.database)

    def warnings(self) -> list[str]:
        return clickhouse_account.warnings(self.rows, self._account(), self._login.user)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """A query of our own to the catalogues, read whole. Raises AppError."""
        self._make_usable()
        self._wire.wait_at_most(_CATALOGUE_SECONDS)
        found: list[dict[str, Any]] = []
        try:
            self._wire.ask(sql, str(uuid4()), {})
            while (packet := self._wire.next_packet()) is not None:
                if isinstance(packet, Block) and packet.rows:
                    cells = zip(*packet.columns, strict=True)
                    found += [dict(zip(packet.names, row, strict=True)) for row in cells]
        except ServerError as error:
            self._out_of_step = True
            raise query_failure(error, self._source) from error
        except (ConnectionLost, NotClickHouse) as error:
            raise self._gone(error) from error
        return found

    def reset(self) -> bool:
        if self._wire.waiting and not self._wire.lost:
            self._drain()
        return self._out_of_step or not self._wire.lost

    def close(self) -> None:
        self._wire.close()

    def cancel(self) -> None:
        with self._cancel_lock:
            if not self._running:
                return
            self._cancelled = True
            self._wire.cancel()

    def progress(self) -> Progress | None:
        return self._read if self._running and self._read.rows else None

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        self._make_usable()
        text = filled(sql, params)
        settings = self._account().for_query(limits)
        self._begin(limits)
        try:
            self._wire.ask(text, str(uuid4()), settings)
            head = self._first_block()
        except ServerError as error:
            self._ended()
            self._out_of_step = True
            raise self._failure(error) from error
        except (ConnectionLost, NotClickHouse) as error:
            raise self._gone(error) from error
        columns = self._columns(head)

        def delivered() -> Iterator[JsonRows]:
            left = limits.max_rows
            for block in self._blocks(head):
                wanted = min(block.rows, left)
                yield from _written(block, wanted)
                left -= wanted
                if wanted < block.rows:
                    result.truncated = True
                    self._stop()
                    return

        result = Result(columns, delivered(), close=self._stop)
        return result

    # -- The parts of a query -------------------------------------------------------------

    def _account(self) -> Account:
        if self._known is None:
            names = ", ".join(f"'{name}'" for name in clickhouse_settings.NAMES)
            rows = self.rows(f"SELECT * FROM system.settings WHERE name IN ({names})")  # noqa: S608
            self._known = clickhouse_settings.account(rows)
        return self._known

    def _begin(self, limits: Limits) -> None:
        with self._cancel_lock:
            self._running, self._cancelled = True, False
        self._ends_at = time.monotonic() + limits.timeout_seconds
        self._read = Progress(0, 0)
        self._wire.total_rows = 0
        self._wire.wait_at_most(limits.timeout_seconds + _GRACE_SECONDS)

    def _first_block(self) -> Block:
        block = next(self._packets(), None)
        if block is None:
            raise QueryFailed("This statement returns no columns; only queries can be run here.")
        return block

    def _columns(self, head: Block) -> list[Column]:
        columns: list[Column] = []
        for name, kind in zip(head.names, head.types, strict=True):
            known = column(name, kind)
            if known is None:
                self._stop()
                raise QueryFailed(
                    f"The column {name!r} has the type {kind[:80]}, which cannot be read as it is.",
                    details="Make a text of it (toJSONString, toString); finish an aggregate (sumMerge …).",
                )
            columns.append(known)
        return columns

    def _blocks(self, head: Block) -> Iterator[Block]:
        """Those with rows; a failure is raised when the server is ready again."""
        try:
            if head.rows:
                yield head
            for block in self._packets():
                if block.rows:
                    yield block
        except ServerError as error:
            self._ended()
            raise self._failure(error) from error
        except (ConnectionLost, NotClickHouse) as error:
            raise self._gone(error) from error

    def _packets(self) -> Iterator[Block]:
        """The blocks; progress is noted, and a passed deadline stops the query."""
        while (packet := self._wire.next_packet()) is not None:
            if isinstance(packet, Progress):
                self._note(packet)
                if time.monotonic() > self._ends_at:
                    self._stop()
                    raise _too_slow()
                continue
            yield packet
        self._ended()
        if self._cancelled:
            raise QueryCancelled("The query was stopped inside ClickHouse.")

    def _note(self, more: Progress) -> None:
        rows, size, total = self._read.rows + more.rows, self._read.bytes + more.bytes, self._wire.total_rows
        self._read = Progress(rows, size, min(100.0, 100 * rows / total) if total else None)

    def _ended(self) -> None:
        with self._cancel_lock:
            self._running = False

    def _stop(self) -> None:
        """The caller wants no more rows: stops the work, and reads past what was on its way."""
        if self._running and not self._wire.lost:
            self._drain()
        self._ended()

    def _drain(self) -> None:
        give_up = time.monotonic() + _SHORT_SECONDS
        self._wire.wait_at_most(_SHORT_SECONDS)
        self._wire.cancel()
        with contextlib.suppress(ServerError, ConnectionLost, NotClickHouse):
            while self._wire.next_packet() is not None:
                if time.monotonic() > give_up:
                    self._wire.close()
                    return

    # -- Failures -------------------------------------------------------------------------

    def _make_usable(self) -> None:
        if self._out_of_step:
            self._wire.close()
            self._wire = self._connect()
            self._out_of_step = False
        if not self.reset():
            raise SourceUnavailable(f"The connection to {self._source} was lost.", retry_after=1)

    def _failure(self, error: ServerError) -> AppError:
        if self._cancelled:
            return QueryCancelled("The query was stopped inside ClickHouse.")
        return query_failure(error, self._source)

    def _gone(self, error: ConnectionLost | NotClickHouse) -> AppError:
        running, self._running = self._running, False
        self._wire.close()
        if isinstance(error, NotClickHouse):
            return SourceUnavailable(f"{self._source} sent what is not ClickHouse's protocol.")
        if error.silence and running:
            return QueryTimeout(f"{self._source} did not answer before the query's deadline.")
        return SourceUnavailable(f"The connection to {self._source} was lost.", retry_after=5)


def _written(block: Block, rows: int) -> Iterator[JsonRows]:
    cells = zip(*block.columns, strict=True)
    for begin in range(0, rows, _PIECE_ROWS):
        count = min(_PIECE_ROWS, rows - begin)
        yield JsonRows(_json.encode_lines(islice(cells, count)), count)


def _too_slow() -> QueryTimeout:
    return QueryTimeout("The query took longer than it may, and was stopped inside ClickHouse.")
