"""One open ClickHouse connection, and which way the rows of a query come.

Opening it stays in kind, a query by itself in native_query and http_query,
catalogues in schema.

A query leaves nothing behind in the connection when it ends, for what would be left (SET, temporary tables)
needs statements of its own, and those are not queries. Only a query that fails before its first block may
leave an old server out of step with us, for what we send behind it was not read: the connection is made
anew before the next one, as the driver's own client does.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

from server.connectors.base import Limits, ParamValue, Progress
from server.connectors.clickhouse import account as clickhouse_account
from server.connectors.clickhouse import schema as clickhouse_schema
from server.connectors.clickhouse import settings as clickhouse_settings
from server.connectors.clickhouse.errors import ServerError, query_failure
from server.connectors.clickhouse.http import HttpLost, HttpRows
from server.connectors.clickhouse.http_query import HttpQuery
from server.connectors.clickhouse.json import written_by_the_server
from server.connectors.clickhouse.login import Login
from server.connectors.clickhouse.native_query import NativeQuery, drain, lost, query_id
from server.connectors.clickhouse.params import filled
from server.connectors.clickhouse.settings import Account
from server.connectors.clickhouse.types import column
from server.connectors.clickhouse.wire import Block, ConnectionLost, NotClickHouse, Wire
from shared.errors import AppError, QueryFailed, SourceUnavailable
from shared.guard import ReadOnlySql
from shared.results import Column, JsonRows, Result
from shared.wire import Schema

_SHORT_SECONDS = 4.0
_CATALOGUE_SECONDS = 60.0

_HTTP_ABOVE_ROWS = 10_000
"""A result that may be longer comes over HTTP. For a shorter one the native protocol is quicker: it is one
exchange, and HTTP needs the types first."""


_WITH_BOOLEANS, _WITH_DAY_ZERO = (21, 12), (20, 12)
"""Versions. Older ones have no TRUE; and write the first day of 1970 as 0000-00-00."""


class ClickHouseConnector:
    """See server.connectors.base.SqlConnector, Progressing and Abortable."""

    dialect = "clickhouse"

    def __init__(self, wire: Wire, login: Login, connect: Callable[[], Wire], connect_timeout: float) -> None:
        self.http_above_rows = _HTTP_ABOVE_ROWS
        self._wire = wire
        self._login = login
        self._source = login.source
        self._connect = connect
        self._connect_timeout = connect_timeout
        self._out_of_step = False
        self._http_answers = login.http_port > 0
        self._known: Account | None = None
        self._running: NativeQuery | HttpQuery | None = None
        self._cancel_lock = threading.Lock()  # so that no cancel meets the query after the one it means
        self._aside_lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<ClickHouseConnector {self._source}>"

    def ping(self) -> None:
        self._make_usable()
        self._wire.wait_at_most(_SHORT_SECONDS)
        try:
            self._wire.ping()
        except (ConnectionLost, NotClickHouse) as error:
            raise lost(error, self._source) from error

    def schema(self) -> Schema:
        return clickhouse_schema.read(self.rows, self._login.database)

    def warnings(self) -> list[str]:
        found = clickhouse_account.warnings(self.rows, self._account(), self._login.user)
        if self._login.http_port and not self._http_reads():
            found.append(
                f"The HTTP port {self._login.http_port} does not answer, so large results come slower."
                " Mend it: open the port to the backend, or leave http_port out."
            )
        return found

    def rows(self, sql: str, seconds: float = _CATALOGUE_SECONDS) -> list[dict[str, Any]]:
        """A query of our own to the catalogues, read whole. Raises AppError."""
        self._make_usable()
        self._wire.wait_at_most(seconds)
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
            raise lost(error, self._source) from error
        return found

    def reset(self) -> bool:
        if self._wire.waiting and not self._wire.lost:
            drain(self._wire)
        return self._out_of_step or not self._wire.lost

    def abort(self) -> None:
        self._wire.abort()
        running = self._running
        if isinstance(running, HttpQuery):
            running.abort()

    def close(self) -> None:
        self._wire.close()

    def cancel(self) -> None:
        with self._cancel_lock:
            if self._running is not None:
                self._running.cancel()

    def progress(self) -> Progress | None:
        running = self._running
        return None if running is None else running.progress

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        self._make_usable()
        native = NativeQuery(self._wire, limits, source=self._source)
        self._run(native)
        try:
            text = filled(sql, params, has_booleans=self._wire.version >= _WITH_BOOLEANS)
            account = self._account()
            if self._http_answers and limits.max_rows > self.http_above_rows:
                result = self._over_http(text, limits, native)
                if result is not None:
                    return result
                native = self._native_again(native, limits)
            head = native.start(text, account.for_query(limits))
            columns = _columns(head, native)
        except AppError:
            self._out_of_step = self._out_of_step or native.out_of_step
            self._run(None)
            raise
        return self._result(columns, native.batches(head, limits.max_rows), native)

    # -- The parts of a query -------------------------------------------------------------

    def _over_http(self, text: str, limits: Limits, native: NativeQuery) -> Result | None:
        """None when ClickHouse cannot write this result as we want it, or its HTTP port does not answer, or
        the query has a mistake: the native protocol tells it."""
        account = self._account()
        try:
            described = native.described(text, account.for_query(limits))
        except QueryFailed:
            return None
        sql = written_by_the_server(
            text,
            described,
            max_rows=limits.max_rows,
            quotes_integers=account.integers_are_quoted,
            zone_of_old_server="" if self._wire.version >= _WITH_DAY_ZERO else self._wire.zone,
        )
        http = None if sql is None else self._open_http()
        if sql is None or http is None:
            return None
        query = HttpQuery(
            http, self._aside, query_id(limits.label), source=self._source, ends_at=native.ends_at
        )
        if not self._run(query, instead_of=native):
            http.close()
            return None
        query.start(sql, account.for_json(limits))
        batches = query.batches(limits.max_rows)
        first = next(batches, None)

        def all_of_them() -> Iterator[JsonRows]:
            if first is not None:
                yield first
                yield from batches

        columns = [column(name, kind) for name, kind in described]
        return self._result([known for known in columns if known], all_of_them(), query)

    def _native_again(self, native: NativeQuery, limits: Limits) -> NativeQuery:
        """After a description that failed, the connection may have to be made anew."""
        if not native.out_of_step:
            return native
        self._out_of_step = True
        self._make_usable()
        again = NativeQuery(self._wire, limits, source=self._source)
        self._run(again, instead_of=native)
        return again

    def _result(
        self, columns: list[Column], batches: Iterator[JsonRows], query: NativeQuery | HttpQuery
    ) -> Result:
        def stop() -> None:
            query.stop()
            self._run(None)

        def delivered() -> Iterator[JsonRows]:
            try:
                yield from batches
                result.truncated = query.truncated
            finally:
                self._run(None, instead_of=query)

        result = Result(columns, delivered(), close=stop)
        return result

    def _run(
        self, query: NativeQuery | HttpQuery | None, instead_of: NativeQuery | HttpQuery | None = None
    ) -> bool:
        """What a cancel stops from now on. One that came before, to what it comes instead of, counts."""
        with self._cancel_lock:
            if instead_of is not None and self._running is not instead_of:
                return False
            if query is not None and instead_of is not None and instead_of.cancelled:
                query.cancelled = True
            self._running = query
            return True

    def _account(self) -> Account:
        if self._known is None:
            names = ", ".join(f"'{name}'" for name in clickhouse_settings.NAMES)
            rows = self.rows(f"SELECT * FROM system.settings WHERE name IN ({names})")  # noqa: S608
            known = clickhouse_settings.account(rows)
            self._known = known if rows else None  # a cancel may have met this one
            return known
        return self._known

    def _open_http(self) -> HttpRows | None:
        try:
            return HttpRows(self._login, self._connect_timeout)
        except HttpLost:
            self._http_answers = False
            return None

    def _http_reads(self) -> bool:
        http = self._open_http()
        if http is not None:
            http.close()
        return http is not None

    def _aside(self, sql: str) -> list[dict[str, Any]]:
        """On the native connection, while the rows of a query come over HTTP."""
        with self._aside_lock:
            try:
                return self.rows(sql, _SHORT_SECONDS)
            except AppError:
                return []

    def _make_usable(self) -> None:
        if self._out_of_step:
            self._wire.close()
            self._wire = self._connect()
            self._out_of_step = False
        if not self.reset():
            raise SourceUnavailable(f"The connection to {self._source} was lost.", retry_after=1)


def _columns(head: Block, query: NativeQuery) -> list[Column]:
    columns: list[Column] = []
    for name, kind in zip(head.names, head.types, strict=True):
        known = column(name, kind)
        if known is None:
            query.stop()
            raise QueryFailed(
                f"The column {name!r} has the type {kind[:80]}, which cannot be read as it is.",
                details="Make a text of it (toJSONString, toString); finish an aggregate (sumMerge …).",
            )
        columns.append(known)
    return columns
