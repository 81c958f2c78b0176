"""Workbooks at their edges: what Excel would round, cut or run."""

import io
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from server.encodings import Origin
from server.encodings.xlsx import XlsxEncoder, clear_what_was_left_behind
from shared.errors import NotAcceptable
from shared.results import Column, ColumnType, JsonRows
from shared.wire import QueryEnd


def book(kind: ColumnType, *cells: bytes, rows_of_a_sheet: int = 100, truncated: bool = False) -> Any:
    encoder = XlsxEncoder(Origin("retail", "SELECT 1", datetime(2026, 11, 28, tzinfo=UTC)), rows_of_a_sheet)
    try:
        encoder.head("q", [Column("=1+1", kind)])
        encoder.batch(JsonRows(b"".join(b"[%s]\n" % cell for cell in cells), len(cells)))
        data = b"".join(encoder.end(QueryEnd(len(cells), truncated, 1.0)))
    finally:
        encoder.close()
    return openpyxl.load_workbook(io.BytesIO(data))


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (ColumnType.DECIMAL, b"0.10", 0.1),
        (ColumnType.DECIMAL, b"123456789012345", 123456789012345),
        (ColumnType.DECIMAL, b"1234567890123456", "1234567890123456"),
        (ColumnType.DECIMAL, b"1.0000000000000000000000000000001", "1.0000000000000000000000000000001"),
        (ColumnType.DECIMAL, b"0.00000000000000000000000000000001", 1e-32),
        (ColumnType.DECIMAL, b"-1E+20", -1e20),
        (ColumnType.INTEGER, b"-999999999999999", -999999999999999),
        (ColumnType.INTEGER, b"1000000000000001", "1000000000000001"),
        (ColumnType.FLOAT, b"1e308", 1e308),
        (ColumnType.DATE, b'"1900-02-28"', "1900-02-28"),
        (ColumnType.DATE, b'"9999-12-31"', datetime(9999, 12, 31)),  # noqa: DTZ001 - Excel has no zones
        (ColumnType.TIMESTAMP, b'"0001-01-01T00:00:00+05:30"', "0001-01-01 00:00:00+05:30"),
        (ColumnType.TIMESTAMP, b'"2026-03-31T18:40:00.123456"', "2026-03-31 18:40:00.123456"),
        (ColumnType.TIMESTAMP, b'"infinity"', "infinity"),
        (ColumnType.TEXT, rb'"=cmd|\u0027/c calc\u0027!A1"', "=cmd|'/c calc'!A1"),
        (ColumnType.TEXT, b'"+1"', "+1"),
        (ColumnType.TEXT, b'"@SUM(A1)"', "@SUM(A1)"),
        (ColumnType.TEXT, b'"{=1+1}"', "{=1+1}"),
        (ColumnType.TEXT, b'"https://example.com"', "https://example.com"),
        (ColumnType.TEXT, b'"007"', "007"),
        (ColumnType.TEXT, b'" padded "', " padded "),
        (ColumnType.TEXT, rb'"<b>&\"\u20ac"', '<b>&"\u20ac'),
        (ColumnType.JSON, b'{"a":[1,2.50]}', '{"a":[1,2.50]}'),
        (ColumnType.BOOLEAN, b"true", True),
    ],
)
def test_a_cell_says_what_the_source_said(kind: ColumnType, cell: bytes, value: object) -> None:
    found = book(kind, cell)["Result"]["A2"]
    assert (found.value, found.hyperlink) == (value, None)
    assert found.data_type != "f"


def test_a_text_that_is_too_long_says_that_it_was_cut() -> None:
    made = book(ColumnType.TEXT, b'"' + b"x" * 40_000 + b'"')
    cell = made["Result"]["A2"].value
    assert len(cell) == 32_767
    assert cell.endswith("a cell of Excel holds no more)")
    assert any("32,767" in str(row[1].value) for row in made["Receipt"].rows)


def test_more_rows_than_a_sheet_holds_go_to_further_sheets() -> None:
    made = book(ColumnType.INTEGER, *(b"%d" % number for number in range(250)))
    assert made.sheetnames == ["Result", "Result 2", "Result 3", "Receipt"]
    values = [row[0].value for name in made.sheetnames[:3] for row in list(made[name].rows)[1:]]
    assert values == list(range(250))
    assert all(made[name]["A1"].value == "=1+1" for name in made.sheetnames[:3])


def test_the_receipt_says_when_rows_are_missing() -> None:
    receipt = {
        row[0].value: row[1].value for row in book(ColumnType.INTEGER, b"1", truncated=True)["Receipt"].rows
    }
    assert receipt["Complete"].startswith("no")


def test_more_columns_than_a_sheet_has_are_refused() -> None:
    encoder = XlsxEncoder(Origin("retail", "SELECT 1", datetime(2026, 11, 28, tzinfo=UTC)))
    with pytest.raises(NotAcceptable, match="16384 columns"):
        encoder.head("q", [Column(f"c{number}", ColumnType.TEXT) for number in range(16_385)])


def test_what_a_killed_backend_left_is_cleared_away_a_day_later() -> None:
    old, young = (Path(tempfile.mkdtemp(prefix="vmart-xlsx-")) for _ in range(2))
    (old / "sheet1.xml").write_text("<row/>")
    os.utime(old, (time.time() - 90_000,) * 2)
    clear_what_was_left_behind()
    assert (old.exists(), young.exists()) == (False, True)
    young.rmdir()
