"""A query with every table replaced by what its caller sees of it. Pure: a tree in, another tree out.

Each table becomes a derived table of its own, and each CTE gets a name of ours: so a name that is mistaken
for that of a CTE leads nowhere, and can not lead to a table as it is. What has no place outside the governed
tables is refused.
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

from server.governance.governed import ALIAS
from server.governance.names import exact
from shared.errors import QueryRefused

Find = Callable[[exp.Table], exp.Select]
"""What a caller sees of a table, as a tree that may be changed. Raises when that is nothing."""

_ALIASED = ("this", "db", "catalog", "alias")
_OUTSIDE = ("joins", "laterals", "pivots")
"""Of a table: what follows the derived table; anything else that is no name goes inside, or is refused."""
_INSIDE = ("hints", "only")

_REFUSED_FUNCTIONS = frozenset(
    {"obj_description", "format_type", "regclass", "current_schemas", "json_populate_record"}
    | {"json_populate_recordset", "jsonb_populate_record", "jsonb_populate_recordset"}
    | {"jsonb_populate_record_valid", "dumpcolumnstructure"}
)
"""They tell of tables by their names or numbers, or of what lies beside the rows that are seen."""


def rewritten(tree: exp.Expr, dialect: str, find: Find) -> exp.Expr:
    """Raises QueryRefused, and what ``find`` raises. ``tree`` is left as it is."""
    tree = tree.copy()
    _check(tree)
    tables = [table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
    meant = {id(table): _cte(table, dialect) for table in tables}
    ctes = [cte for cte in tree.find_all(exp.CTE) if not cte.args.get("scalar")]
    names = {id(cte): f"{ALIAS}_{number}" for number, cte in enumerate(ctes)}
    base = [table for table in tables if meant[id(table)] is None and not _is_dual(table, dialect)]
    _strip_schemas(tree, base, dialect)
    for table in tables:
        cte = meant[id(table)]
        if cte is not None:
            _point(table, names[id(cte)])
    for cte in ctes:
        cte.args["alias"].set("this", exp.to_identifier(names[id(cte)], quoted=True))
    if dialect == "clickhouse":
        _plain_conditions(tree)
    for table in base:
        _replace(table, find(table))
    return tree


def _check(tree: exp.Expr) -> None:
    for node in tree.walk():
        match node:
            case exp.Identifier() if ALIAS in node.name.lower():
                raise QueryRefused(f"Names that hold {ALIAS!r} are taken; choose another.")
            case exp.TableSample():
                raise QueryRefused("A sample can not be taken where data policies choose the rows.")
            case exp.ObjectIdentifier() | exp.PseudoType():
                raise QueryRefused("Types that stand for objects of the source are not open here.")
            case exp.DataType() if node.this == exp.DType.USERDEFINED:
                raise QueryRefused("Types of the source's own are not open where data policies apply.")
            case exp.Anonymous() if node.name.lower() in _REFUSED_FUNCTIONS:
                raise QueryRefused(f"The function {node.name[:80]!r} is not open where data policies apply.")
            case _:
                pass


def _cte(table: exp.Table, dialect: str) -> exp.CTE | None:
    """The CTE that a name means, if it is one that is visible where it stands."""
    if table.args.get("db") is not None:
        return None
    wanted = exact(table.this, dialect)
    inside: exp.Expr | None = None
    node: exp.Expr | None = table
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        scope = node.args.get("with_")
        if scope is not None:
            for cte in _visible(scope, inside, dialect):
                if exact(cte.args["alias"].this, dialect) == wanted:
                    return cte
        node = node.parent
    return None


def _visible(scope: exp.With, inside: exp.Expr | None, dialect: str) -> list[exp.CTE]:
    """All of them; inside one of them the earlier ones, and where it may name itself, itself. ClickHouse sees
    the later ones, too."""
    ctes = [cte for cte in scope.expressions if not cte.args.get("scalar")]
    places = [place for place, cte in enumerate(ctes) if cte is inside]
    if not places or scope.args.get("recursive"):
        return ctes
    if dialect == "clickhouse":
        return [cte for cte in ctes if cte is not inside]
    return ctes[: places[0] + (dialect in _RECURSIVE_BY_ITSELF)]


_RECURSIVE_BY_ITSELF = ("oracle", "tsql")


def _is_dual(table: exp.Table, dialect: str) -> bool:
    """Oracle's table of one row, which shows nothing."""
    return dialect == "oracle" and len(table.parts) == 1 and exact(table.this, dialect) == "DUAL"


def _point(table: exp.Table, name: str) -> None:
    """At a CTE by its new name, known by the old one still."""
    if table.args.get("alias") is None:
        table.set("alias", exp.TableAlias(this=table.this.copy()))
    elif table.args["alias"].args.get("this") is None:
        table.args["alias"].set("this", table.this.copy())
    table.set("this", exp.to_identifier(name, quoted=True))


def _replace(table: exp.Table, seen: exp.Select) -> None:
    used = {name for name, value in table.args.items() if value}
    if strange := sorted(used - {*_ALIASED, *_OUTSIDE, *_INSIDE}):
        raise QueryRefused(f"{strange[0]!r} after a table is not open where data policies apply.")
    alias = table.args.get("alias")
    alias = exp.TableAlias() if alias is None else alias.copy()
    if alias.args.get("this") is None:
        alias.set("this", table.this.copy())
    source = seen.args["from_"].this
    for name in _INSIDE:
        if table.args.get(name):
            source.set(name, table.args[name])
    outer = table.parent
    place: exp.Expr = table
    if isinstance(outer, exp.Final):
        source.replace(exp.Final(this=source.copy()))
        place = outer
    derived = exp.Subquery(this=seen, alias=alias)
    for name in _OUTSIDE:
        if table.args.get(name):
            derived.set(name, table.args[name])
    place.replace(derived)


def _plain_conditions(tree: exp.Expr) -> None:
    """ClickHouse takes PREWHERE only before a table of its own; it means what WHERE does."""
    for select in tree.find_all(exp.Select):
        early, late = select.args.get("prewhere"), select.args.get("where")
        if early is None:
            continue
        select.set("prewhere", None)
        condition: exp.Expr = exp.Paren(this=early.this)
        if late is not None:
            condition = exp.And(this=condition, expression=exp.Paren(this=late.this))
        select.set("where", exp.Where(this=condition))


def _strip_schemas(tree: exp.Expr, base: list[exp.Table], dialect: str) -> None:
    """``hr.staff.name`` is ``staff.name`` from now on, as a derived table has no schema."""
    bare = {
        (exact(table.args["db"], dialect), exact(table.this, dialect))
        for table in base
        if table.args.get("db") and not table.alias
    }
    if not bare:
        return
    called = _called(tree, dialect)
    for column in list(tree.find_all(exp.Column)):
        schema, name = column.args.get("db"), column.args.get("table")
        if not schema or not name or column.args.get("catalog") is not None:
            continue
        key = (exact(schema, dialect), exact(name, dialect))
        if key not in bare:
            continue
        if len(called[key[1]]) > 1:
            raise QueryRefused(
                f"Several tables are called {name.name[:80]!r}; give each an alias of its own."
            )
        column.set("db", None)


def _called(tree: exp.Expr, dialect: str) -> Mapping[str, set[tuple[str, ...]]]:
    """What each name could mean that stands before a column."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for source in tree.find_all(exp.Table, exp.Subquery, exp.CTE, exp.Lateral, exp.Unnest):
        alias = source.args.get("alias")
        named = alias.args.get("this") if isinstance(alias, exp.TableAlias) else None
        if named is not None:
            found.setdefault(exact(named, dialect), set()).add(("", str(id(source))))
        elif isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            parts = tuple(exact(part, dialect) for part in source.parts)
            found.setdefault(parts[-1], set()).add(parts)
    return found
