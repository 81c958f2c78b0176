"""What is said of columns, shares and lines: the parts of the facts that are no findings."""

import msgspec


class ColumnFacts(msgspec.Struct, omit_defaults=True):
    """One column. ``role`` is ``measure level time group id other``; a level must not be added up."""

    name: str
    role: str
    missing: int
    distinct: int | None = None
    total: float | None = None
    mean: float | None = None
    median: float | None = None
    least: float | None = None
    most: float | None = None
    first: str | None = None
    last: str | None = None


class Shares(msgspec.Struct, omit_defaults=True):
    """How a measure is shared out among the groups. ``top`` are the largest with their percent. ``hhi`` is
    the sum of squared percents, 10,000 for one group alone; ``gini`` 0 for equal shares, towards 1 for one
    group; ``top_fifth_percent`` what the largest fifth of the groups has."""

    column: str
    grouping: str
    groups: int
    top: list[tuple[str, float, float]]
    hhi: float
    gini: float
    top_fifth_percent: float
    groups_for_80_percent: int


class Point(msgspec.Struct, omit_defaults=True):
    """A period of the line: ``value`` of the past, ``expected`` with ``low`` to ``high`` of the future."""

    day: str
    value: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    unusual: bool = False


class Line(msgspec.Struct, omit_defaults=True):
    """A measure over time, for a drawing; ``step`` is 1, 7 or 30 days."""

    column: str
    step: int
    points: list[Point]
