"""A text file as a table of texts in Parquet, staged for typed. What kind of text it is stays in text.

DuckDB reads what is written by the book, in several threads. What it refuses is read by Python, row by row:
other encodings, NUL bytes, quotation marks gone wrong, rows that are longer than the heading.
"""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import duckdb
import msgspec

from server.engine import layout, text
from server.engine.quoting import literal
from server.engine.text import Form

_PLAIN_LINE = 4_000_000
"""Longer lines go to the second way: DuckDB's buffers are sixteen times as large."""


class Staged(msgspec.Struct, frozen=True):
    """``parquet`` has a column of texts, ``c0`` and so on, for each of ``names``."""

    parquet: Path
    names: list[str]
    form: Form


def stage(engine: Any, path: Path, compression: str, target: Path) -> Staged:
    """Raises ValueError, OSError or duckdb.Error."""
    with path.open("rb") as raw:
        form = text.form(raw, compression)
    if form.plain:
        try:
            _copy(engine, read_csv(path, form), target)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            if "not utf-8" in str(error):
                form = _other_encoding(path, compression)
        else:
            return Staged(target, form.layout.names, form)
    return _by_hand(engine, path, form, target)


def read_csv(path: Path, form: Form, *, parallel: bool = True) -> str:
    """DuckDB's reader, told everything."""
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(form.layout.names)))
    return (
        f"read_csv({literal(path)}, auto_detect = false, header = false, skip = {form.skip}, "
        f"delim = {literal(form.separator)}, quote = '\"', escape = '\"', null_padding = true, "
        f"max_line_size = {_PLAIN_LINE}, compression = {literal(form.compression or 'none')}, "
        f"parallel = {str(parallel).lower()}, columns = {{{columns}}})"
    )


def _copy(engine: Any, source: str, target: Path) -> None:
    """A line break in quotes cannot be read in several threads."""
    try:
        _write(engine, source, target)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        if "quoted new lines" not in str(error) and "parallel" not in str(error):
            raise
        _write(engine, source.replace("parallel = true", "parallel = false"), target)


def _write(engine: Any, source: str, target: Path) -> None:
    engine.execute(f"COPY (SELECT * FROM {source}) TO {literal(target)} (FORMAT parquet, COMPRESSION snappy)")


def _other_encoding(path: Path, compression: str) -> Form:
    """The first bytes were UTF-8, a later one is not."""
    seen = bytearray()
    with path.open("rb") as raw:
        content = text.opened(raw, compression)
        while piece := content.read(1 << 20):
            seen = bytearray(set(seen) | set(piece))
        raw.seek(0)
        return text.form(raw, compression, encoding=text.western(bytes(sorted(seen))))


def _by_hand(engine: Any, path: Path, form: Form, target: Path) -> Staged:
    names, beside = form.layout.names, target.with_suffix(f".{os.getpid()}.csv")
    width = len(names)
    try:
        with path.open("rb") as raw, beside.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
            for row in _rows(text.opened(raw, form.compression), form):
                width = max(width, len(row))
                writer.writerow(row + [""] * (len(names) - len(row)))
        if width > layout.MOST_COLUMNS:
            raise ValueError(f"it has {width:,} columns, and at most {layout.MOST_COLUMNS:,} are read")
        wide = layout.Layout(0, headed=False, names=layout.names(names, width))
        plain = msgspec.structs.replace(form, compression="", separator=",", skip=0, layout=wide)
        _write(engine, read_csv(beside, plain, parallel=False), target)
    finally:
        beside.unlink(missing_ok=True)
    return Staged(target, wide.names, form)


def _rows(content: BinaryIO, form: Form) -> Iterator[list[str]]:
    """Below the heading, without the empty ones and without empty cells at the end that no heading names."""
    csv.field_size_limit(text.LONGEST_LINE)
    lines = io.TextIOWrapper(cast("Any", content), form.encoding, newline="")
    reader = csv.reader((line.replace("\0", "") for line in lines), delimiter=form.separator)
    width = len(form.layout.names)
    try:
        for row in reader:
            if reader.line_num <= form.skip:
                continue
            while len(row) > width and not row[-1]:
                row.pop()
            if any(cell.strip() for cell in row):
                yield row
    except csv.Error as error:
        raise ValueError(f"it can not be read from line {reader.line_num:,} on ({error})") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"near line {reader.line_num:,} it is not {form.encoding}") from error
