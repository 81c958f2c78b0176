"""What a question asks for, in terms of tables and columns; between the words and the SQL. Pure data."""

from datetime import date

import msgspec


class Place(msgspec.Struct, frozen=True):
    """A column. ``via`` names the link when two lead to its table."""

    table: str
    column: str
    via: str = ""


class Measure(msgspec.Struct, frozen=True):
    """One figure. ``fact`` is the table whose rows are gathered, ``column`` None for the rows
    themselves; ``aggregate``: ``sum average count distinct min max median``. ``per``: divided by how
    many different ones of it there are."""

    fact: str
    column: str | None
    aggregate: str
    label: str
    money: bool = False
    level: bool = False
    per: Place | None = None
    per_label: str = ""


class Dimension(msgspec.Struct, frozen=True):
    """What the rows of the answer are. ``grain`` of a date: ``day week month quarter year fiscal``.
    ``place`` None with a grain means each fact's own date."""

    label: str
    place: Place | None = None
    grain: str = ""


class Filter(msgspec.Struct, frozen=True):
    """Only (or not) the rows with one of these values. ``said`` is how to show it."""

    place: Place
    values: tuple[str | bool | int, ...]
    exclude: bool = False
    said: str = ""


class Condition(msgspec.Struct, frozen=True):
    """A comparison with a number: of a column's cells, or (``place`` None) of the first figure."""

    sign: str
    number: str
    place: Place | None = None


class Span(msgspec.Struct, frozen=True):
    """Days from ``start`` to ``end``, both included. ``said`` is how the person said it, ``step``
    the calendar unit that it is a piece of: ``day week month quarter year fiscal`` or empty."""

    start: date
    end: date
    said: str
    step: str = ""
    partial: bool = False


class Intent(msgspec.Struct, frozen=True):
    """A whole question. ``dates`` is the date column of each fact; ``order``: ``up`` or ``down`` by
    the first figure, or empty."""

    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...] = ()
    filters: tuple[Filter, ...] = ()
    conditions: tuple[Condition, ...] = ()
    span: Span | None = None
    against: Span | None = None
    order: str = ""
    limit: int | None = None
    share: bool = False
    dates: dict[str, Place] = {}

    @property
    def facts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m.fact for m in self.measures))
