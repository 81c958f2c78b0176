"""What is fetched from where, in which order, for a query across connections. Pure: a tree in, a Plan out."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import msgspec
from sqlglot import exp

from server.across import filters, scopes
from server.across.columns import needed
from server.across.references import Bound
from shared.results import ColumnType
from shared.sql import parsing
from shared.wire import ColumnInfo

_KEY_TYPES = frozenset({ColumnType.INTEGER, ColumnType.TEXT, ColumnType.DATE})
_SAYS_LIMIT = frozenset({"clickhouse", "duckdb", "postgres"})
_UNKNOWN_ROWS = 1_000_000
_FILTERED = 0.1
"""What a condition is taken to leave, when nothing is known of it."""
_WORTH_REDUCING = 5_000
_SO_MUCH_SMALLER, _SO_MUCH_SMALLER_UNASKED = 5, 100
"""Times, for a reducer that has conditions and for one that is taken as it is."""


class Reducer(msgspec.Struct, frozen=True):
    """Rows of a part count only where ``column`` is one of the values of ``key`` in another part."""

    column: ColumnInfo
    part: int
    key: ColumnInfo


class Part(msgspec.Struct, frozen=True):
    """What is fetched of one table. ``paths`` are the names that the SQL has for it."""

    number: int
    connection: str
    dialect: str
    table: str
    paths: tuple[tuple[str, str, str], ...]
    columns: tuple[ColumnInfo, ...]
    every_column: tuple[ColumnInfo, ...]
    row_estimate: int | None
    condition: str = ""
    """In the SQL of the source."""
    limit: int | None = None
    reducers: tuple[Reducer, ...] = ()

    def sql(self, more: Sequence[exp.Expr] = (), *, filtered: bool = True) -> str:
        """The query for the source, with the keys of its reducers."""
        query = exp.Select(expressions=[filters.named(column) for column in self.columns])
        text = parsing.render(query, self.dialect) + f" FROM {self.table}"
        conditions = [parsing.render(one, self.dialect) for one in more]
        if self.condition and filtered:
            conditions.insert(0, self.condition)
        if conditions:
            text += f" WHERE {' AND '.join(conditions)}"
        limited = self.limit is not None and self.dialect in _SAYS_LIMIT
        return f"{text} LIMIT {self.limit}" if limited else text


class Plan(msgspec.Struct, frozen=True):
    """``sql`` joins the parts, which are fetched in ``waves``: of one wave side by side."""

    sql: str
    parts: tuple[Part, ...]
    waves: tuple[tuple[int, ...], ...]


def planned(sql: str, tree: exp.Expr, bounds: Sequence[Bound], dialects: Mapping[str, str]) -> Plan:
    wanted = needed(tree, bounds)
    understood = list(scopes.scopes(tree, bounds))
    conditions = _conditions(understood, bounds, dialects)
    limit = _limit(tree, bounds)
    parts: list[Part] = []
    for number, (key, columns) in enumerate(wanted.items()):
        ours = [bound for bound in bounds if bound.key == key]
        table = ours[0].table
        parts.append(
            Part(
                number=number,
                connection=key[0],
                dialect=dialects[key[0]],
                table=table.name,
                paths=tuple(dict.fromkeys(bound.reference.path for bound in ours)),
                columns=tuple(columns),
                every_column=tuple(table.columns),
                row_estimate=table.row_estimate,
                condition=_any_of(ours, conditions, dialects[key[0]]),
                limit=limit,
            )
        )
    parts = _reduced(parts, understood, bounds)
    return Plan(sql, tuple(parts), _waves(parts))


def _conditions(
    understood: Sequence[scopes.Scope], bounds: Sequence[Bound], dialects: Mapping[str, str]
) -> dict[int, list[exp.Expr]]:
    """For each reference (by id of its Bound) what its source is asked."""
    found: dict[int, list[exp.Expr]] = {id(bound): [] for bound in bounds}
    for scope in understood:
        for source in scope.sources:
            if source.bound is None:
                continue
            dialect = dialects[source.bound.reference.connection]
            find = partial(scope.info, source)
            said = [filters.passed_on(one, find, dialect) for one in scopes.conditions_on(scope, source)]
            found[id(source.bound)] += [one for one in said if one is not None]
    return found


def _any_of(ours: Sequence[Bound], conditions: Mapping[int, list[exp.Expr]], dialect: str) -> str:
    """A table is fetched once: what any of its references needs."""
    each: list[str] = []
    for bound in ours:
        texts = dict.fromkeys(parsing.render(one, dialect) for one in conditions[id(bound)])
        if not texts:
            return ""
        each.append(" AND ".join(texts))
    different = list(dict.fromkeys(each))
    return different[0] if len(different) == 1 else "(" + " OR ".join(f"({one})" for one in different) + ")"


def _limit(tree: exp.Expr, bounds: Sequence[Bound]) -> int | None:
    """``SELECT columns FROM one_table LIMIT n``, with nothing in it that needs to see the other rows."""
    if len(bounds) != 1 or not isinstance(tree, exp.Select) or bounds[0].reference.node.parent is None:
        return None
    used = {name for name, value in tree.args.items() if value}
    plain = all(
        isinstance(node, exp.Star | exp.Column | exp.Alias | exp.Identifier | exp.Literal)
        for expression in tree.expressions
        for node in expression.walk()
    )
    start = tree.args.get("from_")
    alone = start is not None and start.this is bounds[0].reference.node and not start.this.args.get("sample")
    if not plain or not alone or used - {"expressions", "from_", "limit", "offset"}:
        return None
    counts = [tree.args[name].expression for name in ("limit", "offset") if tree.args.get(name)]
    if "limit" not in used or tree.args["limit"].args.get("limit_options"):  # a percentage needs them all
        return None
    if not all(
        isinstance(count, exp.Literal) and count.name.isdigit() and len(count.name) < 10 for count in counts
    ):
        return None
    return sum(int(count.name) for count in counts)


def _reduced(
    parts: Sequence[Part], understood: Sequence[scopes.Scope], bounds: Sequence[Bound]
) -> list[Part]:
    """The keys of a part that is small by its conditions go to the sources of larger ones: from the smallest
    on, so that what was reduced reduces in turn. A part waits for its reducers, so this is done only where
    the rows of a large one are spared in the end."""
    edges = list(_edges(parts, understood, bounds))
    rows = {part.number: _rows(part) for part in parts}
    found: dict[int, list[Reducer]] = {part.number: [] for part in parts}
    for many in sorted(parts, key=lambda part: rows[part.number]):
        for number, reducer in edges:
            few = rows[reducer.part]
            narrowed = bool(parts[reducer.part].condition or found[reducer.part])
            enough = _SO_MUCH_SMALLER if narrowed else _SO_MUCH_SMALLER_UNASKED
            if number == many.number and reducer not in found[number] and few * enough <= _rows(many):
                found[number].append(reducer)
        if found[many.number]:
            rows[many.number] *= _FILTERED
    needed_by: set[int] = {part.number for part in parts if _all_rows(part) >= _WORTH_REDUCING}
    for _ in parts:
        needed_by |= {reducer.part for number in needed_by for reducer in found[number]}
    return [
        msgspec.structs.replace(part, reducers=tuple(found[part.number]))
        if part.number in needed_by
        else part
        for part in parts
    ]


def _edges(
    parts: Sequence[Part], understood: Sequence[scopes.Scope], bounds: Sequence[Bound]
) -> Iterator[tuple[int, Reducer]]:
    """Which part could be reduced by which: its table stands only once in the query, where columns of the
    two must be equal."""
    by_key = {(part.connection, part.table): part.number for part in parts}
    times = Counter(bound.key for bound in bounds)
    for scope in understood:
        for one, mine, other, its, asked in scope.equal():
            for small, key, large, column in ((one, mine, other, its), (other, its, one, mine)):
                if large not in asked or small.bound is None or large.bound is None:
                    continue
                few, many = by_key[small.bound.key], by_key[large.bound.key]
                fits = key.type is column.type and key.type in _KEY_TYPES
                if fits and few != many and times[large.bound.key] == 1:
                    yield many, Reducer(column, few, key)


def _rows(part: Part) -> float:
    return _all_rows(part) * _FILTERED if part.condition else _all_rows(part)


def _all_rows(part: Part) -> float:
    return _UNKNOWN_ROWS if part.row_estimate is None else max(part.row_estimate, 1)


def _waves(parts: Sequence[Part]) -> tuple[tuple[int, ...], ...]:
    waves: list[tuple[int, ...]] = []
    left = {part.number: part for part in parts}
    while left:
        ready = tuple(
            number
            for number, part in left.items()
            if not any(reducer.part in left for reducer in part.reducers)
        )
        waves.append(ready)
        for number in ready:
            del left[number]
    return tuple(waves)
