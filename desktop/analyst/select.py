"""An intent as one SELECT. Which words meant it stays outside.

Rows of a fact are joined along many-to-one links only, so no figure is ever multiplied; figures of
two facts are gathered each on its own and then laid side by side.
"""

import msgspec
from sqlglot import exp

from desktop.analyst import sql
from desktop.analyst.intent import Condition, Dimension, Filter, Intent, Measure, Place, Span
from desktop.analyst.joins import Link, Links
from desktop.analyst.roles import Role, Table
from desktop.analyst.values import Values

BEFORE, CHANGE, CHANGE_PERCENT, SHARE = "before", "Change", "Change %", "Share %"


class Written(msgspec.Struct, frozen=True):
    """SQL, the names of its columns and a format for each."""

    sql: str
    names: list[str]
    formats: list[str]


class Writer:
    """Writes for one schema."""

    def __init__(self, tables: dict[str, Table], links: Links, values: Values, dialect: str) -> None:
        self._tables = tables
        self._links = links
        self._values = values
        self._dialect = dialect

    def write(self, intent: Intent) -> Written:
        names = _names(intent)
        facts = intent.facts
        if len(facts) == 1:
            query = self._one(intent, facts[0], names)
        else:
            query = self._side_by_side(intent, facts, names)
        query = self._ordered(query, intent, names)
        return Written(sql.render(query, self._dialect), names, _formats(intent))

    def _one(self, intent: Intent, fact: str, names: list[str]) -> exp.Select:
        part = Part(self._tables, self._links, self._values, self._dialect, intent, fact)
        dimensions = [part.dimension(d) for d in intent.dimensions]
        columns = [*dimensions, *self._figures(intent, part)]
        query = part.select([_named(c, n) for c, n in zip(columns, names, strict=True)])
        if dimensions:
            query = query.group_by(*[d.copy() for d in dimensions])
        return self._having(query, intent, part)

    def _figures(self, intent: Intent, part: "Part") -> list[exp.Expr]:
        if intent.against is None or intent.span is None:
            figures = [part.figure(m, None) for m in intent.measures]
            if intent.share:
                whole = exp.Window(this=exp.Sum(this=figures[0].copy()))
                figures.append(
                    _ratio(exp.Mul(this=exp.Literal.number("100.0"), expression=figures[0]), whole)
                )
            return figures
        now = part.figure(intent.measures[0], intent.span)
        before = part.figure(intent.measures[0], intent.against)
        change = exp.Sub(this=now.copy(), expression=before.copy())
        hundred = exp.Mul(this=exp.Literal.number("100.0"), expression=exp.paren(change.copy()))
        return [now, before, change, _ratio(hundred, exp.Abs(this=before.copy()))]

    def _having(self, query: exp.Select, intent: Intent, part: "Part") -> exp.Select:
        for condition in intent.conditions:
            if condition.place is None:
                figure = part.figure(intent.measures[0], None)
                query = query.having(_compared(figure, condition))
        return query

    def _side_by_side(self, intent: Intent, facts: tuple[str, ...], names: list[str]) -> exp.Select:
        many = len(intent.dimensions)
        inner: list[exp.Select] = []
        for fact in facts:
            part = Part(self._tables, self._links, self._values, self._dialect, intent, fact)
            dimensions = [part.dimension(d) for d in intent.dimensions]
            figures = [part.figure(m, None) if m.fact == fact else exp.Null() for m in intent.measures]
            named = [_named(c, f"c{n}") for n, c in enumerate([*dimensions, *figures])]
            query = part.select(named)
            inner.append(query.group_by(*[d.copy() for d in dimensions]) if dimensions else query)
        both = exp.union(*inner, distinct=False, copy=False)
        groups = [sql.column(f"c{n}", "both_sides") for n in range(many)]
        columns: list[exp.Expr] = [
            *groups,
            *(exp.Max(this=sql.column(f"c{many + n}", "both_sides")) for n in range(len(intent.measures))),
        ]
        outer = exp.select(*[_named(c, n) for c, n in zip(columns, names, strict=True)])
        outer = outer.from_(both.subquery("both_sides"))
        return outer.group_by(*[g.copy() for g in groups]) if groups else outer

    def _ordered(self, query: exp.Select, intent: Intent, names: list[str]) -> exp.Select:
        many = len(intent.dimensions)
        if not many:
            return query
        figure = (exp.to_identifier(names[many], quoted=True), intent.order != "up")
        groups = [(exp.to_identifier(n, quoted=True), False) for n in names[:many]]
        timed = any(d.grain for d in intent.dimensions)
        keys = [*groups, figure] if timed and not intent.order else [figure, *groups]
        query = query.order_by(
            *[exp.Ordered(this=exp.Column(this=k), desc=desc, nulls_first=False) for k, desc in keys]
        )
        return query.limit(intent.limit) if intent.limit else query


class Part:
    """The FROM, the joins and the WHERE of one fact, growing as columns are wanted."""

    def __init__(
        self, tables: dict[str, Table], links: Links, values: Values, dialect: str, intent: Intent, fact: str
    ) -> None:
        self._tables, self._links, self._values, self._dialect = tables, links, values, dialect
        self._intent = intent
        self._fact = fact
        self._aliases: dict[tuple[Link, ...], str] = {(): "t0"}

    def column(self, place: Place) -> exp.Expr:
        return sql.column(place.column, self._alias(path_to(self._links, self._fact, place)))

    def _alias(self, path: tuple[Link, ...]) -> str:
        if path not in self._aliases:
            self._alias(path[:-1])
            self._aliases[path] = f"t{len(self._aliases)}"
        return self._aliases[path]

    def date(self) -> exp.Expr:
        return self.column(self._intent.dates[self._fact])

    def tidy(self, place: Place) -> exp.Expr:
        """The column, its differently written values brought to one."""
        column = self.column(place)
        several = self._values.variants(place.table, place.column)
        if not several:
            return column
        ifs = []
        for found in several:
            raws = [sql.text(raw) for raw in found.variants]
            ifs.append(exp.If(this=sql.among(column, raws, exclude=False), true=sql.text(found.value)))
        return exp.Case(ifs=ifs, default=column.copy())

    def dimension(self, dimension: Dimension) -> exp.Expr:
        if dimension.grain:
            date = self.column(dimension.place) if dimension.place else self.date()
            return sql.bucket(date, dimension.grain)
        if dimension.place is None:
            raise ValueError(dimension.label)
        return self.tidy(dimension.place)

    def figure(self, measure: Measure, span: Span | None) -> exp.Expr:
        """``span``: only its rows count, for a comparison."""
        inside = self._inside(measure, span) if span else None
        if measure.column is None:
            return exp.Count(this=_when(inside, exp.Literal.number(1)) if inside else exp.Star())
        column: exp.Expr = self.column(Place(measure.fact, measure.column))
        if measure.aggregate == "distinct":
            column = self.tidy(Place(measure.fact, measure.column))
            return exp.Count(this=exp.Distinct(expressions=[_when(inside, column)]))
        kinds = {"sum": exp.Sum, "average": exp.Avg, "min": exp.Min, "max": exp.Max, "median": exp.Median}
        figure: exp.Expr = kinds[measure.aggregate](this=_when(inside, column))
        if measure.per:
            other = self.tidy(measure.per)
            if self._tables[measure.per.table].get(measure.per.column).role is Role.DATE:
                other = sql.bucket(other, measure.per_label)
            divisor = exp.Count(this=exp.Distinct(expressions=[_when(inside, other)]))
            figure = _ratio(exp.Mul(this=exp.Literal.number("1.0"), expression=figure), divisor)
        return figure

    def _inside(self, measure: Measure, span: Span) -> exp.Expr:
        if measure.level:
            return exp.EQ(this=sql.bucket(self.date(), "day"), expression=self._latest(span).subquery())
        return sql.between_days(self.date(), span.start, span.end)

    def _latest(self, span: Span | None) -> exp.Select:
        place = self._intent.dates[self._fact]
        date = sql.column(place.column, "s")
        query = exp.select(exp.Max(this=exp.cast(date, "date"))).from_(
            sql.table(place.table, "s", self._dialect)
        )
        return query.where(sql.between_days(date, span.start, span.end)) if span else query

    def _days_of_level(self) -> exp.Expr | None:
        """A level is taken on the last day of each step of time, never summed over days."""
        intent = self._intent
        if not any(m.level for m in intent.measures if m.fact == self._fact) or intent.against:
            return None
        if self._fact not in intent.dates:
            return None
        grain = next((d.grain for d in intent.dimensions if d.grain), "")
        latest = self._latest(intent.span)
        if grain:
            place = intent.dates[self._fact]
            latest = latest.group_by(sql.bucket(sql.column(place.column, "s"), grain))
        return exp.In(this=sql.bucket(self.date(), "day"), query=latest.subquery())

    def _where(self) -> list[exp.Expr]:
        intent = self._intent
        found = [self._filter(f) for f in intent.filters]
        found += [_compared(self.column(c.place), c) for c in intent.conditions if c.place is not None]
        level = self._days_of_level()
        if level is not None:
            found.append(level)
        elif intent.span and intent.against:
            spans = [sql.between_days(self.date(), s.start, s.end) for s in (intent.span, intent.against)]
            found.append(exp.paren(exp.or_(*spans)))
        elif intent.span:
            found.append(sql.between_days(self.date(), intent.span.start, intent.span.end))
        return found

    def _filter(self, wanted: Filter) -> exp.Expr:
        column = self.column(wanted.place)
        return sql.among(column, [sql.literal(v) for v in wanted.values], exclude=wanted.exclude)

    def select(self, columns: list[exp.Expr]) -> exp.Select:
        where = self._where()
        query = exp.select(*columns).from_(sql.table(self._fact, "t0", self._dialect))
        for path, alias in self._aliases.items():
            if path:
                link, here = path[-1], self._aliases[path[:-1]]
                on = [
                    exp.EQ(this=sql.column(a, here), expression=sql.column(b, alias))
                    for a, b in zip(link.columns, link.target_columns, strict=True)
                ]
                target = sql.table(link.target, alias, self._dialect)
                query = query.join(target, on=exp.and_(*on), join_type="left")
        return query.where(*where) if where else query


def path_to(links: Links, fact: str, place: Place) -> tuple[Link, ...]:
    """The one way from a fact to a column's table. Raises LookupError when there is none or two."""
    paths = links.paths(fact, place.table)
    if place.via:
        paths = [p for p in paths if any(link.said == place.via for link in p)]
    if len(paths) != 1:
        raise LookupError(f"{fact} to {place.table}: {len(paths)} ways")
    return paths[0]


def _when(inside: exp.Expr | None, value: exp.Expr) -> exp.Expr:
    if inside is None:
        return value
    return exp.Case(ifs=[exp.If(this=inside.copy(), true=value)])


def _ratio(top: exp.Expr, bottom: exp.Expr) -> exp.Expr:
    return exp.Div(this=top, expression=exp.Nullif(this=bottom, expression=exp.Literal.number(0)))


def _compared(column: exp.Expr, condition: Condition) -> exp.Expr:
    kinds = {">": exp.GT, ">=": exp.GTE, "<": exp.LT, "<=": exp.LTE, "=": exp.EQ}
    return kinds[condition.sign](this=column, expression=sql.number(condition.number))


def _named(column: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(column, name, quoted=True, copy=False)


def _names(intent: Intent) -> list[str]:
    names = [d.label for d in intent.dimensions] + [m.label for m in intent.measures]
    if intent.against:
        names += [f"{names[-1]} {BEFORE}", CHANGE, CHANGE_PERCENT]
    if intent.share:
        names.append(SHARE)
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        short = name[:50]
        seen[short.casefold()] = seen.get(short.casefold(), 0) + 1
        repeat = seen[short.casefold()]
        names[place] = short if repeat == 1 else f"{short} {repeat}"
    return names


def _formats(intent: Intent) -> list[str]:
    grains = {"month": "month", "": "text"}
    formats = [grains.get(d.grain, "date") for d in intent.dimensions]
    figures = ["money" if m.money else "number" for m in intent.measures]
    if intent.against:
        figures += [figures[0], figures[0], "percent"]
    if intent.share:
        figures.append("percent")
    return formats + figures
