"""Which cell of which result a figure of the answer came from. Finding figures in a text is in figures."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from desktop.store.results import Figure
from shared.figures import figures
from shared.results import Column

_MOST_CELLS = 50_000
_CHANGES_IN_ROWS = 40

_Entry = tuple[Decimal, int | None, int | None, str]  # size, row, column, in words


class Span(msgspec.Struct, frozen=True):
    """A stretch of the text that is a figure. ``result_id`` is None when it is in no result."""

    start: int
    end: int
    result_id: str | None
    row: int | None
    column: int | None
    where: str


class Evidence:
    """One result, prepared for looking numbers up."""

    def __init__(
        self, result_id: str, columns: Sequence[Column], formats: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        self.result_id = result_id
        self._columns = columns
        self._formats = formats
        self._rows = rows

    def place(
        self, value: Decimal, tolerance: Decimal, *, percent: bool
    ) -> tuple[int | None, int | None, str] | None:
        """Row, column and words for the number nearest to ``value``, or None. Signs do not count: a
        text says "fell by 5"."""
        index = self._percents if percent else self._amounts
        low = bisect_left(index, value - tolerance, key=lambda entry: entry[0])
        best = None
        for entry in index[low : low + 200]:
            if entry[0] > value + tolerance:
                break
            # a cell is better evidence than something computed, then the nearer one
            rank = (entry[1] is None, abs(entry[0] - value))
            if best is None or rank < best[0]:
                best = (rank, entry)
        return None if best is None else best[1][1:]

    @cached_property
    def names(self) -> list[str]:
        """Values of text cells that hold digits, such as a brand or a store's number."""
        found = {
            cell
            for row in self._rows[:2000]
            for cell in row
            if isinstance(cell, str) and len(cell) > 1 and any(c.isdigit() for c in cell)
        }
        return sorted(
            (*found, *(c.name for c in self._columns if re.search(r"\d", c.name))), key=len, reverse=True
        )

    @cached_property
    def _amounts(self) -> list[_Entry]:
        entries: list[_Entry] = [(abs(value), row, column, "") for row, column, value in self._cells()]
        entries += [
            (abs(total), None, column, f"the total of {self._columns[column].name}")
            for column, total in self._totals.items()
        ]
        entries.append((Decimal(len(self._rows)), None, None, "the number of rows"))
        return sorted(entries, key=lambda entry: entry[0])

    @cached_property
    def _percents(self) -> list[_Entry]:
        entries: list[_Entry] = []
        for row, column, value in self._cells():
            name = self._columns[column].name
            if self._formats[column] == "percent":
                entries.append((abs(value), row, column, ""))
                continue
            total = self._totals.get(column)
            if total and len(self._rows) > 1:
                entries.append(
                    (abs(value / total * 100), None, column, f"row {row + 1} as a share of all {name}")
                )
        entries += self._changes()
        return sorted(entries, key=lambda entry: entry[0])

    def _changes(self) -> Iterator[_Entry]:
        rows = self._rows[:_CHANGES_IN_ROWS]
        numeric = self._numeric
        for number, row in enumerate(rows):
            for column in numeric:
                name = self._columns[column].name
                for other in numeric:
                    change = _change(row[other], row[column]) if other != column else None
                    if change is not None:
                        words = f"the change from {self._columns[other].name} to {name} in row {number + 1}"
                        yield change, None, column, words
                for earlier in {number - 1, 0} - {number, -1}:
                    change = _change(rows[earlier][column], row[column])
                    if change is not None:
                        yield (
                            change,
                            None,
                            column,
                            f"the change of {name} from row {earlier + 1} to {number + 1}",
                        )

    @cached_property
    def _numeric(self) -> list[int]:
        return [
            i
            for i, column in enumerate(self._columns)
            if column.type.is_number and self._formats[i] != "text"
        ]

    @cached_property
    def _totals(self) -> dict[int, Decimal]:
        found: dict[int, Decimal] = {}
        for _, column, value in self._cells():
            if self._formats[column] != "percent":
                found[column] = found.get(column, Decimal(0)) + value
        return found

    def _cells(self) -> Iterator[tuple[int, int, Decimal]]:
        most = _MOST_CELLS // max(1, len(self._numeric))
        for number, row in enumerate(self._rows[:most]):
            for column in self._numeric:
                value = _number(row[column])
                if value is not None:
                    yield number, column, value


def spans(text: str, evidence: Sequence[Evidence], question: str) -> list[Span]:
    """The figures of ``text``, the newest result tried first. Figures of the question are no claims."""
    asked = {figure.value for figure in figures(question)} | _numbers(question)
    covered = list(_named(text, evidence))
    found = []
    for figure in figures(text):
        if any(start <= figure.start and figure.end <= end for start, end in covered):
            continue
        for source in reversed(evidence):
            place = source.place(figure.value, figure.tolerance, percent=figure.percent)
            if place is not None:
                row, column, where = place
                found.append(Span(figure.start, figure.end, source.result_id, row, column, where))
                break
        else:
            if figure.value not in asked:
                found.append(Span(figure.start, figure.end, None, None, None, ""))
    return found


def listed(text: str, found: Sequence[Span]) -> list[tuple[str | None, Figure]]:
    """The same for a receipt: result and figure."""
    return [
        (
            span.result_id,
            Figure(
                text=text[span.start : span.end].strip(),
                row=span.row,
                column=span.column,
                traced=span.result_id is not None,
                where=span.where,
            ),
        )
        for span in found
    ]


def _numbers(text: str) -> set[Decimal]:
    return {Decimal(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}


def _named(text: str, evidence: Sequence[Evidence]) -> Iterator[tuple[int, int]]:
    for source in evidence:
        for name in source.names:
            at = text.find(name)
            while at >= 0:
                yield at, at + len(name)
                at = text.find(name, at + 1)


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None


def _change(before: object, after: object) -> Decimal | None:
    first, second = _number(before), _number(after)
    if first is None or second is None or first == 0:
        return None
    return abs((second - first) / first * 100)
