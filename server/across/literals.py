"""Numbers, texts and dates as literals that mean the same in a source, or None. What they are compared with
stays in filters."""

import re
from datetime import date

from sqlglot import exp

from shared.results import ColumnType
from shared.wire import ColumnInfo

_KEEPS_BACKSLASHES = frozenset({"duckdb", "postgres"})
_PLAIN_NUMBER = re.compile(r"\d{1,15}(\.\d{1,15})?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?")
_YEARS = range(1972, 2105)
"""Which every source's dates can say."""


def number(node: exp.Expr, *, whole: bool) -> exp.Expr | None:
    """A number that a query has written; with ``whole``, none with a fraction."""
    if isinstance(node, exp.Paren):
        return number(node.this, whole=whole)
    if isinstance(node, exp.Neg):
        inner = number(node.this, whole=whole)
        return exp.Paren(this=exp.Neg(this=inner)) if isinstance(inner, exp.Literal) else None
    if not isinstance(node, exp.Literal) or node.is_string or not _PLAIN_NUMBER.fullmatch(node.name):
        return None
    return None if whole and "." in node.name else exp.Literal.number(node.name)


def whole_number(value: int) -> exp.Expr | None:
    """One of up to 15 digits."""
    if abs(value) >= 10**15:
        return None
    literal = exp.Literal.number(str(abs(value)))
    return literal if value >= 0 else exp.Paren(this=exp.Neg(this=literal))


def text_of(text: str, dialect: str) -> exp.Expr | None:
    """A printable text of up to 1,000 letters, in which the source reads no escapes."""
    if "\\" in text and dialect not in _KEEPS_BACKSLASHES:
        return None
    return exp.Literal.string(text) if text.isprintable() and len(text) <= 1_000 else None


def date_of(text: str, dialect: str) -> exp.Expr | None:
    """A day that is written as 2026-04-01."""
    day = _real_day(text) if _DATE.fullmatch(text) else None
    return None if day is None else _date_literal(day, dialect)


def midnight(day: date, column: ColumnInfo, dialect: str) -> exp.Expr:
    """The beginning of a day, as it is compared with ``column``."""
    if dialect == "clickhouse" and column.type is ColumnType.TIMESTAMP:
        # older ones compare days with seconds
        text = exp.Literal.string(f"{day.isoformat()} 00:00:00")
        return exp.Cast(this=text, to=exp.DataType(this=exp.DType.DATETIME))
    return _date_literal(day, dialect)


def _date_literal(day: date, dialect: str) -> exp.Expr:
    text = exp.Literal.string(day.isoformat())
    if dialect == "oracle":  # a cast would read it as the session likes
        return exp.Anonymous(this="to_date", expressions=[text, exp.Literal.string("YYYY-MM-DD")])
    return exp.Cast(this=text, to=exp.DataType(this=exp.DType.DATE))


def day_of(node: exp.Expr) -> date | None:
    """The day of a date or moment that a query has written."""
    kinds = (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ)
    text = next((text for text in (typed_text(node, kind) for kind in kinds) if text is not None), None)
    if text is None:
        return None
    moment = _MOMENT.fullmatch(text)
    return _real_day(moment[1] if moment else text)


def typed_text(node: exp.Expr, kind: exp.DType) -> str | None:
    """The text of ``'…'``, or of that cast to ``kind``."""
    if isinstance(node, exp.Paren):
        return typed_text(node.this, kind)
    if isinstance(node, exp.Cast) and node.to.this == kind and not node.to.expressions:
        node = node.this
    return node.name if isinstance(node, exp.Literal) and node.is_string else None


def _real_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
    return day if day is not None and day.year in _YEARS else None
