"""Which rows of a table are its titles and its heading, and what its columns are called. Pure."""

import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from desktop.sheets.blocks import Block
from desktop.sheets.grids import Row, Span
from desktop.sheets.values import Kind, kind_of
from shared.engine import layout

MOST_HEADING_ROWS = 4
_LOOKED_AT = 400
_YEAR = re.compile(r"(?:fy ?)?'?(?:19|20)\d\d(?:[-/]\d\d(?:\d\d)?)?", re.IGNORECASE)
_VALUES = (Kind.NUMBER, Kind.DATE, Kind.TIMESTAMP, Kind.TIME)


class Heading(msgspec.Struct, frozen=True):
    """Numbers of rows in the sheet: the ``titles``, the heading's own ``rows`` (none when there is no
    heading), and where the ``body`` begins."""

    titles: tuple[int, ...]
    rows: tuple[int, ...]
    body: int
    names: list[str]


def find(rows: Sequence[Row], block: Block, spans: Sequence[Span], *, said: int | None = None) -> Heading:
    """``said`` is the person's word: the number of the heading's last row, or -1 for none."""
    if said is not None:
        if said < 0:
            return Heading(block.titles, (), block.top, layout.names([], len(block.columns)))
        above = tuple(range(min(block.top, said), said))
        return Heading((*block.titles, *above), (said,), said + 1, _names(rows, block, (said,), spans))
    first = _first_row(rows, block)
    titles = (*block.titles, *range(block.top, first))
    if not _is_heading(rows, block, first):
        return Heading(titles, (), first, layout.names([], len(block.columns)))
    last = first
    while last - first + 1 < MOST_HEADING_ROWS and _is_more_heading(rows, block, last + 1):
        last += 1
    top = first
    while top > block.top and _is_group(rows, block, top - 1, spans):
        top -= 1
    numbers = tuple(range(top, last + 1))
    return Heading(
        tuple(n for n in titles if n < top), numbers, last + 1, _names(rows, block, numbers, spans)
    )


def _first_row(rows: Sequence[Row], block: Block) -> int:
    """Below the rows that fill so few cells that they are titles."""
    counts = {
        n: _filled(block.cells(rows[n])) for n in range(block.top, min(block.bottom, block.top + 60) + 1)
    }
    usual = max(Counter(c for c in counts.values() if c).items(), key=lambda pair: (pair[1], pair[0]))[0]
    if len(block.columns) < 2:
        return block.top
    for number, count in counts.items():
        if count * 2 > usual and count > 1 and not _is_pair(rows, block, number, usual):
            return number
    return block.top


def _is_pair(rows: Sequence[Row], block: Block, number: int, usual: int) -> bool:
    """``Report date: 31/03/2026`` above a table."""
    cells = [cell for cell in block.cells(rows[number]) if cell]
    return len(cells) <= 2 < usual and cells[0].endswith(":")


def _filled(cells: Sequence[str]) -> int:
    return sum(map(bool, cells))


def _wordy(cell: str) -> bool:
    return kind_of(cell) not in _VALUES


def _heads(cell: str) -> bool:
    """Words, years, months and days can stand in a heading."""
    return _wordy(cell) or bool(_YEAR.fullmatch(cell)) or kind_of(cell) is Kind.DATE


def _is_heading(rows: Sequence[Row], block: Block, number: int) -> bool:
    cells = block.cells(rows[number])
    filled = [cell for cell in cells if cell]
    if number == block.bottom or not all(map(_heads, filled)) or not _wordy(filled[0]):
        return False
    body = _body(rows, block, number + 1)
    if any(_is_valued(body, place) and _wordy(cell) for place, cell in enumerate(cells) if cell):
        return True
    if all(map(_wordy, filled)):
        return not _stands_again(cells, body) and len(set(filled)) == len(filled)
    return len(set(filled)) == len(filled)


def _stands_again(cells: Sequence[str], body: Sequence[Row]) -> bool:
    """A row of words each of which stands again further down in its column is data."""
    again = [any(row[place] == cell for row in body) for place, cell in enumerate(cells) if cell]
    return len(again) > 1 and all(again)


def _body(rows: Sequence[Row], block: Block, start: int) -> list[Row]:
    return [block.cells(rows[number]) for number in range(start, min(block.bottom + 1, start + _LOOKED_AT))]


def _is_valued(body: Sequence[Row], place: int) -> bool:
    kinds = [kind_of(row[place]) for row in body if row[place]]
    return bool(kinds) and sum(kind in _VALUES for kind in kinds) * 10 >= 6 * len(kinds)


def _is_more_heading(rows: Sequence[Row], block: Block, number: int) -> bool:
    """A second line of the heading: words where the rows below have values."""
    if number >= block.bottom:
        return False
    cells = block.cells(rows[number])
    filled = [cell for cell in cells if cell]
    if not filled or not all(map(_heads, filled)) or not any(map(_wordy, filled)):
        return False
    body = _body(rows, block, number + 1)
    valued = [place for place in range(len(cells)) if _is_valued(body, place)]
    words = [place for place in valued if cells[place]]
    return bool(words) and all(_wordy(cells[place]) or _YEAR.fullmatch(cells[place]) for place in words)


def _is_group(rows: Sequence[Row], block: Block, number: int, spans: Sequence[Span]) -> bool:
    """A line above the heading that names groups of columns: ``2025`` over ``Q1`` and ``Q2``."""
    cells = block.cells(rows[number])
    filled = [place for place, cell in enumerate(cells) if cell]
    if not filled or not all(_heads(cells[place]) for place in filled):
        return False
    wide = [span for span in spans if span[0] == number and span[3] > span[1]]
    if any(span[1] <= block.left and span[3] >= block.right for span in wide):
        return False
    tall = any(
        span[0] == number and span[2] > number and span[1] == block.columns[filled[0]] for span in spans
    )
    return filled[0] > 0 or (tall and len(filled) > 1)


def _names(rows: Sequence[Row], block: Block, numbers: Sequence[int], spans: Sequence[Span]) -> list[str]:
    lines = [_spread(rows, block, number, spans, last=number == numbers[-1]) for number in numbers]
    names = []
    for parts in zip(*lines, strict=True):
        kept = [part for place, part in enumerate(parts) if part and part not in parts[:place]]
        names.append(" ".join(kept))
    return layout.names(names, len(block.columns))


def _spread(
    rows: Sequence[Row], block: Block, number: int, spans: Sequence[Span], *, last: bool
) -> list[str]:
    """A line of the heading; a group's name stands over all of its columns."""
    cells = list(block.cells(rows[number]))
    wide = [span for span in spans if span[0] <= number <= span[2]]
    for top, left, _, right in wide:
        if left < len(rows[top]):
            for place, column in enumerate(block.columns):
                if left <= column <= right:
                    cells[place] = rows[top][left]
    if not last and not any(span[3] > span[1] for span in wide):
        for place in range(1, len(cells)):
            cells[place] = cells[place] or cells[place - 1]
    return cells
