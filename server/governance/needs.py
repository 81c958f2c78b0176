"""Which columns a query can need of its governed tables, by their names: a wide table would make long SQL.

Pure. Every name that stands anywhere in the query counts for every table, so that none is read otherwise for
what is left out; where columns can be meant without being named, all are needed.
"""

from sqlglot import exp

_MEANS_ALL = (exp.Pivot, exp.PositionalColumn, exp.Columns)


def named(tree: exp.Expr) -> frozenset[str] | None:
    """In lower case; None for all columns."""
    sources = {
        source.alias_or_name.lower()
        for source in tree.find_all(exp.Table, exp.Subquery, exp.CTE, exp.Lateral)
    }
    if any(_means_all(node, sources) for node in tree.walk()):
        return None
    return frozenset(node.name.lower() for node in tree.find_all(exp.Identifier))


def _means_all(node: exp.Expr, sources: set[str]) -> bool:
    match node:
        case exp.Star():
            return not _is_counted(node)
        case exp.Column():  # the whole row as one value
            return len(node.parts) == 1 and node.name.lower() in sources
        case exp.Join():  # NATURAL
            return bool(node.args.get("method"))
        case exp.TableAlias():
            return bool(node.args.get("columns"))
        case exp.Anonymous():
            return node.name.lower() == "columns"
    return isinstance(node, _MEANS_ALL)


def pruned(seen: exp.Select, names: frozenset[str] | None) -> exp.Select:
    """``seen`` with the named columns only, and one at least; it is changed."""
    if names is not None:
        columns = [one for one in seen.expressions if one.alias.lower() in names]
        seen.set("expressions", columns or seen.expressions[:1])
    return seen


def _is_counted(star: exp.Star) -> bool:
    around = star.parent
    return isinstance(around, exp.Anonymous | exp.AnonymousAggFunc) and around.name.lower() == "count"
