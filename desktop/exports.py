"""Results and conversations as files to send on. Which formats there are is this page; saving is not here."""

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from desktop.numbers import cell_text
from desktop.store.results import Figure, StoredResult
from desktop.store.turns import Turn
from shared.results import ColumnType
from shared.spreadsheet_text import shown

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
}

CONVERSATION_FORMATS = {"md": "text/markdown; charset=utf-8", "json": "application/json"}

Rows = Sequence[Sequence[Any]]

_NUMBER_FORMATS = {
    "money": '[>=10000000]"₹"##\\,##\\,##\\,##0.00;[>=100000]"₹"##\\,##\\,##0.00;"₹"##,##0.00',
    "percent": '0.0" %"',
    "date": "d mmm yyyy",
    "month": "mmm yyyy",
}
_EXACT_DIGITS = 15  # a spreadsheet keeps no more; longer numbers stay text


def export(result: StoredResult, rows: Rows, figures: Sequence[Figure], file_format: str) -> bytes:
    """``file_format`` is one of FORMATS."""
    match file_format:
        case "csv":
            return _csv(result, rows)
        case "json":
            return _json(result, rows)
        case "md":
            return _markdown(result, rows)
        case _:
            return _xlsx(result, rows, figures)


def conversation_markdown(
    title: str, turns: Sequence[Turn], results_of: Callable[[str], Sequence[StoredResult]]
) -> str:
    """Questions, answers and the SQL behind them."""
    parts = [f"# {title}"]
    for turn in turns:
        parts.append(f"## {turn.question}")
        if turn.answer:
            parts.append(turn.answer)
        for result in results_of(turn.id):
            kept = ", from the answers kept on this PC" if result.cached_at else ""
            about = f"{result.row_count} rows, {result.connection}, {result.ran_at}{kept}"
            parts.append(f"{result.title} ({about})")
            parts.append(f"```sql\n{result.sql}\n```")
    return "\n\n".join(parts) + "\n"


def conversation_json(
    title: str,
    turns: Sequence[Turn],
    results_of: Callable[[str], Sequence[StoredResult]],
    rows_of: Callable[[str], Rows],
) -> bytes:
    """The same for programs, with every row and every digit."""
    told = [
        {
            "question": turn.question,
            "asked_at": turn.asked_at,
            "status": turn.status,
            "rating": turn.rating,
            "answer": turn.answer,
            "results": [
                {"columns": result.columns, "rows": rows_of(result.id), "receipt": dict(_receipt(result))}
                for result in results_of(turn.id)
            ],
        }
        for turn in turns
    ]
    return msgspec.json.Encoder(decimal_format="number").encode({"title": title, "turns": told})


def age_in_name(result: StoredResult) -> str:
    """For the name of a file whose answer was kept: a CSV has no other place to say how old it is."""
    if result.cached_at is None:
        return ""
    return f" (as of {datetime.fromisoformat(result.cached_at).astimezone():%Y-%m-%d %H.%M})"


def _csv(result: StoredResult, rows: Rows) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([shown(column.name) for column in result.columns])
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()  # the mark makes Excel read it as UTF-8


def _csv_cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return shown(cell)
    if isinstance(cell, list | dict):
        return shown(msgspec.json.encode(cell).decode())
    return "" if cell is None else cell


def _json(result: StoredResult, rows: Rows) -> bytes:
    encoder = msgspec.json.Encoder(decimal_format="number")
    return encoder.encode({"columns": result.columns, "rows": rows, "receipt": dict(_receipt(result))})


def _markdown(result: StoredResult, rows: Rows) -> bytes:
    lines = [f"# {_md_cell(result.title)}", ""]
    lines.append(f"| {' | '.join(_md_cell(column.name) for column in result.columns)} |")
    sides = ["---:" if column.type.is_number else "---" for column in result.columns]
    lines.append(f"| {' | '.join(sides)} |")
    for row in rows:
        cells = [_md_cell(cell_text(cell, form)) for cell, form in zip(row, result.formats, strict=True)]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## Receipt", ""]
    lines += [f"- {name}: {_md_cell(value)}" for name, value in _receipt(result) if name != "SQL"]
    lines += [f"- {reading.name}: {_md_cell(reading.value)}" for reading in result.readings]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", result.sql)), default=0))
    lines += ["", f"{fence}sql", result.sql, fence]
    return ("\n".join(lines) + "\n").encode()


def _md_cell(text: object) -> str:
    """Shown as it is: no cell is markup, a link or the start of another cell."""
    return re.sub(r"([\\`*_\[\]<>|!#~])", r"\\\1", " ".join(str(text).split()))


def _xlsx(result: StoredResult, rows: Rows, figures: Sequence[Figure]) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        sheet = book.add_worksheet("Result")
        sheet.freeze_panes(1, 0)
        for number, column in enumerate(result.columns):
            written = _number_format(result.formats[number], [row[number] for row in rows])
            cell_format = book.add_format({"num_format": written} if written else {})
            sheet.write_string(0, number, column.name, bold)
            width = len(column.name)
            for row_number, row in enumerate(rows, start=1):
                cell = _typed(row[number], column.type)
                _write(sheet, row_number, number, cell, cell_format)
                if row_number < 200:
                    width = max(width, len(cell_text(row[number], result.formats[number])))
            sheet.set_column(number, number, min(max(width + 2, 8), 60))
        if rows:
            sheet.autofilter(0, 0, len(rows), len(result.columns) - 1)
        _write_receipt(book, result, figures, bold)
    return out.getvalue()


def _number_format(form: str, cells: Sequence[Any]) -> str:
    """Empty for texts. Numbers show decimals when one of the column has some: ``1,204`` and not ``1,204.``"""
    if form == "number":
        whole = all(cell == int(cell) for cell in cells if _is_finite(cell))
        return "#,##0" if whole else "#,##0.00"
    return _NUMBER_FORMATS.get(form, "")


def _is_finite(cell: Any) -> bool:
    return isinstance(cell, Decimal | int | float) and math.isfinite(cell)


def _write_receipt(book: Any, result: StoredResult, figures: Sequence[Figure], bold: Any) -> None:
    sheet = book.add_worksheet("Receipt")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100, book.add_format({"text_wrap": True, "valign": "top"}))
    lines = list(_receipt(result))
    lines += [(reading.name, reading.value) for reading in result.readings]
    lines += [(f"Figure {f.text}", _figure_place(f)) for f in figures]
    for number, (name, value) in enumerate(lines):
        sheet.write_string(number, 0, name, bold)
        sheet.write_string(number, 1, str(value)[:32_000])


def _figure_place(figure: Figure) -> str:
    if not figure.traced:
        return "in no result"
    if figure.row is not None and figure.column is not None:
        return f"row {figure.row + 1}, column {figure.column + 1}"
    return figure.where


def _receipt(result: StoredResult) -> Iterator[tuple[str, str]]:
    yield "Title", result.title
    yield "Connection", result.connection
    yield "Ran at", result.ran_at
    if result.as_of:
        yield "Newest day in the data", result.as_of
    if result.cached_at:
        yield "From the cache of", result.cached_at
    yield "Rows", f"{result.row_count}{' (cut off)' if result.truncated else ''}"
    yield "Content hash (SHA-256)", result.content_hash
    yield "Query", result.query_id
    yield "SQL", result.sql


def _typed(cell: Any, kind: ColumnType) -> Any:
    if isinstance(cell, str) and kind is ColumnType.DATE:
        return _parsed(cell, date.fromisoformat)
    if isinstance(cell, str) and kind is ColumnType.TIMESTAMP:
        moment = _parsed(cell, datetime.fromisoformat)
        return moment.replace(tzinfo=None) if isinstance(moment, datetime) else moment
    return cell


def _parsed(text: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(text)
    except ValueError:
        return text


def _write(sheet: Any, row: int, column: int, cell: Any, cell_format: Any) -> None:
    match cell:
        case None:
            return
        case bool():
            sheet.write_boolean(row, column, cell, cell_format)
        case Decimal() | float() if not math.isfinite(cell):
            sheet.write_string(row, column, str(cell), cell_format)
        case Decimal() | int() if len(str(abs(cell)).replace(".", "").lstrip("0")) > _EXACT_DIGITS:
            sheet.write_string(row, column, str(cell), cell_format)
        case Decimal() | int() | float():
            sheet.write_number(row, column, cell, cell_format)
        case date():
            if cell.year < 1900:
                sheet.write_string(row, column, cell.isoformat(), cell_format)
            else:
                sheet.write_datetime(row, column, cell, cell_format)
        case str():
            sheet.write_string(row, column, cell[:32_767], cell_format)
        case _:
            sheet.write_string(row, column, msgspec.json.encode(cell).decode()[:32_767], cell_format)
