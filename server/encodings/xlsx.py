"""An Excel workbook: the result on sheets of its own, and a receipt that says where it comes from.

Text is text, whatever it begins with: no cell is ever a formula, a link or a guess. What Excel cannot hold
exactly (numbers of more than fifteen digits, dates before 1900) is text, too, so that nothing is rounded.
Rows go to a temporary folder as they come; the file is made of them at the end.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
import time as time_
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from server.encodings.base import Origin
from shared.errors import NotAcceptable
from shared.json_rows import json_as_text, lines_of
from shared.results import Batch, Column, ColumnType, JsonRows
from shared.rows import decode_batch
from shared.wire import ErrorBody, QueryEnd

ROWS_OF_A_SHEET = 1_048_575
"""Excel's 1,048,576 without the header."""
MOST_COLUMNS = 16_384

_LEFT_BEHIND = "vmart-xlsx-"
"""How temporary folders are called: one that a killed backend left can be told by it."""
_DAY_SECONDS = 86_400

_LONGEST_TEXT = 32_767
_EXACT_DIGITS = 15
_MOST_PLACES = 30
"""Of a format; more of them are there and not shown."""
_EXACT = 10**_EXACT_DIGITS
_PIECE = 128 * 1024
_NARROWEST, _WIDEST = 8, 60
_FIRST_DATE = date(1900, 3, 1)
"""Excel believes that there was a 29 February 1900; what comes before it is off by a day."""
_DATE_WIDTH, _TIMESTAMP_WIDTH, _ROWS_FOR_WIDTHS = 11, 20, 200
_CUT = " … (cut: a cell of Excel holds no more)"


class XlsxEncoder:
    """``close`` deletes the temporary folder."""

    def __init__(self, origin: Origin, rows_of_a_sheet: int = ROWS_OF_A_SHEET) -> None:
        self._origin = origin
        self._rows_of_a_sheet = rows_of_a_sheet
        self._columns: Sequence[Column] = ()
        self._texts: Sequence[Column] = ()
        """The same, where a JSON value is a text."""
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._book: Any = None
        self._sheet: Any = None
        self._formats: dict[str, Any] = {}
        self._row = self._sheets = 0
        self._hash = hashlib.sha256()
        self._query_id = ""
        self._notes: set[str] = set()

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes:
        import xlsxwriter

        if len(columns) > MOST_COLUMNS:
            raise NotAcceptable(f"A sheet of Excel has at most {MOST_COLUMNS} columns. Ask for CSV.")
        self._columns, self._query_id = columns, query_id
        self._texts = [
            Column(column.name, ColumnType.TEXT) if column.type is ColumnType.JSON else column
            for column in columns
        ]
        self._folder = tempfile.TemporaryDirectory(prefix=_LEFT_BEHIND, ignore_cleanup_errors=True)
        self._book = xlsxwriter.Workbook(
            str(Path(self._folder.name) / "result.xlsx"),
            {
                "constant_memory": True,
                "tmpdir": self._folder.name,
                "strings_to_formulas": False,
                "strings_to_numbers": False,
                "strings_to_urls": False,
            },
        )
        self._book.set_properties({"created": self._origin.asked_at.replace(tzinfo=None)})
        return b""

    def batch(self, batch: Batch) -> bytes:
        lines = lines_of(batch, self._columns)
        self._hash.update(lines)
        if self._texts != list(self._columns):
            lines = json_as_text(lines, self._columns)
        rows = decode_batch(JsonRows(lines, batch.count), self._texts)
        if self._sheet is None:
            self._next_sheet(rows[:_ROWS_FOR_WIDTHS])
        for row in rows:
            if self._row > self._rows_of_a_sheet:
                self._next_sheet(rows[:_ROWS_FOR_WIDTHS])
            for position, value in enumerate(row):
                if value is not None:
                    self._write(position, value)
            self._row += 1
        return b""

    def end(self, end: QueryEnd) -> Iterable[bytes]:
        if self._sheet is None:
            self._next_sheet([])
        self._receipt(end)
        book, self._book = self._book, None
        book.close()
        with Path(book.filename).open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
        self.close()

    def failed(self, error: ErrorBody) -> bytes:  # noqa: ARG002 - nothing has been sent yet
        return b""

    def close(self) -> None:
        book, self._book = self._book, None
        if book is not None:
            book.fileclosed = True  # or it would be written when it is collected
            for sheet in book.worksheets():
                if sheet.row_data_fh is not None:
                    sheet.row_data_fh.close()
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    def _next_sheet(self, first_rows: Sequence[Sequence[Any]]) -> None:
        self._sheets += 1
        name = "Result" if self._sheets == 1 else f"Result {self._sheets}"
        self._sheet = self._book.add_worksheet(name)
        self._sheet.freeze_panes(1, 0)
        for position, column in enumerate(self._columns):
            shown = [str(row[position]) for row in first_rows if row[position] is not None]
            self._sheet.set_column(position, position, _width(column, shown))
            self._sheet.write_string(0, position, column.name[:_LONGEST_TEXT], self._format("header"))
        self._row = 1

    def _write(self, position: int, value: Any) -> None:
        match value:
            case str():
                self._text(position, value)
            case bool():
                self._sheet.write_boolean(self._row, position, value)
            case int() | Decimal():
                self._number(position, value)
            case float():
                self._sheet.write_number(self._row, position, value)
            case datetime():
                self._moment(position, value)
            case date():
                self._dated(position, value, value >= _FIRST_DATE, "yyyy-mm-dd")
            case time():
                self._dated(position, value, value.tzinfo is None, "hh:mm:ss")
            case bytes():
                import base64

                self._text(position, base64.b64encode(value).decode())

    def _text(self, position: int, value: str) -> None:
        if len(value) > _LONGEST_TEXT:
            self._notes.add("Texts longer than Excel's 32,767 characters are cut; each says so at its end.")
        self._sheet.write_string(self._row, position, _cut(value))

    def _number(self, position: int, value: int | Decimal) -> None:
        if isinstance(value, int) and -_EXACT < value < _EXACT:
            self._sheet.write_number(self._row, position, value)
            return
        number = Decimal(value)
        _, digits, exponent = number.as_tuple()
        places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
        if len("".join(map(str, digits)).strip("0")) > _EXACT_DIGITS:
            self._notes.add("Numbers of more than 15 digits are text, because Excel would round them.")
            self._text(position, f"{number:f}")
            return
        shown = "0." + "0" * min(places, _MOST_PLACES) if places else "0"
        self._sheet.write_number(self._row, position, number, self._format(shown))

    def _moment(self, position: int, value: datetime) -> None:
        if value.tzinfo is not None:
            self._notes.add("Times with a zone are shown in UTC.")
            try:
                value = value.astimezone(UTC).replace(tzinfo=None)
            except OverflowError:  # at the edge of the calendar
                self._text(position, value.isoformat(" "))
                return
        shown = "yyyy-mm-dd hh:mm:ss.000" if value.microsecond else "yyyy-mm-dd hh:mm:ss"
        whole = value.microsecond % 1000 == 0
        self._dated(position, value, whole and value.date() >= _FIRST_DATE, shown)

    def _dated(self, position: int, value: date | time | datetime, fits: bool, shown: str) -> None:
        if fits:
            self._sheet.write_datetime(self._row, position, value, self._format(shown))
        else:
            self._notes.add("Dates before March 1900, and times finer than a millisecond, are text.")
            self._text(position, value.isoformat(" ") if isinstance(value, datetime) else value.isoformat())

    def _format(self, shown: str) -> Any:
        if shown not in self._formats:
            how = {"bold": True} if shown == "header" else {"num_format": shown}
            self._formats[shown] = self._book.add_format(how)
        return self._formats[shown]

    def _receipt(self, end: QueryEnd) -> None:
        sheet = self._book.add_worksheet("Receipt")
        sheet.set_column(0, 0, 16)
        sheet.set_column(1, 1, 100)
        asked_at = self._origin.asked_at.astimezone(UTC)
        whole = "no: there are more rows than were asked for" if end.truncated else "yes"
        lines = {
            "Connection": self._origin.connection,
            "SQL": self._origin.sql,
            "Asked at": f"{asked_at:%Y-%m-%d %H:%M:%S} UTC",
            "Query": self._query_id,
            "Rows": f"{end.row_count}",
            "Complete": whole,
            "SHA-256": f"{self._hash.hexdigest()} (of the rows as lines of NDJSON)",
        }
        pairs = [*lines.items(), *(("Note", note) for note in sorted(self._notes))]
        for row, (name, value) in enumerate(pairs):
            sheet.write_string(row, 0, name, self._format("header"))
            sheet.write_string(row, 1, _cut(value))


def clear_what_was_left_behind() -> None:
    """By backends that were killed while they wrote a workbook. A day is longer than any takes. Blocking."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_LEFT_BEHIND}*"):
        with contextlib.suppress(OSError):
            found = folder.stat()
            ours = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
            if ours and time_.time() - found.st_mtime > _DAY_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - len(_CUT)] + _CUT


def _width(column: Column, shown: Sequence[str]) -> int:
    if column.type is ColumnType.DATE:
        return max(_DATE_WIDTH, min(len(column.name) + 2, _WIDEST))
    if column.type is ColumnType.TIMESTAMP:
        return max(_TIMESTAMP_WIDTH, min(len(column.name) + 2, _WIDEST))
    longest = max((len(text) for text in [column.name, *shown]), default=0)
    return max(_NARROWEST, min(longest + 2, _WIDEST))
