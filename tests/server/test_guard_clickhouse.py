"""ClickHouse's SQL before and after the guard: analytical queries mean the same, hostile ones do not pass."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.connectors.base import Limits
from server.connectors.clickhouse.kind import open_clickhouse
from server.connectors.clickhouse.session import ClickHouseConnector
from shared import guard
from shared.errors import QueryFailed, QueryRefused
from shared.guard import ReadOnlySql
from shared.results import JsonRows
from shared.sql.rules import rules
from tests.peers.clickhouse import ADMIN
from tests.peers.clickhouse_now import ClickHouseNow
from tests.server import sql_functions
from tests.server.guard_data import attacks, queries


@pytest.fixture(scope="module")
def engine(clickhouse_now: ClickHouseNow) -> Iterator[ClickHouseConnector]:
    connection = open_clickhouse(clickhouse_now.params(ADMIN), 10)
    yield connection
    connection.close()


def answer(engine: ClickHouseConnector, sql: str) -> tuple[list[str], bytes]:
    try:
        with engine.query(ReadOnlySql(sql), {}, Limits(1000, 30)) as result:
            rows = b"".join(batch.data for batch in result.batches() if isinstance(batch, JsonRows))
    except QueryFailed as error:
        pytest.fail(f"{sql}: {error}")
    return [column.type.value for column in result.columns], rows


@pytest.mark.parametrize("text", queries("benign_clickhouse"))
def test_an_analytical_query_means_the_same(engine: ClickHouseConnector, text: str) -> None:
    assert answer(engine, guard.check(text, "clickhouse")) == answer(engine, text)


@pytest.mark.parametrize("text", queries("hostile_common") + queries("hostile_clickhouse"))
def test_an_attack_is_refused_with_a_reason(text: str) -> None:
    (attack,) = attacks([text], secret=Path("/t/secret.csv"), out=Path("/t/out"), table=Path("/t/a.parquet"))
    with pytest.raises(QueryRefused) as refusal:
        guard.check(attack, "clickhouse")
    assert refusal.value.message.endswith(".")
    assert len(refusal.value.message) < 200


def test_there_are_enough_queries_to_believe_it() -> None:
    assert len(queries("benign_clickhouse")) >= 120
    assert len(queries("hostile_clickhouse")) >= 120


def test_the_functions_are_those_of_the_engines_catalogue(engine: ClickHouseConnector) -> None:
    rows = engine.rows("SELECT DISTINCT lower(name) AS name FROM system.functions WHERE origin = 'System'")
    known = {str(row["name"]) for row in rows}
    allowed = rules("clickhouse").functions
    assert sql_functions.harmless_in_clickhouse(known) <= allowed
    assert not {name for name in allowed & known if sql_functions.CLICKHOUSE_REFUSED.fullmatch(name)}
    grammar = {"columns", "grouping", "exists", "date_add", "date_sub", "timestamp_add", "timestamp_sub"}
    assert allowed - known <= grammar


@pytest.mark.parametrize("text", ["x'y\\", "\\", "'", "\0", "a\nb", "₹ \U0001f3ec", "\\' OR 1 --"])
def test_a_parameter_is_the_text_that_it_was(engine: ClickHouseConnector, text: str) -> None:
    sql = guard.check("SELECT :value AS v, length(:value) AS n", "clickhouse")
    with engine.query(sql, {"value": text}, Limits(1, 10)) as result:
        (batch,) = result.batches()
    assert isinstance(batch, JsonRows)
    assert (
        batch.data == answer(engine, f"SELECT unhex('{text.encode().hex()}') AS v, {len(text.encode())}")[1]
    )
