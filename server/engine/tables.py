"""Which files of a folder are tables, and what they are called. Reading them stays in convert.

``sales.parquet`` is ``sales``; ``hr/staff.csv`` is ``hr.staff``; ``a/b/c.csv`` is ``a_b.c``. Names are lower
case, what is not a letter or digit becomes ``_``, a word that SQL reserves gets ``_`` behind it. When two
files would share a name, each gets its ending (``sales_csv``, ``sales_parquet``), and then a number in the
order of their paths. Sheets of a workbook follow the same rule (see ``sheet_name``).

Folders called ``year=2026`` are partitions: all files of one kind below the folder that holds them are one
table, named after it, with a column for each such level. Rules (``sales = sales_*.csv``) join other files.
"""

import contextlib
import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

ENDINGS = {
    *(".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson"),
    *(".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
}
_WORKBOOKS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
_TEXT_ENDINGS = {".csv", ".tsv", ".json", ".jsonl", ".ndjson"}
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
"""Of text files: ``sales.csv.gz`` is ``sales``."""
MAX_FILES = 10_000
MAX_DEPTH = 16

_RESERVED = """
all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
default deferrable desc describe distinct do else end except false fetch for foreign from grant group having
in initially intersect into join lambda lateral leading limit not null offset on only or order pivot placing
primary qualify references returning select show some summarize symmetric table then to trailing true union
unique unpivot using variadic when where window with values left right full inner outer cross natural semi
anti asof positional is like ilike glob between exists interval set row map struct date time timestamp
"""
TAKEN_SCHEMAS = {"main", "temp", "system", "pg_catalog", "information_schema", "memory", "pg_temp"}


class File(msgspec.Struct, frozen=True):
    """One file. ``path`` is relative to the root; ``mtime_ns``, ``size`` and ``inode`` tell its versions
    apart. ``part`` is where it lies in a table of several files (``year=2026/month=03``)."""

    path: str
    schema: str
    table: str
    mtime_ns: int
    size: int
    inode: int = 0
    shared: bool = False
    """One of several files of its table."""
    part: str = ""

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table

    @property
    def ending(self) -> str:
        return ending_of(self.path)

    @property
    def compression(self) -> str:
        """``gzip``, ``zstd`` or nothing."""
        return _COMPRESSIONS.get(Path(self.path).suffix.lower(), "")


class Rule(msgspec.Struct, frozen=True):
    """The files that ``pattern`` fits, relative to the root, are one table."""

    table: str
    pattern: str


class Found(msgspec.Struct, frozen=True):
    """``left_out``: files that look like tables and are not taken, a sentence each."""

    files: list[File]
    left_out: list[str]


def rules(text: str) -> list[Rule]:
    """From ``sales = sales_*.csv; visits = visits/**/*.csv``. Raises ValueError in the reader's words."""
    found = []
    for line in filter(None, (part.strip() for part in re.split(r"[;\n]", text))):
        table, equals, pattern = (part.strip() for part in line.partition("="))
        if not equals or not table or not pattern:
            raise ValueError(f"{line[:60]!r} is no rule; one looks like: sales = sales_*.csv")
        if identifier(table) != table:
            raise ValueError(f"{table[:60]!r} is no name for a table; {identifier(table)!r} is")
        found.append(Rule(table, pattern))
    return found


def scan(root: Path, joined: Sequence[Rule] = ()) -> Found:
    """Every table file below ``root``, by path. Hidden files are left out, and so is what leads out: links,
    and files that have another name elsewhere. Raises OSError when the folder itself can not be read."""
    real = root.resolve(strict=True)
    walk = _Walk(real)
    entries = sorted(walk.entries(real, 0), key=lambda entry: entry[0])
    left_out = [f"{_said(path)} is left out: {why}." for path, why in walk.refused]
    names = Counter((status.st_dev, status.st_ino) for _, status, linked in entries if not linked)
    kept = []
    for path, status, _ in entries:
        if status.st_nlink > max(names[status.st_dev, status.st_ino], 1):
            left_out.append(
                f"{_said(path)} is left out: it is a hard link, and its other name is not seen here."
            )
        else:
            kept.append((path, status))
    if len(kept) > MAX_FILES:
        left_out.append(f"Only the first {MAX_FILES:,} of {len(kept):,} files are taken.")
    return Found(_named(kept[:MAX_FILES], real.name, joined), left_out)


def _is_text(path: str) -> bool:
    """What a system takes as a name may be any bytes; SQL and JSON only know text."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _said(path: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in path)[:200]


def _named(entries: Sequence[tuple[str, os.stat_result]], root: str, joined: Sequence[Rule]) -> list[File]:
    patterns = [(rule, _pattern(rule.pattern)) for rule in joined]
    units: dict[tuple[str, ...], list[tuple[str, os.stat_result, str]]] = {}
    wanted: dict[tuple[str, ...], tuple[str, str]] = {}
    for path, status in entries:
        key, name, part = _unit(path, root, patterns)
        units.setdefault(key, []).append((path, status, part))
        wanted[key] = name
    clashes = {name for name, count in Counter(wanted.values()).items() if count > 1}
    used = set(wanted.values()) - clashes
    files: list[File] = []
    for key, members in units.items():
        schema, table = wanted[key]
        if (schema, table) in clashes:
            table = _free(schema, f"{table}_{ending_of(members[0][0])[1:]}", used)
        files += [
            File(
                path, schema, table, status.st_mtime_ns, status.st_size, status.st_ino, key[0] != "file", part
            )
            for path, status, part in members
        ]
    return files


def _unit(
    path: str, root: str, patterns: Sequence[tuple[Rule, "re.Pattern[str]"]]
) -> tuple[tuple[str, ...], tuple[str, str], str]:
    """Which table a file belongs to: a key, the name that it would like to have, and its partition."""
    for rule, pattern in patterns:
        if pattern.fullmatch(path) and ending_of(path) not in _WORKBOOKS:
            return ("rule", rule.table, ending_of(path)), ("", rule.table), ""
    folders = Path(path).parent.parts
    first = next((n for n, part in enumerate(folders) if "=" in part.strip("=")), None)
    if first is None or ending_of(path) in _WORKBOOKS:
        return ("file", path), (_schema(Path(path).parent), identifier(_stem(path))), ""
    above = Path(*folders[:first])
    name = identifier(above.name or root)
    part = "/".join(folder for folder in folders[first:] if "=" in folder.strip("="))
    return ("parts", str(above), ending_of(path)), (_schema(above.parent), name), part


def _pattern(glob: str) -> "re.Pattern[str]":
    """``*`` and ``?`` stay inside a folder, ``**`` does not."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    said = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(said.get(part, re.escape(part)) for part in parts), re.DOTALL)


def ending_of(path: str) -> str:
    """What kind of file it is, by its name; empty for none of ours."""
    plain = Path(path)
    if plain.suffix.lower() in _COMPRESSIONS:
        ending = Path(plain.stem).suffix.lower()
        return ending if ending in _TEXT_ENDINGS else ""
    return plain.suffix.lower() if plain.suffix.lower() in ENDINGS else ""


def _stem(path: str) -> str:
    """``sales`` of ``a/sales.csv.gz``."""
    plain = Path(path)
    return Path(plain.stem).stem if plain.suffix.lower() in _COMPRESSIONS else plain.stem


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
    return f"{name}_files" if name in TAKEN_SCHEMAS else name


class _Walk:
    """Looks through a folder. ``refused``: what looks like a table and is none, with the reason."""

    def __init__(self, root: Path) -> None:
        self.refused: list[tuple[str, str]] = []
        self._root = root

    def entries(self, folder: Path, depth: int) -> Iterator[tuple[str, os.stat_result, bool]]:
        """Path, what the system says of it, and whether it is a link."""
        with os.scandir(folder) as found:
            for entry in found:
                if entry.name.startswith((".", "~$")):
                    continue
                with contextlib.suppress(FileNotFoundError):  # gone since the folder was listed
                    yield from self._entry(entry, depth)

    def _entry(self, entry: "os.DirEntry[str]", depth: int) -> Iterator[tuple[str, os.stat_result, bool]]:
        path = Path(entry.path).relative_to(self._root).as_posix()
        if not _is_text(path):
            self.refused.append((path, "its name is not UTF-8"))
            return
        linked = entry.is_symlink()
        if entry.is_dir(follow_symlinks=False):
            if depth >= MAX_DEPTH:
                self.refused.append((path, f"it lies more than {MAX_DEPTH} folders deep"))
                return
            try:
                yield from self.entries(Path(entry.path), depth + 1)
            except PermissionError:
                self.refused.append((path, "the backend may not look into it"))
        elif ending_of(entry.name):
            if linked and not Path(entry.path).resolve().is_relative_to(self._root):
                self.refused.append((path, "it is a link that leads out of the folder"))
                return
            status = entry.stat()
            if stat.S_ISREG(status.st_mode):
                yield path, status, linked
            elif not stat.S_ISDIR(status.st_mode):
                self.refused.append((path, "it is no regular file"))
