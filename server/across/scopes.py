"""One SELECT of a query across connections: its sources, how they are joined, and what holds for each.

A condition of WHERE holds for every row that counts; so does one of ON, for inner joins. Of an outer join,
ON holds for the side that may be missing. A side that may be missing can be asked only for what NULL does
not satisfy: otherwise a row that is left behind would come back as NULLs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from server.across.filters import rejects_null
from server.across.references import Bound
from shared.wire import ColumnInfo

_ORDINARY_KINDS = ("", "INNER", "OUTER", "CROSS")


@dataclass(eq=False)
class Source:
    """``bound`` is None for a subquery, a CTE and the like. ``side`` is that of its join."""

    bound: Bound | None
    alias: str
    side: str = ""
    join: exp.Join | None = None
    may_be_missing: bool = False

    def is_called(self, column: exp.Column) -> bool:
        """By its alias; or by the whole name of its table, when it has no alias."""
        written = [part.name.lower() for part in column.parts[:-1]]
        if len(written) == 1 or self.bound is None:
            return written == [self.alias]
        node = self.bound.reference.node
        return not node.alias and written == [part.name.lower() for part in node.parts]


@dataclass(eq=False)
class Scope:
    """``holds``: conditions, each with the sources of which it may be asked."""

    sources: list[Source]
    holds: list[tuple[exp.Expr, Sequence[Source]]] = field(default_factory=list)

    def owner(self, column: exp.Column) -> Source | None:
        """The table that a name certainly means."""
        if isinstance(column.this, exp.Star):
            return None
        if column.table:
            meant = [one for one in self.sources if one.is_called(column)]
            return meant[0] if len(meant) == 1 and self._in(meant[0], column) else None
        if any(one.bound is None for one in self.sources):
            return None
        having = [one for one in self.sources if self._in(one, column)]
        return having[0] if len(having) == 1 else None

    def info(self, source: Source, column: exp.Column) -> ColumnInfo | None:
        """The column when it is one of ``source``."""
        return source.bound.find(column.name) if source.bound and self.owner(column) is source else None

    def _in(self, source: Source, column: exp.Column) -> bool:
        return source.bound is not None and source.bound.find(column.name) is not None

    def equal(self) -> Iterator[tuple[Source, ColumnInfo, Source, ColumnInfo, Sequence[Source]]]:
        """Columns of two tables that must be equal, and which of the two may be asked for less by that."""
        for condition, asked in self.holds:
            match condition:
                case exp.EQ(this=exp.Column() as left, expression=exp.Column() as right):
                    one, other = self.owner(left), self.owner(right)
                    if one is None or other is None or one is other:
                        continue
                    mine, its = self.info(one, left), self.info(other, right)
                    if mine is not None and its is not None:
                        yield one, mine, other, its, asked
        for position, source in enumerate(self.sources):
            yield from self._used(position, source)

    def _used(
        self, position: int, source: Source
    ) -> Iterator[tuple[Source, ColumnInfo, Source, ColumnInfo, Sequence[Source]]]:
        """``USING (column)``, where it is clear with whom."""
        using = source.join.args.get("using") if source.join is not None else None
        before = self.sources[:position]
        if not using or source.side == "FULL" or any(one.bound is None for one in [*before, source]):
            return
        for name in using:
            having = [one for one in before if one.bound is not None and one.bound.find(name.name)]
            its = source.bound.find(name.name) if source.bound else None
            mine = having[0].bound.find(name.name) if len(having) == 1 and having[0].bound else None
            if mine is not None and its is not None:
                asked = {"": [having[0], source], "LEFT": [source], "RIGHT": [having[0]]}[source.side]
                yield having[0], mine, source, its, asked


def scopes(tree: exp.Expr, bounds: Sequence[Bound]) -> Iterator[Scope]:
    """Those SELECTs whose joins are understood."""
    by_node = {id(bound.reference.node): bound for bound in bounds}
    for select in tree.find_all(exp.Select):
        scope = _scope(select, by_node)
        if scope is not None:
            yield scope


def _scope(select: exp.Select, by_node: dict[int, Bound]) -> Scope | None:
    start = select.args.get("from_")
    if start is None:
        return None
    scope = Scope([_source(start.this, by_node)])
    for join in select.args.get("joins") or ():
        if join.args.get("method") or str(join.kind or "").upper() not in _ORDINARY_KINDS:
            return None
        source = _source(join.this, by_node)
        source.side, source.join = str(join.side or "").upper(), join
        source.may_be_missing = source.side in ("LEFT", "FULL")
        if source.side in ("RIGHT", "FULL"):
            for earlier in scope.sources:
                earlier.may_be_missing = True
        scope.sources.append(source)
    for position, source in enumerate(scope.sources):
        on = source.join.args.get("on") if source.join is not None else None
        if on is not None and source.side != "FULL":
            before = scope.sources[:position]
            asked = {"LEFT": [source], "RIGHT": before}.get(source.side, [*before, source])
            scope.holds += [(one, asked) for one in conjuncts(on)]
    where = select.args.get("where")
    if where is not None:
        scope.holds += [(one, scope.sources) for one in conjuncts(where.this)]
    return scope


def conditions_on(scope: Scope, source: Source) -> Iterator[exp.Expr]:
    """What may be asked of this source, as far as its place in the joins goes."""
    for condition, asked in scope.holds:
        if source in asked and (not source.may_be_missing or rejects_null(condition)):
            yield condition


def conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    match condition:
        case exp.And():
            yield from conjuncts(condition.left)
            yield from conjuncts(condition.right)
        case exp.Paren():
            yield from conjuncts(condition.this)
        case _:
            yield condition


def _source(node: exp.Expr, by_node: dict[int, Bound]) -> Source:
    """A table with nothing of its own between it and its rows; anything else is opaque."""
    bound = by_node.get(id(node))
    alias = node.args.get("alias")
    renamed = alias is not None and alias.args.get("columns")
    if (
        bound is None
        or node.args.get("joins")
        or node.args.get("sample")
        or renamed
        or node.args.get("pivots")
    ):
        return Source(None, str(node.alias_or_name).lower())
    return Source(bound, bound.reference.alias)
