"""Which rows of a table are no rows of data: totals, averages, repeated headings, notes, names of sections.
Pure.

Words make a total, and sums prove one: a row that only ends with the word, or has none, is left out only when
its figures are the sums of rows above it or its other cells are empty.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from desktop.sheets.grids import Row
from desktop.sheets.understood import LeftOut
from desktop.sheets.values import Kind, decimal_of, kind_of

WORDS = (
    r"(?:(?:grand|sub|net|overall|g|gross|page|running|final)[ .-]*)?totals?(?:[ ]*\(.*\))?"
    r"|sum|कुल(?: योग)?|योग|उप[- ]?योग"
)
"""A cell that says it alone, in lower case; trailing colons and dashes do not count."""
_AVERAGES = r"(?:grand |overall )?(?:average|avg\.?|mean)|औसत"
_BEGINS_OR_ENDS = re.compile(r"(?:.*\S[ -])(?:sub[- ]?)?totals?|(?:grand |sub[- ]?)?totals?[ :-]+\S.*")
_NOTE = re.compile(
    r"(?:notes?|source|remarks?|disclaimer|prepared by|printed|generated|\*|\(?[0-9]\)).*", re.DOTALL
)
_MOST_SHOWN = 20
_LONG_TEXT = 25


class Cleaned(msgspec.Struct, frozen=True):
    """``rows`` are the data, each with the number that it has in the sheet; ``sections`` has a name for each
    of them when rows with nothing but a name stand between them."""

    rows: list[tuple[int, Row]]
    left_out: list[LeftOut]
    sections: list[str] | None = None


def clean(
    numbered: Sequence[tuple[int, Row]], heading: Sequence[str], *, keep_totals: bool, whole: bool = True
) -> Cleaned:
    """``numbered`` are the rows below the heading, cut to its columns. ``whole`` False: more will follow that
    are not looked at here."""
    judge = _Judge([row for _, row in numbered], heading)
    gone: dict[str, list[tuple[int, Row]]] = {}
    kept: list[tuple[int, Row]] = []
    sections: list[str] = []
    section = ""
    end = judge.end_of_data() if whole else len(numbered)
    for place, (number, row) in enumerate(numbered):
        why = judge.why_not(place, row, behind=place >= end)
        if why in ("total", "average"):
            judge.seen_total()
            why = "" if keep_totals else why
        if not why:
            judge.count(row)
            kept.append((number, row))
            sections.append(section)
            continue
        if why == "section":
            section = next(cell for cell in row if cell)
        gone.setdefault(why, []).append((number, row))
    told = [_left_out(why, rows) for why, rows in gone.items() if why != "blank"]
    return Cleaned(kept, told, sections if "section" in gone and any(sections) else None)


def _left_out(why: str, rows: Sequence[tuple[int, Row]]) -> LeftOut:
    texts = [" · ".join(cell for cell in row if cell)[:120] for _, row in rows[:_MOST_SHOWN]]
    return LeftOut(why, len(rows), [number + 1 for number, _ in rows[:_MOST_SHOWN]], texts)


class _Judge:
    """Goes down the rows, with the sums so far."""

    def __init__(self, rows: Sequence[Row], heading: Sequence[str]) -> None:
        self._rows = rows
        self._heading = [name.lower() for name in heading]
        width = len(heading)
        kinds = [[kind_of(row[place]) for row in rows[:2_000] if row[place]] for place in range(width)]
        self._numeric = [
            bool(column) and sum(kind is Kind.NUMBER for kind in column) * 2 >= len(column)
            for column in kinds
        ]
        labels = [sum(bool(cell) for cell in self._labels(row)) for row in rows[:2_000]]
        self._usual_labels = sorted(labels)[len(labels) // 2] if labels else 0
        self._sections = self._found_sections()
        self._group = [Decimal(0)] * width
        self._all = [Decimal(0)] * width
        self._in_group = self._in_all = 0

    def why_not(self, place: int, row: Row, *, behind: bool) -> str:
        """Empty for a row of data."""
        filled = [cell for cell in row if cell]
        if not filled:
            return "blank"
        if [cell.lower() for cell in row if cell] == [
            name for cell, name in zip(row, self._heading, strict=True) if cell
        ]:
            return "repeated" if len(filled) > 1 or len(self._heading) == 1 else ""
        if why := self._total(row):
            return why
        if behind:
            return "note"
        if len(filled) == 1 and len(row) > 2 and row[0] and kind_of(row[0]) is Kind.TEXT:
            return self._lonely(place, row[0])
        return ""

    def count(self, row: Row) -> None:
        self._in_group += 1
        self._in_all += 1
        for place, numeric in enumerate(self._numeric):
            if numeric and (value := decimal_of(row[place])) is not None:
                self._group[place] += value
                self._all[place] += value

    def seen_total(self) -> None:
        self._group = [Decimal(0)] * len(self._group)
        self._in_group = 0

    def end_of_data(self) -> int:
        """Behind the last row that has more than one cell; what follows are notes."""
        if len(self._heading) < 2:
            return len(self._rows)
        end = len(self._rows)
        while end and sum(map(bool, self._rows[end - 1])) <= 1:
            texts = [cell for cell in self._rows[end - 1] if cell]
            if texts and len(self._heading) == 2 and not _is_note(texts[0]):
                break
            end -= 1
        return end

    def _labels(self, row: Row) -> list[str]:
        """The words of a row: in columns of words, and where a word stands among figures."""
        pairs = zip(row, self._numeric, strict=True)
        return [cell for cell, numeric in pairs if not numeric or (cell and kind_of(cell) is Kind.TEXT)]

    def _total(self, row: Row) -> str:
        labels = [cell.lower().rstrip(" :.-=") for cell in self._labels(row) if cell]
        values = [(p, v) for p, n in enumerate(self._numeric) if n and (v := decimal_of(row[p])) is not None]
        for label in labels:
            if re.fullmatch(_AVERAGES, label) and values and len(labels) <= max(1, self._usual_labels):
                return "average"
            if re.fullmatch(WORDS, label) and (
                len(labels) <= max(1, self._usual_labels - 1) or self._sums(values)
            ):
                return "total" if values or len(labels) == 1 else ""
            if _BEGINS_OR_ENDS.fullmatch(label) and (self._sums(values) or len(labels) < self._usual_labels):
                return "total" if values else ""
        return "total" if not labels and self._usual_labels and self._sums(values) else ""

    def _sums(self, values: Sequence[tuple[int, Decimal]]) -> bool:
        """Whether the figures are the sums of the group, or of all rows above."""
        for sums, count in ((self._group, self._in_group), (self._all, self._in_all)):
            hits = [_near(value, sums[place]) for place, value in values]
            if count > 1 and hits and sum(hits) * 2 > len(hits):
                return True
        return False

    def _lonely(self, place: int, text: str) -> str:
        """A cell alone in its row: a note, the name of what follows, or a row with holes."""
        if _is_note(text):
            return "note"
        return "section" if place in self._sections else ""

    def _found_sections(self) -> set[int]:
        """Names stand alone before full rows, the first of them above all rows, or there are several."""
        places = {
            place
            for place, row in enumerate(self._rows[:-1])
            if len(row) > 2
            and row[0]
            and not any(row[1:])
            and kind_of(row[0]) is Kind.TEXT
            and sum(map(bool, self._rows[place + 1])) > 1
        }
        few = len(places) * 3 <= len(self._rows) + 1
        return places if few and (0 in places or len(places) > 1) else set()


def _is_note(text: str) -> bool:
    return bool(_NOTE.fullmatch(text.lower())) or len(text) > _LONG_TEXT


def _near(value: Decimal, total: Decimal) -> bool:
    return value != 0 and abs(value - total) <= max(Decimal("0.02"), abs(total) * Decimal("0.0005"))


def fill_down(rows: list[tuple[int, Row]], names: Sequence[str], wish: bool | None) -> list[str]:
    """Where the name of a group stands only in its first row, the rows below get it. Changes ``rows``; the
    names of the columns that were filled."""
    filled: list[str] = []
    for place, name in enumerate(names):
        if not rows or wish is False or not _is_group_column(rows, place, wish is True):
            break
        above = ""
        for _, row in rows:
            above = row[place] = row[place] or above
        filled.append(name)
    return filled


def _is_group_column(rows: Sequence[tuple[int, Row]], place: int, sure: bool) -> bool:
    """The first cell is a word, and most others are empty where the rest of their row is not."""
    cells = [row[place] for _, row in rows]
    holes = sum(not cell for cell in cells)
    words = [cell for cell in cells if cell]
    if not holes or not cells[0] or any(kind_of(cell) is not Kind.TEXT for cell in words[:50]):
        return False
    rest = all(any(row[place + 1 :]) for _, row in rows)
    return rest and (sure or (holes * 3 >= len(cells) and len(words) > 1 and len(set(words)) == len(words)))
