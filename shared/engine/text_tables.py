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

from shared.engine import layout, text
from shared.engine.quoting import literal
from shared.engine.text import Form

MOST_UNPACKED_BYTES = 20_000_000_000
_PLAIN_LINE = 4_000_000
"""Longer lines go to the second way: DuckDB's buffers are sixteen times as large."""

_PROBE = 16_384


class Staged(msgspec.Struct, frozen=True):
    """``parquet`` has a column of texts, ``c0`` and so on, for each of ``names``."""

    parquet: Path
    names: list[str]
    form: Form


def stage(engine: Any, path: Path, compression: str, target: Path) -> Staged:
    """Raises ValueError, OSError or duckdb.Error."""
    if compression:
        plain = target.with_suffix(".plain")
        try:
            _unpack(path, compression, plain)
            return stage(engine, plain, "", target)
        finally:
            plain.unlink(missing_ok=True)
    with path.open("rb") as raw:
        form = text.form(raw)
    if form.plain:
        try:
            _write(engine, read_csv(path, form), target)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            if "not utf-8" in str(error):
                form = _other_encoding(path)
        else:
            if _is_whole(engine, path, form, target):
                return Staged(target, form.layout.names, form)
    return _by_hand(engine, path, form, target)


def _unpack(path: Path, compression: str, target: Path) -> None:
    """Packed, DuckDB reads a file in one thread, and then does not notice every fault."""
    left = MOST_UNPACKED_BYTES
    with path.open("rb") as raw, target.open("wb") as out:
        content = text.opened(raw, compression)
        while piece := content.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise ValueError(f"it unpacks to more than {MOST_UNPACKED_BYTES / 1e9:.0f} GB")
            out.write(piece)


def _is_whole(engine: Any, path: Path, form: Form, staged: Path) -> bool:
    """Whether the texts that were read can fill the file: DuckDB skips what lies behind a line that is
    longer than its buffer."""
    if path.stat().st_size <= _PLAIN_LINE:
        return True
    columns = [f"c{position}" for position in range(len(form.layout.names))]
    lengths = " + ".join(f"coalesce(sum(strlen({column})), 0)" for column in columns)
    found = engine.execute(f"SELECT count(*), {lengths} FROM read_parquet({literal(staged)})").fetchone()
    marks = found[0] * (3 * len(columns) + 2)  # two quotes and a separator each, and the line's end
    return bool(path.stat().st_size <= 2 * found[1] + marks + text.HEAD_BYTES)


def has_long_line(raw: BinaryIO) -> bool:
    """Whether a line is too long for DuckDB's reader, which may then leave out the end of the file without a
    word. Only looks at about one place in four million."""
    size, line = os.fstat(raw.fileno()).st_size, 0
    while size - line > _PLAIN_LINE:
        place, end = line + _PLAIN_LINE, -1
        while end < 0:
            if place <= line:
                return True
            step = min(_PROBE, place - line)
            place -= step
            end = os.pread(raw.fileno(), step, place).rfind(b"\n")
        line = place + end + 1
    return False


def read_csv(path: Path, form: Form, *, padded: bool = False) -> str:
    """DuckDB's reader, told everything. In several threads it notices a quotation mark that is never closed,
    in one it does not; ``padded`` is for files of our own, whose rows may be short."""
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(form.layout.names)))
    how = "null_padding = true, parallel = false" if padded else "parallel = true"
    return (
        f"read_csv({literal(path)}, auto_detect = false, header = false, skip = {form.skip}, "
        f"delim = {literal(form.separator)}, quote = '\"', escape = '\"', max_line_size = {_PLAIN_LINE}, "
        f"{how}, columns = {{{columns}}})"
    )


def _write(engine: Any, source: str, target: Path) -> None:
    engine.execute(f"COPY (SELECT * FROM {source}) TO {literal(target)} (FORMAT parquet, COMPRESSION snappy)")


def _other_encoding(path: Path) -> Form:
    """The first bytes were UTF-8, a later one is not."""
    seen = bytearray()
    with path.open("rb") as raw:
        while piece := raw.read(1 << 20):
            seen = bytearray(set(seen) | set(piece))
        raw.seek(0)
        return text.form(raw, encoding=text.western(bytes(sorted(seen))))


def _by_hand(engine: Any, path: Path, form: Form, target: Path) -> Staged:
    names, beside = form.layout.names, target.with_suffix(f".{os.getpid()}.csv")
    width = len(names)
    try:
        with path.open("rb") as raw, beside.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
            for row in _rows(raw, form):
                width = max(width, len(row))
                writer.writerow(row + [""] * (len(names) - len(row)))
        if width > layout.MOST_COLUMNS:
            raise ValueError(f"it has {width:,} columns, and at most {layout.MOST_COLUMNS:,} are read")
        wide = layout.Layout(0, headed=False, names=layout.names(names, width))
        plain = msgspec.structs.replace(form, separator=",", skip=0, layout=wide)
        _write(engine, read_csv(beside, plain, padded=True), target)
    finally:
        beside.unlink(missing_ok=True)
    return Staged(target, wide.names, form)


def _rows(content: BinaryIO, form: Form) -> Iterator[list[str]]:
    """Below the heading, without the empty ones and without empty cells at the end that no heading names."""
    csv.field_size_limit(text.LONGEST_LINE)
    lines = io.TextIOWrapper(cast("Any", content), form.encoding, newline="")
    reader = csv.reader(_lines(lines), delimiter=form.separator)
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
        why = "a text in quotes has no end" if "field limit" in str(error) else str(error)
        raise ValueError(f"it can not be read up to line {reader.line_num:,}: {why}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"near line {reader.line_num:,} it is not {form.encoding}") from error


def _lines(content: io.TextIOWrapper) -> Iterator[str]:
    """Without NUL bytes. Raises ValueError rather than hold a line of any length."""
    number = 0
    while line := content.readline(text.LONGEST_LINE):
        number += 1
        if len(line) == text.LONGEST_LINE:
            raise ValueError(f"its line {number:,} is longer than {text.LONGEST_LINE // 1024**2} MB")
        yield line.replace("\0", "")
