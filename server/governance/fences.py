"""Whether a query could learn of rows that a policy leaves out by what fails on them, and what hinders that.

A source may try the conditions of a query in any order: one of the caller's that fails on some values
(a cast, a division) may then be tried on rows that are not the caller's, and its failure tells of them. A
fence is a clause of the governed table that no condition is moved across. It costs what an index on the
caller's condition would have saved, so it is left out where nothing in the query can fail by a value. Pure.
"""

from sqlglot import exp

_LAST = "18446744073709551615"
_FENCES = {
    "postgres": " OFFSET 0",
    "duckdb": " OFFSET 0",
    "clickhouse": f" LIMIT {_LAST}",
}

_CANNOT_FAIL = (
    exp.Select, exp.Subquery, exp.SetOperation, exp.From, exp.Join, exp.Where, exp.Having, exp.Group,
    exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Distinct, exp.With, exp.CTE, exp.Table,
    exp.TableAlias, exp.Column, exp.Identifier, exp.Alias, exp.Star, exp.Literal, exp.Boolean, exp.Null,
    exp.Paren, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Is,
    exp.Between, exp.Exists, exp.Case, exp.If, exp.Placeholder, exp.Window, exp.WindowSpec,
)  # fmt: skip
_FUNCTIONS_THAT_CANNOT_FAIL = frozenset(
    {"count", "sum", "avg", "min", "max", "coalesce", "lower", "upper", "row_number", "rank", "dense_rank"}
)
_STRICT = ("postgres", "clickhouse")
"""These compare only what is of like type. The others convert values for it, and that may fail."""


def fenced(select: str, where: str, dialect: str) -> str:
    """``select`` is SQL up to FROM and a table, ``where`` a condition."""
    match dialect:
        case "oracle":
            return f"{select} WHERE ({where}) AND ROWNUM > 0"
        case "tsql":
            select = select.replace("SELECT ", "SELECT TOP (9223372036854775807) ", 1)
    return f"{select} WHERE {where}{_FENCES.get(dialect, '')}"


_NOT_AS_A_VALUE = (exp.From, exp.Join, exp.SetOperation, exp.In, exp.Exists)


def is_needed(tree: exp.Expr, dialect: str) -> bool:
    if dialect not in _STRICT:
        return True
    return not all(_cannot_fail(node) for node in tree.walk())


def _cannot_fail(node: exp.Expr) -> bool:
    match node:
        case exp.Subquery():  # as a value it fails when it has two rows
            return node.parent is None or isinstance(node.parent, _NOT_AS_A_VALUE)
        case exp.Anonymous() | exp.AnonymousAggFunc():
            return node.name.lower() in _FUNCTIONS_THAT_CANNOT_FAIL
        case exp.Star():
            return True
    return isinstance(node, _CANNOT_FAIL)
