"""Which columns of each table a query can need. Pure: names are followed; where that ends, all are needed.

A name counts for every table that could be meant by it, wherever it stands in the query: a column too many
is only fetched, a column too few would be an error.
"""

from collections.abc import Sequence

from sqlglot import exp

from server.across.references import Bound
from shared.wire import ColumnInfo

_TAKE_ALL = (exp.Pivot, exp.PositionalColumn)


def needed(tree: exp.Expr, bounds: Sequence[Bound]) -> dict[tuple[str, str], list[ColumnInfo]]:
    """By the key of the table; in the order of the table."""
    whole, names = _needs(tree, bounds)
    wanted: dict[tuple[str, str], list[ColumnInfo]] = {}
    for bound in bounds:
        if bound.key in wanted:
            continue
        columns = bound.table.columns
        if bound.key not in whole:
            these = names[""] | names.get(bound.key, set())
            columns = [column for column in columns if column.name.lower() in these]
        wanted[bound.key] = columns or bound.table.columns[:1]  # a count of rows needs no column
    return wanted


def _needs(tree: exp.Expr, bounds: Sequence[Bound]) -> tuple[set[tuple[str, str]], dict[object, set[str]]]:
    """The tables that are needed whole, and the names that are needed of each table; "" is any."""
    aliases: dict[str, list[Bound]] = {}
    for bound in bounds:
        aliases.setdefault(bound.reference.alias, []).append(bound)
    whole: set[tuple[str, str]] = set()
    names: dict[object, set[str]] = {"": set()}
    for bound in bounds:
        alias = bound.reference.node.args.get("alias")
        if alias is not None and alias.args.get("columns"):
            whole.add(bound.key)
    for node in tree.walk():
        match node:
            case exp.Column():
                _column(node, aliases, whole, names)
            case exp.Star() if not isinstance(node.parent, exp.Column):
                whole |= _starred(node, bounds)
            case exp.Join() if node.args.get("method"):
                whole |= _of_select(node, bounds)
            case exp.Identifier() if not isinstance(node.parent, exp.Column | exp.Table | exp.TableAlias):
                names[""].add(node.name.lower())
            case exp.Anonymous() if node.name.lower() == "columns":
                whole |= {bound.key for bound in bounds}
            case _ if isinstance(node, _TAKE_ALL):
                whole |= {bound.key for bound in bounds}
    return whole, names


def _column(
    node: exp.Column,
    aliases: dict[str, list[Bound]],
    whole: set[tuple[str, str]],
    names: dict[object, set[str]],
) -> None:
    parts = [part.name.lower() for part in node.parts]
    meant = [bound for part in parts[:-1] for bound in aliases.get(part, ())]
    if isinstance(node.this, exp.Star):
        whole |= {bound.key for bound in meant}
        return
    if len(parts) == 1 and parts[0] in aliases:  # the whole row as one value
        whole |= {bound.key for bound in aliases[parts[0]]}
    for bound in meant:
        names.setdefault(bound.key, set()).add(parts[-1])
    # a column of that name somewhere, or a field of a column: ``a.b`` and ``t.a.b``
    names[""] |= set(parts) if not meant else set(parts[:-1])
    if len(parts) > 2:
        names[""].add(parts[-1])


def _starred(node: exp.Star, bounds: Sequence[Bound]) -> set[tuple[str, str]]:
    parent = node.parent
    if isinstance(parent, exp.Anonymous) and parent.name.lower() == "count":
        return set()
    if isinstance(parent, exp.Select):
        return _of_select(node, bounds)
    return {bound.key for bound in bounds}


def _of_select(node: exp.Expr, bounds: Sequence[Bound]) -> set[tuple[str, str]]:
    select = node.find_ancestor(exp.Select)
    return {bound.key for bound in bounds if bound.reference.node.find_ancestor(exp.Select) is select}
