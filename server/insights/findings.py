"""What can be found in a table, each with the figures it rests on. Finding it is in facts."""

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


class _Finding(msgspec.Struct, tag_field="finding", omit_defaults=True):
    pass


class Missing(_Finding, tag="missing"):
    column: str
    count: int
    percent: float


class Gap(_Finding, tag="gap"):
    """Days without any row, between days that have some."""

    time: str
    first: str
    last: str
    days: int


class Repeated(_Finding, tag="repeated"):
    """A day on which ``repeats`` of ``rows`` equal an earlier row in all but the columns ``apart_from``."""

    time: str
    day: str
    rows: int
    repeats: int
    usual_percent: float
    apart_from: list[str] = []


class Unusual(_Finding, tag="unusual"):
    """A time far from its usual. With ``group``, the figure is that group's percent of the whole."""

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


Finding = Missing | Gap | Repeated | Unusual | Moved | Dominant | Outlying | Diverged


class Facts(msgspec.Struct):
    """``truncated``: there were more rows than these. Columns beyond the limit are ``columns_left_out``."""

    rows: int
    truncated: bool
    columns: list[ColumnFacts]
    findings: list[Finding]
    columns_left_out: int = 0
