"""Sums made by a source say what sums made here say, in SQL that the guard lets through in every dialect."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from server.demo import parquet
from server.insights import by_query, by_rows
from server.insights.asking import Asking
from server.insights.facts import Wish, examine
from server.insights.measured import WEEKLY, Periods
from server.insights.table import Gatherer, Table
from shared import guard
from shared.errors import InvalidRequest
from shared.results import Column, ColumnType, Rows

KINDS = {"DATE": ColumnType.DATE, "VARCHAR": ColumnType.TEXT, "BIGINT": ColumnType.INTEGER}
KINDS |= {"INTEGER": ColumnType.INTEGER, "HUGEINT": ColumnType.INTEGER}
QUERY = """
    SELECT sales.date, zone, category, payment_mode, quantity, net_amount, discount
    FROM sales JOIN stores USING (store_id) JOIN products USING (product_id)
    WHERE city IN ('Patna', 'Indore', 'Pune') ORDER BY sales.date
"""


@pytest.fixture(scope="module")
def db(demo_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as db:
        for table in parquet.TABLES:
            db.execute(f"CREATE VIEW {table} AS FROM '{demo_folder / table}.parquet'")
        yield db


def rows_of(db: duckdb.DuckDBPyConnection, sql: str, most: int) -> tuple[Table, list[Column]]:
    answer = db.execute(guard.check(sql, "duckdb"))
    columns = [
        Column(name, KINDS.get(str(kind), ColumnType.DECIMAL)) for name, kind, *_ in answer.description or []
    ]
    gatherer = Gatherer(columns)
    rows = answer.fetchmany(most + 1)
    gatherer.add(Rows(rows[:most]))
    table = gatherer.table()
    table.truncated = len(rows) > most
    return table, columns


def test_sums_of_the_source_and_sums_made_here_give_the_same_facts(db: duckdb.DuckDBPyConnection) -> None:
    whole, columns = rows_of(db, QUERY, 10_000_000)
    here = by_rows.measured(whole)
    sample, _ = rows_of(db, QUERY, 5_000)
    assert sample.truncated
    asked: list[str] = []

    async def ask(sql: str, most: int) -> Table:
        asked.append(sql)
        return rows_of(db, sql, most)[0]

    asking = Asking(guard.check(QUERY, "duckdb"), "duckdb", columns)
    there = asyncio.run(by_query.measured(ask, asking, sample))
    assert there.rows == here.rows
    assert len(asked) < 20
    assert np.array_equal(there.whole.periods, here.whole.periods)
    for measure in ("net_amount", "quantity", "discount"):
        assert np.allclose(there.whole.sums[measure], here.whole.sums[measure])
    for ours, theirs in zip(
        sorted(here.columns, key=lambda c: c.name), sorted(there.columns, key=lambda c: c.name), strict=True
    ):
        assert (ours.name, ours.role, ours.missing) == (theirs.name, theirs.role, theirs.missing)
        assert ours.total == pytest.approx(theirs.total)
        assert ours.median == pytest.approx(theirs.median)
    told = [
        {(type(one).__name__, getattr(one, "group", None), getattr(one, "first", None)) for one in facts}
        for facts in (examine(of, Wish()).findings for of in (here, there))
    ]
    assert told[0] == told[1]


CALLERS = {
    "duckdb": "WITH s AS (SELECT * FROM sales) SELECT d, zone, amount FROM s UNION ALL SELECT d, zone, 1 "
    "FROM t",
    "postgres": "WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 9) SELECT d, "
    "zone,"
    " amount FROM sales, s WHERE zone <> :zone ORDER BY 1",
    "clickhouse": "SELECT d, zone, amount FROM sales FINAL ORDER BY d LIMIT 5 BY zone",
    "oracle": "SELECT d, zone, amount FROM sales WHERE ROWNUM < 1000 ORDER BY d",
    "tsql": "WITH s AS (SELECT * FROM sales) SELECT TOP 5 d, zone, amount FROM s ORDER BY d",
}
COLUMNS = [
    Column("d", ColumnType.TIMESTAMP),
    Column("zone", ColumnType.TEXT),
    Column("amount", ColumnType.INTEGER),
]


@pytest.mark.parametrize("dialect", CALLERS)
def test_what_is_asked_passes_the_guard_of_every_dialect(dialect: str) -> None:
    asking = Asking(guard.check(CALLERS[dialect], dialect), dialect, COLUMNS)
    periods = Periods(20_000, 20_030, 19_636, 19_666)
    for text in (
        asking.profile(),
        asking.sums(0, (1,), (2,)),
        asking.sums(0, (), (2,), WEEKLY),
        asking.sums(None, (1,), ()),
        asking.compared(0, 1, (2,), periods),
        asking.values(2),
        asking.values(2, 0.5),
        asking.repeats(0, ()),
    ):
        assert guard.check(text, dialect)


def test_an_order_that_decides_nothing_is_left_to_the_source_and_one_that_does_stays() -> None:
    plain = Asking(guard.check("SELECT d, zone, amount FROM sales ORDER BY d", "duckdb"), "duckdb", COLUMNS)
    assert "ORDER BY" not in plain.profile()
    cut = Asking(
        guard.check("SELECT d, zone, amount FROM sales ORDER BY d LIMIT 9", "duckdb"), "duckdb", COLUMNS
    )
    assert re.search(r"ORDER BY d\s+LIMIT 9", cut.profile())


@pytest.mark.parametrize("names", [["a", "A"], ["a", ""]])
def test_columns_that_cannot_be_told_apart_are_refused_in_a_sentence(names: list[str]) -> None:
    sql = guard.check("SELECT 1 AS x", "duckdb")
    with pytest.raises(InvalidRequest, match="name"):
        Asking(sql, "duckdb", [Column(name, ColumnType.INTEGER) for name in names])


def test_a_name_with_quotes_in_it_stays_a_name() -> None:
    name = 'x"; DROP TABLE sales; --'
    sql = guard.check("SELECT 1 AS x", "duckdb")
    text = Asking(sql, "duckdb", [Column(name, ColumnType.INTEGER)]).values(0)
    assert guard.check(text, "duckdb")
    assert '"x""; DROP' in text
