"""The one figure of a result that a task's history follows from run to run. Pure.

A result of one row has its first number. One of several rows has a total only where the condition adds them
up or the answer itself told their sum: what may be added up is known there, and is not guessed here.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from desktop.analyst.numbers import shown
from desktop.numbers import cell_text, short_money
from desktop.store.results import StoredResult
from desktop.store.tasks import Condition
from desktop.tasks.conditions import CannotJudge, Table, total


class Figure(msgspec.Struct, frozen=True):
    text: str
    value: float


def find(result: StoredResult, rows: Sequence[Sequence[Any]], condition: Condition | None) -> Figure | None:
    """None when the result has no such figure."""
    table = Table(result.columns, result.formats, rows)
    if condition is not None and not condition.any_row and condition.kind not in ("rows", "no_rows"):
        try:
            value, shown_as = total(condition, table)
        except CannotJudge:
            return None
        return _figure(value, shown_as)
    if len(rows) == 1:
        return _of_row(table, rows[0])
    return _told(result, rows)


def _of_row(table: Table, row: Sequence[Any]) -> Figure | None:
    for at, column in enumerate(table.columns):
        if column.type.is_number and row[at] is not None:
            return _figure(Decimal(str(row[at])), table.formats[at])
    return None


def _told(result: StoredResult, rows: Sequence[Sequence[Any]]) -> Figure | None:
    """The headline, when it is the sum of a column."""
    if result.headline is None or result.truncated:
        return None
    for at, column in enumerate(result.columns):
        if not column.type.is_number:
            continue
        cells = [Decimal(str(row[at])) for row in rows if row[at] is not None]
        value = sum(cells, Decimal(0))
        if cells and value.is_finite() and shown(value, result.formats[at]) == result.headline.value:
            return Figure(result.headline.value, float(value))
    return None


def _figure(value: Decimal, shown_as: str) -> Figure | None:
    if not value.is_finite():
        return None
    return Figure(short_money(value) if shown_as == "money" else cell_text(value, shown_as), float(value))
