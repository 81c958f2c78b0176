"""Questions for an insight are told from questions for a figure, and no word of theirs is lost."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from desktop.analyst.analyst import Analyst
from desktop.analyst.meaning import InsightPlan, Plan, Question, Refusal
from desktop.analyst.wonder import Goal, Wonder, wonder
from server.demo import parquet
from tests.desktop.analyst.asking import Asking

GOALS: tuple[Goal, ...] = ("change", "stands_out", "forecast", "recommend")


@pytest.fixture(scope="module")
def retail(demo_folder: Path) -> Iterator[Analyst]:
    with duckdb.connect(":memory:") as db:
        for table in parquet.TABLES:
            db.execute(f"CREATE VIEW {table} AS FROM '{demo_folder / table}.parquet'")
        yield Asking(db).analyst(date(2026, 11, 28))


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("Why did sales fall in October?", Wonder("change", "sales in October", -1)),
        (
            "why were sales lower in the East zone last month",
            Wonder("change", "sales in the East zone last month", -1),
        ),
        ("Why did our returns in March go up?", Wonder("change", "returns in March", 1)),
        ("explain the drop in sales in October", Wonder("change", "sales in October", -1)),
        ("what drove the change in sales this year", Wonder("change", "sales this year", 0)),
        ("sales kyun giri October me", Wonder("change", "sales October me", -1)),
        ("What stands out in returns?", Wonder("stands_out", "returns")),
        ("any anomalies in sales this year?", Wonder("stands_out", "sales this year")),
        ("Analyse discount", Wonder("stands_out", "discount")),
        ("Forecast sales for next month", Wonder("forecast", "sales", ahead=1, unit="month")),
        ("what will sales be in the next 3 months", Wonder("forecast", "sales", ahead=3, unit="month")),
        ("sales forecast for the next quarter", Wonder("forecast", "sales", ahead=1, unit="quarter")),
        ("forecast sales", Wonder("forecast", "sales")),
        ("What should we do about returns?", Wonder("recommend", "returns")),
        ("how can we reduce discount", Wonder("recommend", "discount")),
        ("Please suggest something to improve sales", Wonder("recommend", "sales")),
    ],
)
def test_a_question_for_an_insight_is_read(question: str, read: Wonder) -> None:
    assert wonder(question) == read


@pytest.mark.parametrize(
    "question",
    [
        "sales by zone",
        "total sales last month",
        "which store sold the least?",
        "why",
        "forecast",
        "",
        "what stands out",
    ],
)
def test_other_questions_are_left_alone(question: str) -> None:
    assert wonder(question) is None


@pytest.mark.parametrize("goal", GOALS)
def test_asked_about_something_else_it_is_read_again(goal: Goal) -> None:
    ahead, unit = (28, "day") if goal == "forecast" else (0, "")
    first = Wonder(goal, "returns", -1 if goal == "change" else 0, ahead, unit)
    again = wonder(first.asked_about("number of returns"))
    assert again is not None
    assert (again.goal, again.topic) == (goal, "number of returns")


def test_a_change_is_compared_with_the_year_before_and_with_the_month_before(retail: Analyst) -> None:
    plan = retail.wonder("Why did sales fall in November?")
    assert isinstance(plan, InsightPlan)
    assert (plan.period, plan.direction) == (["2025-11-01", "2025-11-30"], -1)
    assert plan.against == ["2024-11-01", "2024-11-30"]
    assert plan.or_against == ["2025-10-01", "2025-10-31"]
    assert "GROUP BY" not in plan.sql.upper()
    for column in ("zone", "category", "payment_mode", "net_amount"):
        assert column in plan.sql


def test_a_month_ahead_ends_where_the_calendar_ends_it(retail: Analyst) -> None:
    plan = retail.wonder("forecast sales for next month")
    assert isinstance(plan, InsightPlan)
    assert plan.forecast_days == 30


def test_what_is_ambiguous_is_asked_back_as_the_same_kind_of_question(retail: Analyst) -> None:
    asked = retail.wonder("What stands out in returns?")
    assert isinstance(asked, Question)
    assert all(wonder(choice.question) is not None for choice in asked.choices)


def test_a_change_without_its_time_is_not_guessed_at(retail: Analyst) -> None:
    refused = retail.wonder("Why did sales fall?")
    assert isinstance(refused, Refusal)
    assert isinstance(retail.wonder(refused.suggestions[0]), InsightPlan)


def test_words_that_are_not_understood_are_named(retail: Analyst) -> None:
    refused = retail.wonder("Why did flurble fall in October?")
    assert isinstance(refused, Refusal | Question)
    assert not isinstance(retail.read("sales by zone"), InsightPlan)
    assert isinstance(retail.read("sales by zone"), Plan)
