"""An overview of CSV files and workbooks: sheets, columns, counts, the first rows. Questions about them are
answered with SQL elsewhere; nothing is counted by reading text."""

import csv
import io
from collections.abc import Sequence
from typing import Any, BinaryIO

from desktop.files import archives, read_text
from desktop.files.documents import PART_CHARACTERS, Document, Read, Sheet
from shared.errors import FileUnreadable

_FIRST_ROWS = 20
_MOST_CELLS = 60
_MOST_CELL = 200
_COUNTED = 256 * 1024 * 1024
_MOST_SHEETS = 50
_ZIP = b"PK"


def read_csv(file: BinaryIO, size: int, wanted: Read) -> Document:
    """Raises FileUnreadable."""
    head = file.read(4096)
    encoding, notes = read_text.encoding_of(file, head)
    if wanted.whole or wanted.part > 1:
        return read_text.read(file, size, wanted, "csv")
    file.seek(0)
    sample = file.read(256 * 1024).decode(encoding, "replace").removeprefix("\ufeff")
    try:
        rows = list(_rows(sample))
    except csv.Error as error:
        raise FileUnreadable("It is no table of values: a line of it has no end.") from error
    if not rows:
        raise FileUnreadable("It is empty.")
    lines = _lines(file) if size <= _COUNTED else None
    sheet = Sheet("", [cell.strip() for cell in rows[0]][:_MOST_CELLS], max(0, lines - 1) if lines else None)
    text = "\n".join(_line(row) for row in rows[: _FIRST_ROWS + 1])
    parts = max(1, -(-size // PART_CHARACTERS))
    return Document("csv", text, 1, parts, cut=True, sheets=[sheet], notes=notes, lines=lines)


def read_workbook(file: BinaryIO, wanted: Read) -> Document:
    """A part is a sheet. Raises FileUnreadable."""
    import python_calamine

    notes: list[str] = []
    if file.read(2) == _ZIP:
        with archives.opened(file) as archive:
            notes += ["It holds macros. They are not run."] if archives.has_macros(archive) else []
    file.seek(0)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(file)
        names = workbook.sheet_names
        if wanted.whole:
            return _whole(workbook, names, wanted.most_characters)
        if wanted.part > len(names):
            raise FileUnreadable(f"It has {len(names)} sheets, so there is no sheet {wanted.part}.")
        rows = _of_sheet(workbook, names[wanted.part - 1])
        sheets = [_overview(workbook, name) for name in names[:_MOST_SHEETS]]
    except python_calamine.PasswordError as error:
        raise FileUnreadable(
            "It is protected by a password; save a copy without one to use it here."
        ) from error
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise FileUnreadable("It is broken: it ends too early, or was damaged on the way.") from error
    text = "\n".join(_line(row) for row in rows[: _FIRST_ROWS + 1])
    return Document(
        "workbook", text, wanted.part, max(1, len(names)), "sheet", cut=True, sheets=sheets, notes=notes
    )


def _whole(workbook: Any, names: Sequence[str], most: int) -> Document:
    texts: list[str] = []
    size = 0
    for name in names:
        texts.append(name)
        for row in _of_sheet(workbook, name):
            texts.append(_line(row))
            size += len(texts[-1])
            if size > most:
                return Document("workbook", "\n".join(texts)[:most], cut=True)
    return Document("workbook", "\n".join(texts))


def _of_sheet(workbook: Any, name: str) -> list[list[Any]]:
    rows: list[list[Any]] = workbook.get_sheet_by_name(name).to_python()
    return rows


def _overview(workbook: Any, name: str) -> Sheet:
    rows = _of_sheet(workbook, name)
    first = next((row for row in rows if any(cell not in ("", None) for cell in row)), [])
    filled = sum(1 for row in rows if any(cell not in ("", None) for cell in row))
    return Sheet(
        name, [_cell(cell) for cell in first if cell not in ("", None)][:_MOST_CELLS], max(0, filled - 1)
    )


def _rows(sample: str) -> list[list[str]]:
    lines = sample.splitlines()[: _FIRST_ROWS + 1]
    head = "\n".join(lines[:5])
    separator = max(",;\t|", key=head.count) if head else ","
    csv.field_size_limit(1024 * 1024)
    return [row for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=separator) if row]


def _lines(file: BinaryIO) -> int:
    file.seek(0)
    lines, last = 0, b""
    while block := file.read(1024 * 1024):
        lines += block.count(b"\n")
        last = block[-1:]
    return lines + (last not in (b"", b"\n"))


def _line(row: Sequence[Any]) -> str:
    return " | ".join(_cell(cell) for cell in row[:_MOST_CELLS])


def _cell(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = " ".join(str("" if cell is None else cell).split())
    return text if len(text) <= _MOST_CELL else text[:_MOST_CELL] + "…"
