"""Pieces of SQL as a syntax tree, and the small queries that read values. Whole answers are in select.py.

A tree is rendered for the connection's dialect, so identifiers are quoted and texts escaped by
its rules; nothing here pastes text together.
"""

import re
from datetime import date, timedelta
from decimal import Decimal

from sqlglot import exp
from sqlglot.errors import SqlglotError

_SIMPLE = re.compile(r"[a-z_][a-z0-9_]*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RESERVED = _words(
    "all alter analyse analyze and any array as asc asof at between both by case cast check class "
    "column constraint create cross current cube date day default delete desc distinct do drop else "
    "end escape except exists extract false fetch filter for foreign format from full grant group "
    "having hour if ilike in index inner insert int integer intersect interval into is join key "
    "lateral leading left like limit localtime minute month natural not null number offset on only or "
    "order outer over overlaps partition percent position primary qualify range rank references "
    "replace returning right rollup row rows sample second select sequence session set similar some "
    "start summarize table text then time timestamp to top trailing true type union unique unpivot "
    "update user using value values view when where window with year"
)


def identifier(name: str) -> exp.Identifier:
    quoted = not _SIMPLE.fullmatch(name) or name in _RESERVED
    return exp.to_identifier(name, quoted=quoted)


def column(name: str, table: str) -> exp.Column:
    return exp.Column(this=identifier(name), table=exp.to_identifier(table))


def table(name: str, alias: str, dialect: str) -> exp.Table:
    """``name`` is written as SQL needs it: ``sales``, ``hr.staff``, ``"My table"``."""
    try:
        found = (
            exp.Table(this=exp.to_identifier(name, quoted=False))
            if _SIMPLE.fullmatch(name)
            else exp.to_table(name, dialect=dialect or None)
        )
    except (SqlglotError, ValueError):
        found = exp.Table(this=exp.to_identifier(name, quoted=True))
    if found.this.name.casefold() in _RESERVED:
        found.this.set("quoted", True)
    if alias:
        found.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return found


def text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def literal(value: str | bool | float) -> exp.Expr:
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, str):
        return text(value)
    return number(str(value))


def number(value: str) -> exp.Expr:
    """``value`` is digits; anything else raises."""
    return exp.Literal.number(format(Decimal(value), "f"))


def day(value: date) -> exp.Expr:
    return exp.cast(text(value.isoformat()), "date")


def between_days(column_: exp.Expr, start: date, end: date) -> exp.Expr:
    """From the first moment of ``start`` to the last of ``end``, for dates and timestamps."""
    return exp.and_(
        exp.GTE(this=column_.copy(), expression=day(start)),
        exp.LT(this=column_.copy(), expression=day(end + timedelta(days=1))),
    )


def bucket(column_: exp.Expr, grain: str) -> exp.Expr:
    """The first day of the day, week (Monday), month, quarter, year or April–March year."""
    if grain == "day":
        return exp.cast(column_, "date")
    three = exp.Interval(this=text("3"), unit=exp.var("MONTH"))
    source = exp.Sub(this=column_, expression=three) if grain == "fiscal" else column_
    unit = "YEAR" if grain == "fiscal" else grain.upper()
    start: exp.Expr = exp.TimestampTrunc(this=source, unit=exp.var(unit))
    if grain == "fiscal":
        start = exp.Add(this=start, expression=three.copy())
    return exp.cast(start, "date")


def among(column_: exp.Expr, values: list[exp.Expr], *, exclude: bool) -> exp.Expr:
    """One of the values; or none of them, which an empty cell is."""
    inside: exp.Expr = (
        exp.EQ(this=column_.copy(), expression=values[0])
        if len(values) == 1
        else exp.In(this=column_.copy(), expressions=values)
    )
    if not exclude:
        return inside
    empty = exp.Is(this=column_.copy(), expression=exp.Null())
    return exp.paren(exp.or_(exp.Not(this=inside), empty))


def render(tree: exp.Expr, dialect: str) -> str:
    return tree.sql(dialect=dialect or None, pretty=True)


# -- The small queries ---------------------------------------------------------------------


def distinct_values(table_name: str, column_name: str, most: int, dialect: str) -> str:
    """Rows of a value and how often it occurs."""
    value = column(column_name, "t")
    query = (  # thousands of these are made before a first answer, so nothing is copied on the way
        exp.Select(
            expressions=[_called(value, "value"), _called(exp.Count(this=exp.Star()), "occurrences")],
        )
        .from_(table(table_name, "t", dialect), copy=False)
        .where(exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null())), copy=False)
        .group_by(value.copy(), copy=False)
        .limit(exp.Literal.number(most), copy=False)
    )
    return render(query, dialect)


def _called(value: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=value, alias=exp.to_identifier(name))


def matching_values(table_name: str, column_name: str, name: str, dialect: str) -> str:
    """The ways in which one value is written; ``name`` in lower case."""
    value = column(column_name, "t")
    plain = exp.Lower(this=exp.Trim(this=value.copy()))
    query = (
        exp.select(exp.alias_(value, "value"))
        .distinct()
        .from_(table(table_name, "t", dialect))
        .where(exp.EQ(this=plain, expression=text(name)))
        .limit(20)
    )
    return render(query, dialect)


def uniqueness(table_name: str, column_name: str, dialect: str) -> str:
    """One row: how many rows, how many different values."""
    query = exp.select(
        exp.alias_(exp.Count(this=exp.Star()), "all_rows"),
        exp.alias_(exp.Count(this=exp.Distinct(expressions=[column(column_name, "t")])), "different"),
    ).from_(table(table_name, "t", dialect))
    return render(query, dialect)


def overlap(
    table_name: str,
    inside: tuple[str, list[exp.Expr]],
    also: tuple[str, list[exp.Expr]],
    dialect: str,
) -> str:
    """One row: how many rows have one of the values of ``inside``, and how many of them of ``also`` too."""
    (column_name, values), (other_name, others) = inside, also
    both = among(column(other_name, "t"), others, exclude=False)
    counted = exp.Count(this=exp.Case(ifs=[exp.If(this=both, true=exp.Literal.number(1))]))
    query = (
        exp.select(exp.alias_(exp.Count(this=exp.Star()), "inside"), exp.alias_(counted, "in_both"))
        .from_(table(table_name, "t", dialect))
        .where(among(column(column_name, "t"), values, exclude=False))
    )
    return render(query, dialect)


def date_facts(table_name: str, column_name: str, dialect: str) -> str:
    """One row: first day, last day, how many different days, how many of them no first of a month."""
    value = column(column_name, "t")
    whole = exp.cast(value.copy(), "date")
    first = bucket(value.copy(), "month")
    other = exp.Case(
        ifs=[exp.If(this=exp.NEQ(this=whole.copy(), expression=first), true=exp.Literal.number(1))]
    )
    query = exp.select(
        exp.alias_(exp.Min(this=whole.copy()), "first_day"),
        exp.alias_(exp.Max(this=whole.copy()), "last_day"),
        exp.alias_(exp.Count(this=exp.Distinct(expressions=[whole.copy()])), "days"),
        exp.alias_(exp.Count(this=other), "not_first"),
    ).from_(table(table_name, "t", dialect))
    return render(query, dialect)
