"""What each column of a table holds, decided over all of its cells, and the table written as typed Parquet.

A column is of a type when nearly all of its cells are; the others are empty in the table, counted and told.
The table comes staged as texts, in columns ``c0`` and so on, which DuckDB reads.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from desktop.sheets import values
from desktop.sheets.understood import ColumnFound, TypeWish
from desktop.sheets.values import Kind
from shared.engine.quoting import literal, name
from shared.results import ColumnType

LONGEST_ROW = 16_000_000
_SAMPLE_ROWS = 5_000
_ENOUGH = 0.7
"""Of the cells that say something. Below that a column of figures and words is one of words."""
_EXAMPLES = 4
_SAMPLED_WHOLE = 300_000
_PORTABLE = {"BI": ColumnType.INTEGER, "DE": ColumnType.DECIMAL, "DO": ColumnType.FLOAT}


class Meaning(msgspec.Struct, frozen=True):
    """``value`` is SQL with ``{x}`` for a tidy text, and NULL for a text that is none; ``type`` is
    DuckDB's."""

    kind: ColumnType
    type: str
    value: str
    notes: tuple[str, ...] = ()
    doubt: str = ""


def write(
    engine: Any, staged: str, names: Sequence[str], wishes: Mapping[str, TypeWish], where: str, target: Path
) -> tuple[list[ColumnFound], int]:
    """Writes the rows of ``staged``, a table or a function in SQL, for which ``where`` holds."""
    source = f"(SELECT * FROM {staged} WHERE {where})"
    sample = _sample(engine, source)
    meanings = [
        _meaning(engine, source, place, [row[place] or "" for row in sample], wishes.get(text))
        for place, text in enumerate(names)
    ]
    tidy = ", ".join(f"{values.tidy_sql(f'c{n}')} AS c{n}" for n in range(len(names)))
    read = f"(SELECT {tidy} FROM {source})"
    cells = ", ".join(f"{_at(m.value, f'c{n}')} AS {name(names[n])}" for n, m in enumerate(meanings))
    fresh = target.with_suffix(".new")
    engine.execute(
        f"COPY (SELECT {cells} FROM {read}) TO {literal(fresh)} (FORMAT parquet, COMPRESSION zstd)"
    )
    fresh.replace(target)
    rows, counted = _counted(engine, read, target, names, meanings)
    found = [
        ColumnFound(text, m.kind, list(m.notes), filled, unread, examples, m.doubt)
        for text, m, (filled, unread, examples) in zip(names, meanings, counted, strict=True)
    ]
    return found, rows


def _sample(engine: Any, source: str) -> list[Sequence[str | None]]:
    """Rows from everywhere; of a large table the first ones, and some blocks of others."""
    (count,) = engine.execute(f"SELECT count(*) FROM {source}").fetchone()
    if count <= _SAMPLED_WHOLE:
        picked = f"SELECT * FROM {source} USING SAMPLE {_SAMPLE_ROWS} ROWS (reservoir, 7)"
    else:
        percent = min(100, max(0.05, 100 * 40_000 / count))
        some = f"SELECT * FROM {source} USING SAMPLE {percent}% (system, 7)"
        first = f"SELECT * FROM {source} LIMIT {_SAMPLE_ROWS // 2}"
        picked = f"({first}) UNION ALL (SELECT * FROM ({some}) LIMIT 20000)"
    rows: list[Sequence[str | None]] = engine.execute(picked).fetchall()
    return rows[:: max(1, len(rows) // _SAMPLE_ROWS)]


def _counted(
    engine: Any, read: str, target: Path, names: Sequence[str], meanings: Sequence[Meaning]
) -> tuple[int, list[tuple[int, int, list[str]]]]:
    """The rows, and of each column: cells with a value, cells that are none of its type, some of those."""
    counts = ", ".join(f"count({name(text)})" for text in names)
    made = f"SELECT count(*), {counts} FROM read_parquet({literal(target)})"
    rows, *filled = engine.execute(made).fetchone()
    said = ", ".join(f"count(*) FILTER (c{n} <> '')" for n in range(len(names)))
    not_empty = engine.execute(f"SELECT {said} FROM {read}").fetchone()
    counted = []
    for n, meaning in enumerate(meanings):
        unread, examples = 0, list[str]()
        if not_empty[n] > filled[n]:
            unread, examples = _unread(engine, read, f"c{n}", meaning)
        counted.append((int(filled[n]), unread, examples))
    return int(rows), counted


def _unread(engine: Any, read: str, x: str, meaning: Meaning) -> tuple[int, list[str]]:
    missing = ", ".join(map(literal, values.MISSING))
    none = f"{x} <> '' AND ({_at(meaning.value, x)}) IS NULL AND lower({x}) NOT IN ({missing})"
    seen = f"list(DISTINCT {x}[:60])[:{_EXAMPLES}]"
    count, examples = engine.execute(f"SELECT count(*), {seen} FROM {read} WHERE {none}").fetchone()
    return int(count), sorted(examples or [])


def _meaning(engine: Any, source: str, place: int, cells: Sequence[str], wish: TypeWish | None) -> Meaning:
    sample = [values.tidy(cell) for cell in cells]
    style = "comma" if wish == "decimal_comma" or (wish is None and _has_decimal_commas(sample)) else "point"
    kinds = Counter(values.kind_of(cell, style) for cell in sample)
    said = sum(count for kind, count in kinds.items() if kind not in (Kind.EMPTY, Kind.MISSING, Kind.ERROR))
    moments = kinds[Kind.DATE] + kinds[Kind.TIMESTAMP]
    if wish == "text" or not said:
        return _text()
    if wish in ("number", "decimal_comma") or (wish is None and kinds[Kind.NUMBER] >= _ENOUGH * said):
        note = "" if wish else _codes(sample)
        return _text(note) if note else _number(engine, source, place, style, sample)
    if wish is not None or moments >= _ENOUGH * said:
        return _moment(sample, kinds, wish)
    return _words(kinds, said, kinds[Kind.NUMBER] + moments)


def _words(kinds: Mapping[Kind, int], said: int, figures: int) -> Meaning:
    """Of a column of neither numbers nor dates."""
    if kinds[Kind.BOOLEAN] == said:
        value = "CASE lower({x}) WHEN 'true' THEN true WHEN 'false' THEN false END"
        return Meaning(ColumnType.BOOLEAN, "BOOLEAN", value)
    if kinds[Kind.TIME] == said:
        return Meaning(ColumnType.TIME, "TIME", "TRY_CAST({x} AS TIME)")
    if figures * 5 >= said:
        return _text(f"figures and words mixed ({figures} of {said} looked at are figures)", doubt="number")
    return _text()


def _text(*notes: str, doubt: str = "") -> Meaning:
    errors = ", ".join(map(literal, values.ERRORS))
    value = f"CASE WHEN {{x}} <> '' AND {{x}} NOT IN ({errors}) THEN {{x}} END"
    return Meaning(ColumnType.TEXT, "VARCHAR", value, notes, doubt)


def _codes(sample: Sequence[str]) -> str:
    """Why figures are codes, or nothing."""
    if any(values.matches(values.CODE, cell) for cell in sample):
        return "codes with zeros before them, kept as text"
    long = [cell for cell in sample if cell.isdigit() and len(cell) > values.LONGEST]
    return "codes of many digits, kept as text" if long else ""


def _has_decimal_commas(sample: Sequence[str]) -> bool:
    """Some cells are numbers only with a decimal comma, and none only with a point."""
    figures = [cell for cell in sample if any(char.isdigit() for char in cell)]
    only_comma = sum(
        values.matches(values.NUMBER["comma"], c) and not values.matches(values.NUMBER["point"], c)
        for c in figures
    )
    only_point = sum(
        values.matches(values.NUMBER["point"], c) and not values.matches(values.NUMBER["comma"], c)
        for c in figures
    )
    return only_comma > 0 and not only_point


def _number(engine: Any, source: str, place: int, style: str, sample: Sequence[str]) -> Meaning:
    x, notes = values.tidy_sql(f"c{place}"), _number_notes(sample, style)
    if style == "point" and (found := _plain_number(engine, source, x)) is not None:
        return found
    query = (
        "SELECT max(length(regexp_extract(x, '[.]([0-9]+)', 1))), "
        "max(length(regexp_replace(regexp_extract(x, '[0-9.,]*[0-9]'), '[,.].{0,2}$', ''))), "
        "bool_or(regexp_matches(lower(x), '[0-9][ ]*(lakh|lac|cr|thou|mil|mn)')) FROM "
        f"(SELECT {x} AS x FROM {source}) WHERE {values.is_number_sql('x', style)}"
    )
    places, digits, units = engine.execute(query).fetchone()
    places = 4 if style == "comma" else int(places or 0)
    exact = places <= 4 and int(digits or 0) + max(places, 2) + (7 if units else 0) <= 18
    scale = max(places, 2) if places or units else 0
    value = values.number_sql("{x}", style, scale, exact=exact)
    kind = f"DECIMAL(18, {scale})" if exact else "DOUBLE"
    if kind == "DECIMAL(18, 0)":
        kind, value = "BIGINT", f"CAST({value} AS BIGINT)"
    cell = f"CASE WHEN {values.is_number_sql('{x}', style)} THEN {value} END"
    return Meaning(_PORTABLE[kind[:2]], kind, cell, notes)


def _plain_number(engine: Any, source: str, x: str) -> Meaning | None:
    """When all numbers are written as programs do; None otherwise."""
    plain = f"regexp_full_match(x, {literal(values.PLAIN)})"
    query = (
        f"SELECT coalesce(bool_and(CASE WHEN {plain} THEN true ELSE {values.missing_sql('x')} END), true), "
        f"max(CASE WHEN {plain} THEN length(split_part(x, '.', 2)) END), "
        f"max(CASE WHEN {plain} THEN length(split_part(x, '.', 1)) END) FROM (SELECT {x} AS x FROM {source})"
    )
    is_plain, places, digits = engine.execute(query).fetchone()
    if not is_plain:
        return None
    places, scale = int(places or 0), max(int(places or 0), 2)
    exact = places <= 4 and int(digits or 0) + scale <= 18
    kind = "BIGINT" if not places else f"DECIMAL(18, {scale})" if exact else "DOUBLE"
    match = "regexp_full_match({x}, " + literal(values.PLAIN) + ")"
    return Meaning(_PORTABLE[kind[:2]], kind, f"CASE WHEN {match} THEN TRY_CAST({{x}} AS {kind}) END")


def _at(sql: str, x: str) -> str:
    """Not ``format``: patterns have braces of their own."""
    return sql.replace("{x}", x)


def _number_notes(sample: Sequence[str], style: str) -> tuple[str, ...]:
    notes = []
    text = " ".join(sample).lower()
    if "₹" in text or "rs" in text or "inr" in text:
        notes.append("rupee signs left out")
    if "lakh" in text or "lac" in text or "cr" in text:
        notes.append("lakh and crore written out")
    if any(cell.endswith("%") for cell in sample):
        notes.append("percent as written: 12.5% is 12.5")
    if any(
        cell.startswith(("(", "₹ (", "₹(")) or cell.endswith("-")
        for cell in sample
        if values.decimal_of(cell)
    ):
        notes.append("brackets and trailing signs are minus")
    if style == "comma":
        notes.append("decimal comma")
    return tuple(notes)


def _moment(sample: Sequence[str], kinds: Mapping[Kind, int], wish: TypeWish | None) -> Meaning:
    told = Counter(order for cell in sample if (order := values.order_told(cell)))
    numbers = any(values.date_form(cell.split(" ")[0]) == "numbers" for cell in sample)
    order = (
        "month" if wish == "month_first" or (wish != "day_first" and told["month"] > told["day"]) else "day"
    )
    notes: list[str] = []
    doubt = ""
    if numbers:
        notes.append(f"dates as text, read as {order}/{'month' if order == 'day' else 'day'}/year")
        if wish is None and not told:
            notes.append("each of them could be month/day/year as well")
            doubt = "month_first"
        elif told["day"] and told["month"]:
            notes.append("some have the month first, some the day: those that do not fit are left out")
            doubt = "text"
    if kinds[Kind.TIMESTAMP]:
        value = values.timestamp_sql("{x}", order)
        return Meaning(ColumnType.TIMESTAMP, "TIMESTAMP", value, tuple(notes), doubt)
    return Meaning(ColumnType.DATE, "DATE", values.quick_date_sql("{x}", order), tuple(notes), doubt)
