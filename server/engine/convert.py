"""One file to Parquet, on the shelf. Which files, and when, is decided elsewhere; runs in converter.

Text and spreadsheets are read whole to find their types (a type that only the first rows bear out would fail
in the middle of a query); Parquet makes later queries some ten times cheaper. Numbers with at most four
decimal places become DECIMAL, so that sums of money are exact.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from server.engine import small_files, workbooks
from server.engine.catalog import one_line, sources_of
from server.engine.shelf import Source
from server.engine.small_files import Rows
from server.engine.tables import File
from shared.engine import text, text_tables, typed
from shared.engine.quoting import literal, name
from shared.engine.text import Form
from shared.engine.typed import Column

_JSON_DEPTH = 6
"""Objects inside objects beyond this stay JSON."""
_LARGEST_OBJECT = 64 * 1024 * 1024


class Converted(msgspec.Struct, frozen=True):
    """``rows`` are those of the one table of a small file, when they are in hand."""

    sources: list[Source]
    rows: Rows | None = None


def convert(engine: Any, path: Path, file: File, target: Path) -> Converted:
    """The tables of one file, written below ``target``. ``path`` is where to read it. Raises duckdb.Error,
    OSError or ValueError when it can not be read."""
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.ending in workbooks.ENDINGS:
        found = workbooks.sheets(engine, path, file.size, target)
        sheets = [
            (one.title, one.alone, one.parquet, _comment(file, one.said, "" if one.alone else one.title))
            for one in found
        ]
        return Converted(sources_of(file, sheets))
    parquet = target / "table.parquet"
    rows = None
    if file.ending in {".csv", ".tsv"}:
        said, rows = _text_file(engine, path, file, parquet)
    else:
        _copy(engine, _json_reader(path, file), parquet)
        _exact_decimals(engine, parquet)
        said = []
    return Converted([Source(file.schema, file.table, str(parquet), _comment(file, said))], rows)


def _comment(file: File, said: list[str], sheet: str = "") -> str:
    """One line about where a table comes from and how it was understood."""
    where = one_line(f"Sheet {sheet!r} of {file.path}" if sheet else file.path)
    return ": ".join([where, one_line("; ".join(said))]) if said else where


def _text_file(engine: Any, path: Path, file: File, parquet: Path) -> tuple[list[str], Rows | None]:
    if file.size < text.HEAD_BYTES and not file.compression:
        with path.open("rb") as raw:
            form = text.form(raw)
        rows = small_files.write(engine, form, parquet)
        if rows is not None:
            return _notes(form, rows.columns), rows
    staged = parquet.with_suffix(".staged")
    found = text_tables.stage(engine, path, file.compression, staged)
    columns = typed.columns(engine, f"read_parquet({literal(staged)})", found.names, found.form.sample)
    typed.write(engine, staged, columns, parquet)
    staged.unlink()
    return _notes(found.form, columns), None


def _notes(form: Form, columns: Sequence[Column]) -> list[str]:
    notes = [column.said for column in columns if column.said]
    few = notes[:10] + ([f"and {len(notes) - 10} more columns"] if len(notes) > 10 else [])
    return [*form.said(), *few]


def _json_reader(path: Path, file: File) -> str:
    form = "newline_delimited" if file.ending in {".jsonl", ".ndjson"} else "auto"
    return (
        f"read_json({literal(path)}, sample_size = -1, format = '{form}', "
        f"maximum_object_size = {_LARGEST_OBJECT}, maximum_depth = {_JSON_DEPTH}, "
        f"compression = {literal(file.compression or 'none')})"
    )


def _copy(engine: Any, source: str, parquet: Path) -> None:
    beside = parquet.with_suffix(".new")
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
