"""All that is planted in the demo is found in one look at its sales, and nothing in tables of chance."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from server.demo import parquet, planted
from server.insights import by_query
from server.insights.asking import Asking
from server.insights.facts import Wish, examine, study
from server.insights.findings import Diverged, Facts, Gap, Repeated, Strange, Unusual, UnusualRate
from server.insights.narrate import narrate
from server.insights.options import options
from server.insights.table import Days, Labels, Numbers, Table
from shared import guard
from tests.server.insights.test_asking import rows_of

WIDE = """SELECT s.date, st.zone, st.city, st.name AS store, p.department, p.category, s.payment_mode,
s.quantity, s.net_amount, s.discount, r.refund_amount FROM sales s JOIN stores st USING (store_id)
    JOIN products p USING (product_id) LEFT JOIN returns r USING (sale_id)"""


@pytest.fixture(scope="module")
def db(demo_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as db:
        for table in parquet.TABLES:
            db.execute(f"CREATE VIEW {table} AS FROM '{demo_folder / table}.parquet'")
        yield db


def looked_into(db: duckdb.DuckDBPyConnection, sql: str) -> tuple[Facts, list[str]]:
    """The facts, and the kinds of options."""
    sample, columns = rows_of(db, sql, 20_000)

    async def ask(text: str, most: int) -> Table:
        return rows_of(db, text, most)[0]

    asking = Asking(guard.check(sql, "duckdb"), "duckdb", columns)
    measured = asyncio.run(by_query.measured(ask, asking, sample))
    facts = examine(measured, Wish())
    return facts, [f"{one.kind} {', '.join(one.groups)}" for one in options(measured, facts)]


@pytest.fixture(scope="module")
def wide(db: duckdb.DuckDBPyConnection) -> tuple[Facts, list[str]]:
    return looked_into(db, WIDE)


def of(facts: Facts, kind: type, **wanted: object) -> bool:
    return any(
        isinstance(one, kind) and all(getattr(one, name) == value for name, value in wanted.items())
        for one in facts.findings
    )


def test_the_flood_is_a_silence_of_the_store(wide: tuple[Facts, list[str]]) -> None:
    first, last = (day.isoformat() for day in planted.FLOOD)
    assert of(wide[0], Gap, group="Darbhanga", first=first, last=last)


def test_the_outage_of_upi_is_found(wide: tuple[Facts, list[str]]) -> None:
    first, last = (day.isoformat() for day in planted.UPI_OUTAGE)
    assert of(wide[0], Unusual, group="UPI", first=first, last=last, value=0.0)


def test_the_leak_of_discounts_is_found(wide: tuple[Facts, list[str]]) -> None:
    group = f"{planted.LEAK_CITY} · {planted.LEAK_DEPARTMENT}"
    assert of(wide[0], UnusualRate, group=group, column="discount", first="2025-09-01")


def test_the_bad_batch_is_found_in_its_refunds(wide: tuple[Facts, list[str]]) -> None:
    assert of(
        wide[0], UnusualRate, group=planted.RETURNS_CATEGORY, column="refund_amount", first="2026-01-05"
    )


def test_the_zone_in_decline_is_found(wide: tuple[Facts, list[str]]) -> None:
    assert of(wide[0], Diverged, group=planted.DECLINE_ZONE, grouping="zone")


def test_the_stock_out_is_found(wide: tuple[Facts, list[str]]) -> None:
    first, last = (day.isoformat() for day in planted.STOCK_OUT)
    group = f"{planted.STOCK_OUT_ZONE} · {planted.STOCK_OUT_CATEGORY}"
    assert of(wide[0], Gap, group=group, first=first, last=last)


def test_the_bulk_sale_is_found(wide: tuple[Facts, list[str]]) -> None:
    assert of(wide[0], Strange, what="extreme", column="quantity", value=planted.BULK_QUANTITY, count=1)


def test_the_day_that_was_posted_several_times_is_found(db: duckdb.DuckDBPyConnection) -> None:
    facts, _ = looked_into(db, "SELECT * FROM sales")
    assert of(facts, Repeated, day=planted.REPEATED_DAY.isoformat())


def test_what_was_planted_is_what_could_be_done(wide: tuple[Facts, list[str]]) -> None:
    kinds = " | ".join(wide[1])
    assert f"pace {planted.DECLINE_ZONE}" in kinds
    assert "lift " in kinds
    assert f"shelf {planted.STOCK_OUT_ZONE} · {planted.STOCK_OUT_CATEGORY}" in kinds or "shelf UPI" in kinds


def chance(seed: int) -> Table:
    """Sales of a made-up chain, few or many a day, with and without a long tail, in which nothing happens."""
    draw = np.random.default_rng(seed)
    days, a_day = int(draw.choice([60, 200, 400, 730])), float(draw.choice([3, 12, 40, 120]))
    rows = int(draw.poisson(days * a_day))
    columns: list[Numbers | Days | Labels] = [
        Days("day", np.sort(draw.integers(0, days, rows)).astype(np.int64) + 20_000)
    ]
    for name, count in (
        ("mode", int(draw.integers(4, 8))),
        ("zone", 5),
        ("store", int(draw.integers(10, 60))),
    ):
        codes = draw.choice(count, rows, p=draw.dirichlet(np.ones(count) * 30)).astype(np.int64)
        columns.append(Labels(name, codes, [f"{name} {n}" for n in range(count)], too_many=False))
    pieces = 1 + draw.poisson(0.4, rows)
    tail = float(draw.choice([0.3, 0.7, 1.0]))
    amount = np.round(pieces * np.exp(draw.normal(6, tail, rows)), 2).astype(np.float64)
    columns += [
        Numbers("quantity", pieces.astype(np.float64)),
        Numbers("amount", amount),
        Numbers("discount", np.round(amount * draw.choice([0, 0.05, 0.1, 0.2], rows), 2).astype(np.float64)),
    ]
    return Table(rows, columns)


def test_in_chains_where_nothing_happens_nothing_is_a_surprise() -> None:
    surprised = []
    for seed in range(24):
        told = [one for one in narrate(study(chance(seed))).insights if one.importance != "low"]
        surprised += [(seed, told[0].description)] if told else []
    assert surprised == []
