"""A small text file typed and written in one statement: its first rows, which its form needs anyway, are all.

What comes out is what text_tables and typed come to, for a third of the price: a folder of thousands of such
files is what this is for. Whatever takes a second look goes their way.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from shared.engine import typed
from shared.engine.quoting import literal
from shared.engine.readings import MISSING, Reading, candidates
from shared.engine.text import Form
from shared.engine.typed import Column

_MOST_CELLS = 100_000
_MOST_COLUMNS = 200
_WORDS = {"", *MISSING}


class Rows(msgspec.Struct, frozen=True):
    """All of a file: for each of ``columns`` its texts, None where there is none."""

    columns: list[Column]
    values: list[list[str | None]]

    @property
    def count(self) -> int:
        return len(self.values[0])


def write(engine: Any, form: Form, parquet: Path) -> Rows | None:
    """None when this is not the way for it, or the data is not what it seemed to be."""
    names, count = form.layout.names, len(form.sample)
    if not form.complete or not count or len(names) > _MOST_COLUMNS or count * len(names) > _MOST_CELLS:
        return None
    values = [[_cell(row, position) for row in form.sample] for position in range(len(names))]
    listed = ", ".join(f"unnest(CAST(? AS VARCHAR[])) AS c{position}" for position in range(len(names)))
    found = [_column(name, texts) for name, texts in zip(names, values, strict=True)]
    columns = [column for column in found if column is not None]
    try:
        if len(columns) == len(found):
            query = typed.select(f"(SELECT {listed})", columns)
            engine.execute(_copy(query, parquet), values)
        else:
            engine.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {listed}", values)
            columns = typed.columns(engine, "staged", names, form.sample)
            engine.execute(_copy(typed.select("staged", columns), parquet))
    except duckdb.ConversionException:  # a text that looks like a date and is none
        return None
    return Rows(columns, values)


def is_missing(text: str | None) -> bool:
    """Whether a text in a column that is no text stands for no value."""
    return text is None or text.strip(" ") in _WORDS


def _cell(row: Sequence[str], position: int) -> str | None:
    return (row[position] or None) if position < len(row) else None


def _copy(query: str, parquet: Path) -> str:
    return f"COPY ({query}) TO {literal(parquet)} (FORMAT parquet, COMPRESSION zstd)"


def _column(name: str, texts: Sequence[str | None]) -> Column | None:
    """None when only SQL can tell."""
    options = candidates({text for text in texts if text is not None})
    if not options:
        return Column(name, None)
    best = options[0]
    if not _is_certain(best) or any(best.rival == other.said for other in options[1:] if best.rival):
        return None
    said = f"{name}: {best.said}" if best.said else ""
    return Column(name, best, said, gaps=any(map(is_missing, texts)))


def _is_certain(reading: Reading) -> bool:
    """Whether nothing but its pattern decides, or a text that it does not hold for fails to become one."""
    return not reading.check or reading.check.startswith("TRY_CAST")
