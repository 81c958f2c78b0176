"""Text that a spreadsheet could take for a formula is shown and never calculated; numbers stay numbers."""

import csv
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from desktop.exports import export
from desktop.store.results import StoredResult
from shared.results import Column, ColumnType

HOSTILE = [
    "=1+1",
    '=HYPERLINK("http://x","y")',
    "+91 98100 00000",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\u200b=1+1",
    "\uff1d1+1",
    "=cmd|' /C calc'!A0",
]
PLAIN = ["V-Mart", "a=b", "10%", "", "'quoted", "₹5"]


def result(name: str) -> StoredResult:
    return StoredResult(
        id="r",
        turn_id="t",
        title="=1+1",
        connection="c",
        connection_type="x",
        sql="SELECT 1",
        columns=[Column(name, ColumnType.TEXT), Column("amount", ColumnType.DECIMAL)],
        formats=["text", "number"],
        row_count=1,
        truncated=False,
        elapsed_ms=1,
        ran_at="2026-11-28T10:00:00+00:00",
        content_hash="h",
        query_id="q",
    )


def in_csv(text: str, number: Any) -> list[str]:
    data = export(result(text), [[text, number]], [], "csv").decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(data, newline=""))
    assert head[0] == row[0]
    return row


@pytest.mark.parametrize("text", HOSTILE)
def test_a_formula_is_text_in_csv_and_in_a_workbook(text: str) -> None:
    assert in_csv(text, Decimal("-5.50")) == [f"'{text}", "-5.50"]
    page = openpyxl.load_workbook(io.BytesIO(export(result(text), [[text, -5]], [], "xlsx")))["Result"]
    assert [page.cell(row, 1).data_type for row in (1, 2)] == ["s", "s"]
    assert page.cell(2, 2).value == -5


@pytest.mark.parametrize("text", PLAIN)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert in_csv(text, 7) == [text, "7"]


def test_whole_numbers_in_a_workbook_end_without_a_point_and_others_line_up() -> None:
    def shown_as(*cells: Any) -> str:
        rows = [["a", cell] for cell in cells]
        page = openpyxl.load_workbook(io.BytesIO(export(result("a"), rows, [], "xlsx")))["Result"]
        return str(page.cell(2, 2).number_format)

    assert shown_as(1204, Decimal("7.00"), None, float("nan")) == "#,##0"
    assert shown_as(Decimal("7.5"), 1204) == "#,##0.00"
