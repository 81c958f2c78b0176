"""A plan as a table: a row for each part, in the order of fetching, and a last one for the join."""

from collections.abc import Mapping

from server.across.plan import Part, Plan
from server.connections import ACROSS
from server.schemas import qualified
from shared.results import Column, ColumnType

COLUMNS = [
    Column("step", ColumnType.INTEGER),
    Column("connection", ColumnType.TEXT),
    Column("table", ColumnType.TEXT),
    Column("sql", ColumnType.TEXT),
    Column("row_estimate", ColumnType.INTEGER),
    Column("rows", ColumnType.INTEGER),
    Column("elapsed_ms", ColumnType.FLOAT),
    Column("note", ColumnType.TEXT),
]
"""Steps of the same number run side by side. ``rows`` and ``elapsed_ms`` are NULL unless it was run."""


class Seen:
    """What came of a part, or of the join."""

    def __init__(self, sql: str, rows: int, seconds: float, note: str = "") -> None:
        self.sql, self.rows, self.seconds, self.note = sql, rows, seconds, note


def as_rows(plan: Plan, seen: Mapping[int, Seen], joined: Seen | None) -> list[list[object]]:
    """``seen`` by the number of the part; empty when nothing was run."""
    rows = [
        _row(step, plan, plan.parts[number], seen.get(number))
        for step, wave in enumerate(plan.waves, 1)
        for number in wave
    ]
    last: list[object] = [len(plan.waves) + 1, ACROSS, None, plan.sql, None, None, None, "joined in DuckDB"]
    if joined is not None:
        last[5:7] = [joined.rows, round(joined.seconds * 1000, 1)]
    return [*rows, last]


def _row(step: int, plan: Plan, part: Part, seen: Seen | None) -> list[object]:
    notes = [
        f"only {part.table}.{reducer.column.name} that are in "
        f"{qualified(plan.parts[reducer.part].connection, plan.parts[reducer.part].table)}.{reducer.key.name}"
        for reducer in part.reducers
    ]
    if seen is None:
        return [
            step,
            part.connection,
            part.table,
            part.sql(),
            part.row_estimate,
            None,
            None,
            "; ".join(notes),
        ]
    if seen.note:
        notes.append(seen.note)
    elapsed = round(seen.seconds * 1000, 1)
    told = "; ".join(notes)
    return [step, part.connection, part.table, seen.sql, part.row_estimate, seen.rows, elapsed, told]
