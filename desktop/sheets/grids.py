"""The cells of a sheet as rows of tidy texts: workbooks by calamine, text files by what shared/engine finds.

Numbers are written as programs do, dates as ISO, so that what follows has one kind of cell. Formulas are not
calculated: a cell holds what the program that saved the file had calculated.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

import msgspec

from desktop.sheets.values import tidy
from shared.engine import text
from shared.errors import FileUnreadable

WORKBOOKS = ("xlsx", "xlsm", "xlsb", "xls", "ods")
HEAD_ROWS = 100_000
HEAD_CELLS = 2_000_000
"""Of a larger sheet only so much is looked at as a whole; the rest are rows of its last table."""
MOST_COLUMNS = 2_000

Row = list[str]
Span = tuple[int, int, int, int]
"""Top, left, bottom, right: cells that are merged."""


class Grid(msgspec.Struct):
    """``rows`` begin at the sheet's first; ``rest`` goes on behind them, when the sheet is a large one."""

    rows: list[Row]
    spans: list[Span] = []
    rest: Iterator[Row] | None = None
    notes: list[str] = []


class Sheet(msgspec.Struct, frozen=True):
    name: str
    hidden: bool


class Workbook:
    """An open workbook. Raises FileUnreadable when it is none."""

    def __init__(self, file: BinaryIO) -> None:
        import python_calamine as calamine

        self._calamine = calamine
        try:
            self._book = calamine.CalamineWorkbook.from_filelike(file)
        except calamine.PasswordError as error:
            raise FileUnreadable(
                "The workbook is locked with a password. Save a copy without one."
            ) from error
        except (calamine.CalamineError, OSError, ValueError) as error:
            raise FileUnreadable("The file is no workbook, or is broken.") from error

    def sheets(self) -> list[Sheet]:
        return [
            Sheet(sheet.name, hidden=sheet.visible != self._calamine.SheetVisibleEnum.Visible)
            for sheet in self._book.sheets_metadata
            if sheet.typ == self._calamine.SheetTypeEnum.WorkSheet
        ]

    def grid(self, name: str) -> Grid:
        try:
            sheet = self._book.get_sheet_by_name(name)
            if sheet.total_width > MOST_COLUMNS:
                raise FileUnreadable(f"The sheet {name} has {sheet.total_width:,} columns; 2,000 are read.")
            rows = (list(map(written, row)) for row in _all_rows(sheet))
            most = min(HEAD_ROWS, max(HEAD_CELLS // max(sheet.total_width, 1), 1_000))
            head = list(islice(rows, most))
            whole = len(head) < most
            return Grid(head, _spans(sheet), None if whole else rows)
        except (self._calamine.CalamineError, ValueError) as error:
            raise FileUnreadable(f"The sheet {name} can not be read; it may be broken.") from error


def _all_rows(sheet: Any) -> Iterator[Sequence[Any]]:
    """From the sheet's first cell on: calamine gives empty rows above the filled ones, but no empty
    columns."""
    if sheet.start is None:
        return
    before = [""] * sheet.start[1]
    for row in sheet.iter_rows():
        yield [*before, *row]


def _spans(sheet: Any) -> list[Span]:
    found = sheet.merged_cell_ranges or []
    return [(top, left, bottom, right) for (top, left), (bottom, right) in found]


def written(value: Any) -> str:  # noqa: PLR0911 - one kind of cell after the other
    """As values and columns read it."""
    match value:
        case str():
            return tidy(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _written_number(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("seconds")
        case timedelta():
            return str(round(value.total_seconds() / 3600, 6))
    return ""


def _written_number(value: float) -> str:
    """With the 15 digits that a spreadsheet keeps: 0.1 + 0.2 is 0.3 in it."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    number = Decimal(f"{value:.15g}")
    return f"{number:f}" if -30 < number.adjusted() < 30 else repr(value)


def text_grid(file: BinaryIO) -> Grid:
    """A text file that fits into memory. Raises FileUnreadable."""
    form = form_of(file)
    file.seek(0)
    content = file.read().decode(form.encoding, "replace").replace("\0", "").removeprefix("\ufeff")
    first = content[:8].split("\n", maxsplit=1)[0].strip()
    if len(first) == 5 and first.lower().startswith("sep="):
        content = content[content.index("\n") + 1 :]
    csv.field_size_limit(text.LONGEST_LINE)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=form.separator)
    try:
        rows = [[tidy(cell) for cell in row] for row in reader]
    except csv.Error as error:
        raise FileUnreadable(
            f"The file can not be read near line {reader.line_num + 1:,}: {error}."
        ) from error
    if max(map(len, rows), default=0) > MOST_COLUMNS:
        raise FileUnreadable("The file has more than 2,000 columns.")
    notes = said(form)
    if "\ufffd" in content:
        notes.append("some characters could not be read")
    return Grid(rows, notes=notes)


def form_of(file: BinaryIO) -> text.Form:
    try:
        return text.form(file)
    except ValueError as error:
        raise FileUnreadable(f"The file holds no table: {error}.") from error


def said(form: text.Form) -> list[str]:
    """Encoding and separator, where they are not the usual ones."""
    return [note for note in form.said() if "heading" not in note]
