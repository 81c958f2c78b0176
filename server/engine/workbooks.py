"""The sheets of a workbook as rows: xlsx, xlsm, xlsb, xls and ods, by calamine. Typing and staging them too.

Formulas are not calculated: what stands in a cell is what the program that saved the file had calculated.
"""

import csv
import os
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from shared.engine import layout
from shared.engine.quoting import literal, name

ENDINGS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
MAX_WORKBOOK_BYTES = 200_000_000
MAX_UNPACKED_BYTES = 1_000_000_000
"""What calamine has to unpack; a small file can promise more than a machine holds."""
_NULL = "\x02NULL\x02"


class Sheet(msgspec.Struct, frozen=True):
    """One sheet that is a table. ``alone``: no other visible sheet is there."""

    title: str
    alone: bool
    parquet: Path
    said: list[str]


def sheets(engine: Any, path: Path, size: int, target: Path) -> Iterator[Sheet]:
    """Writes each visible sheet that holds something. Raises ValueError when it is no workbook."""
    import python_calamine as calamine

    _check_size(path, size)
    try:
        with path.open("rb") as file:
            book = calamine.CalamineWorkbook.from_filelike(file)
            shown = [
                sheet.name
                for sheet in book.sheets_metadata
                if sheet.visible == calamine.SheetVisibleEnum.Visible
                and sheet.typ == calamine.SheetTypeEnum.WorkSheet
            ]
            for number, title in enumerate(shown):
                rows = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
                parquet = target / f"{number}.parquet"
                found = _sheet(engine, rows, parquet)
                if found is not None:
                    yield Sheet(title, len(shown) == 1, parquet, found)
    except calamine.PasswordError as error:
        raise ValueError("it is locked with a password") from error
    except calamine.CalamineError as error:
        raise ValueError(f"it is not a workbook ({type(error).__name__})") from error


def _check_size(path: Path, size: int) -> None:
    if size > MAX_WORKBOOK_BYTES:
        raise ValueError(f"it has more than {MAX_WORKBOOK_BYTES:,} bytes")
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError):
        return  # xls is no archive
    if unpacked > MAX_UNPACKED_BYTES:
        raise ValueError(f"it unpacks to {unpacked / 1e9:,.1f} GB, and at most 1 GB is read")


def _sheet(engine: Any, rows: Sequence[Sequence[Any]], parquet: Path) -> list[str] | None:
    """What is worth telling; None for a sheet without a table."""
    filled = [row for row in rows if any(not layout.is_empty(value) for value in row)]
    found = layout.find(filled[:200])
    if found is None:
        return None
    names, kept = found.names, filled[found.first_row :]
    columns = [
        [row[i] for row in kept if i < len(row) and not layout.is_empty(row[i])] for i in range(len(names))
    ]
    types = [_type_of(values) for values in columns]
    text = parquet.with_suffix(f".{os.getpid()}.csv")
    try:
        with text.open("w", newline="", encoding="utf-8", errors="replace") as out:
            writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
            for row in kept:
                cells = [*row[: len(names)], *[None] * (len(names) - len(row))]
                writer.writerow(map(_written, cells, types))
        _write(engine, text, names, types, parquet)
    finally:
        text.unlink(missing_ok=True)
    said = [f"{found.titles} rows above the heading left out"] if found.titles else []
    return said if found.headed else [*said, "without a heading"]


def _write(engine: Any, text: Path, names: Sequence[str], types: Sequence[str], parquet: Path) -> None:
    fields = ", ".join(f"'c{i}': {literal(kind)}" for i, kind in enumerate(types))
    options = f"header = false, auto_detect = false, quote = '\"', escape = '\"', nullstr = {literal(_NULL)}"
    reader = f"read_csv({literal(text)}, columns = {{{fields}}}, {options}, parallel = false)"
    cells = ", ".join(f"c{i} AS {name(one)}" for i, one in enumerate(names))
    beside = parquet.with_suffix(f".{os.getpid()}.new")
    engine.execute(
        f"COPY (SELECT {cells} FROM {reader}) TO {literal(beside)} (FORMAT parquet, COMPRESSION zstd)"
    )
    beside.replace(parquet)


def _type_of(values: Sequence[Any]) -> str:
    kind = layout.kind_of_cells(values)
    return _number_type(values) if kind == "number" else kind


def _number_type(values: Sequence[Any]) -> str:
    if all(isinstance(value, int) or value.is_integer() for value in values):
        return "BIGINT" if all(abs(value) < 2**63 for value in values) else "DOUBLE"
    places = max(-int(Decimal(repr(value)).as_tuple().exponent) for value in values)
    return f"DECIMAL(18,{max(places, 1)})" if places <= 4 and all(abs(v) < 1e11 for v in values) else "DOUBLE"


def _written(value: Any, kind: str) -> str:
    if layout.is_empty(value):
        return _NULL
    match value:
        case bool():
            return str(value).lower() if kind == "BOOLEAN" else str(value)
        case float() if kind in {"BIGINT", "VARCHAR"} and value.is_integer():
            return str(int(value))
        case datetime() if kind == "DATE" or (kind == "VARCHAR" and value.time() == time()):
            return f"{value:%Y-%m-%d}"
        case date() | datetime() | time():
            return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    return str(value)
