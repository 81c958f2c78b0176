"""Text files of any size as one table: DuckDB reads them, nothing of them lies in memory as a whole."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import duckdb

from desktop.sheets import columns, grids, naming, totals, values
from desktop.sheets.understood import Correction, LeftOut, SheetFound, TableFound, Understood, Wanted, letters
from shared.engine import text_tables
from shared.engine.quoting import literal
from shared.errors import FileUnreadable

_LABELS = 6
"""Totals are looked for in the first columns."""


def understand(
    engine: Any, wanted: Wanted, file: BinaryIO, target: Path, say: Callable[[str], None]
) -> Understood:
    wish = next(iter(wanted.corrections), Correction("", 1))
    form = grids.form_of(file)
    say("Reading the file")
    staged_file = target / "staged.parquet"
    try:
        staged = text_tables.stage(engine, _path(file), "", staged_file)
        names = staged.names
        source = f"read_parquet({literal(staged_file)})"
        where = "true" if wish.keep_totals else not_a_total(len(names))
        say("Working out the types of its columns")
        parquet = target / "t1.parquet"
        out = left_out(engine, source, where)
        found, count = columns.write(engine, source, names, wish.types, where if out else "true", parquet)
    except ValueError as error:
        raise FileUnreadable(f"The file can not be read: {error}.") from error
    except duckdb.OutOfMemoryException:
        raise
    finally:
        staged_file.unlink(missing_ok=True)
    layout = form.layout
    if layout.titles:
        out.insert(0, LeftOut("title", layout.titles, list(range(1, layout.titles + 1))))
    table = TableFound(
        name=naming.slug(wanted.name.rpartition(".")[0]) or "file",
        sheet="",
        number=1,
        range=f"A1:{letters(len(names) - 1)}",
        heading_rows=[form.skip] if layout.headed else [],
        row_count=count,
        columns=found,
        left_out=out,
        notes=[] if layout.headed else ["no heading was found"],
        kept_totals=wish.keep_totals,
        file=parquet.name,
    )
    kind = wanted.name.rpartition(".")[2].lower()
    return Understood(wanted.name, kind, [SheetFound("", [table], notes=grids.said(form))])


def _path(file: BinaryIO) -> Path:
    """The open file itself, and only where a system has no name for that, its path."""
    own = Path("/dev/fd", str(file.fileno()))
    return own if own.exists() else Path(str(file.name))


def not_a_total(width: int) -> str:
    """SQL: no cell at the beginning of the row says ``Total`` alone."""
    pattern = values.quoted(rf"(?:{totals.WORDS})[ :.=-]*")
    few = ", ".join(map(values.quoted, ("Sum", "SUM", "sum", "कुल", "कुल योग", "योग")))
    tests = [
        f"CASE WHEN contains(c{n}, 'otal') OR contains(c{n}, 'OTAL') "
        f"THEN regexp_full_match(lower(trim(c{n})), {pattern}) ELSE coalesce(c{n} IN ({few}), false) END"
        for n in range(min(width, _LABELS))
    ]
    return f"NOT ({' OR '.join(tests)})"


def left_out(engine: Any, source: str, where: str) -> list[LeftOut]:
    if where == "true":
        return []
    (count,) = engine.execute(f"SELECT count(*) FROM {source} WHERE NOT ({where})").fetchone()
    return [LeftOut("total", int(count))] if count else []
