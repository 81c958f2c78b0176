"""The tables of a folder: which files are behind each, which of them are ready, how DuckDB is to read them.

What a name in a query means is decided here; opening the files is pins' part.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from server.engine.pins import Pin, Pins
from server.engine.shelf import Kept, Shelf, Source
from server.engine.tables import File, sheet_name
from server.engine.workbooks import ENDINGS as WORKBOOKS
from shared.engine import typed
from shared.engine.quoting import literal
from shared.engine.text import Form
from shared.engine.text_tables import read_csv


class Part(msgspec.Struct, frozen=True):
    """One file of a table. ``path`` is what DuckDB will be told; ``source`` None: not converted yet."""

    file: File
    path: Path
    source: Source | None
    broken: str = ""

    @property
    def own(self) -> bool:
        """Read where it lies, not from a converted copy."""
        return self.source is not None and not self.source.parquet


class Table(msgspec.Struct, frozen=True):
    """``schema`` and ``table`` as in SQL, without quotes."""

    schema: str
    table: str
    parts: list[Part]
    comment: str

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table

    def missing(self) -> list[File]:
        """What must be converted first."""
        return [part.file for part in self.parts if part.source is None and not part.broken]

    def broken(self) -> str:
        """Why it can not be read: a table without some of its files would give wrong sums."""
        return next(
            (f"{part.file.path} can not be read: {part.broken}" for part in self.parts if part.broken), ""
        )


class Catalog:
    """All tables of one look at the folder. ``unread`` are workbooks whose sheets are not known yet."""

    def __init__(self, root: Path, files: Sequence[File], shelf: Shelf, pins: Pins) -> None:
        self._root = root
        self._pins = pins
        self.broken: list[str] = []
        self.unread: list[File] = []
        self.tables: dict[str, Table] = {}
        grouped: dict[tuple[str, str], list[Part]] = {}
        for number, file in enumerate(files):
            kept = _parquet(file) if file.ending == ".parquet" else shelf.find(file)
            for key, part in self._parts(number, file, kept):
                grouped.setdefault(key, []).append(part)
        for (schema, table), parts in grouped.items():
            made = Table(schema, table, parts, _comment(parts))
            self.tables[made.name] = made
            if why := made.broken():
                self.broken.append(why)

    def _parts(self, number: int, file: File, kept: Kept | None) -> Iterator[tuple[tuple[str, str], Part]]:
        name = f"{file.schema}/{file.table}/{file.part}/{number}" if file.part else f"{number}"
        if file.ending in WORKBOOKS:
            if kept is None:
                self.unread.append(file)
            elif kept.broken:
                self.broken.append(f"{file.path} can not be read: {kept.broken}")
            for sheet, source in enumerate(kept.sources if kept else []):
                path = self._pins.path(Path(source.parquet), f"{name}.{sheet}.parquet")
                yield (source.schema, source.table), Part(file, path, source)
            return
        if kept is None:
            ending = "csv" if file.ending in {".csv", ".tsv"} else "json"
            path = self._pins.path(self._root / file.path, f"{name}.{ending}")
            yield (file.schema, file.table), Part(file, path, None)
            return
        only = kept.sources[0] if kept.sources else None
        real = Path(only.parquet) if only is not None and only.parquet else self._root / file.path
        path = self._pins.path(real, f"{name}.parquet")
        yield (file.schema, file.table), Part(file, path, only, kept.broken)

    def find(self, schema: str, table: str) -> Table | None:
        name = table if schema in {"", "main"} else f"{schema}.{table}"
        return self.tables.get(name.lower())

    def sheets_of(self, schema: str, table: str) -> list[File]:
        """Workbooks that may have the table as one of their sheets."""
        wanted = "" if schema == "main" else schema.lower()
        return [f for f in self.unread if f.schema == wanted and table.lower().startswith(f.table)]

    def allowed(self) -> list[Path]:
        """Every path that DuckDB may open: what it is told, and where that leads when it looks. (It follows
        links before it compares; where a file was replaced, the link leads nowhere and counts itself.)"""
        parts = [part for table in self.tables.values() for part in table.parts]
        return [path for part in parts for path in (part.path, self._real(part))]

    def _real(self, part: Part) -> Path:
        if part.source is None or part.own:
            return Path(os.path.realpath(self._root / part.file.path))
        return Path(part.source.parquet)

    def pinned(self, table: Table) -> list[Pin]:
        """Opens what is behind a table; the pins of files that lie in the folder itself. Raises ChangedError
        or OSError."""
        found = []
        for part in table.parts:
            if part.source is None or part.own:
                found.append(self._pins.pin(self._root, part.file, part.path))
            else:
                self._pins.pin_own(Path(part.source.parquet), part.path)
        return found


def select(table: Table) -> str:
    """The query behind the view of a table that is ready."""
    paths = [part.path for part in table.parts]
    if len(paths) == 1 and not table.parts[0].file.part:
        return f"SELECT * FROM read_parquet({literal(paths[0])})"
    parted = "true" if any(part.file.part for part in table.parts) else "false"
    listed = ", ".join(map(literal, paths))
    return f"SELECT * FROM read_parquet([{listed}], union_by_name = true, hive_partitioning = {parted})"


def can_be_direct(table: Table, least_bytes: int) -> bool:
    """Whether the file is so large that reading it as it is beats waiting."""
    part = table.parts[0]
    fits = part.file.ending in {".csv", ".tsv"} and not part.file.compression
    return fits and len(table.parts) == 1 and not part.file.part and part.file.size >= least_bytes


def select_direct(engine: Any, table: Table, form: Form) -> str:
    """The query behind the view of a text file that is not converted. A value that the first rows did not
    lead to expect fails the query, rather than being changed."""
    readable = read_csv(table.parts[0].path, form)
    columns = typed.columns_of_sample(engine, form)
    return typed.select_strict(readable, columns)


def _parquet(file: File) -> Kept:
    return Kept([Source(file.schema, file.table, "", one_line(file.path))])


def _comment(parts: Sequence[Part]) -> str:
    first = parts[0]
    if len(parts) == 1 and not first.file.shared:
        return first.source.comment if first.source else one_line(first.file.path)
    levels = [folder.partition("=")[0] for folder in first.file.part.split("/") if folder]
    said = f"{len(parts)} files, such as {one_line(first.file.path)}"
    how = first.source.comment.partition(": ")[2] if first.source else ""
    by = f"partitioned by {', '.join(map(one_line, levels))}" if levels else ""
    return ": ".join(filter(None, [said, "; ".join(filter(None, [by, how]))]))


def one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:300]


def sources_of(file: File, sheets: Sequence[tuple[str, bool, Path, str]]) -> list[Source]:
    """The tables of a workbook; two sheets whose names come to the same get numbers."""
    found: list[Source] = []
    for title, alone, parquet, comment in sheets:
        name = wanted = sheet_name(file.table, title, alone=alone)
        number = 2
        while any(source.table == name for source in found):
            name, number = f"{wanted}_{number}", number + 1
        found.append(Source(file.schema, name, str(parquet), comment))
    return found
