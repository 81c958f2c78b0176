"""Conditions worked out from cells: exact at their edges, and honest where they cannot be worked out."""

from decimal import Decimal
from typing import Any

import pytest

from desktop.store.tasks import Condition
from desktop.tasks.conditions import CannotJudge, Table, check, describe, judge
from shared.errors import InvalidRequest
from shared.results import Column, ColumnType

ZONE, SALES = Column("zone", ColumnType.TEXT), Column("net_sales", ColumnType.DECIMAL)


def zones(**sales: Any) -> Table:
    return Table([ZONE, SALES], ["text", "money"], [[name, value] for name, value in sales.items()])


def one(value: Any, name: str = "net_sales", kind: str = "money") -> Table:
    return Table([Column(name, ColumnType.DECIMAL)], [kind], [[value]])


def falls(amount: str, **more: Any) -> Condition:
    return Condition(kind="falls", amount=amount, percent=True, **more)


def test_falling_by_exactly_the_amount_is_enough_only_when_it_was_said_so() -> None:
    assert judge(falls("10", inclusive=True), one(Decimal(90)), one(Decimal(100))).met
    assert not judge(falls("10"), one(Decimal(90)), one(Decimal(100))).met
    assert judge(falls("10"), one(Decimal("89.99")), one(Decimal(100))).met


def test_a_change_is_told_with_its_figures() -> None:
    verdict = judge(falls("3"), one(Decimal(118_900_000)), one(Decimal(124_000_000)))
    assert verdict.met
    assert verdict.says == "fell by 4.11 % from ₹12.40 crore to ₹11.89 crore."


def test_a_row_is_compared_with_the_row_of_its_name_whatever_their_order() -> None:
    before, now = zones(North=100, South=200, East=50), zones(South=190, North=99, East=51)
    verdict = judge(falls("3", any_row=True), now, before)
    assert verdict.met
    assert verdict.says == "South fell by 5 % from ₹200 to ₹190."
    assert not judge(falls("6", any_row=True), now, before).met


def test_a_row_that_is_new_or_gone_compares_with_nothing() -> None:
    assert not judge(falls("3", any_row=True), zones(West=1, North=100), zones(North=100)).met
    with pytest.raises(CannotJudge, match="None of the rows"):
        judge(falls("3", any_row=True), zones(West=1), zones(North=100))


def test_the_first_run_is_what_the_next_is_compared_with() -> None:
    verdict = judge(falls("3"), one(Decimal(1)), None)
    assert not verdict.met
    assert "next one is compared" in verdict.says


def test_from_nothing_anything_is_a_rise_beyond_every_percentage() -> None:
    rises = Condition(kind="rises", amount="500", percent=True)
    assert judge(rises, one(Decimal(1)), one(Decimal(0))).met
    assert not judge(rises, one(Decimal(0)), one(Decimal(0))).met
    assert not judge(falls("1"), one(Decimal(1)), one(Decimal(0))).met


def test_a_loss_that_grows_is_a_fall() -> None:
    assert judge(falls("10"), one(Decimal(-200)), one(Decimal(-100))).met


def test_no_change_meets_no_condition_of_change() -> None:
    for kind in ("falls", "rises", "changes"):
        still = Condition(kind=kind, amount="0", inclusive=True)
        assert not judge(still, one(Decimal(5)), one(Decimal(5))).met


def test_above_and_below_look_at_the_figure_itself() -> None:
    assert judge(Condition(kind="above", amount="5"), one(Decimal("5.01")), None).met
    assert not judge(Condition(kind="above", amount="5"), one(Decimal(5)), None).met
    assert judge(Condition(kind="below", amount="5", inclusive=True), one(Decimal(5)), None).met
    some = judge(Condition(kind="below", amount="100", any_row=True), zones(North=99, South=100), None)
    assert some.says == "North ₹99 is below 100."


def test_rows_and_no_rows() -> None:
    assert judge(Condition(kind="rows"), zones(North=1), None).met
    assert judge(Condition(kind="no_rows"), zones(), None).met
    assert not judge(Condition(kind="rows"), zones(), None).met


@pytest.mark.parametrize(
    ("condition", "table", "why"),
    [
        (falls("3"), zones(), "no figure"),
        (falls("3"), one(None), "no figure"),
        (falls("3"), one("NaN"), "net_sales holds NaN, which is no figure"),
        (falls("3"), one(float("inf")), "net_sales holds inf, which is no figure"),
        (falls("3", any_row=True), zones(North=1, South=float("nan")), "net_sales holds nan"),
        (Condition(kind="above", amount="1", any_row=True), zones(North="NaN"), "no figure"),
        (falls("3", column="margin"), zones(North=1), "no column called 'margin'"),
        (falls("3", column="zone"), zones(North=1), "holds no numbers"),
        (falls("3"), Table([ZONE], ["text"], [["North"]]), "no column of numbers"),
        (
            falls("3", any_row=True),
            Table([ZONE, SALES], ["text", "money"], [["A", 1], ["A", 2]]),
            "same name",
        ),
        (
            falls("3"),
            Table([ZONE, Column("avg_price", ColumnType.DECIMAL)], ["text", "money"], [["A", 1], ["B", 2]]),
            "no sum",
        ),
    ],
)
def test_what_cannot_be_worked_out_is_said_and_not_guessed(
    condition: Condition, table: Table, why: str
) -> None:
    with pytest.raises(CannotJudge, match=why):
        judge(condition, table, table)


@pytest.mark.parametrize("amount", ["", "ten", "NaN", "Infinity", "1e99", "-1"])
def test_a_condition_needs_a_number(amount: str) -> None:
    with pytest.raises(InvalidRequest):
        check(falls(amount))


def test_a_condition_reads_as_a_person_says_it() -> None:
    assert describe(falls("3", any_row=True)) == "only if a row falls by more than 3 %"
    assert describe(falls("10", inclusive=True)) == "only if it falls by 10 % or more"
    assert describe(Condition(kind="below", amount="500000")) == "only if it is below 5,00,000"
