"""What changed between a result that was kept and that of now. Pure: two results in, an event out."""

from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from desktop.events import Changed, ChangedCell, ResultCard

Rows = Sequence[Sequence[Any]]

_Key = tuple[Hashable, ...]

_MOST_CELLS = 2_000
_MOST_ROWS = 200


def changes(before: ResultCard, rows_before: Rows, after: ResultCard, rows_after: Rows) -> Changed:
    """Rows belong together when all their cells but the figures are equal. Where those do not tell them
    apart, whole rows have come or gone; a single row of figures belongs to a single row."""
    kept_at = before.cached_at or before.ran_at
    headline = before.headline.value if before.headline else ""
    if after.headline is not None and after.headline.value == headline:
        headline = ""
    names = [column.name for column in after.columns]
    if names != [column.name for column in before.columns]:
        return Changed(result_id=after.result_id, kept_at=kept_at, comparable=False)
    figures = [
        number
        for number, (column, form) in enumerate(zip(after.columns, after.formats, strict=True))
        if column.type.is_number and form != "text"
    ]
    words = [number for number in range(len(names)) if number not in figures]
    if not words and len(rows_before) == len(rows_after) == 1:
        old: Mapping[_Key, int] | None = {(): 0}
        new: Mapping[_Key, int] | None = {(): 0}
    else:
        old, new = _by_words(rows_before, words), _by_words(rows_after, words)
    if old is None or new is None:
        return _whole_rows(after.result_id, kept_at, headline, rows_before, rows_after)
    cells = [
        ChangedCell(row=row, column=column, before=rows_before[old[key]][column])
        for key, row in new.items()
        if key in old
        for column in figures
        if not _same(rows_before[old[key]][column], rows_after[row][column])
    ]
    added = [row for key, row in new.items() if key not in old]
    removed = [list(rows_before[row]) for key, row in old.items() if key not in new]
    return _event(after.result_id, kept_at, headline, cells, added, removed)


def _by_words(rows: Rows, words: Sequence[int]) -> Mapping[_Key, int] | None:
    """Which row each combination of words stands in; None when one stands in several."""
    found: dict[_Key, int] = {}
    for number, row in enumerate(rows):
        found.setdefault(tuple(_plain(row[column]) for column in words), number)
    return found if len(found) == len(rows) else None  # without words no row is told from another


def _whole_rows(result_id: str, kept_at: str, headline: str, before: Rows, after: Rows) -> Changed:
    left: dict[_Key, list[int]] = {}
    for number, row in enumerate(before):
        left.setdefault(_mark(row), []).append(number)
    added: list[int] = []
    for number, row in enumerate(after):
        same = left.get(_mark(row))
        if same:
            same.pop(0)
        else:
            added.append(number)
    gone = sorted(number for numbers in left.values() for number in numbers)
    return _event(result_id, kept_at, headline, [], added, [list(before[number]) for number in gone])


def _event(
    result_id: str,
    kept_at: str,
    headline: str,
    cells: list[ChangedCell],
    added: list[int],
    removed: list[list[Any]],
) -> Changed:
    return Changed(
        result_id=result_id,
        kept_at=kept_at,
        cell_count=len(cells),
        added_count=len(added),
        removed_count=len(removed),
        cells=cells[:_MOST_CELLS],
        added=added[:_MOST_ROWS],
        removed=removed[:_MOST_ROWS],
        headline_before=headline,
    )


def _mark(row: Sequence[Any]) -> _Key:
    return tuple(_plain(cell) for cell in row)


def _same(one: Any, other: Any) -> bool:
    return bool(_plain(one) == _plain(other))


def _plain(cell: Any) -> Hashable:
    """One figure has one form, whether it came as 5, 5.0 or Decimal("5.00")."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        return repr(cell)
    exact = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell)
    return exact if exact.is_finite() else str(exact)
