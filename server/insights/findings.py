"""What can be found in a table, each with the figures it rests on. Finding it is in facts.

Every number of a finding was computed from the rows; a text that tells of it may use no other.
"""

import msgspec

from server.insights.described import ColumnFacts, Line, Shares


class _Finding(msgspec.Struct, tag_field="finding", omit_defaults=True, kw_only=True):
    """``fact`` is its name in this analysis; ``sql`` the query that gave the figures, when a source did."""

    fact: str = ""
    sql: str = ""


class Missing(_Finding, tag="missing"):
    column: str
    count: int
    percent: float


class Strange(_Finding, tag="strange"):
    """Values that are hardly meant. ``what``: ``negative``, ``extreme`` (``value`` where the largest of the
    others is ``usual``), ``blank_ends``, ``alike`` (texts that differ in case or blanks only)."""

    column: str
    what: str
    count: int
    value: float | None = None
    usual: float | None = None
    examples: list[str] = []


class Gap(_Finding, tag="gap"):
    """Days without any row, between days that have some; of one ``group`` when there is one. ``expected``
    rows would have been usual for it."""

    time: str
    first: str
    last: str
    days: int
    grouping: str | None = None
    group: str | None = None
    expected: float | None = None


class Repeated(_Finding, tag="repeated"):
    """A day on which ``repeats`` of ``rows`` equal an earlier row in all but the columns ``apart_from``."""

    time: str
    day: str
    rows: int
    repeats: int
    usual_percent: float
    apart_from: list[str] = []


class Unusual(_Finding, tag="unusual"):
    """A time far from its usual. With ``group``, the figure is that group's percent of the whole, or of
    ``within``, a group of another grouping. ``festival`` is one that people then shop for."""

    column: str
    time: str
    first: str
    last: str
    periods: int
    value: float
    usual: float
    distance: float
    grouping: str | None = None
    group: str | None = None
    within: str | None = None
    festival: str | None = None


class UnusualRate(_Finding, tag="unusual_rate"):
    """``column`` in percent of ``base`` for a group in a time; ``usual`` is what the group and the time would
    have together."""

    column: str
    base: str
    time: str
    first: str
    last: str
    periods: int
    value: float
    usual: float
    distance: float
    grouping: str
    group: str


class Moved(_Finding, tag="moved"):
    """``basis``: ``year`` is the last 52 weeks against the 52 before, ``halves`` the later half of the
    time against the earlier."""

    column: str
    time: str
    basis: str
    percent: float
    plus_minus: float
    earlier: float
    later: float
    first: str
    last: str


class Part(msgspec.Struct, omit_defaults=True):
    """One group's part in a change. ``new``: it has nothing before; ``gone``: nothing after."""

    group: str
    earlier: float
    later: float
    change: float
    new: bool = False
    gone: bool = False


class Driven(_Finding, tag="driven"):
    """A change taken apart by groups. The changes of ``parts`` and ``rest_change`` add up to ``change``."""

    column: str
    time: str
    grouping: str
    first: str
    last: str
    against_first: str
    against_last: str
    earlier: float
    later: float
    change: float
    percent: float | None
    parts: list[Part]
    rest_groups: int
    rest_change: float
    follows: bool = False
    """The same change was taken apart by another grouping before."""


class PriceVolumeMix(_Finding, tag="price_volume_mix"):
    """A change of money taken apart: ``volume`` is more or fewer pieces, ``price`` more or less for the same,
    ``mix`` dearer or cheaper groups. The three add up to ``change``."""

    column: str
    quantity: str
    time: str
    grouping: str
    first: str
    last: str
    against_first: str
    against_last: str
    change: float
    volume: float
    price: float
    mix: float


class Seasonal(_Finding, tag="seasonal"):
    """``cycle`` is ``week`` or ``year``; ``high`` and ``low`` are percent above or below the average.
    ``strength`` from 0 to 1 is the part of what moves that repeats."""

    column: str
    time: str
    cycle: str
    high_name: str
    high: float
    low_name: str
    low: float
    strength: float


class Dominant(_Finding, tag="dominant"):
    column: str
    grouping: str
    group: str
    percent: float
    even_percent: float
    value: float
    total: float
    groups_for_80_percent: int
    groups: int


class Outlying(_Finding, tag="outlying"):
    column: str
    grouping: str
    group: str
    value: float
    middle: float
    distance: float


class Diverged(_Finding, tag="diverged"):
    column: str
    time: str
    grouping: str
    group: str
    percent: float
    rest_percent: float
    earlier: float
    later: float
    distance: float


class Correlated(_Finding, tag="correlated"):
    """Changes from period to period of two measures. ``chance`` is how often chance alone would do as much in
    one of the ``tests`` that were made."""

    column: str
    other: str
    correlation: float
    low: float
    high: float
    periods: int
    tests: int
    chance: float


class Forecast(_Finding, tag="forecast"):
    """What the days from ``first`` to ``last`` come to; ``low`` to ``high`` holds it in 80 of 100 such cases
    of the past. ``method`` is ``model`` or ``naive``: the same weekdays before, where nothing did better.
    Errors are in percent of the actual figures, over ``folds`` tries on the past."""

    column: str
    time: str
    first: str
    last: str
    value: float
    low: float
    high: float
    method: str
    error_percent: float
    naive_error_percent: float
    folds: int


Finding = (
    Missing
    | Strange
    | Gap
    | Repeated
    | Unusual
    | UnusualRate
    | Moved
    | Driven
    | PriceVolumeMix
    | Seasonal
    | Dominant
    | Outlying
    | Diverged
    | Correlated
    | Forecast
)


class Facts(msgspec.Struct):
    """``truncated``: there were more rows than these. Columns beyond the limit are ``columns_left_out``."""

    rows: int
    truncated: bool
    columns: list[ColumnFacts]
    findings: list[Finding]
    columns_left_out: int = 0
    shares: list[Shares] = []
    line: Line | None = None
    background: list[Finding] = []
    """What is so, and no surprise: seasons, a forecast that was not asked for."""
