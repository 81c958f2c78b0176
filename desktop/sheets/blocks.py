"""Where tables lie in a sheet: runs of rows and columns between blank ones, put together where they belong to
one table. Pure. What their headings are is in headings.
"""

from collections.abc import Sequence

import msgspec

from desktop.sheets.grids import Row
from desktop.sheets.values import Kind, kind_of


class Block(msgspec.Struct, frozen=True):
    """Rows and columns of a sheet, the ends included. ``columns`` are those with something in them."""

    top: int
    bottom: int
    columns: tuple[int, ...]
    titles: tuple[int, ...] = ()
    """Rows above that name the table."""

    @property
    def left(self) -> int:
        return self.columns[0]

    @property
    def right(self) -> int:
        return self.columns[-1]

    def cells(self, row: Row) -> Row:
        return [row[column] if column < len(row) else "" for column in self.columns]


def find(rows: Sequence[Row]) -> list[Block]:
    """The tables of a sheet from top to bottom; single cells that belong to none are left out."""
    found: list[Block] = []
    for top, bottom in _runs([any(row) for row in rows]):
        for block in _side_by_side(rows, top, bottom):
            above = _above(found, block)
            if above is not None and _goes_on(rows, above, block):
                joined = Block(
                    above.top, block.bottom, tuple(sorted({*above.columns, *block.columns})), above.titles
                )
                found[found.index(above)] = joined
            else:
                found.append(block)
    return _with_titles(rows, found)


def _runs(filled: Sequence[bool]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for place, full in enumerate([*filled, False]):
        if full and start is None:
            start = place
        elif not full and start is not None:
            runs.append((start, place - 1))
            start = None
    return runs


def _side_by_side(rows: Sequence[Row], top: int, bottom: int) -> list[Block]:
    """Column groups of a run of rows; groups that only a blank column divides are one table."""
    width = max(len(row) for row in rows[top : bottom + 1])
    full = [any(place < len(row) and row[place] for row in rows[top : bottom + 1]) for place in range(width)]
    groups = [_cut(rows, top, bottom, tuple(range(start, end + 1))) for start, end in _runs(full)]
    together: list[Block] = []
    for group in groups:
        if together and not _stand_alone(rows, together[-1], group):
            before = together[-1]
            together[-1] = Block(
                min(before.top, group.top),
                max(before.bottom, group.bottom),
                (*before.columns, *group.columns),
            )
        else:
            together.append(group)
    return together


def _cut(rows: Sequence[Row], top: int, bottom: int, columns: tuple[int, ...]) -> Block:
    """Without the rows at its ends that hold nothing in these columns."""
    block = Block(top, bottom, columns)
    filled = [number for number in range(top, bottom + 1) if any(block.cells(rows[number]))]
    return Block(filled[0], filled[-1], columns)


def _stand_alone(rows: Sequence[Row], one: Block, other: Block) -> bool:
    """Two tables, and not one with a blank column: both have two columns and rows at least, and either say
    the same again, or begin or end in different rows."""
    if min(len(one.columns), len(other.columns), one.bottom - one.top, other.bottom - other.top) < 1:
        return False
    if len(one.columns) < 2 or len(other.columns) < 2:
        return False
    names = [{cell.lower() for cell in block.cells(rows[block.top]) if cell} for block in (one, other)]
    return bool(names[0] & names[1]) or (one.top, one.bottom) != (other.top, other.bottom)


def _above(found: Sequence[Block], block: Block) -> Block | None:
    """The nearest table above in the same columns."""
    over = [one for one in found if one.bottom < block.top and set(one.columns) & set(block.columns)]
    return max(over, key=lambda one: one.bottom, default=None)


def _goes_on(rows: Sequence[Row], above: Block, block: Block) -> bool:
    """Whether the rows below a blank one belong to the table above it: they have its columns, and do not
    begin with words where it has values."""
    if len(above.columns) < 2 or above.bottom == above.top or not set(block.columns) <= set(above.columns):
        return False
    first = above.cells(rows[block.top])
    values = _value_columns(rows, above)
    if _has_heading(rows, block):
        return _same_heading(rows, above, first)
    if sum(map(bool, first)) == 1 and len(above.columns) > 2:
        return block.bottom == block.top or _only_notes(rows, block)
    if not values:
        return True
    words = [first[place] for place in values if first[place]]
    if words and all(kind_of(word) is Kind.TEXT for word in words):
        return _same_heading(rows, above, first)
    return True


def _same_heading(rows: Sequence[Row], above: Block, first: Row) -> bool:
    """A heading that is repeated, as on each page of a printed list."""
    return any(
        above.cells(rows[number]) == first for number in range(above.top, min(above.top + 8, above.bottom))
    )


def _has_heading(rows: Sequence[Row], block: Block) -> bool:
    """Words in its first row, and below one of them values."""
    cells = block.cells(rows[block.top])
    if block.bottom == block.top or not all(kind_of(cell) is Kind.TEXT for cell in cells if cell):
        return False
    below = Block(block.top + 1, block.bottom, block.columns)
    return any(cells[place] for place in _value_columns(rows, below))


def _only_notes(rows: Sequence[Row], block: Block) -> bool:
    return all(sum(map(bool, block.cells(rows[n]))) == 1 for n in range(block.top, block.bottom + 1))


def _value_columns(rows: Sequence[Row], block: Block) -> list[int]:
    """Places of the columns that are mostly numbers or dates."""
    places = []
    sample = [
        block.cells(rows[number]) for number in range(block.top, min(block.bottom, block.top + 400) + 1)
    ]
    for place in range(len(block.columns)):
        kinds = [kind_of(row[place]) for row in sample if row[place]]
        valued = sum(kind in (Kind.NUMBER, Kind.DATE, Kind.TIMESTAMP) for kind in kinds)
        if kinds and valued * 2 >= len(kinds):
            places.append(place)
    return places


def _with_titles(rows: Sequence[Row], found: Sequence[Block]) -> list[Block]:
    """A line of words above a table is its title; a line of words below all of them is nothing."""
    tables: list[Block] = []
    waiting: list[Block] = []
    for block in sorted(found, key=lambda one: (one.top, one.left)):
        if _is_line(rows, block):
            waiting.append(block)
            continue
        titles = [n for one in waiting if one.bottom < block.top for n in range(one.top, one.bottom + 1)]
        waiting = [one for one in waiting if one.bottom >= block.top]
        tables.append(Block(block.top, block.bottom, block.columns, tuple(titles)))
    return tables


def _is_line(rows: Sequence[Row], block: Block) -> bool:
    """One cell a row, all words or a single value: no table."""
    counts = [sum(map(bool, block.cells(rows[n]))) for n in range(block.top, block.bottom + 1)]
    if max(counts) == 1 and (len(counts) < 3 or len(block.columns) > 1):
        return True
    return len(counts) == 1 and max(counts) <= 2
