"""A policy's condition with the values of a user in it, each typed by the column that it is compared with.

A value becomes a literal of the tree, which the dialect's writer quotes; it is never text beside text.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from shared.results import ColumnType
from shared.sql.conditions import MARK, Condition
from shared.wire import ColumnInfo

Attributes = Mapping[str, Sequence[str]]
"""Of a user: each with its values; what has one value is a list of one."""

Find = Callable[[str], ColumnInfo | None]
"""A column of the table by the name that the condition has for it."""


def filled(condition: Condition, find: Find, attributes: Attributes, qualifier: str) -> exp.Expr | None:
    """The condition with values in it, on columns of ``qualifier``; None when no row can meet it: an
    attribute is missing, or is no value of the column's type.

    ``find`` knows all columns of the condition. A list of values in a comparison becomes IN.
    """
    if any(not attributes.get(name) for name in condition.attributes):
        return None
    try:
        return _Filling(find, attributes, qualifier).truth(condition.tree)
    except _NoRows:
        return None


class _NoRows(Exception):
    pass


class _Filling:
    def __init__(self, find: Find, attributes: Attributes, qualifier: str) -> None:
        self._find, self._attributes, self._qualifier = find, attributes, qualifier

    def truth(self, node: exp.Expr) -> exp.Expr:  # noqa: PLR0911 - a table
        match node:
            case exp.Paren():
                return exp.Paren(this=self.truth(node.this))
            case exp.And() | exp.Or():
                return type(node)(this=self.truth(node.this), expression=self.truth(node.expression))
            case exp.Not():
                return exp.Not(this=exp.Paren(this=self.truth(node.this)))
            case exp.Boolean():
                return _always() if node.this else never()
            case exp.Is():
                found = exp.Is(this=self._one(node.this, None), expression=exp.Null())
                return exp.Not(this=exp.Paren(this=found)) if node.args.get("negate") else found
            case exp.In():
                return self._in(node.this, node.expressions)
            case exp.Between():
                kind = self._kind(node.this, node.args["low"], node.args["high"])
                low, high = self._one(node.args["low"], kind), self._one(node.args["high"], kind)
                return exp.Between(this=self._one(node.this, kind), low=low, high=high)
            case exp.Like():
                return exp.Like(this=self._one(node.this, None), expression=node.expression.copy())
            case _:
                return self._comparison(node)

    def _comparison(self, node: exp.Expr) -> exp.Expr:
        left, right = _bare(node.this), _bare(node.expression)
        kind = self._kind(left, right)
        for one, other in ((right, left), (left, right)):
            if isinstance(one, exp.Placeholder) and isinstance(node, exp.EQ | exp.NEQ):
                found = self._in(other, [one])
                return found if isinstance(node, exp.EQ) else exp.Not(this=exp.Paren(this=found))
        return type(node)(this=self._one(left, kind), expression=self._one(right, kind))

    def _in(self, value: exp.Expr, among: Sequence[exp.Expr]) -> exp.Expr:
        kind = self._kind(value, *among)
        values = list(self._values(among, kind))
        this = self._one(value, kind)
        if len(values) == 1:
            return exp.EQ(this=this, expression=values[0])
        return exp.In(this=this, expressions=values)

    def _values(self, among: Sequence[exp.Expr], kind: ColumnType | None) -> Iterator[exp.Expr]:
        for node in map(_bare, among):
            if not isinstance(node, exp.Placeholder):
                yield self._one(node, kind)
                continue
            given = [_typed(text, kind) for text in self._given(node)]
            if None in given:  # a value that can not be one of the column's leaves the rest in doubt
                raise _NoRows
            yield from [one for one in given if one is not None]

    def _given(self, node: exp.Placeholder) -> Sequence[str]:
        values = self._attributes[node.name.removeprefix(MARK)]
        if any(not text.isprintable() for text in values):
            raise _NoRows
        return values

    def _one(self, node: exp.Expr, kind: ColumnType | None) -> exp.Expr:
        match node:
            case exp.Paren():
                return exp.Paren(this=self._one(node.this, kind))
            case exp.Column():
                column = self._find(node.name)
                if column is None:
                    raise _NoRows
                return exp.column(
                    exp.to_identifier(column.name, quoted=True),
                    table=exp.to_identifier(self._qualifier, quoted=True),
                )
            case exp.Placeholder():
                given = self._given(node)
                value = _typed(given[0], kind) if len(given) == 1 else None
                if value is None:
                    raise _NoRows
                return value
            case exp.Literal() if node.is_string or kind is ColumnType.TEXT:
                value = _typed(node.name, kind)
                if value is None:
                    raise _NoRows
                return value
            case exp.Anonymous():
                name = str(node.this).lower()
                inner = ColumnType.TEXT if name in ("lower", "upper") else kind
                return exp.Anonymous(
                    this=name, expressions=[self._one(one, inner) for one in node.expressions]
                )
            case _:
                return node.copy()

    def _kind(self, *nodes: exp.Expr) -> ColumnType | None:
        """The type of the column that is compared."""
        for node in nodes:
            match _bare(node):
                case exp.Column() as column:
                    found = self._find(column.name)
                    return None if found is None else found.type
                case exp.Anonymous() as call if str(call.this).lower() in ("lower", "upper"):
                    return ColumnType.TEXT
                case exp.Anonymous() as call:
                    return self._kind(*call.expressions)
        return None


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def never() -> exp.Expr:
    return exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(0))


def _always() -> exp.Expr:
    return exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1))


def _typed(text: str, kind: ColumnType | None) -> exp.Expr | None:  # noqa: PLR0911 - a table
    """None when the text is no value of that type."""
    try:
        match kind:
            case ColumnType.INTEGER:
                return _number(str(int(text)) if re.fullmatch(r"-?[0-9]{1,38}", text) else None)
            case ColumnType.DECIMAL | ColumnType.FLOAT:
                known = re.fullmatch(r"-?[0-9]{1,38}(\.[0-9]{1,38})?", text)
                return _number(format(Decimal(text), "f") if known else None)
            case ColumnType.BOOLEAN:
                words = {"true": exp.true(), "false": exp.false()}
                return words.get(text.lower())
            case ColumnType.DATE:
                return _cast(date.fromisoformat(text).isoformat(), exp.DType.DATE)
            case ColumnType.TIMESTAMP:
                moment = datetime.fromisoformat(text)
                if moment.tzinfo is not None:
                    return None
                return _cast(moment.isoformat(" "), exp.DType.TIMESTAMP)
    except (ValueError, InvalidOperation):
        return None
    return exp.Literal.string(text)


def _number(text: str | None) -> exp.Expr | None:
    if text is None:
        return None
    plain = exp.Literal.number(text.removeprefix("-"))
    return exp.Neg(this=plain) if text.startswith("-") else plain


def _cast(text: str, kind: exp.DType) -> exp.Expr:
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType(this=kind))
