"""One open PostgreSQL connection: queries, cancelling, and what must be undone after them.

Opening it stays in kind, bytes in rows, catalogues in schema.

A query is two exchanges. First ``BEGIN READ ONLY`` with the time-out, and the caller's SQL parsed
and described alone: by construction of the protocol that is one statement, and a text that tries
to break out of what we wrap around it has failed here. Then the wrapped SQL is run, and the
messages that end the transaction and discard the session's state are sent along behind it, so
that the connection is clean again when the last row has been read, without waiting for anybody.

SQL that was described before on this connection takes one exchange: all of it is sent at once, still
with its description, and what comes counts only if it is described as it was then. When it gave few
rows, the next time is a quick one, from the event loop (see quick).
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from server.connectors.base import Limits, ParamValue
from server.connectors.postgres import account as postgres_account
from server.connectors.postgres import protocol as postgres_protocol
from server.connectors.postgres import schema as postgres_schema
from server.connectors.postgres.cancel import CancelTicket
from server.connectors.postgres.clean_up import SHORT_SECONDS, CleanUp
from server.connectors.postgres.described import (
    ALSO_FORGET,
    CLEAN_UP,
    CLEAN_UP_READIES,
    Known,
    Memory,
    begin,
    describe,
)
from server.connectors.postgres.errors import query_failure, untyped_placeholder
from server.connectors.postgres.params import Statement, bound
from server.connectors.postgres.protocol import (
    EXECUTE,
    SYNC,
    ConnectionLost,
    Described,
    ServerError,
    Wire,
    bind,
    parse,
)
from server.connectors.postgres.quick import Ended, Frame, QuickWay
from server.connectors.postgres.rows import RowReader
from server.connectors.postgres.running import Running
from server.connectors.postgres.types import BY_OID, plan
from shared.errors import AppError, QueryCancelled, QueryFailed, SourceUnavailable
from shared.guard import ReadOnlySql
from shared.results import JsonRows, Result
from shared.wire import Schema

_CATALOGUE_SECONDS = 60.0


class PostgresConnector:
    """See server.connectors.base.SqlConnector. ``source`` is what error sentences call it, ``shown`` what
    its sessions say of reading only by default."""

    dialect = "postgres"

    def __init__(
        self, wire: Wire, ticket: CancelTicket, *, source: str, text_is_utf8: bool, shown: str
    ) -> None:
        self._wire = wire
        self._text_is_utf8 = text_is_utf8
        self._is_array: dict[int, bool] = {}
        self._memory = Memory()
        self._running = Running(wire, ticket, source)
        self._frame = Frame(shown.encode())
        self._clean_up = CleanUp(wire, self._running, self._frame)
        self._quick = QuickWay(wire, self._running, self._memory, self._stop, self._frame)
        self.abort = wire.abort

    def __repr__(self) -> str:
        return f"<PostgresConnector {self._running.source}>"

    def ping(self) -> None:
        self.rows("SELECT 1")

    def schema(self) -> Schema:
        return postgres_schema.read(self.rows)

    def warnings(self) -> list[str]:
        return postgres_account.warnings(self.rows)

    def rows(self, sql: str, *values: str) -> list[list[str | None]]:
        """A query of our own to the catalogues, read whole."""
        self._make_usable()
        self._wire.wait_at_most(_CATALOGUE_SECONDS)
        try:
            return self._rows(sql, *values)
        except ServerError as error:
            raise query_failure(error, None, self._running.source) from error
        except ConnectionLost as error:
            raise self._running.gone(error) from error

    def reset(self) -> bool:
        """Almost always free of waiting: the clean-up travelled behind the query."""
        self._running.end()
        if self._quick.is_dirty:
            self._quick.is_dirty = False
            with contextlib.suppress(ConnectionLost):
                self._wire.wait_at_most(SHORT_SECONDS)
                self._wire.send(ALSO_FORGET + CLEAN_UP, readies=1 + CLEAN_UP_READIES)
        if not self._wire.readies or self._wire.lost:
            return not self._wire.lost
        self._wire.lost = not self._clean_up.is_done()
        return not self._wire.lost

    def close(self) -> None:
        self._wire.close()

    def cancel(self) -> None:
        self._running.cancel()

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        self._make_usable()
        statement = bound(sql, params)
        self._running.begin(limits.timeout_seconds)
        try:
            known = self._started_at_once(statement, limits) or self._started(statement, limits)
            known.rows = None
        except ServerError as error:
            self._end_without_rows()
            raise self._running.failure(error, statement) from error
        except ConnectionLost as error:
            raise self._running.gone(error) from error
        except AppError:
            self._end_without_rows()
            raise
        reader = known.reader(limits, text_is_utf8=self._text_is_utf8)
        batches = self._batches(reader)
        first = next(batches, None)

        def delivered() -> Iterator[JsonRows]:
            if first is not None:
                yield first
                yield from batches
            result.truncated, known.rows = reader.truncated, reader.count

        result = Result(known.plan.columns, delivered(), close=self._stop)
        return result

    # -- From the event loop --------------------------------------------------------------

    def quickly(
        self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits, ended: Ended
    ) -> bool:
        statement = bound(sql, params)
        known = self._memory.find(statement)
        return known is not None and self._quick.ask(known, statement, limits, ended)

    def stop_listening(self) -> None:
        self._quick.stop_listening()

    # -- The parts of a query -------------------------------------------------------------

    def _started_at_once(self, statement: Statement, limits: Limits) -> Known | None:
        """None when the SQL was not described before, or means something else by now."""
        known = self._memory.take(statement)
        if known is None:
            return None
        request = begin(limits) + describe(known.statement) + known.request(statement, limits)
        self._wire.send(request + CLEAN_UP, readies=3 + CLEAN_UP_READIES)
        try:
            self._wire.exchange()
            described = self._description()
        except ServerError:
            self._read_to_clean_up()
            raise
        if described != (known.inferred, known.described):
            self._drain()
            self._make_usable()
            if self._running.is_cancelled:
                raise QueryCancelled("The query was stopped before it began.")
            self._running.begin(limits.timeout_seconds)  # again, for resetting ended it
            return None
        self._memory.put(known)
        return known

    def _started(self, statement: Statement, limits: Limits) -> Known:
        self._running.wait(limits.timeout_seconds)
        known = self._described(statement, limits)
        if self._running.is_cancelled:
            raise QueryCancelled("The query was stopped before it began.")
        self._wire.send(known.request(statement, limits) + CLEAN_UP, readies=1 + CLEAN_UP_READIES)
        self._memory.put(known)
        return known

    def _described(self, statement: Statement, limits: Limits) -> Known:
        """Begins the transaction. A placeholder whose type the server cannot infer gets its natural one."""
        beginning = begin(limits)
        while True:
            self._wire.send(beginning + describe(statement), readies=2)
            self._wire.exchange()
            try:
                inferred, columns = self._description()
                break
            except ServerError as error:
                typed = statement.with_natural_type(untyped_placeholder(error))
                if typed is None:
                    raise
                statement, beginning = typed, begin(limits, "ROLLBACK; ")
        if not columns:
            raise QueryFailed("This statement returns no columns; only queries can be run here.")
        return Known(statement, inferred, columns, plan(columns, self._arrays(columns)))

    def _description(self) -> tuple[list[int], list[Described]]:
        """The types of the placeholders, and the columns; none for what is not a query."""
        codes = postgres_protocol.PARAMETERS, postgres_protocol.ROW_DESCRIPTION
        types, *rows = self._wire.exchange(*codes)
        columns = postgres_protocol.row_description(rows[0]) if rows else []
        return postgres_protocol.parameter_types(types), columns

    def _arrays(self, columns: Sequence[Described]) -> frozenset[int]:
        strange = {column.oid for column in columns if column.oid not in BY_OID}
        unknown = strange - self._is_array.keys()
        if unknown:
            oids = "{" + ",".join(map(str, unknown)) + "}"
            sql = "SELECT oid FROM pg_catalog.pg_type WHERE typcategory = 'A' AND oid = ANY ($1)"
            arrays = {int(row[0] or 0) for row in self._rows(sql, oids)}
            self._is_array.update({oid: oid in arrays for oid in unknown})
        return frozenset(oid for oid in strange if self._is_array[oid])

    def _batches(self, reader: RowReader) -> Iterator[JsonRows]:
        """The rows; a failure is raised when the server is ready again."""
        wire = self._wire
        failure: ServerError | None = None
        try:
            while (code := wire.peek()) != postgres_protocol.READY:
                if code != reader.code:
                    _, payload = wire.read()
                    if code == postgres_protocol.ERROR:
                        failure = postgres_protocol.error_response(payload)
                    continue
                batch = reader.take(wire.pending)
                if batch is not None:
                    yield batch
                self._running.refuse_too_large()
                if not wire.pending or wire.pending[0] == reader.code:
                    wire.fill()
            wire.read()
        except ConnectionLost as error:
            raise self._running.gone(error, failure) from error
        self._running.end()
        if failure is not None:
            raise self._running.failure(failure, None) from failure

    def _end_without_rows(self) -> None:
        self._running.end()
        if not self._wire.lost and not self._wire.readies:
            with contextlib.suppress(ConnectionLost):
                self._wire.send(CLEAN_UP, readies=CLEAN_UP_READIES)

    def _stop(self) -> None:
        """The caller wants no more rows: stops the work, and reads past what was on its way."""
        if not self._running or self._wire.lost:
            return
        self._drain()
        self._running.end()

    def _drain(self) -> None:
        """Stops what runs, and reads what was on its way."""
        self._wire.wait_at_most(SHORT_SECONDS)
        self._running.stop()
        self._read_to_clean_up()

    def _read_to_clean_up(self) -> None:
        with contextlib.suppress(ConnectionLost):
            while self._wire.readies > CLEAN_UP_READIES:
                with contextlib.suppress(ServerError):
                    self._wire.exchange()

    def _rows(self, sql: str, *values: str) -> list[list[str | None]]:
        self._wire.send(parse(sql) + bind(values) + EXECUTE + SYNC, readies=1)
        return [
            [None if cell is None else cell.decode(errors="replace") for cell in cells]
            for cells in map(postgres_protocol.data_row, self._wire.exchange(postgres_protocol.DATA_ROW))
        ]

    def _make_usable(self) -> None:
        if not self.reset():
            raise SourceUnavailable(f"The connection to {self._running.source} was lost.", retry_after=1)
