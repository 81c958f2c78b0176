"""The rows of an Oracle query: how many at once, their LOBs read, as JSON or as the driver's Arrow batches.
What a type becomes is in types."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from server.connectors.oracle.types import Plan
from shared.errors import QueryFailed
from shared.results import ArrowBatch, Column, ColumnType, JsonRows

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS_AT_ONCE = 2000
LARGEST_VALUE_BYTES = 16_000_000
"""Of a LOB. A longer one is refused, since values are held whole."""

_BYTES_AT_ONCE = 4_000_000
_ROWS_WITH_LOBS_AT_ONCE = 50

_json = msgspec.json.Encoder(decimal_format="number")


def rows_at_once(plan: Plan, max_rows: int) -> int:
    """One more than wanted tells whether there are more."""
    if plan.has_lobs:
        return min(_ROWS_WITH_LOBS_AT_ONCE, max_rows + 1)
    return max(2, min(MOST_ROWS_AT_ONCE, _BYTES_AT_ONCE // plan.row_bytes, max_rows + 1))


def as_json(
    cursor: Any, plan: Plan, max_rows: int, before_each: Callable[[], None]
) -> Iterator[tuple[JsonRows, bool]]:
    """Batches, each with whether there would have been more. ``before_each`` comes before a round trip."""
    left = max_rows
    while True:
        before_each()
        fetched: list[Any] = cursor.fetchmany()
        if not fetched:
            return
        rows = fetched[:left]
        left -= len(rows)
        if plan.has_lobs:
            rows = [_with_lobs(row, plan, before_each) for row in rows]
        yield JsonRows(_written(rows, plan), len(rows)), len(fetched) > len(rows)


def as_arrow(
    frames: Iterator[Any], max_rows: int, before_each: Callable[[], None]
) -> Iterator[tuple[ArrowBatch, bool]]:
    """The same in columns."""
    left = max_rows
    while True:
        before_each()
        frame = next(frames, None)
        if frame is None:
            return
        batch = record_batch(frame)
        part = batch.slice(0, left)
        left -= part.num_rows
        yield ArrowBatch(part), batch.num_rows > part.num_rows


def record_batch(frame: Any) -> "pa.RecordBatch":
    """From the driver's DataFrame."""
    import pyarrow as pa

    table = pa.table(frame).combine_chunks()
    return next(iter(table.to_batches()), pa.RecordBatch.from_pylist([], schema=table.schema))


def is_exact(batch: "pa.RecordBatch", columns: Sequence[Column]) -> bool:
    """Whether its types still are those that were planned for: a table may have changed meanwhile."""
    import pyarrow as pa

    numbers = (ColumnType.DECIMAL, ColumnType.INTEGER)
    return batch.schema.names == [column.name for column in columns] and not any(
        pa.types.is_floating(field.type)
        for field, column in zip(batch.schema, columns, strict=True)
        if column.type in numbers
    )


def _with_lobs(row: Sequence[Any], plan: Plan, before_each: Callable[[], None]) -> list[object]:
    """A LOB says its length before it is read, a round trip each."""
    values: list[object] = []
    for column, value in zip(plan.columns, row, strict=True):
        if not hasattr(value, "read"):
            values.append(value)
            continue
        if value.size() > LARGEST_VALUE_BYTES:
            most = LARGEST_VALUE_BYTES // 10**6
            raise QueryFailed(
                f"A value of the column {column.name!r} is longer than {most} MB.",
                details="Ask for a part of it, with SUBSTR.",
            )
        before_each()
        values.append(value.read())
    return values


def _written(rows: Sequence[Sequence[object]], plan: Plan) -> bytes:
    """One JSON array a line."""
    if plan.writes:
        changed = [list(row) for row in rows]
        for at, write in plan.writes:
            for row in changed:
                if row[at] is not None:
                    row[at] = write(row[at])
        rows = changed
    return _json.encode_lines(rows)
