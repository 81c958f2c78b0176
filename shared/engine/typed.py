"""A staged table of texts becomes one with types. What a text may mean stays in readings.

A reading is taken when it holds for every value of the column, not only for the first ones: a type that only
the first rows bear out would fail in the middle of a query.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from shared.engine.quoting import literal, name
from shared.engine.readings import Reading, candidates, missing_sql
from shared.engine.text import Form

UNEXPECTED = "a value that the first rows did not lead to expect"
MOST_READ = 1_000
"""Columns beyond these stay text: each costs its checks."""


class Column(msgspec.Struct, frozen=True):
    """``reading`` None: text as it stands. ``gaps``: some values are words for "no value"."""

    name: str
    reading: Reading | None
    said: str = ""
    gaps: bool = False


def columns(engine: Any, source: str, names: Sequence[str], sample: Sequence[Sequence[str]]) -> list[Column]:
    """The type of each column of ``source``, borne out by every row."""
    options = [
        candidates(row[position] for row in sample if position < len(row)) if position < MOST_READ else []
        for position in range(len(names))
    ]
    kept: dict[int, Column] = {}
    while waiting := [n for n, left in enumerate(options) if left and n not in kept]:
        asked = [(n, reading) for n in waiting for reading in _asked(options[n])]
        held = _held(engine, source, asked)
        for position in waiting:
            best = options[position][0]
            holds, whole = held[position, best]
            if not holds:
                options[position] = options[position][1:]
                continue
            rivals = [r for r in _asked(options[position]) if r is not best]
            if any(held[position, rival][0] for rival in rivals):
                said = f"{names[position]}: dates that could be {best.said} or {best.rival}, left as text"
                kept[position] = Column(names[position], None, said)
            else:
                said = f"{names[position]}: {best.said}" if best.said else ""
                kept[position] = Column(names[position], best, said, gaps=not whole)
    return [kept.get(n) or Column(text, None) for n, text in enumerate(names)]


def _asked(left: Sequence[Reading]) -> list[Reading]:
    """The best, and with it its rival."""
    best = left[0]
    rivals = [r for r in left[1:] if best.rival and r.said == best.rival and r.type == best.type]
    return [best, *rivals]


def _held(
    engine: Any, source: str, asked: Sequence[tuple[int, Reading]]
) -> dict[tuple[int, Reading], tuple[bool, bool]]:
    """Which readings hold for the whole column, and which of them without any gaps, in one look."""
    tests = []
    for position, reading in asked:
        column = f"c{position}"
        fits = f"WHEN {column} IS NULL THEN 2 WHEN {reading.test_sql(column)} THEN 2"
        tests.append(f"coalesce(min(CASE {fits} WHEN {missing_sql(column)} THEN 1 ELSE 0 END), 2)")
    found = engine.execute(f"SELECT {', '.join(tests)} FROM {source}").fetchone()
    return {pair: (held > 0, held > 1) for pair, held in zip(asked, found, strict=True)}


def columns_of_sample(engine: Any, form: Form) -> list[Column]:
    """As far as the first rows tell; what nobody could be sure of stays text."""
    found = []
    for position, one in enumerate(form.layout.names):
        values = [row[position] for row in form.sample if position < len(row)]
        likely = candidates(values) if position < MOST_READ else []
        best = likely[0] if likely and not likely[0].rival else None
        found.append(Column(one, best if best and _all_hold(engine, best, values) else None))
    return found


def _all_hold(engine: Any, reading: Reading, values: Sequence[str]) -> bool:
    test = f"coalesce(bool_and({reading.test_sql('v')} OR {missing_sql('v')}), true)"
    return bool(engine.execute(f"SELECT {test} FROM unnest(?) AS x(v)", [list(values)]).fetchone()[0])


def select(source: str, found: Sequence[Column]) -> str:
    """The query that types ``source``, whose columns are ``c0`` and so on, without the empty rows."""
    cells = ", ".join(f"{_cell(f'c{n}', column)} AS {name(column.name)}" for n, column in enumerate(found))
    return f"SELECT {cells} FROM {source}{_filled(found)}"


def _filled(found: Sequence[Column]) -> str:
    """Without rows of nothing but separators."""
    cells = ", ".join(f"c{position}" for position in range(len(found)))
    return f" WHERE coalesce({cells}) IS NOT NULL" if len(found) > 1 else ""


def _cell(text: str, column: Column) -> str:
    if column.reading is None:
        return text
    value = column.reading.value_sql(text)
    return f"CASE WHEN NOT {missing_sql(text)} THEN {value} END" if column.gaps else value


def select_strict(source: str, found: Sequence[Column]) -> str:
    """The same where only the first rows are known: a value that its reading does not fit fails the query."""
    cells = ", ".join(f"{_strict(f'c{n}', c)} AS {name(c.name)}" for n, c in enumerate(found))
    return f"SELECT {cells} FROM {source}{_filled(found)}"


def _strict(text: str, column: Column) -> str:
    if column.reading is None:
        return text
    fits = f"WHEN {text} IS NULL THEN NULL WHEN {column.reading.test_sql(text)}"
    gap = f"WHEN {missing_sql(text)} THEN NULL"
    # error() would do, but a column with it is computed also where nobody asks for it
    failing = f"CAST({text} || {literal(f' is {UNEXPECTED}')} AS {column.reading.type})"
    return f"CASE {fits} THEN {column.reading.value_sql(text)} {gap} ELSE {failing} END"


def write(engine: Any, staged: Path, found: Sequence[Column], parquet: Path) -> None:
    source = f"read_parquet({literal(staged)})"
    engine.execute(f"COPY ({select(source, found)}) TO {literal(parquet)} (FORMAT parquet, COMPRESSION zstd)")
