"""What stands out is found, what chance did is not, and each figure is the one that SQL gives."""

import math
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pytest

from server.demo import parquet
from server.insights.facts import study
from server.insights.findings import Moved
from server.insights.narrate import NOTHING, narrate
from server.insights.sentences import said
from server.insights.table import Gatherer, from_objects
from shared.results import Column, ColumnType, JsonRows, Rows
from shared.wire import Analysis, Insight

_KINDS = {
    "DATE": ColumnType.DATE,
    "VARCHAR": ColumnType.TEXT,
    "BIGINT": ColumnType.INTEGER,
    "INTEGER": ColumnType.INTEGER,
}


@pytest.fixture(scope="module")
def db(demo_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as db:
        for table in parquet.TABLES:
            db.execute(f"CREATE VIEW {table} AS FROM '{demo_folder / table}.parquet'")
        yield db


def analysed(db: duckdb.DuckDBPyConnection, sql: str) -> Analysis:
    answer = db.execute(sql)
    columns = [
        Column(name, _KINDS.get(str(kind), ColumnType.DECIMAL)) for name, kind, *_ in answer.description or []
    ]
    gatherer = Gatherer(columns)
    while rows := answer.fetchmany(7_000):
        gatherer.add(Rows(rows))
    return narrate(study(gatherer.table()))


def of_type(analysis: Analysis, kind: str) -> list[Insight]:
    return [insight for insight in analysis.insights if insight.type == kind]


SALES = "FROM sales JOIN stores USING (store_id) JOIN products USING (product_id)"


def test_a_store_that_was_shut_is_a_gap_with_its_days(db: duckdb.DuckDBPyConnection) -> None:
    found = analysed(
        db, f"SELECT date, sum(net_amount) AS net {SALES} WHERE city = 'Darbhanga' GROUP BY date"
    )
    (gap,) = of_type(found, "gap")
    assert gap.evidence["first"] == "2024-09-28"
    assert gap.evidence["last"] == "2024-10-06"
    assert gap.evidence["days"] == 9
    assert "28 Sep 2024" in found.summary


def test_a_payment_mode_that_failed_is_found_in_its_share(db: duckdb.DuckDBPyConnection) -> None:
    found = analysed(db, "SELECT date, payment_mode, sum(net_amount) AS net FROM sales GROUP BY ALL")
    upi = next(i for i in of_type(found, "anomaly") if i.evidence.get("group") == "UPI")
    assert (upi.evidence["first"], upi.evidence["last"]) == ("2025-04-12", "2025-04-13")
    assert upi.evidence["value"] == 0


def test_a_city_that_gives_too_much_discount_lies_outside_the_others(db: duckdb.DuckDBPyConnection) -> None:
    sql = (
        f"SELECT city, 100 * sum(discount) / sum(net_amount + discount) AS discount_percent {SALES}"
        " WHERE department = 'Men' AND date BETWEEN '2025-09-01' AND '2025-09-30' GROUP BY city"
    )
    (outlier,) = of_type(analysed(db, sql), "outlier")
    by_hand = db.execute(f"SELECT discount_percent FROM ({sql}) WHERE city = 'Indore'").fetchone()
    assert by_hand is not None
    assert outlier.evidence["group"] == "Indore"
    assert outlier.evidence["value"] == pytest.approx(by_hand[0])


def test_a_category_that_comes_back_lies_outside_the_others(db: duckdb.DuckDBPyConnection) -> None:
    found = analysed(
        db,
        "SELECT category, 100.0 * count(return_id) / count(*) AS returned_percent FROM sales"
        " JOIN products USING (product_id) LEFT JOIN returns USING (sale_id)"
        " WHERE sales.date >= '2026-01-05' GROUP BY category",
    )
    (outlier,) = of_type(found, "outlier")
    assert outlier.evidence["group"] == "Women's footwear"


def test_a_zone_in_decline_diverges_with_the_figures_of_both_years(db: duckdb.DuckDBPyConnection) -> None:
    found = analysed(db, f"SELECT date, zone, sum(net_amount) AS net {SALES} GROUP BY ALL")
    (west,) = of_type(found, "divergence")
    assert west.evidence["group"] == "West"
    years = db.execute(
        "SELECT sum(net_amount) FILTER (date < '2025-04-01'), sum(net_amount) FILTER (date >= '2025-04-01')"
        f" {SALES} WHERE zone = 'West'"
    ).fetchone()
    assert years is not None
    assert west.evidence["earlier"] == pytest.approx(float(years[0]))
    assert west.evidence["later"] == pytest.approx(float(years[1]))


def test_a_stock_out_and_a_bulk_sale_are_found(db: duckdb.DuckDBPyConnection) -> None:
    stock = analysed(
        db,
        "SELECT week_date, category, sum(on_hand) AS on_hand FROM inventory JOIN stores USING (store_id)"
        " WHERE zone = 'East' GROUP BY ALL",
    )
    first = of_type(stock, "anomaly")[0].evidence
    assert (first["group"], first["first"], first["value"]) == ("Kids' winterwear", "2025-12-08", 0)
    bulk = analysed(
        db, f"SELECT date, category, sum(quantity) AS pieces {SALES} WHERE zone = 'East' GROUP BY ALL"
    )
    school = [i.evidence for i in of_type(bulk, "anomaly") if i.evidence.get("group") == "School uniforms"]
    assert any(evidence["first"] <= "2025-06-27" <= evidence["last"] for evidence in school)


def test_a_till_that_posted_a_day_several_times_is_found_in_the_rows(db: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT sales.* FROM sales JOIN stores USING (store_id) WHERE name = 'V-Mart Kanpur Main Road'"
    (repeated,) = of_type(analysed(db, sql), "repeated_rows")
    by_hand = db.execute(
        "SELECT count(*), count(*) - count(DISTINCT (product_id, quantity, net_amount, payment_mode))"
        f" FROM ({sql}) WHERE date = '2025-06-18'"
    ).fetchone()
    assert repeated.evidence["day"] == "2025-06-18"
    assert (repeated.evidence["rows"], repeated.evidence["repeats"]) == by_hand
    assert repeated.evidence["apart_from"] == ["sale_id"]


def test_growth_is_told_with_how_sure_it_is(db: duckdb.DuckDBPyConnection) -> None:
    (trend,) = of_type(analysed(db, "SELECT date, sum(net_amount) AS net FROM sales GROUP BY date"), "trend")
    weeks = db.execute(
        "SELECT sum(net_amount) FILTER (date > DATE '2026-03-31' - 364),"
        " sum(net_amount) FILTER (date BETWEEN DATE '2026-03-31' - 727 AND DATE '2026-03-31' - 364)"
        " FROM sales"
    ).fetchone()
    assert weeks is not None
    assert trend.evidence["later"] == pytest.approx(float(weeks[0]))
    assert trend.evidence["earlier"] == pytest.approx(float(weeks[1]))
    assert 0 < trend.evidence["plus_minus"] < trend.evidence["percent"]


def test_a_column_is_described_as_sql_describes_it(db: duckdb.DuckDBPyConnection) -> None:
    facts = analysed(db, "SELECT date, payment_mode, net_amount, sale_id FROM sales LIMIT 50000").facts
    columns = {column["name"]: column for column in facts["columns"]}
    by_hand = db.execute(
        "SELECT sum(net_amount), avg(net_amount), median(net_amount), max(net_amount),"
        " count(*) - count(payment_mode) FROM (FROM sales LIMIT 50000)"
    ).fetchone()
    assert by_hand is not None
    amount = columns["net_amount"]
    told = (amount["total"], amount["mean"], amount["median"], amount["most"])
    assert told == pytest.approx(tuple(map(float, by_hand[:4])))
    assert columns["payment_mode"]["missing"] == by_hand[4]
    assert columns["sale_id"]["role"] == "id"
    assert "total" not in columns["sale_id"]


@pytest.mark.parametrize("seed", range(30))
def test_nothing_stands_out_in_noise(seed: int) -> None:
    chance = np.random.default_rng(seed)
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range((30, 90, 200, 730)[seed % 4])]
    draw = (lambda: chance.normal(1000, 150), lambda: chance.poisson(30), lambda: chance.lognormal(3, 0.3))
    rows: list[dict[str, Any]] = [
        {"day": day.isoformat(), "place": place, "amount": float(draw[seed % 3]())}
        for day in days
        for place in ("a", "b", "c", "d", "e", "f")
    ]
    analysis = narrate(study(from_objects(rows)))
    assert analysis.insights == []
    assert analysis.summary.endswith(NOTHING)


def test_chance_rarely_makes_an_outlier_among_few_or_many_groups() -> None:
    chance = np.random.default_rng(1)
    found = 0
    for count in (5, 8, 20, 60):
        for _ in range(100):
            rows = [{"place": f"p{n}", "rate": float(chance.normal(50, 5))} for n in range(count)]
            found += bool(narrate(study(from_objects(rows))).insights)
    assert found <= 4


HOSTILE: list[list[dict[str, Any]]] = [
    [],
    [{}],
    [{"a": 1}],
    [{"a": None}, {"a": None}],
    [{"a": 10**400}, {"a": -(10**400)}, {"a": 1e308}, {"a": 1}],
    [{"a": float("nan")}, {"a": float("inf")}, {"a": 2.5}],
    [{"a": Decimal("NaN")}, {"a": Decimal("sNaN")}, {"a": Decimal("1e999")}],
    [{"a": True}, {"a": "text"}, {"a": 3}, {"a": [1, {"b": 2}]}, {"a": {"c": None}}],
    [{"d": "2025-13-45", "v": 1}, {"d": "0001-01-01", "v": 2}, {"d": "9999-12-31", "v": 3}],
    [{"d": f"2025-01-{n % 28 + 1:02d}", "v": 0} for n in range(100)],
    [{"d": f"{2000 + n}-01-01", "v": 1e99 * (-1) ** n} for n in range(100)],
    [{"d": "2025-01-01", "v": n, "g": str(n)} for n in range(100)],
    [{f"column {n}": n for n in range(500)}],
    [{"": 1, "a\nb": "x" * 100_000, "☃": "\x00"}] * 20,
    [{"v": n} if n % 2 else {"w": "x"} for n in range(50)],
    [{"g": "ab"[n % 2], "v": 0.0} for n in range(50)],
]


@pytest.mark.parametrize("rows", HOSTILE)
def test_hostile_rows_are_described_and_every_figure_can_be_sent(rows: list[dict[str, Any]]) -> None:
    analysis = narrate(study(from_objects(rows), "a question"))
    assert analysis.summary
    sent = msgspec.json.decode(msgspec.json.encode(analysis))
    assert sent["facts"]["rows"] == len(rows)
    assert all(math.isfinite(figure) for figure in figures(msgspec.to_builtins(analysis.facts)))


def figures(value: object) -> Iterator[float]:
    match value:
        case dict():
            for inner in value.values():
                yield from figures(inner)
        case list():
            for inner in value:
                yield from figures(inner)
        case float() | int():
            yield value


def test_rows_written_as_json_by_a_source_read_like_values() -> None:
    columns = [Column("date", ColumnType.DATE), Column("net", ColumnType.DECIMAL)]
    values, written = Gatherer(columns), Gatherer(columns)
    values.add(Rows([[date(2025, 1, 1), Decimal("10.50")], [None, None]]))
    written.add(JsonRows(b'["2025-01-01",10.50]\n[null,null]\n', 2))
    assert study(values.table()) == study(written.table())


def test_missing_values_are_counted_and_large_parts_matter_more() -> None:
    rows = [{"name": None if n < 4 else "x", "v": n} for n in range(10)]
    (insight,) = of_type(narrate(study(from_objects(rows))), "missing_values")
    assert insight.importance == "high"
    assert insight.evidence == {
        "finding": "missing",
        "fact": "f1",
        "column": "name",
        "count": 4,
        "percent": 40.0,
    }


@pytest.mark.parametrize("end", ["9999-12-31", "0001-01-01", "4712-12-31"])
def test_a_day_that_stands_for_no_end_is_no_day(end: str) -> None:
    rows = [{"valid_to": end if number % 3 else f"2026-01-{number + 1:02}", "a": 1} for number in range(28)]
    (valid_to, _) = study(from_objects(rows)).columns
    assert (valid_to.first, valid_to.last) == ("2026-01-01", "2026-01-28")
    assert narrate(study(from_objects(rows))).summary


def test_days_as_far_apart_as_they_may_be_are_no_failure() -> None:
    rows = [{"day": f"{year}-12-31", "a": year} for year in (1600, 3999) for _ in range(20)]
    assert narrate(study(from_objects(rows))).facts["rows"] == 40


def test_money_is_told_in_rupees_and_pieces_are_not() -> None:
    lost = Moved(
        column="net_amount", time="date", basis="year", percent=-9.5, plus_minus=1.2,
        earlier=1234567.0, later=-1234.0, first="2024-04-01", last="2026-03-31",
    )  # fmt: skip
    assert "₹12,34,567" in said(lost)[1]
    assert "−₹1,234 against" in said(lost)[1]
    pieces = msgspec.structs.replace(lost, column="quantity")
    assert "₹" not in said(pieces)[1]
    assert "−1,234 against 12,34,567" in said(pieces)[1]
