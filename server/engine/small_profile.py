"""What a small table holds, as profile finds it, counted in the rows that were in hand as it was written."""

from collections import Counter
from collections.abc import Sequence

from server.engine import profile
from server.engine.catalog import Table
from server.engine.small_files import Rows, is_missing
from shared.engine import rows
from shared.engine.typed import Column
from shared.results import ColumnType
from shared.wire import ColumnInfo, TableInfo


def of(table: Table, found: Rows) -> TableInfo:
    """As Profile would say it of the same rows."""
    columns = [_column(*pair) for pair in zip(found.columns, found.values, strict=True)]
    texts = {column.name: values for column, values in zip(found.columns, found.values, strict=True)}
    key: list[str] = []
    for column in profile.key_candidates(table.table, columns):
        if len(set(_compared(column, texts[column.name]))) == found.count:
            key = [column.name]
            break
    return TableInfo(table.name, columns, table.comment, primary_key=key, row_estimate=found.count)


def _column(column: Column, values: Sequence[str | None]) -> ColumnInfo:
    if column.reading is not None:
        written = column.reading.type
        kind = rows.column_type(written.partition("(")[0].lower(), written)
        return ColumnInfo(column.name, kind, nullable=any(map(is_missing, values)))
    counted = Counter(value for value in values if value is not None)
    shown: tuple[list[str], bool] = [], False
    if len(counted) <= 2 * profile.MOST_SAMPLES:
        ordered = sorted(counted, key=lambda value: (-counted[value], value))
        shown = profile.shown(ordered)
    return ColumnInfo(
        column.name,
        ColumnType.TEXT,
        nullable=counted.total() < len(values),
        samples=shown[0],
        samples_complete=shown[1],
    )


def _compared(column: ColumnInfo, values: Sequence[str | None]) -> list[object]:
    """By value: +7 and 7 are the same number."""
    return [int(value or 0) if column.type is ColumnType.INTEGER else value for value in values]
