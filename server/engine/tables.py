"""Which files of a folder are tables, and what they are called. Reading them stays in convert.

``sales.parquet`` is ``sales``; ``hr/staff.csv`` is ``hr.staff``; ``a/b/c.csv`` is ``a_b.c``. Names are lower
case, what is not a letter or digit becomes ``_``, a word that SQL reserves gets ``_`` behind it. When two
files would share a name, each gets its ending (``sales_csv``, ``sales_parquet``), and then a number in the
order of their paths. Sheets of a workbook follow the same rule (see ``sheet_name``).
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

ENDINGS = {
    *(".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson"),
    *(".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
}
_TEXT_ENDINGS = {".csv", ".tsv", ".json", ".jsonl", ".ndjson"}
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
"""Of text files: ``sales.csv.gz`` is ``sales``."""
MAX_FILES = 2_000
MAX_DEPTH = 8

_RESERVED = """
all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
default deferrable desc describe distinct do else end except false fetch for foreign from grant group having
in initially intersect into join lambda lateral leading limit not null offset on only or order pivot placing
primary qualify references returning select show some summarize symmetric table then to trailing true union
unique unpivot using variadic when where window with values left right full inner outer cross natural semi
anti asof positional is like ilike glob between exists interval set row map struct date time timestamp
"""
_TAKEN_SCHEMAS = {"main", "temp", "system", "pg_catalog", "information_schema", "memory", "pg_temp"}


class File(msgspec.Struct, frozen=True):
    """One file. ``path`` is relative to the root; ``mtime_ns`` and ``size`` tell its versions apart."""

    path: str
    schema: str
    table: str
    mtime_ns: int
    size: int

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table

    @property
    def ending(self) -> str:
        return _ending(self.path)

    @property
    def compression(self) -> str:
        """``gzip``, ``zstd`` or nothing."""
        return _COMPRESSIONS.get(Path(self.path).suffix.lower(), "")


def _ending(path: str) -> str:
    """What kind of file it is, by its name; empty for none of ours."""
    plain = Path(path)
    if plain.suffix.lower() in _COMPRESSIONS:
        plain = plain.with_suffix("")
        return plain.suffix.lower() if plain.suffix.lower() in _TEXT_ENDINGS else ""
    return plain.suffix.lower() if plain.suffix.lower() in ENDINGS else ""


def _stem(path: str) -> str:
    """``sales`` of ``a/sales.csv.gz``."""
    plain = Path(path)
    return Path(plain.stem).stem if plain.suffix.lower() in _COMPRESSIONS else plain.stem


def scan(root: Path) -> list[File]:
    """Every table file below ``root``, by path. Hidden files, and links that lead out, are left out.
    Raises OSError when the folder itself can not be read."""
    real = root.resolve(strict=True)
    found = sorted(_walk(real, real, 0), key=lambda entry: entry[0])[:MAX_FILES]
    wanted = [(_schema(Path(path).parent), identifier(_stem(path))) for path, _ in found]
    clashes = {name for name, count in Counter(wanted).items() if count > 1}
    files: list[File] = []
    used: set[tuple[str, str]] = set(wanted) - clashes
    for (path, stat), (schema, table) in zip(found, wanted, strict=True):
        name = table
        if (schema, table) in clashes:
            name = _free(schema, f"{table}_{_ending(path)[1:]}", used)
        files.append(File(path, schema, name, stat.st_mtime_ns, stat.st_size))
    return files


def identifier(text: str) -> str:
    """A name that SQL takes without quotes."""
    plain = unicodedata.normalize("NFKC", text).lower()
    name = re.sub(r"_+", "_", re.sub(r"[^\w]", "_", plain)).strip("_") or "table_1"
    if name[0].isdigit():
        name = f"t_{name}"
    return f"{name}_" if name in _RESERVED.split() else name


def sheet_name(table: str, sheet: str, *, alone: bool) -> str:
    """A workbook with one sheet is one table; otherwise the sheet's name goes behind the file's."""
    return table if alone else identifier(f"{table}_{sheet}")


def _free(schema: str, name: str, used: set[tuple[str, str]]) -> str:
    number, candidate = 2, name
    while (schema, candidate) in used:
        candidate, number = f"{name}_{number}", number + 1
    used.add((schema, candidate))
    return candidate


def _schema(folder: Path) -> str:
    name = "_".join(identifier(part) for part in folder.parts)
    return f"{name}_files" if name in _TAKEN_SCHEMAS else name


def _walk(folder: Path, real_root: Path, depth: int) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "~$")):
                continue
            if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(real_root):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    if depth < MAX_DEPTH:
                        yield from _walk(Path(entry.path), real_root, depth + 1)
                elif _ending(entry.name) and entry.is_file():
                    yield Path(entry.path).relative_to(real_root).as_posix(), entry.stat()
            except OSError:
                continue  # gone or closed to us since the folder was listed
