"""Which row of a table is its heading, and what the columns are called. Pure: rows in, a layout out.

Title rows above the heading, a missing heading, and headings that are empty, repeated or hostile are what
spreadsheets and exports have. Which type a column has stays in readings.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time

import msgspec

MOST_COLUMNS = 4_000
"""A table of more is no table that SQL could be written for, and takes DuckDB minutes."""
_LONGEST_NAME = 120
_YEAR = re.compile(r"(?:FY ?)?(?:19|20)\d\d(?:-\d\d(?:\d\d)?)?")
_VALUE = re.compile(r"[+-]?[\d.,:/-]*\d[\d.,:/-]*(?:[eE][+-]?\d+)?%?")
"""Looks like a number, a date or a time."""


class Layout(msgspec.Struct, frozen=True):
    """``titles`` rows come first, then the heading when ``headed``, then the data."""

    titles: int
    headed: bool
    names: list[str]

    @property
    def first_row(self) -> int:
        """The position of the first row of data."""
        return self.titles + self.headed


def find(rows: Sequence[Sequence[object]]) -> Layout | None:
    """The layout of a table that begins with ``rows``; None when no row holds anything.
    Raises ValueError when it has too many columns."""
    filled = [_filled(row) for row in rows]
    if not any(filled):
        return None
    usual = _usual_width([count for count in filled if count])
    titles = next(
        (n for n, count in enumerate(filled) if count and count * 2 >= usual),
        next(n for n, count in enumerate(filled) if count),
    )
    width = max(len(_cut(row)) for row in rows[titles:])
    if width > MOST_COLUMNS:
        raise ValueError(f"it has {width:,} columns, and at most {MOST_COLUMNS:,} are read")
    first = _cut(rows[titles])
    headed = _is_heading(first, rows[titles + 1 :])
    return Layout(titles, headed, names(first if headed else [], width))


def names(heading: Sequence[object], width: int) -> list[str]:
    """One name for each of ``width`` columns: whole, on one line, no two alike even to those who do not
    mind capitals."""
    found: list[str] = []
    taken: set[str] = set()
    for position in range(width):
        value = heading[position] if position < len(heading) else None
        name = _clean(value) or f"column_{position + 1}"
        number, candidate = 2, name
        while candidate.lower() in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken.add(candidate.lower())
        found.append(candidate)
    return found


def is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _clean(value: object) -> str:
    """Without line breaks, control characters, and marks that turn the direction of writing around."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "".join(
        " " if char.isspace() else char
        for char in str(value)
        if char.isspace() or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    )
    return " ".join(text.split())[:_LONGEST_NAME].strip()


def _filled(row: Sequence[object]) -> int:
    return sum(not is_empty(value) for value in row)


def _usual_width(counts: Sequence[int]) -> int:
    """The most frequent number of filled cells; of equals the largest."""
    return max(Counter(counts).items(), key=lambda pair: (pair[1], pair[0]))[0]


def _cut(row: Sequence[object]) -> Sequence[object]:
    """Without the empty cells at its end."""
    end = len(row)
    while end and is_empty(row[end - 1]):
        end -= 1
    return row[:end]


def _is_heading(first: Sequence[object], rest: Sequence[Sequence[object]]) -> bool:
    """Texts are a heading, values are not; years are one behind a text, as in tables of years."""
    values = [value for value in first if not is_empty(value)]
    if all(isinstance(value, str) and not _VALUE.fullmatch(value.strip()) for value in values):
        return not _is_data_of_words(values, first, rest)
    texts = [str(value).removesuffix(".0").strip() for value in values]
    years = [bool(_YEAR.fullmatch(text)) for text in texts]
    words = [isinstance(v, str) and not _VALUE.fullmatch(v.strip()) for v in values]
    return (
        words[0] and all(y or w for y, w in zip(years, words, strict=True)) and len(set(texts)) == len(texts)
    )


def _is_data_of_words(
    values: Sequence[object], first: Sequence[object], rest: Sequence[Sequence[object]]
) -> bool:
    """A row of words that stand in the same columns again further down is data."""
    if len(values) < 2 or len(rest) < 2:
        return False
    again = sum(
        any(position < len(row) and row[position] == value for row in rest)
        for position, value in enumerate(first)
        if not is_empty(value)
    )
    return again == len(values)


def kind_of_cells(values: Sequence[object]) -> str:
    """DuckDB's type for the typed cells of a spreadsheet's column."""
    kinds = {type(value) for value in values}
    if not kinds:
        return "VARCHAR"
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds <= {int, float}:
        return "number"
    if kinds <= {date, datetime}:
        midnight = all(not isinstance(value, datetime) or value.time() == time() for value in values)
        return "DATE" if midnight else "TIMESTAMP"
    return "TIME" if kinds == {time} else "VARCHAR"
