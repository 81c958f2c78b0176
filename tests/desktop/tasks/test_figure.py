"""The figure that a task's history follows: told or asked for, never guessed."""

from decimal import Decimal
from typing import Any

import pytest

from desktop.events import Headline
from desktop.store.results import StoredResult
from desktop.store.tasks import Condition
from desktop.tasks.figure import Figure, find
from shared.results import Column, ColumnType

ZONE, SALES = Column("zone", ColumnType.TEXT), Column("net_sales", ColumnType.DECIMAL)
ROWS: list[list[Any]] = [["North", Decimal("12500000.50")], ["South", Decimal(2500000)], ["Unknown", None]]
TOTAL = Figure("₹1.50 crore", 15000000.5)
WHOLE = Condition(kind="falls", amount="3", percent=True)


def result(*columns: Column, formats: list[str], headline: str = "", truncated: bool = False) -> StoredResult:
    return StoredResult(
        id="r", turn_id="t", title="", connection="retail", connection_type="filesystem", sql="SELECT 1",
        columns=list(columns), formats=formats, row_count=3, truncated=truncated, elapsed_ms=1.0, ran_at="",
        content_hash="", query_id="", headline=Headline(headline, "total net sales") if headline else None,
    )  # fmt: skip


def zones(**more: Any) -> StoredResult:
    return result(ZONE, SALES, formats=["text", "money"], **more)


def test_one_row_has_its_first_number() -> None:
    assert find(zones(), [["North", Decimal(12_500_000)]], None) == Figure("₹1.25 crore", 12_500_000)


def test_several_rows_have_a_total_where_the_condition_adds_them_up() -> None:
    assert find(zones(), ROWS, WHOLE) == TOTAL
    assert find(zones(), ROWS, Condition(kind="falls", amount="3", any_row=True)) is None
    assert find(zones(), ROWS, Condition(kind="rows")) is None


def test_several_rows_have_a_total_where_the_answer_told_it() -> None:
    assert find(zones(headline="₹1.50 crore"), ROWS, None) == TOTAL
    assert find(zones(), ROWS, None) is None
    assert find(zones(headline="₹9 crore"), ROWS, None) is None
    assert find(zones(headline="₹1.50 crore", truncated=True), ROWS, None) is None


@pytest.mark.parametrize("rows", [[], [["North", None]], [["North", Decimal("NaN")]]])
@pytest.mark.parametrize("condition", [None, WHOLE])
def test_what_is_no_number_is_no_figure(rows: list[list[Any]], condition: Condition | None) -> None:
    assert find(zones(), rows, condition) is None
