"""A file becomes tables: what was understood of it, and a typed Parquet for each. Runs in the worker's
process."""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import msgspec

from desktop.sheets import blocks, columns, details, grids, headings, large, naming, totals
from desktop.sheets.blocks import Block
from desktop.sheets.grids import Grid, Row
from desktop.sheets.understood import (
    Correction,
    LeftOut,
    SheetFound,
    TableFound,
    Understood,
    Wanted,
    letters,
)
from desktop.sheets.values import Kind, kind_of
from shared.engine import database
from shared.engine.quoting import literal
from shared.errors import FileUnreadable

MEMORY_MB, THREADS = 1_024, 2
LARGE_BYTES = 24_000_000
"""A text file of more is read by DuckDB alone, and is one table."""
MOST_TABLES = 60

Say = Callable[[str], None]


def understand(wanted: Wanted, file: BinaryIO, say: Say) -> Understood:
    """Raises FileUnreadable."""
    kind = wanted.name.rpartition(".")[2].lower()
    target = Path(wanted.target)
    engine = database.connect(database.settings(MEMORY_MB, THREADS, target))
    try:
        if kind in grids.WORKBOOKS:
            return _workbook(engine, wanted, file, target, say, kind)
        if os.fstat(file.fileno()).st_size > LARGE_BYTES:
            return large.understand(engine, wanted, file, target, say)
        grid = grids.text_grid(file)
        found = _tables(engine, grid, "", wanted, target / "s0")
        return Understood(
            wanted.name, kind, [SheetFound("", naming.named(found, wanted.name), notes=grid.notes)]
        )
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise FileUnreadable("The file needs more memory than reading one may take.") from error
    except duckdb.Error as error:
        raise FileUnreadable("The tables of this file could not be put together.") from error
    finally:
        engine.close()


def _workbook(engine: Any, wanted: Wanted, file: BinaryIO, target: Path, say: Say, kind: str) -> Understood:
    told = details.read(file)
    file.seek(0)
    book = grids.Workbook(file)
    found: list[SheetFound] = []
    sheets = book.sheets()
    for number, sheet in enumerate(sheets):
        if sheet.hidden and sheet.name not in wanted.hidden_sheets:
            found.append(SheetFound(sheet.name, hidden=True, taken=False))
            continue
        say(f"Sheet {number + 1} of {len(sheets)}")
        grid = book.grid(sheet.name)
        notes = _notes(grid, told.get(sheet.name, details.Details()))
        tables = _tables(engine, grid, sheet.name, wanted, target / f"s{number}")
        found.append(SheetFound(sheet.name, tables, hidden=sheet.hidden, notes=[*grid.notes, *notes]))
    names = iter(naming.named([table for sheet in found for table in sheet.tables], wanted.name))
    placed = [msgspec.structs.replace(s, tables=[next(names) for _ in s.tables]) for s in found]
    return Understood(wanted.name, kind, placed)


def _notes(grid: Grid, told: details.Details) -> list[str]:
    notes = []
    if told.hidden_rows:
        notes.append(f"hidden rows are counted as well: {told.hidden_rows}")
    if told.hidden_columns:
        notes.append(f"hidden columns are read as well: {told.hidden_columns}")
    for (row, column), text in told.errors.items():
        if row < len(grid.rows) and column < len(grid.rows[row]):
            grid.rows[row][column] = text
    missing = 0
    for row, column in told.no_value:
        if row < len(grid.rows) and column < len(grid.rows[row]):
            grid.rows[row][column] = ""
            missing += 1
    if missing:
        counted, are = ("1 formula has", "is") if missing == 1 else (f"{missing} formulas have", "are")
        notes.append(f"{counted} no value in the file and {are} empty here: open it in Excel and save it")
    return notes


def _tables(engine: Any, grid: Grid, sheet: str, wanted: Wanted, target: Path) -> list[TableFound]:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _fill_tall_cells(grid)
    found = [block for block in blocks.find(grid.rows) if block.bottom > block.top or len(block.columns) > 1]
    tables: list[TableFound] = []
    for number, block in enumerate(found[:MOST_TABLES], start=1):
        wish = next((c for c in wanted.corrections if (c.sheet, c.table) == (sheet, number)), None)
        rest = grid.rest if number == len(found) and block.bottom >= len(grid.rows) - 1 else None
        file = target.with_name(f"{target.name}_t{number}.parquet")
        table = _table(engine, grid, block, wish or Correction(sheet, number), rest, file)
        if table is not None:
            tables.append(table)
    return tables


def _fill_tall_cells(grid: Grid) -> None:
    """What stands in a cell that is merged over several rows holds for each of them; a figure only once."""
    for top, left, bottom, _ in grid.spans:
        if bottom == top or top >= len(grid.rows) or left >= len(grid.rows[top]):
            continue
        text = grid.rows[top][left]
        if not text or kind_of(text) is Kind.NUMBER:
            continue
        for row in grid.rows[top + 1 : bottom + 1]:
            row.extend([""] * (left + 1 - len(row)))
            row[left] = row[left] or text


def _table(
    engine: Any, grid: Grid, block: Block, wish: Correction, rest: Iterator[Row] | None, file: Path
) -> TableFound | None:
    said = None if wish.header_row is None else wish.header_row - 1
    heading = headings.find(grid.rows, block, grid.spans, said=said)
    numbered = [(n, block.cells(grid.rows[n])) for n in range(heading.body, block.bottom + 1)]
    line = block.cells(grid.rows[heading.rows[-1]]) if heading.rows else [""] * len(heading.names)
    cleaned = totals.clean(numbered, line, keep_totals=wish.keep_totals, whole=rest is None)
    if not cleaned.rows:
        return None
    names, rows = list(heading.names), cleaned.rows
    notes = [
        f"empty cells of {name} get the value above" for name in totals.fill_down(rows, names, wish.fill_down)
    ]
    if cleaned.sections is not None and "section" not in {name.lower() for name in names}:
        names.append("section")
        rows = [(number, [*row, text]) for (number, row), text in zip(rows, cleaned.sections, strict=True)]
        notes.append("rows with only a name became the column section")
    if not heading.rows:
        notes.append("no heading was found")
    where = large.not_a_total(len(block.columns)) if rest is not None and not wish.keep_totals else "true"
    staged = _stage(
        engine, [row for _, row in rows], (block.cells(row) for row in rest or ()), len(names), file
    )
    found, count = columns.write(engine, staged, names, wish.types, where, file)
    title = [(n, grid.rows[n]) for n in heading.titles]
    out = [*_titles(title), *cleaned.left_out]
    if where != "true":
        out += large.left_out(engine, staged, where)
    return TableFound(
        name="",
        sheet=wish.sheet,
        number=wish.table,
        range=f"{letters(block.left)}{block.top + 1}:{letters(block.right)}{block.bottom + 1}",
        heading_rows=[number + 1 for number in heading.rows],
        row_count=count,
        columns=found,
        left_out=out,
        notes=notes,
        kept_totals=wish.keep_totals,
        file=file.name,
    )


def _titles(rows: Sequence[tuple[int, Row]]) -> list[LeftOut]:
    filled = [(number, " · ".join(cell for cell in row if cell)[:120]) for number, row in rows if any(row)]
    if not filled:
        return []
    return [LeftOut("title", len(filled), [n + 1 for n, _ in filled], [text for _, text in filled])]


def _stage(engine: Any, rows: Sequence[Row], rest: Iterator[Row], width: int, file: Path) -> str:
    """The rows as a table of texts in DuckDB."""
    beside = file.with_suffix(".csv")
    try:
        with beside.open("w", newline="", encoding="utf-8", errors="replace") as out:
            writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writerows(rows)
            for row in rest:
                if any(row):
                    writer.writerow([*row, *[""] * (width - len(row))])
        fields = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(width))
        engine.execute(
            f"CREATE OR REPLACE TABLE staged AS SELECT * FROM read_csv({literal(beside)}, header = false, "
            f"auto_detect = false, delim = ',', quote = '\"', escape = '\"', columns = {{{fields}}}, "
            f"parallel = false, max_line_size = {columns.LONGEST_ROW})"
        )
    finally:
        beside.unlink(missing_ok=True)
    return "staged"
