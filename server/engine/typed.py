"""A staged table of texts becomes one with types. What a text may mean stays in readings.

A reading is taken when it holds for every value of the column, not only for the first ones: a type that only
the first rows bear out would fail in the middle of a query.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from server.engine.quoting import literal, name
from server.engine.readings import Reading, candidates, present_sql

MOST_READ = 1_000
"""Columns beyond these stay text: each costs its checks."""


class Column(msgspec.Struct, frozen=True):
    """``reading`` None: text as it stands."""

    name: str
    reading: Reading | None
    said: str = ""


def columns(engine: Any, staged: Path, names: Sequence[str], sample: Sequence[Sequence[str]]) -> list[Column]:
    """The type of each column, borne out by every row."""
    options = [
        candidates(row[position] for row in sample if position < len(row)) if position < MOST_READ else []
        for position in range(len(names))
    ]
    kept: dict[int, Column] = {}
    while waiting := [n for n, left in enumerate(options) if left and n not in kept]:
        asked = [(n, reading) for n in waiting for reading in _asked(options[n])]
        held = _held(engine, staged, asked)
        for position in waiting:
            best = options[position][0]
            if not held[position, best]:
                options[position] = options[position][1:]
                continue
            rivals = [r for r in _asked(options[position]) if r is not best]
            if any(held[position, rival] for rival in rivals):
                said = f"{names[position]}: dates that could be {best.said} or {best.rival}, left as text"
                kept[position] = Column(names[position], None, said)
            else:
                said = f"{names[position]}: {best.said}" if best.said else ""
                kept[position] = Column(names[position], best, said)
    return [kept.get(n) or Column(text, None) for n, text in enumerate(names)]


def _asked(left: Sequence[Reading]) -> list[Reading]:
    """The best, and with it its rival."""
    best = left[0]
    rivals = [r for r in left[1:] if best.rival and r.said == best.rival and r.type == best.type]
    return [best, *rivals]


def _held(engine: Any, staged: Path, asked: Sequence[tuple[int, Reading]]) -> dict[tuple[int, Reading], bool]:
    """Which readings hold for the whole column, in one look."""
    positions = sorted({position for position, _ in asked})
    texts = ", ".join(f"{present_sql(f'c{position}')} AS c{position}" for position in positions)
    tests = [
        f"coalesce(bool_and(c{position} IS NULL OR {reading.test_sql(f'c{position}')}), true)"
        for position, reading in asked
    ]
    found = engine.execute(
        f"SELECT {', '.join(tests)} FROM (SELECT {texts} FROM read_parquet({literal(staged)}))"
    ).fetchone()
    return {pair: bool(holds) for pair, holds in zip(asked, found, strict=True)}


def select(source: str, found: Sequence[Column]) -> str:
    """The query that types ``source``, whose columns are ``c0`` and so on, without the empty rows."""
    cells = ", ".join(
        f"{_cell(position, column)} AS {name(column.name)}" for position, column in enumerate(found)
    )
    filled = ", ".join(f"c{position}" for position in range(len(found)))
    where = f" WHERE coalesce({filled}) IS NOT NULL" if len(found) > 1 else ""
    return f"SELECT {cells} FROM {source}{where}"


def _cell(position: int, column: Column) -> str:
    text = f"c{position}"
    return column.reading.value_sql(f"({present_sql(text)})") if column.reading else text


def write(engine: Any, staged: Path, found: Sequence[Column], parquet: Path) -> None:
    source = f"read_parquet({literal(staged)})"
    engine.execute(f"COPY ({select(source, found)}) TO {literal(parquet)} (FORMAT parquet, COMPRESSION zstd)")
