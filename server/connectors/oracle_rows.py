"""The rows of an Oracle cursor: how many at once, their LOBs read, and as JSON. What a type becomes is in
oracle_types."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from server.connectors.oracle_types import Plan
from shared.errors import QueryFailed

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


def with_lobs(row: Sequence[Any], plan: Plan, before_each: Callable[[], None]) -> list[object]:
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


def written(rows: Sequence[Sequence[object]], plan: Plan) -> bytes:
    """One JSON array a line."""
    if plan.writes:
        changed = [list(row) for row in rows]
        for at, write in plan.writes:
            for row in changed:
                if row[at] is not None:
                    row[at] = write(row[at])
        rows = changed
    return _json.encode_lines(rows)
