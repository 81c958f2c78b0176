"""Files to Parquet, once a version, in a private folder. Runs in the worker, before it is locked.

A CSV is read whole to find its types (a type that only the first rows bear out would fail in the middle
of a query); Parquet makes later queries some ten times cheaper. Parquet files are used as they are.
Numbers with at most four decimal places become DECIMAL, so that sums of money are exact.
"""

import csv
import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from server.engine.tables import File, sheet_name

FORMAT = 3
"""Raised when conversion changes, so that older copies are not used."""
MAX_WORKBOOK_BYTES = 200_000_000
_NULL = "\x02NULL\x02"


class Source(msgspec.Struct, frozen=True):
    """A table and the Parquet file behind it."""

    schema: str
    table: str
    parquet: str

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table


def sources(engine: Any, root: Path, file: File, cache: Path) -> list[Source]:
    """The tables of one file. Raises duckdb.Error, OSError or ValueError when it can not be read."""
    path = root / file.path
    if file.ending == ".parquet":
        engine.execute(f"SELECT 1 FROM read_parquet({_quoted(path)}) LIMIT 0")
        return [Source(file.schema, file.table, str(path))]
    folder = cache / _digest(f"{root / file.path}")
    version = _digest(f"{FORMAT} {file.mtime_ns} {file.size} {file.name}")
    ready = folder / f"{version}.msgpack"
    if not ready.exists():
        _remove_older(folder, version)
        found = list(_convert(engine, path, file, folder / version))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = ready.with_suffix(f".{os.getpid()}.new")
        beside.write_bytes(msgspec.msgpack.encode(found))
        beside.replace(ready)
    return msgspec.msgpack.decode(ready.read_bytes(), type=list[Source])


def _convert(engine: Any, path: Path, file: File, target: Path) -> Iterator[Source]:
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.ending == ".xlsx":
        yield from _workbook(engine, path, file, target)
        return
    parquet = target / "table.parquet"
    if file.ending in {".csv", ".tsv"}:
        _text_file(engine, path, parquet)
    else:
        _copy(engine, _json_reader(path, file.ending), parquet)
    _exact_decimals(engine, parquet)
    yield Source(file.schema, file.table, str(parquet))


def _text_file(engine: Any, path: Path, parquet: Path) -> None:
    """In several threads; in one when that fails, for a line break in quotes needs it."""
    options = f"{_quoted(path)}, sample_size = -1, null_padding = true"
    try:
        _copy(engine, f"read_csv({options})", parquet)
    except duckdb.Error:
        _copy(engine, f"read_csv({options}, parallel = false)", parquet)


def _json_reader(path: Path, ending: str) -> str:
    form = "newline_delimited" if ending in {".jsonl", ".ndjson"} else "auto"
    return f"read_json({_quoted(path)}, sample_size = -1, format = '{form}', maximum_object_size = 67108864)"


def _copy(engine: Any, source: str, parquet: Path) -> None:
    beside = parquet.with_suffix(f".{os.getpid()}.new")  # another worker may be at it, too
    engine.execute(f"COPY (SELECT * FROM {source}) TO {_quoted(beside)} (FORMAT parquet, COMPRESSION zstd)")
    beside.replace(parquet)


def _exact_decimals(engine: Any, parquet: Path) -> None:
    """Numbers with at most four places are money more often than measurements: as DECIMAL, sums are exact."""
    source = f"read_parquet({_quoted(parquet)})"
    shape = engine.sql(f"SELECT * FROM {source}")
    doubles = [name for name, kind in zip(shape.columns, shape.types, strict=True) if str(kind) == "DOUBLE"]
    if not doubles:
        return
    tests = [_places_test(_column(name), places) for name in doubles for places in (2, 4)]
    found = engine.execute(f"SELECT {', '.join(tests)} FROM {source}").fetchone()
    casts = []
    for position, name in enumerate(doubles):
        two, four = found[2 * position : 2 * position + 2]
        if two or four:
            column = _column(name)
            casts.append(f"{column}::DECIMAL(18, {2 if two else 4}) AS {column}")
    if casts:
        _copy(engine, f"(SELECT * REPLACE ({', '.join(casts)}) FROM {source})", parquet)


def _places_test(column: str, places: int) -> str:
    fits = f"isfinite({column}) AND abs({column}) < 1e11 AND {column} = round({column}, {places})"
    return f"coalesce(bool_and({fits}), false)"


def _column(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _workbook(engine: Any, path: Path, file: File, target: Path) -> Iterator[Source]:
    import openpyxl

    if file.size > MAX_WORKBOOK_BYTES:
        raise ValueError(f"it has more than {MAX_WORKBOOK_BYTES:,} bytes")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        raise ValueError(f"it is not a workbook ({type(error).__name__})") from error
    try:
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        for number, sheet in enumerate(sheets):
            parquet = target / f"{number}.parquet"
            if _sheet(engine, sheet.iter_rows(values_only=True), parquet):
                yield Source(
                    file.schema, sheet_name(file.table, sheet.title, alone=len(sheets) == 1), str(parquet)
                )
    finally:
        book.close()


def _sheet(engine: Any, rows: Iterator[Sequence[Any]], parquet: Path) -> bool:
    """The first row that is not empty names the columns. False for an empty sheet."""
    head = next((row for row in rows if any(value is not None for value in row)), None)
    if head is None:
        return False
    names = _headings(head)
    kept = [row[: len(names)] for row in rows if any(value is not None for value in row)]
    types = [
        _type_of([row[i] for row in kept if i < len(row) and row[i] is not None]) for i in range(len(names))
    ]
    text = parquet.with_suffix(f".{os.getpid()}.csv")
    with text.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for row in kept:
            pairs = zip_longest(row, types)  # a row may end before the last column
            writer.writerow([_NULL if value is None else _written(value, kind) for value, kind in pairs])
    fields = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in zip(names, types, strict=True))
    options = f"header = false, auto_detect = false, quote = '\"', escape = '\"', nullstr = {_quoted(_NULL)}"
    _copy(engine, f"read_csv({_quoted(text)}, columns = {{{fields}}}, {options}, parallel = false)", parquet)
    text.unlink()
    return True


def _headings(head: Sequence[Any]) -> list[str]:
    last = max(position for position, value in enumerate(head) if value is not None)
    names: list[str] = []
    for position, value in enumerate(head[: last + 1], 1):
        name = str(value).strip() if value is not None else ""
        name = name or f"column_{position}"
        taken = {one.lower() for one in names}
        number, candidate = 2, name
        while candidate.lower() in taken:
            candidate, number = f"{name}_{number}", number + 1
        names.append(candidate)
    return names


def _type_of(values: list[Any]) -> str:
    kinds = {type(value) for value in values}
    if not kinds:
        return "VARCHAR"
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds <= {int, float}:
        return _number_type(values)
    if kinds <= {date, datetime}:
        midnight = all(not isinstance(value, datetime) or value.time() == time() for value in values)
        return "DATE" if midnight else "TIMESTAMP"
    return "TIME" if kinds == {time} else "VARCHAR"


def _number_type(values: list[Any]) -> str:
    if all(isinstance(value, int) or value.is_integer() for value in values):
        return "BIGINT" if all(abs(value) < 2**63 for value in values) else "DOUBLE"
    places = max(-int(Decimal(repr(value)).as_tuple().exponent) for value in values)
    return f"DECIMAL(18,{places})" if places <= 4 and all(abs(value) < 1e11 for value in values) else "DOUBLE"


def _written(value: Any, kind: str) -> str:
    if kind == "BIGINT":
        return str(int(value))
    if kind == "DATE":
        return f"{value:%Y-%m-%d}"
    if isinstance(value, datetime) and kind == "VARCHAR" and value.time() == time():
        return f"{value:%Y-%m-%d}"
    return str(value)


def _remove_older(folder: Path, version: str) -> None:
    """Earlier versions of the same file."""
    for entry in [*folder.glob("*/*"), *folder.glob("*.msgpack")]:
        if version not in {entry.stem, entry.parent.name}:
            entry.unlink(missing_ok=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
