"""ClickHouse keeps the contract of every connector, the oldest server as well as today's engine."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from server.connectors.base import Limits, SqlConnector
from server.connectors.clickhouse.kind import open_clickhouse
from server.connectors.clickhouse.session import ClickHouseConnector
from shared.guard import ReadOnlySql
from shared.results import ColumnType, JsonRows
from tests.peers.clickhouse import ADMIN, READER, ClickHouseServer
from tests.peers.clickhouse_now import ClickHouseNow
from tests.server.connectors.contract import SqlConnectorContract, rows_of


class ClickHouseContract(SqlConnectorContract):
    series = "(SELECT number + 1 AS i FROM system.numbers LIMIT {n}) AS s"

    typed: ClassVar[dict[str, tuple[ColumnType, object]]] = {
        "toInt64(9007199254740993)": (ColumnType.INTEGER, 9007199254740993),
        "toUInt64('18446744073709551615')": (ColumnType.INTEGER, 18446744073709551615),
        "toInt8(-128)": (ColumnType.INTEGER, -128),
        "toDecimal128('12345678901234567.89', 2)": (ColumnType.DECIMAL, Decimal("12345678901234567.89")),
        "toDecimal64('-0.000001', 6)": (ColumnType.DECIMAL, Decimal("-0.000001")),
        "toDecimal64('-0.05', 2)": (ColumnType.DECIMAL, Decimal("-0.05")),
        "toDecimal32('12.50', 2)": (ColumnType.DECIMAL, Decimal("12.5")),
        "toDecimal64('9999999999999999.99', 2)": (ColumnType.DECIMAL, Decimal("9999999999999999.99")),
        "toFloat64(1.5)": (ColumnType.FLOAT, Decimal("1.5")),
        "toFloat32(0.1)": (ColumnType.FLOAT, Decimal("0.1")),
        "0 / 0": (ColumnType.FLOAT, None),
        "-1 / 0": (ColumnType.FLOAT, None),
        "'आज ₹ \"quoted\" back\\\\slash'": (ColumnType.TEXT, 'आज ₹ "quoted" back\\slash'),
        "concat('line', unhex('0A'), 'tab', unhex('09'), 'bell', unhex('07'), 'nul', unhex('00'))": (
            ColumnType.TEXT,
            "line\ntab\tbell\x07nul\0",
        ),
        "unhex('61FF62')": (ColumnType.TEXT, "a\ufffdb"),
        "'\U0001f3ec'": (ColumnType.TEXT, "\U0001f3ec"),
        "''": (ColumnType.TEXT, ""),
        "'null'": (ColumnType.TEXT, "null"),
        "NULL": (ColumnType.TEXT, None),
        "toFixedString('INR', 5)": (ColumnType.TEXT, "INR"),
        "toDate('2026-03-31')": (ColumnType.DATE, "2026-03-31"),
        "toDate(0)": (ColumnType.DATE, "1970-01-01"),
        "toDateTime(0)": (ColumnType.TIMESTAMP, "1970-01-01T05:30:00"),
        "toDateTime(0, 'Asia/Kolkata')": (ColumnType.TIMESTAMP, "1970-01-01T05:30:00+05:30"),
        "toDateTime('2026-03-31 18:40:00')": (ColumnType.TIMESTAMP, "2026-03-31T18:40:00"),
        "toUUID('b0d1c6d2-9f0e-4d3c-8f63-0d5f3a0b7a11')": (
            ColumnType.TEXT,
            "b0d1c6d2-9f0e-4d3c-8f63-0d5f3a0b7a11",
        ),
        "CAST(2 AS Enum8('it''s' = 1, 'upi' = 2))": (ColumnType.TEXT, "upi"),
        "[1, 2, 3]": (ColumnType.JSON, [1, 2, 3]),
        "[[toUInt64(1)], []]": (ColumnType.JSON, [[1], []]),
        "(1, 'a')": (ColumnType.JSON, [1, "a"]),
        "toNullable(toInt32(7))": (ColumnType.INTEGER, 7),
        "CAST('x' AS LowCardinality(Nullable(String)))": (ColumnType.TEXT, "x"),
    }

    def test_a_value_of_every_type_arrives_alone(self, connector: SqlConnector) -> None:
        """Which way a result comes is decided by its columns: here by each of them."""
        for sql, expected in self.typed.items():
            with self.run(connector, f"SELECT {sql} AS c") as result:
                ((value,),) = rows_of(result)
            assert (sql, result.columns[0].type, value) == (sql, *expected)

    def test_a_time_with_a_zone_keeps_its_instant(self, connector: SqlConnector) -> None:
        query = (
            "SELECT toDateTime('2026-03-31 18:40:00', 'Asia/Kolkata') AS t, toDateTime(t, 'America/New_York')"
        )
        with self.run(connector, query) as result:
            ((india, york),) = rows_of(result)
        assert result.columns[0].type is ColumnType.TIMESTAMP
        assert (india, york) == ("2026-03-31T18:40:00+05:30", "2026-03-31T09:10:00-04:00")
        assert datetime.fromisoformat(india) == datetime.fromisoformat(york)

    def test_parameters_are_values_and_never_sql(self, connector: SqlConnector) -> None:
        hostile = "x'; DROP TABLE t; -- \\' :other $1 \\"
        text = "SELECT :a AS a, ':a' AS b, toInt32(:n) + 1 AS n, :z AS z, :f AS f, :m + 1 AS m"
        row = self.rows(connector, text, a=hostile, n=41, z=None, f=-2.5, m=-3)
        assert row == [[hostile, ":a", 42, None, Decimal("-2.5"), -2]]

    def test_a_yes_or_no_is_a_parameter_too(self, connector: SqlConnector) -> None:
        text = "SELECT count() FROM system.numbers WHERE :yes AND NOT :no AND number < 3 LIMIT 1"
        text = text.replace("system.numbers", "(SELECT number FROM system.numbers LIMIT 5)")
        assert self.rows(connector, text, yes=True, no=False) == [[3]]

    def test_two_columns_of_one_name_both_arrive(self, connector: SqlConnector) -> None:
        query = 'SELECT number, number, \'x\' AS "Net ₹, ""quoted""" FROM system.numbers LIMIT 1'
        with self.run(connector, query.replace('""', '\\"')) as result:
            assert rows_of(result) == [[0, 0, "x"]]
        assert [column.name for column in result.columns] == ["number", "number", 'Net ₹, "quoted"']

    def _slow(self) -> str:
        return "SELECT count(*) FROM system.numbers WHERE number * number % 7 = 8"


def opened(params: dict[str, Any]) -> Iterator[ClickHouseConnector]:
    """Even the smallest result comes over HTTP, where there is a port for it."""
    connection = open_clickhouse(params, 10)
    connection.http_above_rows = 0
    yield connection
    connection.close()


class OverHttp:
    def test_it_does_come_over_http(self, connector: ClickHouseConnector) -> None:
        sql = ReadOnlySql("SELECT number, toString(number) FROM system.numbers LIMIT 3")
        with connector.query(sql, {}, Limits(10, 10)) as result:
            (batch,) = result.batches()
        assert isinstance(batch, JsonRows)
        assert batch.data.startswith(b"\t\t[")


class TestTheOldestServer(ClickHouseContract):
    @pytest.fixture
    def connector(self, clickhouse: ClickHouseServer) -> Iterator[ClickHouseConnector]:
        yield from opened(clickhouse.params())


class TestTheOldestServerOverHttp(OverHttp, ClickHouseContract):
    @pytest.fixture
    def connector(self, clickhouse: ClickHouseServer) -> Iterator[ClickHouseConnector]:
        yield from opened(clickhouse.params(http=True))


@pytest.mark.slow
class TestTheOldestServerAsAnAccountThatMaySetThings(OverHttp, ClickHouseContract):
    @pytest.fixture
    def connector(self, clickhouse: ClickHouseServer) -> Iterator[ClickHouseConnector]:
        yield from opened(clickhouse.params(ADMIN, http=True))


class TodaysContract(ClickHouseContract):
    typed: ClassVar[dict[str, tuple[ColumnType, object]]] = {
        **ClickHouseContract.typed,
        "toInt256('-57896044618658097711785492504343953926634992332820282019728792003956564819968')": (
            ColumnType.INTEGER,
            -(2**255),
        ),
        "toUInt128('340282366920938463463374607431768211455')": (ColumnType.INTEGER, 2**128 - 1),
        "toDecimal256('-1234567890123456789012345678901234567890.12345', 5)": (
            ColumnType.DECIMAL,
            Decimal("-1234567890123456789012345678901234567890.12345"),
        ),
        "toDate32('1925-01-01')": (ColumnType.DATE, "1925-01-01"),
        "toDateTime64('2026-03-31 18:40:00.250', 3)": (ColumnType.TIMESTAMP, "2026-03-31T18:40:00.250"),
        "toDateTime64('1935-03-31 18:40:00.250', 3, 'UTC')": (
            ColumnType.TIMESTAMP,
            "1935-03-31T18:40:00.250+00:00",
        ),
        "toDateTime64('2026-03-31 18:40:00.123456789', 9, 'Asia/Kolkata')": (
            ColumnType.TIMESTAMP,
            "2026-03-31T18:40:00.123456789+05:30",
        ),
        "true": (ColumnType.BOOLEAN, True),
        "CAST(NULL AS Nullable(Bool))": (ColumnType.BOOLEAN, None),
        "toIPv4('10.0.0.255')": (ColumnType.TEXT, "10.0.0.255"),
        "toIPv6('2001:db8::1')": (ColumnType.TEXT, "2001:db8::1"),
        "toIPv6('::ffff:10.0.0.1')": (ColumnType.TEXT, "::ffff:10.0.0.1"),
        "map('a', 1, 'b', 2)": (ColumnType.JSON, {"a": 1, "b": 2}),
        "map(toDate('2026-01-01'), [1.5])": (ColumnType.JSON, {"2026-01-01": [Decimal("1.5")]}),
        "CAST((1, 'a') AS Tuple(x Int64, y String))": (ColumnType.JSON, {"x": 1, "y": "a"}),
        "[toLowCardinality('p'), 'q', 'p']": (ColumnType.JSON, ["p", "q", "p"]),
        "[toNullable(1), NULL]": (ColumnType.JSON, [1, None]),
        "toBFloat16(1.5)": (ColumnType.FLOAT, Decimal("1.5")),
        "toFloat32(16777216.5)": (ColumnType.FLOAT, Decimal(16777216)),
        "INTERVAL 3 DAY": (ColumnType.INTEGER, 3),
    }


class TestTodaysEngine(TodaysContract):
    @pytest.fixture
    def connector(self, clickhouse_now: ClickHouseNow) -> Iterator[ClickHouseConnector]:
        yield from opened(clickhouse_now.params())


class TestTodaysEngineOverHttp(OverHttp, TodaysContract):
    @pytest.fixture
    def connector(self, clickhouse_now: ClickHouseNow) -> Iterator[ClickHouseConnector]:
        yield from opened(clickhouse_now.params(http=True))


@pytest.mark.slow
class TestTodaysEngineAsAnAccountThatMaySetThings(OverHttp, TodaysContract):
    @pytest.fixture
    def connector(self, clickhouse_now: ClickHouseNow) -> Iterator[ClickHouseConnector]:
        yield from opened(clickhouse_now.params(ADMIN, http=True))


@pytest.mark.parametrize("http", [False, True], ids=["native", "http"])
def test_conditions_of_earlier_queries_are_not_remembered(clickhouse_now: ClickHouseNow, http: bool) -> None:
    """Or said, where the account lets us set nothing."""
    sql = ReadOnlySql("SELECT toString(getSetting('use_query_condition_cache')) AS remembered")
    for user, remembered, said in ((ADMIN, "false", 0), (READER, "true", 1)):
        for connection in opened(clickhouse_now.params(user, http=http)):
            with connection.query(sql, {}, Limits(10, 10)) as result:
                assert rows_of(result) == [[remembered]]
            assert sum("conditions" in line for line in connection.warnings()) == said
