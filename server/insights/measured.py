"""What is known of some rows before anything is concluded: columns, sums by group and time, frequent values.

Two makers fill it alike: by_rows from rows that are here, by_query from sums that a source made. Everything
after this works on it alone, and so costs the same for a thousand rows and for a billion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from server.insights.described import ColumnFacts
from server.insights.repeats import RepeatedDay

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DAILY, WEEKLY, MONTHLY = 1, 7, 30
"""The usual distance of two periods in days."""


@dataclass(frozen=True)
class Grid:
    """Sums with a row a group and a column a period. ``names`` are the grouping columns, none of them for the
    whole, which is one group. Without time there is one period and ``periods`` is empty.

    ``known`` counts the rows in which the measure has a value, ``counts`` all rows. ``sql`` is the query that
    gave it, when a source did.
    """

    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    periods: Ints
    step: int
    counts: Floats
    sums: Mapping[str, Floats]
    known: Mapping[str, Floats]
    sql: str = ""
    gathered: bool = False
    """Its periods are weeks of data by the day."""

    def averages(self, measure: str) -> Floats:
        """NaN where nothing is known."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = self.sums[measure] / self.known[measure]
        found[self.known[measure] == 0] = np.nan
        return found

    def label(self, group: int) -> str:
        return " · ".join(self.labels[group])

    def between(self, first: int, last: int) -> Ints:
        """The places of the periods that begin within these days."""
        return np.flatnonzero((self.periods >= first) & (self.periods <= last))


@dataclass(frozen=True)
class Values:
    """How often each value of a column stands there, in rising order. ``partial``: there were too many
    different ones, and the rest is missing."""

    values: Floats
    counts: Floats
    partial: bool = False

    @cached_property
    def _running(self) -> Floats:
        return np.cumsum(self.counts)

    def quantile(self, part: float) -> float:
        """The smallest value with at least ``part`` of the rows at or below it."""
        place = int(np.searchsorted(self._running, part * self._running[-1]))
        return float(self.values[min(place, self.values.size - 1)])


@dataclass(frozen=True)
class Noise:
    """How much sums of rows move by which rows happen to come: a compound Poisson count. ``spread`` is the
    mean square over the square of the mean; ``large`` the value that one row in a thousand passes."""

    mean: float
    spread: float
    large: float

    def of_sum(self, rows: float) -> float:
        """The standard deviation of the sum of so many rows."""
        return float(abs(self.mean) * np.sqrt(self.spread * max(rows, 1.0)))

    def surely(self, moved: float, rows: float) -> bool:
        """Where a sum of about so many rows moved farther than chance would, also with a few very large
        rows."""
        far = abs(moved)
        return bool(far > _SURE * self.of_sum(rows) and far > _LARGE_ROWS * self.large)


_SURE, _LARGE_ROWS, _MANY_ROWS = 7.0, 8.0, 5_000


@dataclass(frozen=True)
class Measure:
    """``level`` figures (a price, a rate) are averaged, all others added up."""

    name: str
    level: bool = False


class Periods(msgspec.Struct, frozen=True):
    """Days since 1970, both ends included: the one that is asked about, and what it is compared with."""

    first: int
    last: int
    against_first: int
    against_last: int


@dataclass(frozen=True)
class Measured:
    """``whole`` has the finest periods, ``grids`` one grouping each, ``pairs`` two."""

    rows: int
    columns: list[ColumnFacts]
    time: str | None
    measures: list[Measure]
    whole: Grid
    grids: list[Grid] = field(default_factory=list)
    pairs: list[Grid] = field(default_factory=list)
    values: Mapping[str, Values] = field(default_factory=dict)
    repeats: list[RepeatedDay] = field(default_factory=list)
    repeats_apart_from: list[str] = field(default_factory=list)
    texts: Mapping[str, list[str]] = field(default_factory=dict)
    """The different texts of a column, where they are few."""
    between: Periods | None = None
    compared: list[Grid] = field(default_factory=list)
    """As ``grids``, but with two columns: the period that ``between`` is compared with, and itself."""
    truncated: bool = False
    dropped: int = 0

    def noise(self, measure: str) -> Noise | None:
        """None where it is not known: then only what varies from period to period tells."""
        values = self.values.get(measure)
        if values is None or not values.values.size:
            return None
        rows = float(values.counts.sum())
        mean = float((values.values * values.counts).sum()) / rows
        square = float((values.values**2 * values.counts).sum()) / rows
        if not mean:
            return None
        counts = self.whole.counts[0]
        chance = min(float(counts.var() / max(counts.mean(), 1e-9)), 1.0)  # 0 where each period has as many
        large = values.quantile(0.999 if rows >= _MANY_ROWS else 0.99)
        return Noise(mean, square / mean**2 - 1 + chance, large)
