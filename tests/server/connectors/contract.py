"""What every SQL connector owes the rest of the backend. Subclass it, and give it a connector and its SQL.

``TestMine(SqlConnectorContract)`` with a fixture ``connector`` is all that is needed; the attributes below
hold what differs between dialects.
"""

import json
import math
import threading
import time
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from server.connectors.base import Limits, SqlConnector
from shared import guard
from shared.arrow_json import json_lines
from shared.errors import InvalidRequest, QueryCancelled, QueryFailed, QueryTimeout
from shared.results import Batch, ColumnType, JsonRows, Result, Rows
from shared.wire import Schema


def rows_of(result: Result) -> list[list[Any]]:
    """Every row as JSON says it, decimals exact; whatever kind of batch it came in."""
    rows: list[list[Any]] = []
    for batch in result.batches():
        if not isinstance(batch, Rows):
            data = batch.data if isinstance(batch, JsonRows) else json_lines(batch.data, result.columns)
            lines = data.decode().split("\n")
            assert lines.pop() == ""
            assert len(lines) == batch.count
            rows += [json.loads(line, parse_float=Decimal, parse_constant=_no_constant) for line in lines]
        else:
            rows += [[_as_json(value) for value in row] for row in batch.rows]
    return rows


def _size(batch: Batch) -> int:
    return len(batch.data) if isinstance(batch, JsonRows) else batch.count


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def _as_json(value: object) -> object:
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, datetime) else value


class SqlConnectorContract:
    """The tests. ``connector`` is open; it is closed by the fixture of the subclass."""

    series: ClassVar[str] = "generate_series(1, {n}) AS s(i)"
    """A FROM item with a column ``i`` from 1 to ``n``."""

    text: ClassVar[str] = "TEXT"
    """A type that holds a text of any length."""

    many: ClassVar[int] = 500_000
    """Rows that are more than a connector holds at once."""

    slow: ClassVar[str] = "SELECT count(*) FROM {a}, {b} WHERE a.i * b.i % 7 = 8"
    """Runs for minutes; ``{a}`` and ``{b}`` are two series of three million."""

    typed: ClassVar[dict[str, tuple[ColumnType, object]]] = {
        "CAST(9007199254740993 AS BIGINT)": (ColumnType.INTEGER, 9007199254740993),
        "CAST('12345678901234567.89' AS DECIMAL(30, 2))": (
            ColumnType.DECIMAL,
            Decimal("12345678901234567.89"),
        ),
        "CAST(1.5 AS DOUBLE PRECISION)": (ColumnType.FLOAT, Decimal("1.5")),
        "CAST('NaN' AS DOUBLE PRECISION)": (ColumnType.FLOAT, None),
        "CAST('-Infinity' AS DOUBLE PRECISION)": (ColumnType.FLOAT, None),
        "TRUE": (ColumnType.BOOLEAN, True),
        "CAST(NULL AS BOOLEAN)": (ColumnType.BOOLEAN, None),
        "'आज ₹ \"quoted\" back\\slash'": (ColumnType.TEXT, 'आज ₹ "quoted" back\\slash'),
        "'line' || chr(10) || 'tab' || chr(9) || 'bell' || chr(7)": (ColumnType.TEXT, "line\ntab\tbell\x07"),
        "''": (ColumnType.TEXT, ""),
        "'null'": (ColumnType.TEXT, "null"),
        "DATE '2026-03-31'": (ColumnType.DATE, "2026-03-31"),
        "TIMESTAMP '2026-03-31 18:40:00'": (ColumnType.TIMESTAMP, "2026-03-31T18:40:00"),
        "TIME '18:40:00'": (ColumnType.TIME, "18:40:00"),
        "CAST('{\"a\": [1, 2]}' AS JSON)": (ColumnType.JSON, {"a": [1, 2]}),
        "CAST('b0d1c6d2-9f0e-4d3c-8f63-0d5f3a0b7a11' AS UUID)": (
            ColumnType.TEXT,
            "b0d1c6d2-9f0e-4d3c-8f63-0d5f3a0b7a11",
        ),
    }

    def named(self, name: str) -> str:
        """What a column that SQL calls ``name``, without quotes, is called in the result."""
        return name

    def run(
        self, connector: SqlConnector, text: str, *, max_rows: int = 1000, seconds: float = 30, **params: Any
    ) -> Result:
        return connector.query(guard.check(text, connector.dialect), params, Limits(max_rows, seconds))

    def rows(self, connector: SqlConnector, text: str, **more: Any) -> list[list[Any]]:
        with self.run(connector, text, **more) as result:
            return rows_of(result)

    def test_it_is_a_sql_connector_and_answers(self, connector: SqlConnector) -> None:
        assert isinstance(connector, SqlConnector)
        connector.ping()
        assert isinstance(connector.warnings(), list)

    def test_values_of_every_type_arrive_as_they_are(self, connector: SqlConnector) -> None:
        columns = ", ".join(f"{sql} AS c{number}" for number, sql in enumerate(self.typed))
        with self.run(connector, f"SELECT {columns}") as result:
            (row,) = rows_of(result)
        for sql, value, column in zip(self.typed, row, result.columns, strict=True):
            assert (sql, column.type, value) == (sql, *self.typed[sql])

    def test_a_time_with_a_zone_keeps_its_instant(self, connector: SqlConnector) -> None:
        with self.run(connector, "SELECT CAST('2026-03-31 18:40:00.25+05:30' AS TIMESTAMPTZ) AS t") as result:
            ((text,),) = rows_of(result)
        assert result.columns[0].type is ColumnType.TIMESTAMP
        assert datetime.fromisoformat(text) == datetime.fromisoformat("2026-03-31T13:10:00.250+00:00")

    def test_parameters_are_values_and_never_sql(self, connector: SqlConnector) -> None:
        hostile = "x'; DROP TABLE t; -- \\ :other $1"
        text = f"SELECT :a AS a, ':a' AS b, CAST(:n AS INTEGER) + 1 AS n, CAST(:z AS {self.text}) AS z"
        assert self.rows(connector, text, a=hostile, n=41, z=None) == [[hostile, ":a", 42, None]]

    def test_a_missing_parameter_is_named(self, connector: SqlConnector) -> None:
        with pytest.raises(InvalidRequest, match=":a"):
            self.run(connector, "SELECT :a")

    @pytest.mark.parametrize(
        ("max_rows", "count", "cut"), [(5, 5, True), (9, 9, True), (10, 10, False), (11, 10, False)]
    )
    def test_a_result_is_cut_exactly_and_says_so(
        self, connector: SqlConnector, max_rows: int, count: int, cut: bool
    ) -> None:
        query = f"SELECT i FROM {self.series.format(n=10)} ORDER BY i DESC"
        with self.run(connector, query, max_rows=max_rows) as result:
            assert rows_of(result) == [[10 - n] for n in range(count)]
            assert result.truncated is cut

    def test_an_empty_result_has_its_columns(self, connector: SqlConnector) -> None:
        with self.run(connector, f"SELECT i, 'x' AS t FROM {self.series.format(n=3)} WHERE i > 5") as result:
            assert rows_of(result) == []
            assert not result.truncated
        assert [column.name for column in result.columns] == [self.named("i"), self.named("t")]

    def test_two_columns_of_one_name_both_arrive(self, connector: SqlConnector) -> None:
        with self.run(connector, 'SELECT 1 AS a, 2 AS a, \'x\' AS "Net ₹, ""quoted"""') as result:
            assert rows_of(result) == [[1, 2, "x"]]
        names = [self.named("a"), self.named("a"), 'Net ₹, "quoted"']
        assert [column.name for column in result.columns] == names

    def test_the_order_asked_for_is_the_order_delivered(self, connector: SqlConnector) -> None:
        query = f"SELECT i FROM {self.series.format(n=50_000)} ORDER BY i % 97, i"
        expected = sorted(range(1, 50_001), key=lambda i: (i % 97, i))
        assert [row[0] for row in self.rows(connector, query, max_rows=100_000)] == expected

    def test_an_error_in_the_query_is_the_querys_and_the_next_one_runs(self, connector: SqlConnector) -> None:
        with pytest.raises(QueryFailed, match=r"(?i)no_such_column"):
            self.rows(connector, f"SELECT no_such_column FROM {self.series.format(n=3)}")
        cell = "CAST(CASE WHEN i = 2000 THEN 'x' ELSE '1' END AS INTEGER)"
        late = f"SELECT {cell} FROM {self.series.format(n=9000)}"
        with pytest.raises(QueryFailed):
            self.rows(connector, late, max_rows=9000)
        assert self.rows(connector, "SELECT 1") == [[1]]

    def test_a_query_past_its_deadline_is_stopped_and_the_next_runs(self, connector: SqlConnector) -> None:
        with pytest.raises(QueryTimeout):
            self.rows(connector, self._slow(), seconds=0.3)
        self._goes_on(connector)

    def test_a_query_is_cancelled_from_another_thread(self, connector: SqlConnector) -> None:
        timer = threading.Timer(0.3, connector.cancel)
        timer.start()
        with pytest.raises(QueryCancelled):
            self.rows(connector, self._slow())
        timer.join()
        self._goes_on(connector)

    def test_cancel_without_a_query_does_nothing(self, connector: SqlConnector) -> None:
        connector.cancel()
        assert self.rows(connector, "SELECT 1") == [[1]]
        connector.cancel()
        assert self.rows(connector, "SELECT 2") == [[2]]

    def test_a_result_that_is_not_read_to_its_end_can_be_closed(self, connector: SqlConnector) -> None:
        query = f"SELECT i, 'some text to fill the wire' AS t FROM {self.series.format(n=2_000_000)}"
        with self.run(connector, query, max_rows=2_000_000) as result:
            next(iter(result.batches()))
        result.close()
        self._goes_on(connector)

    def test_rows_leave_before_the_last_one_is_known(self, connector: SqlConnector) -> None:
        query = f"SELECT i, 'some text to fill the wire' AS t FROM {self.series.format(n=self.many)}"
        with self.run(connector, query, max_rows=self.many) as result:
            sizes = [_size(batch) for batch in result.batches()]
        assert len(sizes) > 10
        assert max(sizes) < 5_000_000

    def test_the_schema_names_tables_as_sql_does(self, connector: SqlConnector) -> None:
        schema = connector.schema()
        assert isinstance(schema, Schema)
        assert schema.dialect == connector.dialect
        assert schema.tables
        for table in schema.tables:
            assert table.columns
            with self.run(connector, f"SELECT * FROM {table.name}", max_rows=1) as result:
                rows_of(result)
            found = [(column.name, column.type) for column in result.columns]
            assert found == [(column.name, column.type) for column in table.columns]
            assert set(table.primary_key) <= {column.name for column in table.columns}
            for key in table.foreign_keys:
                assert key.references_table in {other.name for other in schema.tables}

    def test_after_a_reset_it_answers(self, connector: SqlConnector) -> None:
        self.rows(connector, "SELECT 1")
        assert connector.reset()
        assert self.rows(connector, "SELECT 1") == [[1]]

    def test_it_can_be_closed_twice(self, connector: SqlConnector) -> None:
        connector.close()
        connector.close()

    def _slow(self) -> str:
        series = self.series.format(n=3_000_000).rpartition(" AS ")[0]
        return self.slow.format(a=f"{series} AS a(i)", b=f"{series} AS b(i)")

    def _goes_on(self, connector: SqlConnector) -> None:
        """The same connection, or a new one after reset said so, within a moment."""
        start = time.monotonic()
        assert self.rows(connector, "SELECT 1") == [[1]]
        assert time.monotonic() - start < 20
