"""Which rows of a table a query can need: its own conditions on it, as the table's source understands them.

DuckDB judges every condition again, so what is passed on here may let more rows through, and never fewer.
Only what means the same on both sides is passed on, given what becomes of values on their way (see
shared.results.ColumnType): NaN and the infinities arrive as NULL, so only conditions that NULL does not
satisfy, or types that have no such values; texts may be equal there that are not equal here (collations,
padding), so text is only asked to be equal, never to differ or to come first; moments may be told in another
zone, so they are asked for with a day to spare; FLOAT is left alone, for it may be of 32 bits there.
"""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlglot import exp

from server.across import literals
from shared.results import ColumnType
from shared.wire import ColumnInfo

MOST_VALUES = 1_000
"""In one IN."""

Find = Callable[[exp.Column], ColumnInfo | None]
"""The column of the table in question that a name means, when it certainly means that."""

_HAS_BOOLEANS = frozenset({"duckdb", "postgres"})
_DATES_ARE_DATES = frozenset({"duckdb", "postgres", "clickhouse"})
_FLIPPED = {
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}
_PLAIN_PATTERN = re.compile(r"[A-Za-z0-9 %-]+")
_OPERANDS = frozenset({"this", "expression", "expressions", "low", "high"})
_HAS_NO_NULL_OF_ITS_OWN = frozenset({ColumnType.INTEGER, ColumnType.TEXT, ColumnType.BOOLEAN})


def rejects_null(condition: exp.Expr) -> bool:
    """Whether a row in which every column is NULL can not satisfy it, given that it can be passed on."""
    return all(
        isinstance(node.parent, exp.Not) and node.parent is condition for node in condition.find_all(exp.Is)
    )


def passed_on(condition: exp.Expr, find: Find, dialect: str) -> exp.Expr | None:
    """A condition in the words of the source that every row satisfies that satisfies ``condition``; None
    when there is none that is worth asking for, or it is nested too deeply to tell."""
    try:
        return _Writer(find, dialect).implied(condition)
    except RecursionError:
        return None  # the engine that joins filters all the same


def one_of(column: ColumnInfo, values: Sequence[str | int], dialect: str) -> exp.Expr | None:
    """``column IN (values)``; None when a value can not be said."""
    if column.type is ColumnType.DATE and dialect not in _DATES_ARE_DATES:
        return None
    expressions: list[exp.Expr] = []
    for value in values:
        said = (
            literals.whole_number(value)
            if isinstance(value, int)
            else literals.date_of(value, dialect)
            if column.type is ColumnType.DATE
            else literals.text_of(value, dialect)
        )
        if said is None:
            return None
        expressions.append(said)
    return exp.In(this=named(column), expressions=expressions)


def named(column: ColumnInfo) -> exp.Column:
    return exp.Column(this=exp.Identifier(this=column.name, quoted=True))


class _Writer:
    def __init__(self, find: Find, dialect: str) -> None:
        self._find = find
        self._dialect = dialect

    def implied(self, node: exp.Expr) -> exp.Expr | None:
        match node:
            case exp.Paren():
                return self.implied(node.this)
            case exp.And():
                sides = [side for side in map(self.implied, (node.left, node.right)) if side is not None]
                return _all_of(sides)
            case exp.Or():
                left, right = self.implied(node.left), self.implied(node.right)
                return None if left is None or right is None else _either(left, right)
            case exp.Not(this=exp.Is()):
                column = self._is_null(node.this)
                is_null = None if column is None else exp.Is(this=named(column), expression=exp.Null())
                return None if is_null is None else exp.Not(this=is_null)
            case exp.Not():
                inner = self._exact(node.this)
                return None if inner is None else exp.Not(this=exp.Paren(this=inner))
            case _:
                return self._leaf(node, exact=False)

    def _exact(self, node: exp.Expr) -> exp.Expr | None:
        """Satisfied by the same rows, and failed by the same, but for those in which a value became NULL."""
        match node:
            case exp.Paren():
                return self._exact(node.this)
            case exp.And() | exp.Or():
                left, right = self._exact(node.left), self._exact(node.right)
                if left is None or right is None:
                    return None
                return exp.Paren(this=type(node)(this=left, expression=right))
            case exp.Not():
                inner = self._exact(node.this)
                return None if inner is None else exp.Not(this=exp.Paren(this=inner))
            case _:
                return self._leaf(node, exact=True)

    def _leaf(  # noqa: PLR0911 - one kind after the other
        self, node: exp.Expr, *, exact: bool
    ) -> exp.Expr | None:
        match node:
            case exp.Column() | exp.Is():
                return self._state(node)
            case _ if any(value for name, value in node.args.items() if name not in _OPERANDS):
                return None  # NOT LIKE, BETWEEN SYMMETRIC, IN (SELECT …) and the like
            case exp.In():
                return self._in(node, exact=exact)
            case exp.Between():
                return self._between(node, exact=exact)
            case exp.Like():
                return self._like(node, exact=exact)
            case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
                if isinstance(node.right, exp.Column):
                    return self._compared(_FLIPPED[type(node)], node.right, node.left, exact=exact)
                return self._compared(type(node), node.left, node.right, exact=exact)
            case _:
                return None

    def _state(self, node: exp.Column | exp.Is) -> exp.Expr | None:
        """``flag`` by itself, and ``IS NULL``."""
        if isinstance(node, exp.Column):
            column = self._find(node)
            says = self._dialect in _HAS_BOOLEANS and column is not None and column.type is ColumnType.BOOLEAN
            return named(column) if column is not None and says else None
        column = self._is_null(node)
        if column is None or column.type not in _HAS_NO_NULL_OF_ITS_OWN:
            return None
        return exp.Is(this=named(column), expression=exp.Null())

    def _between(self, node: exp.Between, *, exact: bool) -> exp.Expr | None:
        low = self._compared(exp.GTE, node.this, node.args["low"], exact=exact)
        high = self._compared(exp.LTE, node.this, node.args["high"], exact=exact)
        if exact and (low is None or high is None):
            return None
        return _all_of([side for side in (low, high) if side is not None])

    def _column(self, node: exp.Expr) -> ColumnInfo | None:
        return self._find(node) if isinstance(node, exp.Column) else None

    def _is_null(self, node: exp.Is) -> ColumnInfo | None:
        return self._column(node.this) if isinstance(node.expression, exp.Null) else None

    def _compared(
        self, how: type[exp.Expr], left: exp.Expr, right: exp.Expr, *, exact: bool
    ) -> exp.Expr | None:
        column = self._column(left)
        if column is None:
            return None
        widens = column.type is ColumnType.TIMESTAMP or (
            column.type is ColumnType.DATE and self._dialect not in _DATES_ARE_DATES
        )
        if widens:
            return None if exact else self._widened(how, column, right)
        if column.type is ColumnType.TEXT and (exact or how is not exp.EQ):
            return None
        value = self._value(column, right)
        return None if value is None else how(this=named(column), expression=value)

    def _widened(self, how: type[exp.Expr], column: ColumnInfo, right: exp.Expr) -> exp.Expr | None:
        """With a day more on either side."""
        day = literals.day_of(right)
        if day is None or how is exp.NEQ:
            return None
        first, last = day - timedelta(days=1), day + timedelta(days=2)
        after = exp.GTE(this=named(column), expression=literals.midnight(first, column, self._dialect))
        before = exp.LT(this=named(column), expression=literals.midnight(last, column, self._dialect))
        if how is exp.EQ:
            return _all_of([after, before])
        return after if how in (exp.GT, exp.GTE) else before

    def _value(self, column: ColumnInfo, node: exp.Expr) -> exp.Expr | None:
        match column.type:
            case ColumnType.INTEGER:
                return literals.number(node, whole=False)
            case ColumnType.DECIMAL:  # ClickHouse compares decimals with fractions as floats
                return literals.number(node, whole=self._dialect == "clickhouse")
            case ColumnType.TEXT if isinstance(node, exp.Literal) and node.is_string:
                return literals.text_of(node.name, self._dialect)
            case ColumnType.BOOLEAN if isinstance(node, exp.Boolean) and self._dialect in _HAS_BOOLEANS:
                return exp.Boolean(this=bool(node.this))
            case ColumnType.DATE:
                text = literals.typed_text(node, exp.DType.DATE)
                return None if text is None else literals.date_of(text, self._dialect)
            case _:
                return None

    def _in(self, node: exp.In, *, exact: bool) -> exp.Expr | None:
        column = self._column(node.this)
        if column is None or len(node.expressions) > MOST_VALUES:
            return None
        each = [self._compared(exp.EQ, node.this, one, exact=exact) for one in node.expressions]
        if any(one is None or not isinstance(one, exp.EQ) for one in each):
            return None
        return exp.In(this=named(column), expressions=[one.expression for one in each if one is not None])

    def _like(self, node: exp.Like, *, exact: bool) -> exp.Expr | None:
        column, pattern = self._column(node.this), node.expression
        if column is None or column.type is not ColumnType.TEXT or exact:
            return None
        if not isinstance(pattern, exp.Literal) or not _PLAIN_PATTERN.fullmatch(pattern.name):
            return None
        said = literals.text_of(pattern.name, self._dialect)
        return None if said is None else exp.Like(this=named(column), expression=said)


def _either(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Paren(this=exp.Or(this=left, expression=right))


def _all_of(sides: list[exp.Expr]) -> exp.Expr | None:
    if not sides:
        return None
    both = sides[0]
    for side in sides[1:]:
        both = exp.And(this=both, expression=side)
    return exp.Paren(this=both) if len(sides) > 1 else both
