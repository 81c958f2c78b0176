"""SQL that sums the rows of a caller's query inside its source, for each dialect. Pure: text out.

The caller's query stands inside what is asked, so that the guard and the data policies judge it as if the
caller had written it. Values stay what the source makes of them.
"""

from collections.abc import Sequence

from sqlglot import exp

from server.insights.measured import DAILY, WEEKLY, Periods
from server.insights.table import day_text
from shared import guard
from shared.errors import InvalidRequest
from shared.guard import ReadOnlySql
from shared.results import Column, ColumnType
from shared.sql import parsing
from shared.sql.rules import rules

ROWS = "vmart_rows"

_COUNTED = (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.TEXT, ColumnType.DATE, ColumnType.BOOLEAN)
"""Kinds of which different values can be counted everywhere."""
_PLAIN = (*_COUNTED, ColumnType.FLOAT, ColumnType.TIMESTAMP)

_DAYS = {
    "clickhouse": "toDate({0})",
    "oracle": "TRUNC({0})",
}
_WEEKS = {
    "duckdb": "CAST(DATE_TRUNC('week', {0}) AS DATE)",
    "postgres": "CAST(DATE_TRUNC('week', {0}) AS DATE)",
    "clickhouse": "toMonday({0})",
    "oracle": "TRUNC({0}, 'IW')",
    "tsql": "DATEADD(DAY, -(DATEDIFF(DAY, '19000101', {0}) % 7), CAST({0} AS DATE))",
}


class Asking:
    """Questions about the rows of one query. Raises InvalidRequest when they cannot be asked about."""

    def __init__(self, sql: ReadOnlySql, dialect: str, columns: Sequence[Column]) -> None:
        names = [column.name.lower() for column in columns]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InvalidRequest(f"Two columns are called {twice[:60]!r}; give each a name of its own.")
        if not all(names):
            raise InvalidRequest("Give each column of the query a name.")
        self._dialect, self._columns = dialect, columns
        self._tree = guard.tree(sql, dialect)

    def profile(self, *, distinct: bool = True) -> str:
        """One row: n, then for the column i its k<i> values, d<i> different ones, l<i> least, m<i> most and
        s<i> in all, each where the column has it."""
        parts = ["COUNT(*) AS n"]
        for place, column in enumerate(self._columns):
            name = self._name(place)
            if column.type not in _PLAIN:
                continue
            parts.append(f"COUNT({name}) AS k{place}")
            if distinct and column.type in _COUNTED:
                parts.append(f"COUNT(DISTINCT {name}) AS d{place}")
            if column.type.is_number or column.type.is_temporal:
                parts += [f"MIN({name}) AS l{place}", f"MAX({name}) AS m{place}"]
            if column.type.is_number:
                parts.append(f"SUM({self._summable(place)}) AS s{place}")
        return self._asked(f"SELECT {', '.join(parts)} FROM {ROWS}")

    def sums(
        self, time: int | None, groupings: Sequence[int], measures: Sequence[int], step: int = DAILY
    ) -> str:
        """A row a period and group: t, g<i>, n, and for each measure its s<i> over k<i> values."""
        keys = [] if time is None else [(self._period(time, step), "t")]
        keys += [(self._name(place), f"g{n}") for n, place in enumerate(groupings)]
        parts = [f"{text} AS {name}" for text, name in keys]
        parts.append("COUNT(*) AS n")
        for n, place in enumerate(measures):
            parts += [f"SUM({self._summable(place)}) AS s{n}", f"COUNT({self._name(place)}) AS k{n}"]
        group = f" GROUP BY {', '.join(text for text, _ in keys)}" if keys else ""
        return self._asked(f"SELECT {', '.join(parts)} FROM {ROWS}{group}")

    def compared(self, time: int, grouping: int, measures: Sequence[int], between: Periods) -> str:
        """As :meth:`sums`, with t 1 for the days asked about and 0 for those that they are compared with."""
        day, name = self._period(time, DAILY), self._name(grouping)
        which = (
            f"CASE WHEN {self._within(day, between.first, between.last)} THEN 1"
            f" WHEN {self._within(day, between.against_first, between.against_last)} THEN 0 END"
        )
        parts = [f"{which} AS t", f"{name} AS g0", "COUNT(*) AS n"]
        for n, place in enumerate(measures):
            parts += [f"SUM({self._summable(place)}) AS s{n}", f"COUNT({self._name(place)}) AS k{n}"]
        return self._asked(
            f"SELECT {', '.join(parts)} FROM {ROWS} WHERE {which} IS NOT NULL GROUP BY {which}, {name}"
        )

    def _within(self, day: str, first: int, last: int) -> str:
        return f"{day} >= {self._day(first)} AND {day} <= {self._day(last)}"

    def _day(self, day: int) -> str:
        text = f"'{day_text(day)}'"
        if self._dialect == "oracle":
            return f"TO_DATE({text}, 'YYYY-MM-DD')"
        return f"toDate({text})" if self._dialect == "clickhouse" else f"CAST({text} AS DATE)"

    def values(self, measure: int, width: float | None = None) -> str:
        """How often each value stands there, v and n; ``width`` gathers them in steps of that size."""
        name = self._name(measure)
        value = name if width is None else f"FLOOR({name} / {width!r})"
        return self._asked(
            f"SELECT {value} AS v, COUNT(*) AS n FROM {ROWS} WHERE {name} IS NOT NULL GROUP BY {value}"
        )

    def repeats(self, time: int, apart_from: Sequence[int]) -> str:
        """A row a day: t, its n rows, and how many different ones they are, m."""
        day = self._period(time, DAILY)
        names = [
            self._name(place)
            for place, column in enumerate(self._columns)
            if place != time and place not in apart_from and column.type in _PLAIN
        ]
        inner = f"SELECT {day} AS t, COUNT(*) AS n FROM {ROWS} GROUP BY {', '.join([day, *names])}"
        return self._asked(f"SELECT t, SUM(n) AS n, COUNT(*) AS m FROM ({inner}) vmart_days GROUP BY t")

    def _name(self, place: int) -> str:
        return exp.to_identifier(self._columns[place].name, quoted=True).sql(dialect=self._dialect)

    def _summable(self, place: int) -> str:
        """SQL Server adds whole numbers up in their own narrow type."""
        name = self._name(place)
        narrow = self._dialect == "tsql" and self._columns[place].type is ColumnType.INTEGER
        return f"CAST({name} AS DECIMAL(38, 0))" if narrow else name

    def _period(self, place: int, step: int) -> str:
        name = self._name(place)
        if step == WEEKLY:
            return _WEEKS[self._dialect].format(name)
        return _DAYS.get(self._dialect, "CAST({0} AS DATE)").format(name)

    def _asked(self, text: str) -> str:
        dialect = self._dialect
        (outer,) = parsing.trees(text, dialect, rules(dialect).typed)
        inner = self._tree.copy()
        if not any(inner.args.get(part) for part in ("limit", "offset", "fetch")):
            inner.set("order", None)
        if dialect == "tsql":  # which knows no WITH inside
            _hoist(outer, inner)
        else:
            rows = next(table for table in outer.find_all(exp.Table) if table.name == ROWS)
            rows.replace(exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(ROWS))))
        return parsing.render(outer, dialect)


def _hoist(outer: exp.Expr, inner: exp.Expr) -> None:
    """The caller's CTEs, and their query as the last of them."""
    before = inner.args.get("with_")
    inner.set("with_", None)
    alias = exp.TableAlias(this=exp.to_identifier(ROWS))
    ctes = [*([] if before is None else before.expressions), exp.CTE(this=inner, alias=alias)]
    outer.set("with_", exp.With(expressions=ctes))
