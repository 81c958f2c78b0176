"""One open SQL Server connection: queries, cancelling, and what must be undone after them.

Opening it stays in kind, types in types, the catalogue in schema.

Everything happens in a transaction that is never committed: whatever a query did in spite of the guard is
rolled back when the connection goes back. ApplicationIntent=ReadOnly only routes to a replica, and protects
nothing.
"""

import contextlib
import math
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from server.connectors.base import Limits, ParamValue
from server.connectors.sqlserver import account as sqlserver_account
from server.connectors.sqlserver import errors as sqlserver_errors
from server.connectors.sqlserver import schema as sqlserver_schema
from server.connectors.sqlserver import socket as sqlserver_socket
from server.connectors.sqlserver import types as sqlserver_types
from server.connectors.sqlserver.types import Plan
from shared import guard
from shared.errors import AppError, QueryCancelled, QueryFailed, QueryTimeout, SourceUnavailable
from shared.guard import ReadOnlySql
from shared.results import JsonRows, Result
from shared.wire import Schema

LARGEST_VALUE_BYTES = 16_000_000
"""Of a (max) value. The server cuts one byte after it, which shows that there was more."""

_SHORT_SECONDS = 4.0
_CATALOGUE_SECONDS = 60.0
_MOST_ROWS_AT_ONCE = 2000
_BYTES_AT_ONCE = 4_000_000

_SESSION = f"""
SET NOCOUNT ON; SET LANGUAGE us_english; SET DATEFORMAT ymd; SET DATEFIRST 7; SET XACT_ABORT ON;
SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET ANSI_WARNINGS ON; SET ANSI_PADDING ON; SET ARITHABORT ON;
SET CONCAT_NULL_YIELDS_NULL ON; SET DEADLOCK_PRIORITY LOW; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET TEXTSIZE {LARGEST_VALUE_BYTES + 1}
"""

_json = msgspec.json.Encoder(decimal_format="number")


class SqlServerConnector:
    """See server.connectors.base.SqlConnector. ``source`` is what error sentences call it."""

    dialect = "tsql"

    def __init__(self, driver: Any, *, source: str) -> None:
        self._driver = driver
        self._source = source
        self._ends_at = 0.0
        self._cancelled = False
        self._running: Any = None
        self._lost = False
        self._line: socket.socket | None = None
        """A second handle of the driver's socket, where it was found."""
        self._cancel_lock = threading.Lock()  # so that no cancel meets the query after the one it means
        driver.add_output_converter(sqlserver_types.DATETIMEOFFSET, sqlserver_types.moment)

    def __repr__(self) -> str:
        return f"<SqlServerConnector {self._source}>"

    def prepare(self, seconds: float, port: int) -> None:
        """Once, when it is new: words and formats that do not depend on the login."""
        batch = " ".join(_SESSION.split())
        self._line = sqlserver_socket.found_by_sending(
            batch, port, lambda text: self.rows(text, seconds=seconds)
        )

    def ping(self) -> None:
        try:
            self.rows("SELECT 1 AS one", seconds=_SHORT_SECONDS)
        except QueryTimeout as error:
            raise SourceUnavailable(f"{self._source} did not answer in time.", retry_after=10) from error

    def schema(self) -> Schema:
        return sqlserver_schema.read(self.rows)

    def warnings(self) -> list[str]:
        return sqlserver_account.warnings(self.rows)

    def rows(self, sql: str, *, seconds: float = _CATALOGUE_SECONDS) -> list[Sequence[Any]]:
        """A batch of our own, its rows read whole."""
        self._demand_life()
        self._ends_at = time.monotonic() + seconds
        self._allow_what_is_left()
        with self._told(), contextlib.closing(self._driver.cursor()) as cursor:
            cursor.execute(sql)
            rows: list[Sequence[Any]] = (
                [tuple(row) for row in cursor.fetchall()] if cursor.description else []
            )
            self._driver.rollback()  # an idle connection holds no transaction
            return rows

    def reset(self) -> bool:
        if not self._lost:
            self._driver.timeout = math.ceil(_SHORT_SECONDS)
            try:
                self._driver.rollback()
            except Exception:  # noqa: BLE001 - whatever the driver says, the connection is not used again
                self._lost = True
        return not self._lost

    def close(self) -> None:
        self._lost = True
        with contextlib.suppress(Exception):
            self._driver.close()
        if self._line is not None:
            self._line.close()

    def abort(self) -> None:
        """Where the socket is not known, the driver's own time-outs have to do."""
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def cancel(self) -> None:
        with self._cancel_lock:
            if self._running is not None:
                self._cancelled = True
                with contextlib.suppress(Exception):
                    self._running.cancel()

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        self._demand_life()
        guard.check_params(sql, self.dialect, params)
        values: list[ParamValue] = []

        def placed(name: str) -> str:
            values.append(params[name])
            return "?"

        text = guard.fill(sql, self.dialect, placed)
        self._ends_at = time.monotonic() + limits.timeout_seconds
        self._allow_what_is_left()
        cursor = self._driver.cursor()
        with self._cancel_lock:
            self._cancelled, self._running = False, cursor
        try:
            with self._told():
                plan, first = self._started(cursor, text, values, limits.max_rows)
        except BaseException:
            self._ended(cursor)
            raise
        result: Result

        def delivered() -> Iterator[JsonRows]:
            left = limits.max_rows
            fetched = first
            try:
                while fetched:
                    rows = fetched[:left]
                    left -= len(rows)
                    result.truncated = len(fetched) > len(rows)
                    if rows:
                        yield JsonRows(_written(rows, plan), len(rows))
                    if result.truncated:
                        return
                    with self._told():
                        fetched = self._fetched(cursor, plan, left)
            finally:
                self._ended(cursor)

        result = Result(plan.columns, delivered(), close=lambda: self._ended(cursor))
        return result

    # -- The parts of a query -------------------------------------------------------------

    def _started(
        self, cursor: Any, text: str, values: Sequence[ParamValue], max_rows: int
    ) -> tuple[Plan, list[Sequence[object]]]:
        cursor.execute(text, *values)
        if self._cancelled:
            raise QueryCancelled("The query was stopped inside SQL Server.")
        if not cursor.description:
            raise QueryFailed("This statement returns no columns; only queries can be run here.")
        plan = sqlserver_types.plan(cursor.description)
        rows = self._fetched(cursor, plan, max_rows)
        return sqlserver_types.with_moments(plan, rows), rows

    def _fetched(self, cursor: Any, plan: Plan, left: int) -> list[Sequence[object]]:
        """One more than wanted tells whether there are more."""
        self._allow_what_is_left()
        count = max(2, min(_MOST_ROWS_AT_ONCE, _BYTES_AT_ONCE // plan.row_bytes, left + 1))
        for kind in plan.fine:
            self._driver.add_output_converter(kind, sqlserver_types.CONVERTERS[kind])
        try:
            rows: list[Sequence[object]] = [tuple(row) for row in cursor.fetchmany(count)]
        finally:
            for kind in plan.fine:
                self._driver.remove_output_converter(kind)
        if self._cancelled:
            raise QueryCancelled("The query was stopped inside SQL Server.")
        return rows

    def _ended(self, cursor: Any) -> None:
        """Closing tells the server to stop sending what was not read."""
        with self._cancel_lock:
            if self._running is not cursor:
                return
            self._running = None
        with contextlib.suppress(Exception):
            self._driver.timeout = math.ceil(_SHORT_SECONDS)
            cursor.cancel()
        with contextlib.suppress(Exception):
            cursor.close()

    # -- Deadlines and failures -----------------------------------------------------------

    def _allow_what_is_left(self) -> None:
        """ODBC counts whole seconds, and a cursor keeps what was set when it was made."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise QueryTimeout("The query took longer than it may.")
        self._driver.timeout = math.ceil(left)

    def _demand_life(self) -> None:
        if self._lost:
            raise SourceUnavailable(f"The connection to {self._source} was lost.", retry_after=1)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """The driver's exceptions in our words."""
        import pyodbc

        try:
            yield
        except pyodbc.Error as error:
            raise self._failure(sqlserver_errors.said(error)) from error
        except UnicodeDecodeError as error:
            raise QueryFailed("A text in the result is not valid Unicode.") from error

    def _failure(self, what: sqlserver_errors.Said) -> AppError:
        self._lost = self._lost or what.lost
        if self._cancelled:
            return QueryCancelled("The query was stopped inside SQL Server.")
        late = time.monotonic() > self._ends_at - 0.1
        if what.timed_out or (late and (what.lost or what.cancelled)):
            return QueryTimeout("The query took longer than it may, and was stopped inside SQL Server.")
        if what.cancelled:
            return QueryCancelled("The query was stopped inside SQL Server.")
        return sqlserver_errors.query_failure(what, self._source)


def _written(rows: Sequence[Sequence[object]], plan: Plan) -> bytes:
    for at in plan.unbounded:
        for row in rows:
            _demand_short(plan.columns[at].name, row[at])
    if plan.writes:
        changed = [list(row) for row in rows]
        for at, write in plan.writes:
            for row in changed:
                if row[at] is not None:
                    row[at] = write(row[at])
        rows = changed
    return _json.encode_lines(rows)


def _demand_short(name: str, value: object) -> None:
    if not isinstance(value, str | bytes | bytearray) or len(value) * 2 <= LARGEST_VALUE_BYTES:
        return
    size = len(value.encode("utf-16-le", "replace")) if isinstance(value, str) else len(value)
    if size >= LARGEST_VALUE_BYTES:
        raise QueryFailed(
            f"A value of the column {name!r} is longer than {LARGEST_VALUE_BYTES // 10**6} MB.",
            details="Ask for a part of it, with SUBSTRING.",
        )
