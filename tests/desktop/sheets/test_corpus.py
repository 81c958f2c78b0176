"""Messy sheets give the sums that a person would give; see corpus."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from desktop.sheets.understanding import understand
from desktop.sheets.understood import Correction, TableFound, Understood, Wanted
from shared.engine.quoting import name
from shared.errors import FileUnreadable
from tests.desktop.sheets.corpus import (
    CASES,
    Case,
    book,
    csv,
    errors,
    grid,
    hidden,
    merged_groups,
    uncalculated,
)


def understood(
    file: str, data: bytes, folder: Path, *corrections: Correction, hidden_sheets: list[str] | None = None
) -> Understood:
    path = folder / file
    path.write_bytes(data)
    with path.open("rb") as opened:
        wanted = Wanted(file, str(folder), list(corrections), hidden_sheets or [])
        return understand(wanted, opened, lambda _: None)


def sum_of(table: TableFound, column: str, folder: Path) -> Decimal:
    sql = f"SELECT sum({name(column)}) FROM read_parquet('{folder / table.file}')"
    [(total,)] = duckdb.execute(sql).fetchall()
    return Decimal(str(total))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_messy_sheet_gives_the_sums_that_a_person_would_give(case: Case, tmp_path: Path) -> None:
    tables = understood(case.file, case.data, tmp_path).tables()
    assert len(tables) == len(case.tables)
    for table, expected in zip(tables, case.tables, strict=True):
        assert table.row_count == expected.rows
        for column, total in expected.sums.items():
            assert sum_of(table, column, tmp_path) == pytest.approx(Decimal(str(total)), abs=Decimal("0.005"))
        if expected.left_out:
            assert Counter({out.why: out.count for out in table.left_out}) == Counter(expected.left_out)
        types = {column.name: column.type.value for column in table.columns}
        assert types.items() >= expected.types.items()


def column(table: TableFound, wanted: str) -> list[str]:
    [found] = [each for each in table.columns if each.name == wanted]
    return [*found.notes, *found.examples, found.doubt]


def test_what_is_in_doubt_is_said(tmp_path: Path) -> None:
    data = csv("Day,Amount,Mixed\n05/11/2025,10,1\n06/11/2025,later,2\n07/11/2025,30,x\n08/11/2025,40,y\n")
    [table] = understood("a.csv", data, tmp_path).tables()
    assert "each of them could be month/day/year as well" in column(table, "Day")
    assert column(table, "Day")[-1] == "month_first"
    assert "later" in column(table, "Amount")
    assert "figures and words mixed (2 of 4 looked at are figures)" in column(table, "Mixed")


def test_errors_of_excel_are_counted_and_formulas_without_a_value_are_said(tmp_path: Path) -> None:
    [table] = understood("a.xlsx", book(errors), tmp_path).tables()
    [margin] = [each for each in table.columns if each.name == "Margin"]
    assert (margin.unread, margin.examples) == (2, ["#DIV/0!", "#N/A"])
    [sheet] = understood("b.xlsx", uncalculated(), tmp_path).sheets
    assert sheet.notes == [
        "1 formula has no value in the file and is empty here: open it in Excel and save it"
    ]


def test_hidden_sheets_are_left_out_until_the_person_wants_them_and_hidden_rows_are_said(
    tmp_path: Path,
) -> None:
    shown, kept = understood("a.xlsx", book(hidden, sheets=2), tmp_path).sheets
    assert (shown.notes, kept.hidden, kept.taken) == (["hidden rows are counted as well: 1"], True, False)
    both = understood("a.xlsx", book(hidden, sheets=2), tmp_path, hidden_sheets=["Sheet2"])
    assert [table.name for table in both.tables()] == ["a_sheet1", "a_sheet2"]


def test_the_persons_word_counts_for_heading_totals_types_and_filling(tmp_path: Path) -> None:
    data = grid(["Code", "Amount"], ["x", "y"], ["007", 10], ["", 20], ["Total", 30])
    [table] = understood("a.xlsx", data, tmp_path, Correction("Sheet1", 1, header_row=2)).tables()
    assert ([c.name for c in table.columns], table.row_count) == (["x", "y"], 2)
    wish = Correction("Sheet1", 1, header_row=2, keep_totals=True, types={"y": "text"})
    [table] = understood("a.xlsx", data, tmp_path, wish).tables()
    assert (table.row_count, table.columns[1].type.value) == (3, "text")
    [table] = understood("a.xlsx", data, tmp_path, Correction("Sheet1", 1, header_row=0)).tables()
    assert [c.name for c in table.columns] == ["column_1", "column_2"]
    dates = csv("Day,Amount\n05/11/2025,1\n06/11/2025,2\n")
    [table] = understood("b.csv", dates, tmp_path, Correction("", 1, types={"Day": "month_first"})).tables()
    [(first,)] = duckdb.execute(f"SELECT min(Day) FROM read_parquet('{tmp_path / table.file}')").fetchall()
    assert str(first) == "2025-05-11"
    [table] = understood(
        "c.xlsx", book(merged_groups), tmp_path, Correction("Sheet1", 1, fill_down=False)
    ).tables()
    assert table.columns[0].filled == 4  # what is merged is filled all the same


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("a.xlsx", b"no workbook"),
        ("a.xlsx", b"PK\x03\x04" + bytes(200)),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)),
        ("a.ods", b""),
        ("a.csv", b""),
        ("a.csv", b"\0\0\0\0"),
        ("a.csv", b"\n\n  \n"),
        ("a.xlsb", book(errors)[:700]),
    ],
)
def test_a_broken_file_is_one_clear_sentence(file: str, data: bytes, tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable) as refused:
        understood(file, data, tmp_path)
    assert "Error" not in str(refused.value)


def test_a_large_text_file_is_read_by_duckdb_alone_with_the_same_sums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f'S{n % 50},{1 + n % 28:02}/11/2025,"₹{n % 900},000.50"' for n in range(5_000)]
    data = csv("\n".join(["Sales report", "", "Store,Day,Amount", *lines, "Grand Total,,999"]) + "\n")
    [small] = understood("a.csv", data, tmp_path).tables()
    (tmp_path / "large").mkdir()
    monkeypatch.setattr("desktop.sheets.understanding.LARGE_BYTES", 1_000)
    [large] = understood("a.csv", data, tmp_path / "large").tables()
    assert (large.row_count, small.row_count) == (5_000, 5_000)
    assert [c.type for c in large.columns] == [c.type for c in small.columns]
    assert sum_of(large, "Amount", tmp_path / "large") == sum_of(small, "Amount", tmp_path)
    assert {out.why: out.count for out in large.left_out} == {"title": 1, "total": 1}
