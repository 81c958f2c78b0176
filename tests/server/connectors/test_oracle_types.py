"""What Oracle's types become, and how rows are fetched."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from seerdb.common import tns_consts

from server.connectors.base import Limits
from server.connectors.oracle import rows as oracle_rows
from server.connectors.oracle.kind import open_oracle
from server.connectors.oracle.session import OracleConnector
from shared import guard
from shared.errors import QueryFailed
from shared.json_rows import lines_of
from shared.results import ArrowBatch, Batch, JsonRows
from tests.peers.oracle import OraclePeer
from tests.server.connectors.contract import rows_of


@pytest.fixture
def connection(oracle: OraclePeer) -> Iterator[OracleConnector]:
    connection = open_oracle(oracle.params(), 10)
    yield connection
    connection.close()


def ask(
    connection: OracleConnector, sql: str, max_rows: int = 100, **params: Any
) -> tuple[list[str], list[Any]]:
    checked = guard.check(sql, "oracle")
    with connection.query(checked, params, Limits(max_rows, 20)) as result:
        rows = rows_of(result)
    connection.reset()
    return [column.type.value for column in result.columns], rows


def test_a_time_with_a_zone_keeps_its_offset_and_nanoseconds_are_asked_for_as_text(
    connection: OracleConnector, oracle: OraclePeer
) -> None:
    sql = "SELECT sale_id, sold_at FROM sales ORDER BY sale_id"
    types, rows = ask(connection, sql, max_rows=2)
    assert types == ["integer", "timestamp"]
    assert rows == [[1, "2025-04-01T10:30:00+05:30"], [2, "2025-04-01T11:30:00+05:30"]]
    assert oracle.statements[-1].startswith("WITH q_ (c0, c1) AS (")
    names = [column.name for column in connection.query(guard.check(sql, "oracle"), {}, Limits(1, 9)).columns]
    assert names == ["SALE_ID", "SOLD_AT"]


def test_lobs_are_read_whole_and_within_bounds(
    connection: OracleConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = "SELECT notes_clob FROM stores WHERE store_id <= 3 ORDER BY store_id"
    assert ask(connection, sql) == (["text"], [[None], ["आज आज "], [None]])
    types, rows = ask(connection, "SELECT HEXTORAW('00FF') AS a_blob FROM dual")
    assert (types, rows) == (["binary"], [["AP8="]])
    monkeypatch.setattr(oracle_rows, "LARGEST_VALUE_BYTES", 5)
    with pytest.raises(QueryFailed, match="'NOTES_CLOB' is longer"):
        ask(connection, sql)
    assert ask(connection, "SELECT 1 FROM dual")[1] == [[1]]


def test_a_number_keeps_every_digit_however_long(connection: OracleConnector) -> None:
    digits = "12345678901234567890123456789012345678"
    _, rows = ask(connection, f"SELECT CAST('{digits}' AS NUMBER(38)) AS n, 0.1 + 0.2 AS s FROM dual")
    assert rows == [[int(digits), Decimal("0.3")]]


def test_a_parameter_may_be_called_like_a_word_of_oracles_and_stand_twice(
    connection: OracleConnector,
) -> None:
    sql = "SELECT store_id FROM stores WHERE store_id >= :date AND store_id <= :size AND :date = 5"
    assert ask(connection, sql, date=5, size=6)[1] == [[5], [6]]
    assert ask(connection, "SELECT store_id FROM stores WHERE :yes = 1 AND store_id = 1", yes=True)[1] == [
        [1]
    ]


def test_each_query_has_a_read_only_transaction_that_is_rolled_back(oracle: OraclePeer) -> None:
    connection = open_oracle(oracle.params(), 10)
    oracle.statements.clear()
    before = oracle.rollbacks
    ask(connection, "SELECT zone FROM stores WHERE store_id = 1")
    assert oracle.statements[0] == "SET TRANSACTION READ ONLY"
    assert oracle.rollbacks == before + 1
    oracle.statements.clear()
    ask(connection, "SELECT zone FROM stores WHERE store_id = 1")
    assert len(oracle.statements) == 2  # what was described before is not described again
    connection.close()


def test_a_server_of_23ai_is_told_to_read_only_as_a_session_too() -> None:
    peer = OraclePeer(field_version=tns_consts.FIELD_VERSION_23_4)
    connection = open_oracle(peer.params(), 10)
    assert "ALTER SESSION SET READ_ONLY = TRUE" in peer.statements
    assert ask(connection, "SELECT zone FROM stores WHERE store_id = 1")[1] == [["North"]]
    connection.close()
    peer.close()


def test_batches_are_small_however_wide_the_rows(connection: OracleConnector) -> None:
    wide = ", ".join(f"name AS n{number}" for number in range(40))
    sql = guard.check(f"SELECT {wide} FROM stores", "oracle")
    with connection.query(sql, {}, Limits(60, 20)) as result:
        sizes = [batch.count for batch in result.batches()]
    assert sum(sizes) == 60
    assert max(sizes) <= 25  # 40 texts of up to 4000 bytes are 160 KB a row


@pytest.mark.parametrize(
    ("selected", "kind"),
    [
        ("name, area, opened_on, store_id", ArrowBatch),
        ("name, area, opened_on, 42 AS n", JsonRows),  # a number without a precision
        ("name, area, opened_on, notes_clob", JsonRows),
    ],
)
def test_columns_leave_as_arrow_only_where_no_digit_is_lost(
    connection: OracleConnector, selected: str, kind: type[Batch]
) -> None:
    sql = guard.check(f"SELECT {selected} FROM stores ORDER BY store_id", "oracle")
    with connection.query(sql, {}, Limits(1, 20)) as result:
        (batch,) = result.batches()
        assert result.truncated
    assert isinstance(batch, kind)
    assert json.loads(lines_of(batch, result.columns))[:3] == ["Store 1", 5001.5, "2015-05-01T00:00:00"]


def test_a_column_that_has_lost_its_precision_since_loses_no_digit(
    connection: OracleConnector, oracle: OraclePeer
) -> None:
    oracle.engine.run('CREATE OR REPLACE TABLE "CHANGING" AS SELECT 5::DECIMAL(10, 2) AS "N"')
    assert ask(connection, "SELECT n FROM changing") == (["decimal"], [[Decimal("5.00")]])
    oracle.engine.run('CREATE OR REPLACE TABLE "CHANGING" AS SELECT 12345678901234567890::HUGEINT AS "N"')
    assert ask(connection, "SELECT n FROM changing") == (["decimal"], [[12345678901234567890]])


def test_what_the_account_may_do_beyond_reading_is_warned_of(connection: OracleConnector) -> None:
    warnings = connection.warnings()
    assert len(warnings) == 3
    assert "privilege CREATE TABLE. Mend it: REVOKE CREATE TABLE FROM reader;" in warnings[0]
    assert "may UPDATE on hr.staff" in warnings[1]
    assert "hr, such as raise_salary" in warnings[2]


def test_the_schema_has_comments_keys_and_counts(connection: OracleConnector) -> None:
    tables = {table.name: table for table in connection.schema().tables}
    assert set(tables) == {"stores", "sales", "hr.staff", '"Head Office"."Select"'}
    stores = tables["stores"]
    assert (stores.comment, stores.row_estimate, stores.primary_key) == ("One row a store.", 60, ["STORE_ID"])
    assert [column.comment for column in stores.columns if column.name == "ZONE"] == ["North, East or West."]
    (key,) = tables["hr.staff"].foreign_keys
    assert (key.columns, key.references_table, key.references_columns) == (
        ["STORE_ID"],
        "stores",
        ["STORE_ID"],
    )
