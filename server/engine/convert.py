"""Files to Parquet, once a version, in a private folder. Runs in the worker, before it is locked.

Text and spreadsheets are read whole to find their types (a type that only the first rows bear out would fail
in the middle of a query); Parquet makes later queries some ten times cheaper. Parquet files are used as they
are. Numbers with at most four decimal places become DECIMAL, so that sums of money are exact.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from server.engine import text_tables, typed, workbooks
from server.engine.quoting import literal, name
from server.engine.tables import File, sheet_name

FORMAT = 4
"""Raised when conversion changes, so that older copies are not used."""
_JSON_DEPTH = 6
"""Objects inside objects beyond this stay JSON."""


class Source(msgspec.Struct, frozen=True):
    """A table and the Parquet file behind it. ``comment`` says how the file was understood."""

    schema: str
    table: str
    parquet: str
    comment: str = ""

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table


def sources(engine: Any, root: Path, file: File, cache: Path) -> list[Source]:
    """The tables of one file. Raises duckdb.Error, OSError or ValueError when it can not be read."""
    path = root / file.path
    if file.ending == ".parquet":
        engine.execute(f"SELECT 1 FROM read_parquet({literal(path)}) LIMIT 0")
        return [Source(file.schema, file.table, str(path), comment(file, []))]
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


def comment(file: File, said: list[str], *, sheet: str = "") -> str:
    """One line about where a table comes from and how it was understood."""
    where = f"Sheet {sheet!r} of {file.path}" if sheet else file.path
    where = "".join(char if char.isprintable() else "?" for char in where)
    return ": ".join([where, "; ".join(said)]) if said else where


def _convert(engine: Any, path: Path, file: File, target: Path) -> Iterator[Source]:
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.ending in workbooks.ENDINGS:
        for sheet in workbooks.sheets(engine, path, file.size, target):
            table = sheet_name(file.table, sheet.title, alone=sheet.alone)
            title = "" if sheet.alone else sheet.title
            yield Source(file.schema, table, str(sheet.parquet), comment(file, sheet.said, sheet=title))
        return
    parquet = target / "table.parquet"
    if file.ending in {".csv", ".tsv"}:
        said = _text_file(engine, path, file, parquet)
    else:
        _copy(engine, _json_reader(path, file), parquet)
        _exact_decimals(engine, parquet)
        said = []
    yield Source(file.schema, file.table, str(parquet), comment(file, said))


def _text_file(engine: Any, path: Path, file: File, parquet: Path) -> list[str]:
    staged = parquet.with_suffix(f".{os.getpid()}.staged")
    beside = parquet.with_suffix(f".{os.getpid()}.new")  # another worker may be at it, too
    try:
        found = text_tables.stage(engine, path, file.compression, staged)
        columns = typed.columns(engine, staged, found.names, found.form.sample)
        typed.write(engine, staged, columns, beside)
        beside.replace(parquet)
    finally:
        staged.unlink(missing_ok=True)
        beside.unlink(missing_ok=True)
    notes = [column.said for column in columns if column.said]
    few = notes[:10] + ([f"and {len(notes) - 10} more columns"] if len(notes) > 10 else [])
    return [*found.form.said(), *few]


def _json_reader(path: Path, file: File) -> str:
    form = "newline_delimited" if file.ending in {".jsonl", ".ndjson"} else "auto"
    return (
        f"read_json({literal(path)}, sample_size = -1, format = '{form}', maximum_object_size = 67108864, "
        f"maximum_depth = {_JSON_DEPTH}, compression = {literal(file.compression or 'none')})"
    )


def _copy(engine: Any, source: str, parquet: Path) -> None:
    beside = parquet.with_suffix(f".{os.getpid()}.new")  # another worker may be at it, too
    engine.execute(f"COPY (SELECT * FROM {source}) TO {literal(beside)} (FORMAT parquet, COMPRESSION zstd)")
    beside.replace(parquet)


def _exact_decimals(engine: Any, parquet: Path) -> None:
    """Numbers with at most four places are money more often than measurements: as DECIMAL, sums are exact."""
    source = f"read_parquet({literal(parquet)})"
    shape = engine.sql(f"SELECT * FROM {source}")
    doubles = [one for one, kind in zip(shape.columns, shape.types, strict=True) if str(kind) == "DOUBLE"]
    if not doubles:
        return
    tests = [_places_test(name(one), places) for one in doubles for places in (2, 4)]
    found = engine.execute(f"SELECT {', '.join(tests)} FROM {source}").fetchone()
    casts = []
    for position, one in enumerate(doubles):
        two, four = found[2 * position : 2 * position + 2]
        if two or four:
            casts.append(f"{name(one)}::DECIMAL(18, {2 if two else 4}) AS {name(one)}")
    if casts:
        _copy(engine, f"(SELECT * REPLACE ({', '.join(casts)}) FROM {source})", parquet)


def _places_test(column: str, places: int) -> str:
    fits = f"isfinite({column}) AND abs({column}) < 1e11 AND {column} = round({column}, {places})"
    return f"coalesce(bool_and({fits}), false)"


def _remove_older(folder: Path, version: str) -> None:
    """Earlier versions of the same file."""
    for entry in [*folder.glob("*/*"), *folder.glob("*.msgpack")]:
        if version not in {entry.stem, entry.parent.name}:
            entry.unlink(missing_ok=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:24]
