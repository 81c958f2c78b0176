"""SQL Server keeps the contract of every connector, at its wire, with each of the drivers."""

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

import pytest

from server.connectors.sqlserver.kind import open_sqlserver
from server.connectors.sqlserver.session import SqlServerConnector
from shared.results import ColumnType
from tests.peers.sqlserver import SqlServerPeer
from tests.server.connectors.contract import SqlConnectorContract


class TestSqlServerContract(SqlConnectorContract):
    series: ClassVar[str] = "(SELECT i FROM numbers WHERE i <= {n}) AS s"

    text: ClassVar[str] = "NVARCHAR(MAX)"

    many: ClassVar[int] = 30_000

    typed: ClassVar[dict[str, tuple[ColumnType, object]]] = {
        "CAST(9007199254740993 AS BIGINT)": (ColumnType.INTEGER, 9007199254740993),
        "CAST('12345678901234567.89' AS DECIMAL(30, 2))": (
            ColumnType.DECIMAL,
            Decimal("12345678901234567.89"),
        ),
        "CAST('123456789012345678901234567890.12345678' AS DECIMAL(38, 8))": (
            ColumnType.DECIMAL,
            Decimal("123456789012345678901234567890.12345678"),
        ),
        "CAST('-1.5' AS DECIMAL(9, 1))": (ColumnType.DECIMAL, Decimal("-1.5")),
        "CAST(1.5 AS FLOAT)": (ColumnType.FLOAT, Decimal("1.5")),
        "CAST(1.1 AS REAL)": (ColumnType.FLOAT, Decimal("1.1")),
        "CAST(1 AS BIT)": (ColumnType.BOOLEAN, True),
        "CAST(NULL AS BIT)": (ColumnType.BOOLEAN, None),
        "'आज ₹ \"quoted\" 😀 back\\slash'": (ColumnType.TEXT, 'आज ₹ "quoted" 😀 back\\slash'),
        "''": (ColumnType.TEXT, ""),
        "'null'": (ColumnType.TEXT, "null"),
        "REPLICATE('आ', 5000)": (ColumnType.TEXT, "आ" * 5000),
        "CAST('2026-03-31' AS DATE)": (ColumnType.DATE, "2026-03-31"),
        # the peer puts 700 nanoseconds on every datetime2, which is the seventh digit
        "CAST('2026-03-31 18:40:00' AS DATETIME2)": (ColumnType.TIMESTAMP, "2026-03-31T18:40:00.0000007"),
        "CAST('18:40:00.25' AS TIME)": (ColumnType.TIME, "18:40:00.25"),
        "CAST('b0d1c6d2-9f0e-4d3c-8f63-0d5f3a0b7a11' AS UNIQUEIDENTIFIER)": (
            ColumnType.TEXT,
            "B0D1C6D2-9F0E-4D3C-8F63-0D5F3A0B7A11",
        ),
        "CAST('xy' AS VARBINARY(MAX))": (ColumnType.BINARY, "eHk="),
    }

    @pytest.fixture(params=["ODBC Driver 18 for SQL Server", "FreeTDS"])
    def connector(
        self, sqlserver: SqlServerPeer, request: pytest.FixtureRequest
    ) -> Iterator[SqlServerConnector]:
        connector = open_sqlserver(sqlserver.params(driver=request.param), 10)
        yield connector
        connector.close()

    def _slow(self) -> str:
        return "SELECT COUNT(*) AS n FROM numbers a, numbers b WHERE a.i * b.i % 7 = 8"

    @pytest.mark.parametrize(
        ("sql", "type_", "value"),
        [
            ("SELECT price_money FROM sales WHERE sale_id = 1", ColumnType.DECIMAL, Decimal("0.1250")),
            ("SELECT '<a>आ</a>' AS doc_xml", ColumnType.TEXT, "<a>आ</a>"),
        ],
    )
    def test_types_of_its_own_arrive_too(
        self, connector: SqlServerConnector, sql: str, type_: ColumnType, value: object
    ) -> None:
        assert self.rows(connector, sql) == [[value]]
        assert self.run(connector, sql).columns[0].type is type_
