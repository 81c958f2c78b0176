"""A result as columns of numbers that can be counted on: batches or objects in, arrays out.

Bounded in rows, columns and distinct texts, and never surprised by a value: what is no usable number,
date or text counts as missing.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from shared.json_rows import lines_of
from shared.results import Batch, Column, ColumnType, Rows

MAX_ROWS = 1_000_000
MAX_COLUMNS = 60
MAX_LABELS = 5_000
_LONGEST_LABEL = 120
_LARGEST = 1e100
"""Sums of squares of what is below stay finite."""

NO_DAY = np.iinfo(np.int64).min
_SOME_ROWS = 200
_ISO_DAY = re.compile(r"\d{4}-\d{2}(-\d{2}([T ].*)?)?")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass
class Numbers:
    """Missing values are NaN."""

    name: str
    values: Floats


@dataclass
class Days:
    """Days since 1970; a missing one is NO_DAY."""

    name: str
    values: Ints


@dataclass
class Labels:
    """Each value is an index of ``labels``, -1 where it is missing, -2 where there were ``too_many`` labels
    to keep this one."""

    name: str
    values: Ints
    labels: list[str]
    too_many: bool


AnyColumn = Numbers | Days | Labels


@dataclass
class Table:
    """``dropped`` columns were beyond the limit. Columns have one entry a row."""

    rows: int
    columns: list[AnyColumn]
    truncated: bool = False
    dropped: int = 0

    def numbers(self) -> list[Numbers]:
        return [column for column in self.columns if isinstance(column, Numbers)]

    def days(self) -> list[Days]:
        return [column for column in self.columns if isinstance(column, Days)]

    def labels(self) -> list[Labels]:
        return [column for column in self.columns if isinstance(column, Labels)]


@dataclass
class Gatherer:
    """Fills a Table batch by batch; a batch is not kept."""

    columns: Sequence[Column]
    rows: int = 0
    truncated: bool = False
    _readers: list["_Reader"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._readers = [_reader(column.name, column.type) for column in self.columns[:MAX_COLUMNS]]
        self._decoder = msgspec.json.Decoder()

    def add(self, batch: Batch) -> None:
        rows = (
            batch.rows
            if isinstance(batch, Rows)
            else self._decoder.decode_lines(lines_of(batch, self.columns))
        )
        if len(rows) > MAX_ROWS - self.rows:
            rows, self.truncated = rows[: MAX_ROWS - self.rows], True
        if not rows:
            return
        self.rows += len(rows)
        for reader, values in zip(self._readers, zip(*rows, strict=True), strict=False):
            reader.add(values)

    def table(self) -> Table:
        dropped = max(len(self.columns) - MAX_COLUMNS, 0)
        return Table(self.rows, [reader.column() for reader in self._readers], self.truncated, dropped)


def from_objects(objects: Sequence[Mapping[str, Any]]) -> Table:
    """Rows as objects, whose keys need not agree; what a column holds is told from its values."""
    names: dict[str, None] = {}
    for row in objects[:MAX_ROWS]:
        for name in row:
            if len(names) <= MAX_COLUMNS:
                names.setdefault(name)
    kept = list(names)[:MAX_COLUMNS]
    gatherer = Gatherer(
        [Column(name, _told(row.get(name) for row in objects[:MAX_ROWS])) for name in kept],
    )
    truncated = len(objects) > MAX_ROWS
    for start in range(0, min(len(objects), MAX_ROWS), 10_000):
        part = objects[start : min(start + 10_000, MAX_ROWS)]
        for reader, name in zip(gatherer._readers, kept, strict=True):
            reader.add([row.get(name) for row in part])
        gatherer.rows += len(part)
    table = gatherer.table()
    return Table(table.rows, table.columns, truncated, int(len(names) > MAX_COLUMNS))


def _told(values: Iterable[Any]) -> ColumnType:
    """By most of the first values that are there: a few strays do not make a column of numbers text."""
    numbers = days = others = 0
    for value in values:
        match value:
            case None:
                continue
            case bool():
                others += 1
            case int() | float() | Decimal():
                numbers += 1
            case str() if _date(value) is not None:
                days += 1
            case _:
                others += 1
        if numbers + days + others >= _SOME_ROWS:
            break
    if numbers > 9 * (days + others):
        return ColumnType.FLOAT
    return ColumnType.DATE if days > 9 * (numbers + others) else ColumnType.TEXT


class _Reader:
    """Turns one column's values into an array, part by part."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._parts: list[npt.NDArray[Any]] = []

    def add(self, values: Sequence[Any]) -> None:
        raise NotImplementedError

    def column(self) -> AnyColumn:
        raise NotImplementedError

    def _joined(self, kind: type[np.generic]) -> npt.NDArray[Any]:
        return np.concatenate(self._parts) if self._parts else np.empty(0, dtype=kind)


class _NumberReader(_Reader):
    def add(self, values: Sequence[Any]) -> None:
        try:
            numbers = np.array(values, dtype=np.float64)
        except (OverflowError, TypeError, ValueError):
            numbers = np.fromiter(map(_number, values), dtype=np.float64, count=len(values))
        if numbers.shape != (len(values),):
            numbers = np.fromiter(map(_number, values), dtype=np.float64, count=len(values))
        numbers[~(np.abs(numbers) < _LARGEST)] = np.nan
        self._parts.append(numbers)

    def column(self) -> Numbers:
        return Numbers(self.name, self._joined(np.float64))


class _DayReader(_Reader):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._known: dict[Any, int] = {}

    def add(self, values: Sequence[Any]) -> None:
        known = self._known
        if len(known) > 100_000:
            known.clear()
        days = np.empty(len(values), dtype=np.int64)
        for place, value in enumerate(values):
            key = value[:10] if isinstance(value, str) else value
            try:
                day = known.get(key)
            except TypeError:
                key, day = None, NO_DAY
            if day is None:
                day = known[key] = _day(key)
            days[place] = day
        self._parts.append(days)

    def column(self) -> Days:
        return Days(self.name, self._joined(np.int64))


class _LabelReader(_Reader):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._codes: dict[str, int] = {}
        self._too_many = False

    def add(self, values: Sequence[Any]) -> None:
        codes = self._codes
        found = np.empty(len(values), dtype=np.int64)
        for place, value in enumerate(values):
            if value is None:
                found[place] = -1
                continue
            label = (value if isinstance(value, str) else str(value)[:_LONGEST_LABEL])[:_LONGEST_LABEL]
            code = codes.get(label)
            if code is None:
                if len(codes) < MAX_LABELS:
                    code = codes[label] = len(codes)
                else:
                    code, self._too_many = -2, True
            found[place] = code
        self._parts.append(found)

    def column(self) -> Labels:
        return Labels(self.name, self._joined(np.int64), list(self._codes), self._too_many)


def _reader(name: str, kind: ColumnType) -> _Reader:
    if kind.is_number:
        return _NumberReader(name)
    return _DayReader(name) if kind.is_temporal else _LabelReader(name)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return math.nan
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return math.nan
    return number if -_LARGEST < number < _LARGEST else math.nan


def _day(value: Any) -> int:
    """Days since 1970. What lies far outside of all business, such as 9999-12-31 for no end, is none."""
    found = _date(value)
    return NO_DAY if found is None or found.year not in _YEARS else found.toordinal() - _EPOCH


def _date(value: Any) -> date | None:
    """Of a date, a timestamp or their ISO text; ``2025-04`` is the first of April."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        try:
            return date.fromisoformat(value[:10] if len(value) >= 10 else f"{value}-01")
        except ValueError:
            return None
    return value if isinstance(value, date) else None


_YEARS = range(1600, 4000)
"""So that a period as long as all of them, added to the last one, is still in the calendar."""
_EPOCH = date(1970, 1, 1).toordinal()


def day_text(day: int) -> str:
    return date.fromordinal(day + _EPOCH).isoformat()
