"""One open Oracle connection: queries, cancelling, and what must be undone after them.

Opening it stays in kind, types in types, the dictionary in schema.

Each query has a read-only transaction of its own, which is rolled back when the connection goes back. That is
one of the locks only: an autonomous transaction in a function escapes it, so the guard lets no function
through that is not Oracle's own.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from server.connectors.base import Limits, ParamValue
from server.connectors.oracle import account as oracle_account
from server.connectors.oracle import errors as oracle_errors
from server.connectors.oracle import rows as oracle_rows
from server.connectors.oracle import schema as oracle_schema
from server.connectors.oracle import types as oracle_types
from server.connectors.oracle.socket import Line
from server.connectors.oracle.types import Plan
from shared import guard
from shared.errors import AppError, QueryCancelled, QueryFailed, QueryTimeout, SourceUnavailable
from shared.guard import ReadOnlySql
from shared.results import Batch, Column, Result
from shared.wire import Schema

_SHORT_SECONDS = 4.0
_CATALOGUE_SECONDS = 60.0
_LEAST_SECONDS = 0.5
"""Of a round trip: the driver waits as long again for the answer to its break, and then gives up."""

_LONGEST_ACTION = 32
"""Bytes that every version keeps of V$SESSION.ACTION."""

_PLANS_REMEMBERED = 200

_SESSION = """
ALTER SESSION SET NLS_LANGUAGE = 'AMERICAN' NLS_TERRITORY = 'AMERICA' NLS_NUMERIC_CHARACTERS = '.,'
NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS' NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF'
NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM'
"""
_READ_ONLY_SINCE = 23
"""The version whose sessions can be read-only as such."""


class OracleConnector:
    """See server.connectors.base.SqlConnector and Abortable. ``source`` is what error sentences call it."""

    dialect = "oracle"

    def __init__(self, driver: Any, line: Line, *, source: str) -> None:
        self._driver = driver
        self._line = line
        self._source = source
        self._plans: dict[str, Plan] = {}
        self._ends_at = 0.0
        self._cancelled = False
        self._running = False
        self._stopped = threading.Event()
        self._lost = False
        self._in_transaction = False
        self._action = ""
        self._cursor: Any = None
        self._cancel_lock = threading.Lock()  # so that no cancel meets the query after the one it means

    def __repr__(self) -> str:
        return f"<OracleConnector {self._source}>"

    def prepare(self, seconds: float) -> None:
        """Once, when it is new: formats and words that do not depend on where it was opened."""
        self._allow(seconds)
        self.rows(" ".join(_SESSION.split()), seconds=seconds)
        if int(str(self._driver.version).split(".")[0]) >= _READ_ONLY_SINCE:
            with contextlib.suppress(QueryFailed):  # needs no privilege; not all of them know it
                self.rows("ALTER SESSION SET READ_ONLY = TRUE", seconds=seconds)

    def ping(self) -> None:
        self._demand_life()
        self._ends_at = time.monotonic() + _SHORT_SECONDS
        self._allow(_SHORT_SECONDS)
        try:
            with self._told(""):
                self._driver.ping()
        except QueryTimeout as error:
            raise SourceUnavailable(f"{self._source} did not answer in time.", retry_after=10) from error

    def schema(self) -> Schema:
        return oracle_schema.read(self.rows)

    def warnings(self) -> list[str]:
        return oracle_account.warnings(self.rows)

    def rows(self, sql: str, *values: str, seconds: float = _CATALOGUE_SECONDS) -> list[Sequence[Any]]:
        """A statement of our own, its rows read whole."""
        self._demand_life()
        self._ends_at = time.monotonic() + seconds
        self._allow(seconds)
        with self._told(""), contextlib.closing(self._driver.cursor()) as cursor:
            cursor.arraysize = cursor.prefetchrows = oracle_rows.MOST_ROWS_AT_ONCE
            cursor.execute(sql, list(values), fetch_lobs=False)
            return list(cursor.fetchall()) if cursor.description else []

    def reset(self) -> bool:
        if not self._lost:
            self._close_cursor()
            self._name("")
            self._allow(_SHORT_SECONDS)
            try:
                self._end_transaction()
            except Exception:  # noqa: BLE001 - whatever the driver says, the connection is not used again
                self._lost = True
        return not self._lost and bool(self._driver.is_healthy())

    def abort(self) -> None:
        self._line.cut()

    def close(self) -> None:
        if not self._lost:
            with contextlib.suppress(Exception):
                self._allow(1.0)
                self._driver.close()
        self._lost = True
        self._line.cut()

    def cancel(self) -> None:
        """Breaks into the call. A server that does not even answer the break loses the connection."""
        with self._cancel_lock:
            if not self._running or self._cancelled:
                return
            self._cancelled = True
            with contextlib.suppress(Exception):
                self._driver.cancel()
        if not self._stopped.wait(_SHORT_SECONDS):
            self._line.cut()

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        self._demand_life()
        guard.check_params(sql, self.dialect, params)
        text, values = _bound(sql, params)
        with self._cancel_lock:
            self._ends_at = time.monotonic() + limits.timeout_seconds
            self._cancelled, self._running = False, True
            self._stopped.clear()
        try:
            with self._told(text if not params else ""):
                columns, batches = self._started(text, values, limits)
        except BaseException:
            self._ended()
            raise
        result: Result

        def delivered() -> Iterator[Batch]:
            try:
                with self._told(""):
                    for batch, is_cut in batches:
                        result.truncated = is_cut
                        if batch.count:
                            yield batch
                        if is_cut:
                            return
            finally:
                self._ended()

        result = Result(columns, delivered(), close=self._ended)
        return result

    # -- The parts of a query -------------------------------------------------------------

    def _started(
        self, text: str, values: dict[str, ParamValue], limits: Limits
    ) -> tuple[Sequence[Column], Iterator[tuple[Batch, bool]]]:
        self._allow_what_is_left()
        self._end_transaction()
        self._name(limits.label[:_LONGEST_ACTION])
        cursor = self._cursor = self._driver.cursor()
        cursor.execute("SET TRANSACTION READ ONLY")
        self._in_transaction = True
        plan = self._plans.get(text)
        if plan is None:
            self._allow_what_is_left()
            cursor.parse(text)
            if not cursor.description:
                raise QueryFailed("This statement returns no columns; only queries can be run here.")
            plan = oracle_types.plan(text, cursor.description)
            if len(self._plans) >= _PLANS_REMEMBERED:
                self._plans.pop(next(iter(self._plans)))
            self._plans[text] = plan
        size = oracle_rows.rows_at_once(plan, limits.max_rows)
        self._allow_what_is_left()
        if self._cancelled:
            raise QueryCancelled("The query was stopped before it began.")
        if plan.in_arrow and not values:
            frames = self._driver.fetch_df_batches(plan.sql, size=size, fetch_decimals=True)
            first = next(frames)
            if oracle_rows.is_exact(oracle_rows.record_batch(first), plan.columns):
                self._close_cursor()
                self._cursor = frames
                frames = chain([first], frames)
                return plan.columns, oracle_rows.as_arrow(frames, limits.max_rows, self._allow_what_is_left)
            frames.close()
        cursor.arraysize = cursor.prefetchrows = size
        cursor.execute(plan.sql, values, fetch_decimals=True, fetch_lobs=plan.has_lobs)
        plan = self._as_it_came(cursor, plan, text, values)
        return plan.columns, oracle_rows.as_json(cursor, plan, limits.max_rows, self._allow_what_is_left)

    def _as_it_came(self, cursor: Any, plan: Plan, text: str, values: dict[str, ParamValue]) -> Plan:
        """A parameter has no type before it has a value, and a table may have changed meanwhile."""
        if plan.sql != text:
            return plan
        came = oracle_types.plan(text, cursor.description)
        if came == plan:
            return plan
        self._plans[text] = came
        if came.sql != text or came.has_lobs != plan.has_lobs:
            cursor.execute(came.sql, values, fetch_decimals=True, fetch_lobs=came.has_lobs)
        return came

    def _name(self, action: str) -> None:
        """What V$SESSION says of us from the next round trip on, which takes it along. The client identifier,
        which is as near, may decide what rows a policy shows: no caller may choose it."""
        if action != self._action:
            self._action = action
            self._driver.action = action or None  # an empty one is no message that a server understands

    def _end_transaction(self) -> None:
        """Raises the driver's errors."""
        if self._in_transaction:
            self._driver.rollback()
            self._in_transaction = False

    def _ended(self) -> None:
        with self._cancel_lock:
            self._running = False
            self._stopped.set()
        self._close_cursor()

    def _close_cursor(self) -> None:
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            with contextlib.suppress(Exception):
                cursor.close()

    # -- Deadlines and failures -----------------------------------------------------------

    def _allow(self, seconds: float) -> None:
        self._driver.call_timeout = int(max(seconds, _LEAST_SECONDS) * 1000)

    def _allow_what_is_left(self) -> None:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise QueryTimeout("The query took longer than it may.")
        self._allow(left)

    def _demand_life(self) -> None:
        if self._lost:
            raise SourceUnavailable(f"The connection to {self._source} was lost.", retry_after=1)

    @contextlib.contextmanager
    def _told(self, sql: str) -> Iterator[None]:
        """The driver's exceptions in our words; ``sql`` where positions in it mean something."""
        import oracledb

        try:
            yield
        except (oracledb.Error, OSError) as error:
            raise self._failure(oracle_errors.said(error), sql) from error
        except UnicodeDecodeError as error:
            raise QueryFailed("A text in the result is not in the character set of its column.") from error

    def _failure(self, what: oracle_errors.Said, sql: str) -> AppError:
        gone = oracle_errors.is_gone(what) or not what.code or not self._driver.is_healthy()
        self._lost = self._lost or gone
        if self._cancelled and (gone or what.code in (oracle_errors.CANCELLED, oracle_errors.CALL_TIMEOUT)):
            return QueryCancelled("The query was stopped inside Oracle.")
        late = time.monotonic() > self._ends_at - 0.1
        if what.code == oracle_errors.CALL_TIMEOUT or (
            late and (gone or what.code == oracle_errors.CANCELLED)
        ):
            return QueryTimeout("The query took longer than it may, and was stopped inside Oracle.")
        if what.code == oracle_errors.CANCELLED:
            return QueryCancelled("The query was stopped inside Oracle.")
        if gone:
            return SourceUnavailable(f"The connection to {self._source} was lost.", retry_after=5)
        return oracle_errors.query_failure(what, sql, self._source)


def _bound(sql: ReadOnlySql, params: Mapping[str, ParamValue]) -> tuple[str, dict[str, ParamValue]]:
    """Each occurrence gets a name of our own, since Oracle refuses its own words (``:date``) as names."""
    if not params:
        return sql, {}
    values: dict[str, ParamValue] = {}

    def named(name: str) -> str:
        value = params[name]
        values[f"p{len(values) + 1}"] = int(value) if isinstance(value, bool) else value
        return f":p{len(values)}"

    return guard.fill(sql, OracleConnector.dialect, named), values
