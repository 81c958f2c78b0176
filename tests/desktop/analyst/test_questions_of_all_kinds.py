"""What the analyst covers, question by question, with gold SQL: retail, a bank, a haulier, a hospital."""

import re
from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from desktop.analyst.meaning import Plan, Question, Refusal, Told
from desktop.analyst.numbers import money
from server import demo
from server.demo import parquet
from tests.desktop.analyst.asking import Asking
from tests.desktop.analyst.questions import same
from tests.desktop.analyst.schemas.fleet import fleet
from tests.desktop.analyst.schemas.hospital import hospital
from tests.desktop.analyst.schemas.tables import load

TODAY = date(2026, 11, 23)
ASK, REFUSE = "asks back", "refuses"
STORES = "sales JOIN stores USING (store_id)"
PRODUCTS = "sales JOIN products USING (product_id)"
BOTH = "sales JOIN stores USING (store_id) JOIN products USING (product_id)"
NET = "SUM(net_amount)"
JANUARY = "sales.date BETWEEN '2026-01-01' AND '2026-01-31'"
FEBRUARY = "sales.date BETWEEN '2026-02-01' AND '2026-02-28'"
TRIPS = 'trips JOIN vehicles USING ("Reg No") JOIN depots USING (depot_id)'


def growth(group: str, joined: str, now: str, before: str) -> str:
    """A figure now, before, and by how much it changed."""
    a, b = f"SUM(net_amount) FILTER ({now})", f"SUM(net_amount) FILTER ({before})"
    columns = f"{a}, {b}, {a} - {b}, 100.0 * ({a} - {b}) / {b}"
    return (
        f"SELECT {group}, {columns} FROM {joined} GROUP BY {group}"
        if group
        else f"SELECT {columns} FROM {joined}"
    )


QUESTIONS = [
    ("retail", "total sales", f"SELECT {NET} FROM sales"),
    ("retail", "how much did we sell yesterday", f"SELECT {NET} FROM sales WHERE date = '2026-03-30'"),
    ("retail", "revenue by zone last month", f"SELECT zone, {NET} FROM {STORES} WHERE {FEBRUARY} GROUP BY 1"),
    ("retail", "pichle mahine ki bikri zone wise", f"SELECT zone, {NET} FROM {STORES} WHERE {FEBRUARY} GROUP BY 1"),
    ("retail", "sales in Bihar and Jharkhand", f"SELECT {NET} FROM {STORES} WHERE state IN ('Bihar', 'Jharkhand')"),
    ("retail", "sales excluding Kids in Bihar", f"SELECT {NET} FROM {BOTH} WHERE department <> 'Kids' AND state = 'Bihar'"),
    ("retail", "net sales by zone excluding West and East", f"SELECT zone, {NET} FROM {STORES} WHERE zone NOT IN ('West', 'East') GROUP BY 1"),
    ("retail", "sales and quantity by zone", f"SELECT zone, {NET}, SUM(quantity) FROM {STORES} GROUP BY 1"),
    ("retail", "sales in Bihar and quantity by month", f"SELECT date_trunc('month', date)::DATE, {NET}, SUM(quantity) FROM {STORES} WHERE state = 'Bihar' GROUP BY 1"),
    ("retail", "top 5 cities by net sales", f"SELECT city, {NET} FROM {STORES} GROUP BY 1 ORDER BY 2 DESC LIMIT 5"),
    ("retail", "which zone has the lowest sales", f"SELECT zone, {NET} FROM {STORES} GROUP BY 1 ORDER BY 2 LIMIT 1"),
    ("retail", "stores with net amount above 85 lakh", f"SELECT name, {NET} FROM {STORES} GROUP BY 1 HAVING {NET} > 8500000"),
    ("retail", "UPI sales by month", f"SELECT date_trunc('month', date)::DATE, {NET} FROM sales WHERE payment_mode = 'UPI' GROUP BY 1"),
    ("retail", "Bihar vs Jharkhand sales", f"SELECT state, {NET} FROM {STORES} WHERE state IN ('Bihar', 'Jharkhand') GROUP BY 1"),
    ("retail", "sales in Q1 FY26", f"SELECT {NET} FROM sales WHERE date BETWEEN '2025-04-01' AND '2025-06-30'"),
    ("retail", "sales 2025-26", f"SELECT {NET} FROM sales WHERE date BETWEEN '2025-04-01' AND '2026-03-31'"),
    ("retail", "sales between 1 and 15 March 2026", f"SELECT {NET} FROM sales WHERE date BETWEEN '2026-03-01' AND '2026-03-15'"),
    ("retail", "sales from april 2025 to june 2025 monthly", f"SELECT date_trunc('month', date)::DATE, {NET} FROM sales WHERE date BETWEEN '2025-04-01' AND '2025-06-30' GROUP BY 1"),
    ("retail", "sales on 14/03/2025", f"SELECT {NET} FROM sales WHERE date = '2025-03-14'"),
    ("retail", "sales for the week of 4 March 2026", f"SELECT {NET} FROM sales WHERE date BETWEEN '2026-03-02' AND '2026-03-08'"),
    ("retail", "sales before 2025", f"SELECT {NET} FROM sales WHERE date < '2025-01-01'"),
    ("retail", "UPI sales last month vs the month before", growth("", "sales", f"{FEBRUARY} AND payment_mode = 'UPI'", "date BETWEEN '2026-01-01' AND '2026-01-31' AND payment_mode = 'UPI'")),
    ("retail", "sales by zone last month compared to last year", growth("zone", STORES, FEBRUARY, "date BETWEEN '2025-02-01' AND '2025-02-28'")),
    ("retail", "sales and refund amount by department in March 2026", "SELECT d, SUM(s), SUM(r) FROM (SELECT department d, net_amount s, NULL r FROM sales JOIN products USING (product_id) WHERE date >= '2026-03-01' UNION ALL SELECT department, NULL, refund_amount FROM returns JOIN products USING (product_id) WHERE date >= '2026-03-01') GROUP BY d"),
    ("retail", "share of sales by department", f"SELECT department, {NET}, 100.0 * {NET} / SUM({NET}) OVER () FROM {PRODUCTS} GROUP BY 1"),
    ("retail", "on hand by zone last month", "SELECT zone, SUM(on_hand) FROM inventory JOIN stores USING (store_id) WHERE week_date = '2026-02-23' GROUP BY 1"),
    ("retail", "how many stores in Bihar", "SELECT COUNT(*) FROM stores WHERE state = 'Bihar'"),
    ("retail", "how many stores had returns last month", "SELECT COUNT(DISTINCT store_id) FROM returns WHERE date BETWEEN '2026-02-01' AND '2026-02-28'"),
    ("retail", "average sales per store", "SELECT SUM(net_amount) / COUNT(DISTINCT store_id) FROM sales"),
    ("retail", "average daily sales last month", f"SELECT SUM(net_amount) / COUNT(DISTINCT date) FROM sales WHERE {FEBRUARY}"),
    ("retail", "number of products with mrp above 1000 by department", "SELECT department, COUNT(*) FROM products WHERE mrp > 1000 GROUP BY 1"),
    ("retail", "sales last month vs previous month", growth("", "sales", FEBRUARY, JANUARY)),
    ("retail", "sales last 30 days vs previous 30 days", growth("", "sales", "date BETWEEN '2026-03-02' AND '2026-03-31'", "date BETWEEN '2026-01-31' AND '2026-03-01'")),
    ("retail", "sales in Jan vs Feb 2026", growth("", "sales", FEBRUARY, JANUARY)),
    ("retail", "sales last quarter vs same quarter last year", growth("", "sales", "date BETWEEN '2025-10-01' AND '2025-12-31'", "date BETWEEN '2024-10-01' AND '2024-12-31'")),
    ("retail", "compare this quarter sales with last year same quarter", growth("", "sales", "date BETWEEN '2026-01-01' AND '2026-03-31'", "date BETWEEN '2025-01-01' AND '2025-03-31'")),
    ("retail", "sales last quarter vs same month last year", REFUSE),
    ("retail", "sales this week so far", f"SELECT {NET} FROM sales WHERE date BETWEEN '2026-03-30' AND '2026-03-31'"),
    ("retail", "sales last week so far", REFUSE),
    ("retail", "number of products with mrp between 500 and 1000", "SELECT COUNT(*) FROM products WHERE mrp BETWEEN 500 AND 1000"),
    ("retail", "number of products with mrp between 2 and 3 thousand", "SELECT COUNT(*) FROM products WHERE mrp BETWEEN 2000 AND 3000"),
    ("retail", "stores with sales between 5 and 10 lakh last quarter", f"SELECT name, {NET} FROM {STORES} WHERE date BETWEEN '2025-10-01' AND '2025-12-31' GROUP BY 1 HAVING {NET} BETWEEN 500000 AND 1000000"),
    ("retail", "stores with sales between 50,000 and 9 lakh last quarter", f"SELECT name, {NET} FROM {STORES} WHERE date BETWEEN '2025-10-01' AND '2025-12-31' GROUP BY 1 HAVING {NET} BETWEEN 50000 AND 900000"),
    ("retail", "number of products with mrp between 2000 and 2050", "SELECT COUNT(*) FROM products WHERE mrp BETWEEN 2000 AND 2050"),
    ("retail", "number of products with mrp between 1000 and 500", REFUSE),
    ("retail", "sales between 500 and 1000", REFUSE),
    ("retail", "how many different items returned last month", f"SELECT COUNT(DISTINCT product_id) FROM returns WHERE {FEBRUARY.replace('sales', 'returns')}"),
    ("retail", "how many items returned last month", ASK),
    ("retail", "sales in March by year", REFUSE),
    ("retail", "sales with discount", REFUSE),
    ("retail", "sales excluding Bihar UPI", REFUSE),
    ("retail", "sales in FY26 vs FY26", REFUSE),
    ("retail", "total mrp", REFUSE),
    ("retail", "top selling category in each zone", REFUSE),
    ("retail", "discount percentage by zone", REFUSE),
    ("retail", "UPI share of sales by zone", REFUSE),
    ("retail", "net sales excluding returns", REFUSE),
    ("retail", "targets last week", REFUSE),
    ("retail", "sales by quantity", REFUSE),
    ("retail", "sales in Bihar vs West", REFUSE),
    ("retail", "sales by zone or department", REFUSE),
    ("retail", "number of product returns", REFUSE),
    ("retail", "top 5 stores by net sales compared to last year", REFUSE),
    ("retail", "same for returns", REFUSE),
    ("retail", "vs net sales", REFUSE),
    ("retail", "like for like sales by zone last month", REFUSE),
    ("retail", "like-for-like sales by zone last month", REFUSE),
    ("retail", "number of stores like Patna", REFUSE),
    ("retail", "I'd like sales by zone", f"SELECT zone, {NET} FROM {STORES} GROUP BY 1"),
    ("retail", "we would like to see sales by zone", f"SELECT zone, {NET} FROM {STORES} GROUP BY 1"),
    ("retail", "returns by zone", ASK),
    ("retail", "inventory by category", ASK),
    ("retail", "number of sales", ASK),
    ("retail", "net slaes by zone", ASK),
    ("bank", "transaction amount by month", "SELECT date_trunc('month', ts)::DATE, SUM(amount) FROM \"Bank transactions\" GROUP BY 1"),
    ("bank", "credit amount by branch city", "SELECT CASE WHEN lower(trim(city)) = 'pune' THEN 'Pune' ELSE city END, SUM(amount) FROM \"Bank transactions\" LEFT JOIN branches USING (branch_id) WHERE type = 'credit' GROUP BY 1"),
    ("bank", "number of transactions in Pune", "SELECT COUNT(*) FROM \"Bank transactions\" JOIN branches USING (branch_id) WHERE trim(lower(city)) = 'pune'"),
    ("bank", "average fee % by type", "SELECT type, AVG(\"Fee %\") FROM \"Bank transactions\" GROUP BY 1"),
    ("bank", "fee % by type", "SELECT type, AVG(\"Fee %\") FROM \"Bank transactions\" GROUP BY 1"),
    ("bank", "total fee %", REFUSE),
    ("bank", "total balance", REFUSE),
    ("bank", "transactions by type", ASK),
    ("bank", "how many branches", "SELECT COUNT(*) FROM branches"),
    ("bank", "number of urgent transactions", REFUSE),
    ("bank", "transaction amount not in Pune", "SELECT SUM(amount) FROM \"Bank transactions\" LEFT JOIN branches USING (branch_id) WHERE trim(lower(city)) <> 'pune' OR city IS NULL"),
    ("fleet", "trips by make", 'SELECT make, COUNT(*) FROM trips JOIN vehicles USING ("Reg No") GROUP BY 1'),
    ("fleet", "km in North", f"SELECT SUM(km) FROM {TRIPS} WHERE region = 'North'"),
    ("fleet", "number of vehicles bought in 2020 by make", "SELECT make, COUNT(*) FROM vehicles WHERE year(bought_on) = 2020 GROUP BY 1"),
    ("fleet", "repairs opened in June 2026", "SELECT COUNT(*) FROM repairs WHERE opened BETWEEN '2026-06-01' AND '2026-06-30'"),
    ("fleet", "litres per km", REFUSE),
    ("fleet", "fuel and repairs amount by region", ASK),
    ("fleet", "how many trips last month", ASK),
    ("hospital", "number of doctors by department", "SELECT dept_name, COUNT(*) FROM doctors JOIN departments USING (dept_id) GROUP BY 1"),
    ("hospital", "gross and net amount by insurer", "SELECT insurer, SUM(gross_amt), SUM(net_amt) FROM bills GROUP BY 1"),
    ("hospital", "how many doctors had appointments", "SELECT COUNT(DISTINCT doc_id) FROM appointments"),
    ("hospital", "average net_amt per patient", "SELECT SUM(net_amt) / COUNT(DISTINCT pat_id) FROM bills"),
    ("hospital", "number of A+ patients", "SELECT COUNT(*) FROM patients WHERE blood_grp = 'A+'"),
    ("hospital", "number of patients except O-", "SELECT COUNT(*) FROM patients WHERE blood_grp <> 'O-'"),
    ("hospital", "number of O patients", REFUSE),
    ("hospital", "unpaid bills", REFUSE),
    ("hospital", "patients by city", ASK),
    ("hospital", "how many patients have Diabetes", REFUSE),
]  # fmt: skip

FOLLOW_UPS = [
    (["net sales by zone last month", "and by department?"], f"SELECT department, {NET} FROM {PRODUCTS} WHERE {FEBRUARY} GROUP BY 1"),
    (["net sales by zone last month", "only kids"], f"SELECT zone, {NET} FROM {BOTH} WHERE {FEBRUARY} AND department = 'Kids' GROUP BY 1"),
    (["net sales by zone last month", "only kids", "and in Bihar?"], f"SELECT zone, {NET} FROM {BOTH} WHERE {FEBRUARY} AND department = 'Kids' AND state = 'Bihar' GROUP BY 1"),
    (["net sales in Bihar last month", "and in Jharkhand?"], f"SELECT {NET} FROM {STORES} WHERE {FEBRUARY} AND state = 'Jharkhand'"),
    (["net sales by city", "what about last month", "top 3 of these"], f"SELECT city, {NET} FROM {STORES} WHERE {FEBRUARY} GROUP BY 1 ORDER BY 2 DESC LIMIT 3"),
    (["net sales last quarter", "as monthly"], f"SELECT date_trunc('month', date)::DATE, {NET} FROM sales WHERE date BETWEEN '2025-10-01' AND '2025-12-31' GROUP BY 1"),
    (["net sales by department last month", "same for refund amount"], "SELECT department, SUM(refund_amount) FROM returns JOIN products USING (product_id) WHERE date BETWEEN '2026-02-01' AND '2026-02-28' GROUP BY 1"),
    (["net sales by zone last month", "compared to the same period last year"], growth("zone", STORES, FEBRUARY, "date BETWEEN '2025-02-01' AND '2025-02-28'")),
    (["net sales last financial year", "and this year?"], f"SELECT {NET} FROM sales WHERE date BETWEEN '2025-04-01' AND '2026-03-31'"),
    (["net sales by zone last month", "compare with the month before", "only kids"], growth("zone", BOTH, f"{FEBRUARY} AND department = 'Kids'", f"{JANUARY} AND department = 'Kids'")),
    (["net sales last month", "compare with last year", "by zone"], growth("zone", STORES, FEBRUARY, "date BETWEEN '2025-02-01' AND '2025-02-28'")),
    (["net sales last month", "compare with last year", "what about last quarter"], f"SELECT {NET} FROM sales WHERE date BETWEEN '2025-10-01' AND '2025-12-31'"),
    (["top 5 stores by net sales last month", "only Bihar"], f"SELECT name, {NET} FROM {STORES} WHERE {FEBRUARY} AND state = 'Bihar' GROUP BY 1 ORDER BY 2 DESC LIMIT 5"),
    (["net sales by zone last month", "how many stores"], "SELECT COUNT(*) FROM stores"),
]  # fmt: skip


@pytest.fixture(scope="module")
def askers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Asking]]:
    found = {name: duckdb.connect(":memory:") for name in ("retail", "bank", "fleet", "hospital")}
    folder = demo.ensure(tmp_path_factory.mktemp("demo") / "retail", lambda _: None)
    for table in parquet.TABLES:
        found["retail"].execute(f"CREATE VIEW {table} AS FROM '{folder / table}.parquet'")
    load(hospital(), found["hospital"])
    load(fleet(), found["fleet"])
    _bank(found["bank"])
    yield {name: Asking(db) for name, db in found.items()}
    for db in found.values():
        db.close()


def _bank(db: duckdb.DuckDBPyConnection) -> None:
    """Blanks and signs in names, a running balance, differently written cities, a flag."""
    db.execute("CREATE TABLE branches (branch_id INT, branch_name VARCHAR, city VARCHAR)")
    db.execute("INSERT INTO branches VALUES (1, 'Main', 'Pune'), (2, 'Fort', 'Mumbai'), (3, 'Camp', 'PUNE ')")
    db.execute(
        'CREATE TABLE "Bank transactions" AS SELECT i AS txn_id, 1 + i % 4 AS branch_id, '
        "TIMESTAMP '2026-01-01' + INTERVAL (i) HOUR AS ts, ['debit', 'credit'][1 + i % 2] AS type, "
        '(i * 3.5)::DOUBLE AS amount, (i * 100)::DOUBLE AS balance, i % 3 AS "Fee %", i % 5 = 0 AS urgent '
        "FROM range(3000) t(i)"
    )


@pytest.mark.parametrize(("schema", "question", "gold"), QUESTIONS)
def test_a_question_gives_its_gold_rows_or_asks_or_refuses(
    askers: dict[str, Asking], schema: str, question: str, gold: str
) -> None:
    asker = askers[schema]
    outcome = asker.ask([question], TODAY)
    if gold in (ASK, REFUSE):
        assert isinstance(outcome, Question if gold == ASK else Refusal), outcome
    else:
        assert isinstance(outcome, Plan), outcome
        assert same(asker.db.execute(gold).fetchall(), asker.rows(outcome)), outcome.sql


@pytest.mark.parametrize(("questions", "gold"), FOLLOW_UPS)
def test_a_follow_up_keeps_what_it_does_not_change(
    askers: dict[str, Asking], questions: list[str], gold: str
) -> None:
    asker = askers["retail"]
    outcome = asker.ask(questions, TODAY)
    assert isinstance(outcome, Plan), outcome
    assert same(asker.db.execute(gold).fetchall(), asker.rows(outcome)), outcome.sql


def test_every_choice_that_is_offered_leads_to_an_answer_or_a_further_choice(
    askers: dict[str, Asking],
) -> None:
    for schema, question, gold in QUESTIONS:
        outcome = askers[schema].ask([question], TODAY) if gold == ASK else None
        if isinstance(outcome, Question):
            for choice in outcome.choices:
                assert isinstance(askers[schema].ask([choice.question], TODAY), Plan), choice


def test_choices_are_worded_as_a_person_would_ask(askers: dict[str, Asking]) -> None:
    outcome = askers["retail"].ask(["refund by reason this year"], TODAY)
    assert isinstance(outcome, Question)
    asked = [choice.question for choice in outcome.choices]
    assert asked == ["total refund amount by reason this year", "number of returns by reason this year"]
    outcome = askers["retail"].ask(["best product last month"], TODAY)
    assert isinstance(outcome, Question)
    assert [c.question for c in outcome.choices] == ["best product last month by net sales"]
    assert isinstance(askers["retail"].ask([outcome.choices[0].question], TODAY), Plan)


def test_every_starter_and_follow_up_is_answered(askers: dict[str, Asking]) -> None:
    for asker in askers.values():
        starters = asker.analyst(TODAY).starters()
        assert starters
        for starter in starters:
            plan = asker.ask([starter], TODAY)
            assert isinstance(plan, Plan)
            for follow_up in plan.follow_ups:
                assert isinstance(asker.ask([starter, follow_up], TODAY), Plan), (starter, follow_up)


def test_what_is_told_comes_from_the_cells_and_says_the_period(askers: dict[str, Asking]) -> None:
    asker = askers["retail"]
    plan = asker.ask(["net sales in Bihar last month vs the month before"], TODAY)
    assert isinstance(plan, Plan)
    told = asker.analyst(TODAY).tell(plan, asker.columns(plan), asker.rows(plan), truncated=False)
    assert "Feb 2026" in told.text
    assert told.headline is not None
    assert told.headline.trend in ("up", "down")
    assert plan.as_of == date(2026, 3, 31)
    empty = asker.analyst(TODAY).tell(plan, asker.columns(plan), [], truncated=False)
    assert "no rows" in empty.text


def test_of_a_result_that_was_cut_no_highest_is_claimed(askers: dict[str, Asking]) -> None:
    asker = askers["retail"]
    plan = asker.ask(["net sales by store and month"], TODAY)
    assert isinstance(plan, Plan)
    rows = asker.rows(plan)
    assert "is highest" in asker.analyst(TODAY).tell(plan, asker.columns(plan), rows, truncated=False).text
    cut = asker.analyst(TODAY).tell(plan, asker.columns(plan), rows[:50], truncated=True)
    assert "first 50 rows" in cut.text
    assert "is highest" not in cut.text


def told(asker: Asking, question: str) -> Told:
    plan = asker.ask([question], TODAY)
    assert isinstance(plan, Plan), plan
    return asker.analyst(TODAY).tell(plan, asker.columns(plan), asker.rows(plan), truncated=False)


def test_groups_that_are_all_shown_are_told_with_their_total(askers: dict[str, Asking]) -> None:
    asker = askers["retail"]
    [(total,)] = asker.db.execute(f"SELECT {NET} FROM sales").fetchall()
    by_zone = told(asker, "net sales by zone")
    assert by_zone.headline is not None
    assert by_zone.headline.label == "total net amount"
    assert by_zone.headline.value == money(total)
    assert f"The total is **{money(total)}**" in by_zone.text
    by_state = told(asker, "number of stores by state").headline
    assert by_state is not None
    assert by_state.value == "120"


def test_what_is_not_understood_is_named_and_other_questions_are_offered(askers: dict[str, Asking]) -> None:
    """Also by an analyst that nobody has asked for starters yet, as in a terminal."""
    refused = askers["retail"].analyst(TODAY).read("flurble by zone")
    assert isinstance(refused, Refusal)
    assert "“flurble”: no table, column or value" in refused.text
    assert len(refused.suggestions) == 3
    for question in refused.suggestions:
        assert isinstance(askers["retail"].ask([question], TODAY), Plan)


def test_a_comparison_names_who_rose_and_who_fell_most(askers: dict[str, Asking]) -> None:
    text = told(askers["retail"], "net sales this year compared with last year by zone").text
    assert re.search(r"South rose most, \+[\d.]+ %; West fell most, −[\d.]+ %\.", text), text


@pytest.mark.parametrize(
    "question",
    [
        "top 3 zones by net sales",
        "zones with net sales above 10 crore",
        "average mrp by brand",
        "on hand by month",
        "average sales per store by zone",
        "number of different products sold by zone",
        "sales and quantity by zone",
    ],
)
def test_what_cannot_be_added_up_or_is_not_all_shown_has_no_total(
    askers: dict[str, Asking], question: str
) -> None:
    answer = told(askers["retail"], question)
    assert answer.headline is None
    assert "total is" not in answer.text


def test_a_second_question_reads_no_value_again(askers: dict[str, Asking]) -> None:
    asker = askers["retail"]
    asker.ask(["net sales in Bihar"], TODAY)
    before = len(asker.fetched)
    asker.ask(["net sales in Jharkhand by zone"], TODAY)
    assert len(asker.fetched) == before
