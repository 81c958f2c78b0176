"""Oracle keeps the contract of every connector, at its wire. ``SELECT 1`` without DUAL is of version 23ai."""

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

import pytest

from server.connectors.oracle.kind import open_oracle
from server.connectors.oracle.session import OracleConnector
from shared.results import ColumnType
from tests.peers.oracle import OraclePeer
from tests.server.connectors.contract import SqlConnectorContract


class TestOracleContract(SqlConnectorContract):
    series: ClassVar[str] = "(SELECT i FROM numbers WHERE i <= {n}) s"

    many: ClassVar[int] = 30_000

    typed: ClassVar[dict[str, tuple[ColumnType, object]]] = {
        "CAST(9007199254740993 AS NUMBER(19))": (ColumnType.INTEGER, 9007199254740993),
        "CAST('12345678901234567.89' AS NUMBER(30, 2))": (
            ColumnType.DECIMAL,
            Decimal("12345678901234567.89"),
        ),
        "CAST('123456789012345678901234567890.12345678' AS NUMBER(38, 8))": (
            ColumnType.DECIMAL,
            Decimal("123456789012345678901234567890.12345678"),
        ),
        "42": (ColumnType.DECIMAL, 42),
        "CAST(1.5 AS BINARY_DOUBLE)": (ColumnType.FLOAT, Decimal("1.5")),
        "CAST('NaN' AS BINARY_DOUBLE)": (ColumnType.FLOAT, None),
        "CAST('-Infinity' AS BINARY_DOUBLE)": (ColumnType.FLOAT, None),
        "'आज ₹ \"quoted\" back\\slash'": (ColumnType.TEXT, 'आज ₹ "quoted" back\\slash'),
        "'line' || chr(10) || 'tab' || chr(9) || 'bell' || chr(7)": (ColumnType.TEXT, "line\ntab\tbell\x07"),
        "''": (ColumnType.TEXT, None),
        "'null'": (ColumnType.TEXT, "null"),
        "DATE '2026-03-31'": (ColumnType.TIMESTAMP, "2026-03-31T00:00:00"),
        "TIMESTAMP '2026-03-31 18:40:00'": (ColumnType.TIMESTAMP, "2026-03-31T18:40:00"),
        "INTERVAL '90' MINUTE": (ColumnType.TEXT, "0 01:30:00"),
        "HEXTORAW('00FF10')": (ColumnType.BINARY, "AP8Q"),
    }

    def named(self, name: str) -> str:
        return name.upper()

    @pytest.fixture
    def connector(self, oracle: OraclePeer) -> Iterator[OracleConnector]:
        connector = open_oracle(oracle.params(), 10)
        yield connector
        connector.close()

    def _slow(self) -> str:
        return "SELECT COUNT(*) FROM numbers a, numbers b WHERE MOD(a.i * b.i, 7) = 8"
