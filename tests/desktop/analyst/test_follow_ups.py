"""Follow-ups of every kind, with gold SQL: what takes the place of what, what comes beside it, what is asked;
and questions in an employee's words."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from desktop.analyst.meaning import Plan, Question, Refusal
from server.demo import parquet
from tests.desktop.analyst.asking import Asking
from tests.desktop.analyst.questions import same
from tests.desktop.analyst.test_questions_of_all_kinds import (
    ASK,
    BOTH,
    FEBRUARY,
    JANUARY,
    NET,
    PRODUCTS,
    REFUSE,
    STORES,
    TODAY,
)

MARCH = "sales.date BETWEEN '2026-03-01' AND '2026-03-31'"
ZONES = "net sales by zone last month"
PATNA = "net sales in Patna last month"
TOP = "top 5 cities by net sales last month"
TWO = "city IN ('Patna', 'Lucknow')"


def of(where: str, joined: str = STORES) -> str:
    return f"SELECT {NET} FROM {joined} WHERE {FEBRUARY} AND {where}"


def by(group: str, joined: str = STORES, where: str = FEBRUARY, figures: str = NET) -> str:
    return f"SELECT {group}, {figures} FROM {joined} WHERE {where} GROUP BY {group}"


FOLLOW_UPS = [
    # a value takes the place of the other, or comes beside it
    ([PATNA, "what about Lucknow"], of("city = 'Lucknow'")),
    ([PATNA, "and in Lucknow?"], of("city = 'Lucknow'")),
    ([PATNA, "and for Lucknow"], of("city = 'Lucknow'")),
    ([PATNA, "same for Lucknow"], of("city = 'Lucknow'")),
    ([PATNA, "only Lucknow"], of("city = 'Lucknow'")),
    ([PATNA, "Lucknow instead"], of("city = 'Lucknow'")),
    ([PATNA, "and Lucknow"], by("city", where=f"{FEBRUARY} AND {TWO}")),
    ([PATNA, "and Lucknow too"], by("city", where=f"{FEBRUARY} AND {TWO}")),
    ([PATNA, "also Lucknow"], by("city", where=f"{FEBRUARY} AND {TWO}")),
    ([PATNA, "Lucknow as well"], by("city", where=f"{FEBRUARY} AND {TWO}")),
    ([PATNA, "Lucknow bhi"], by("city", where=f"{FEBRUARY} AND {TWO}")),
    (
        [PATNA, "and Lucknow", "and Gaya"],
        by("city", where=f"{FEBRUARY} AND city IN ('Patna', 'Lucknow', 'Gaya')"),
    ),
    (["net sales by department in Patna last month", "and Lucknow"], ASK),
    (
        ["net sales by department in Patna last month", "also Lucknow"],
        by("department, city", BOTH, f"{FEBRUARY} AND {TWO}"),
    ),
    (["net sales by city in Patna last month", "and Lucknow"], by("city", where=f"{FEBRUARY} AND {TWO}")),
    # a place that holds the other, or lies elsewhere
    ([PATNA, "what about Bihar"], of("state = 'Bihar'")),
    ([PATNA, "what about Uttar Pradesh"], of("state = 'Uttar Pradesh'")),
    (["net sales in Bihar last month", "only Patna"], of("city = 'Patna'")),
    ([PATNA, "only Kids"], of("city = 'Patna' AND department = 'Kids'", BOTH)),
    # what is left out stays out
    ([ZONES, "exclude East", "and North"], by("zone", where=f"{FEBRUARY} AND zone NOT IN ('East', 'North')")),
    (
        [ZONES, "without East", "without North"],
        by("zone", where=f"{FEBRUARY} AND zone NOT IN ('East', 'North')"),
    ),
    ([ZONES, "exclude East", "only North"], by("zone", where=f"{FEBRUARY} AND zone = 'North'")),
    (["net sales in Patna and Lucknow last month", "without Lucknow"], of("city = 'Patna'")),
    ([PATNA, "without Lucknow"], REFUSE),
    # another period
    ([ZONES, "this month"], by("zone", where=MARCH)),
    ([ZONES, "and in January"], by("zone", where=JANUARY)),
    ([ZONES, "what about last week"], by("zone", where="date BETWEEN '2026-03-23' AND '2026-03-29'")),
    (
        [PATNA, "kal ki"],
        "SELECT sum(net_amount) FROM " + STORES + " WHERE city = 'Patna' AND date = '2026-03-30'",
    ),
    # another figure, or one more
    ([ZONES, "what about quantity"], by("zone", figures="SUM(quantity)")),
    ([ZONES, "quantity instead"], by("zone", figures="SUM(quantity)")),
    ([ZONES, "and quantity"], by("zone", figures=f"{NET}, SUM(quantity)")),
    ([ZONES, "quantity too"], by("zone", figures=f"{NET}, SUM(quantity)")),
    ([ZONES, "and quantity", "also discount"], by("zone", figures=f"{NET}, SUM(quantity), SUM(discount)")),
    # another grouping, or one more
    ([ZONES, "by department"], by("department", PRODUCTS)),
    ([ZONES, "also by department"], by("zone, department", BOTH)),
    # rank, sort, condition, share
    ([TOP, "top 3"], by("city") + " ORDER BY 2 DESC LIMIT 3"),
    ([TOP, "bottom 3"], by("city") + " ORDER BY 2 LIMIT 3"),
    ([TOP, "in Bihar"], by("city", where=f"{FEBRUARY} AND state = 'Bihar'") + " ORDER BY 2 DESC LIMIT 5"),
    ([TOP, "and quantity"], by("city", figures=f"{NET}, SUM(quantity)") + " ORDER BY 2 DESC LIMIT 5"),
    ([TOP, "lowest first"], REFUSE),
    ([ZONES, "lowest first"], by("zone") + " ORDER BY 2"),
    ([ZONES, "sorted in descending order"], REFUSE),
    ([ZONES, "only above 1 crore"], by("zone") + f" HAVING {NET} > 10000000"),
    ([ZONES, "only above 1 crore", "share"], REFUSE),
    # what is not understood is not guessed
    ([ZONES, "as a pie chart"], REFUSE),
    ([ZONES, "same store growth"], REFUSE),
]


@pytest.fixture(scope="module")
def retail(demo_folder: Path) -> Iterator[Asking]:
    with duckdb.connect(":memory:") as db:
        for table in parquet.TABLES:
            db.execute(f"CREATE VIEW {table} AS FROM '{demo_folder / table}.parquet'")
        yield Asking(db)


@pytest.mark.parametrize(("questions", "gold"), FOLLOW_UPS, ids=[" | ".join(q[1:]) for q, _ in FOLLOW_UPS])
def test_a_follow_up_is_read_as_it_was_meant(retail: Asking, questions: list[str], gold: str) -> None:
    outcome = retail.ask(questions, TODAY)
    if gold in (ASK, REFUSE):
        assert isinstance(outcome, Question if gold == ASK else Refusal), outcome
        return
    assert isinstance(outcome, Plan), outcome
    wanted = retail.db.execute(gold).fetchall()
    assert wanted
    assert same(wanted, retail.rows(outcome), ordered="ORDER BY" in gold), outcome.sql


@pytest.mark.parametrize(
    "questions",
    [
        [PATNA.replace("sales", "sales by department"), "and Lucknow"],
        ["bihar vs jharkhand"],
        ["sales in UP"],
        ["stores in bihar"],
        ["top 10 stores"],
        ["most returned products"],
    ],
)
def test_every_choice_that_is_offered_is_answered(retail: Asking, questions: list[str]) -> None:
    asked = retail.ask(questions, TODAY)
    assert isinstance(asked, Question)
    for choice in asked.choices:
        assert isinstance(retail.ask([*questions[:-1], choice.question], TODAY), Plan), choice


@pytest.mark.parametrize(
    "question",
    [
        "which store grew the most",
        "top 3 zones by sales growth",
        "top brand in each zone",
    ],
)
def test_no_choice_is_offered_that_would_be_refused(retail: Asking, question: str) -> None:
    assert isinstance(retail.ask([question], TODAY), Refusal)


@pytest.mark.parametrize(
    "question",
    ["aaj kitni sale hui", "in Bihar today how many sales", "in Bihar today how many net sales"],
)
def test_a_choice_keeps_the_rest_of_the_question(retail: Asking, question: str) -> None:
    asked = retail.ask([question], TODAY)
    assert isinstance(asked, Question)
    for choice in asked.choices:
        outcome = retail.ask([choice.question], TODAY)
        if isinstance(outcome, Plan):
            assert "2026-03-31" in outcome.sql
            assert ("Bihar" in outcome.sql) == ("Bihar" in question)
        else:
            assert "today" in choice.question


@pytest.mark.parametrize(
    ("question", "gold"),
    [
        ("kal ki sale", f"SELECT {NET} FROM sales WHERE date = '2026-03-30'"),
        ("parso ki bikri", f"SELECT {NET} FROM sales WHERE date = '2026-03-29'"),
        ("yesterdays sales", f"SELECT {NET} FROM sales WHERE date = '2026-03-30'"),
        (
            "sabse zyada bikri kis store ki hai",
            f"SELECT name, {NET} FROM {STORES} GROUP BY 1 ORDER BY 2 DESC LIMIT 1",
        ),
        (
            "sabse kam bikri kis city ki hai",
            f"SELECT city, {NET} FROM {STORES} GROUP BY 1 ORDER BY 2 LIMIT 1",
        ),
        ("kitne stores hain bihar me", "SELECT count(*) FROM stores WHERE state = 'Bihar'"),
        ("deptt wise sales", f"SELECT department, {NET} FROM {PRODUCTS} GROUP BY 1"),
        ("sales store wise", f"SELECT name, {NET} FROM {STORES} GROUP BY 1"),
        ("sale product wise last month", f"SELECT name, {NET} FROM {PRODUCTS} WHERE {FEBRUARY} GROUP BY 1"),
        ("discount amount last month", f"SELECT SUM(discount) FROM sales WHERE {FEBRUARY}"),
        ("how many stores opened last year", "SELECT count(*) FROM stores WHERE year(opened_on) = 2025"),
        ("how many stores opened this year", "SELECT count(*) FROM stores WHERE year(opened_on) = 2026"),
        ("sales 2025", f"SELECT {NET} FROM sales WHERE year(date) = 2025"),
        ("net sales by zone, lowest first", f"SELECT zone, {NET} FROM {STORES} GROUP BY 1 ORDER BY 2"),
        ("sales till date", f"SELECT {NET} FROM sales"),
        ("sales 2024 vs 2025", REFUSE),
        ("mrp 1999", REFUSE),
        ("april se sale", REFUSE),
        ("abhi ki sale", REFUSE),
        ("10 lakh se zyada bikri wale store", REFUSE),
        ("same store sales growth", REFUSE),
    ],
)
def test_an_employees_words(retail: Asking, question: str, gold: str) -> None:
    outcome = retail.ask([question], TODAY)
    if gold == REFUSE:
        assert isinstance(outcome, Refusal), outcome
        return
    assert isinstance(outcome, Plan), outcome
    assert same(retail.db.execute(gold).fetchall(), retail.rows(outcome), ordered="ORDER BY" in gold), (
        outcome.sql
    )
