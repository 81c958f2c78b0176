"""Judging a parsed query against the rules of its dialect. Pure: a tree in, a refusal or nothing out."""

import re
from collections.abc import Mapping, Set

from sqlglot import exp

from shared.errors import QueryRefused
from shared.sql.rules import Rules

_QUERIES = (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)
_NAMES = (exp.Column, exp.Identifier, exp.Dot)
_OF_A_SEQUENCE = frozenset({"nextval", "currval"})
_PLAIN_NAME = re.compile(r"[\w][\w $-]*")
_WRITES = {
    "Insert": "INSERT", "Update": "UPDATE", "Delete": "DELETE", "Merge": "MERGE", "Drop": "DROP",
    "Create": "CREATE", "Alter": "ALTER", "TruncateTable": "TRUNCATE", "Copy": "COPY", "Into": "SELECT INTO",
    "Lock": "FOR UPDATE or FOR SHARE", "Set": "SET", "Attach": "ATTACH", "Detach": "DETACH",
    "Install": "INSTALL", "Pragma": "PRAGMA", "Grant": "GRANT", "Export": "EXPORT", "Command": "a command",
    "Transaction": "BEGIN", "Commit": "COMMIT", "Rollback": "ROLLBACK", "Use": "USE", "Describe": "DESCRIBE",
    "Show": "SHOW", "Summarize": "SUMMARIZE", "Analyze": "ANALYZE", "Kill": "KILL", "LoadData": "LOAD",
}  # fmt: skip


def verify(tree: exp.Expr, rules: Rules) -> None:
    """Raises QueryRefused for the first thing that is not allowed."""
    if not isinstance(tree, _QUERIES) and not (isinstance(tree, exp.Pivot) and "Pivot" in rules.nodes):
        what = _WRITES.get(type(tree).__name__, "something else")
        raise QueryRefused(f"Only a query that reads is allowed (SELECT, WITH, VALUES); this is {what}.")
    if rules.packages:
        _verify_qualifiers(tree, rules)
    sources = _function_sources(tree) if rules.functional_notation else {}
    for node in tree.walk():
        kind = type(node).__name__
        if kind not in rules.nodes:
            what = _WRITES.get(kind, f"the construct {kind}")
            raise QueryRefused(f"{what[0].upper() + what[1:]} is not allowed in a query that reads.")
        _verify_clauses(node, rules)
        _verify_node(node, rules, sources)


def _verify_node(node: exp.Expr, rules: Rules, sources: "_Sources") -> None:
    match node:
        case exp.Anonymous() | exp.AnonymousAggFunc():
            _verify_function(node, rules)
        case exp.Table():
            _verify_table(node, rules)
        case exp.Lateral() if not isinstance(node.this, exp.Subquery | exp.Unnest):
            _verify_source(node.this, rules)
        case exp.Dot() | exp.Column() if rules.functional_notation:
            _verify_notation(node, rules, sources)
        case exp.TableSample() if node.args.get("method") is not None:
            if node.args["method"].name.lower() not in {"bernoulli", "system", "reservoir"}:
                raise QueryRefused("TABLESAMPLE takes BERNOULLI or SYSTEM.")
        case exp.MatchAgainst() if not all(node.expressions):
            raise QueryRefused("The operator @@ needs a value on both sides.")
        case exp.DataType():
            _verify_type(node, rules)
        case exp.WithTableHint():
            _verify_hints(node, rules)
        case _:
            pass


def _verify_clauses(node: exp.Expr, rules: Rules) -> None:
    """What is an argument of a node and not a node of its own."""
    match node:
        case exp.Query() if node.args.get("settings") or node.args.get("format"):
            raise QueryRefused("SETTINGS and FORMAT are set by the backend; leave them out of the query.")
        case exp.Group() if node.args.get("totals"):
            raise QueryRefused("WITH TOTALS has no place in one table of rows; use WITH ROLLUP.")
        case exp.In() if rules.in_reads_tables and isinstance(node.args.get("field"), _NAMES):
            raise QueryRefused(
                "IN takes a list or a query here: write IN (SELECT …) instead of the name of a table."
            )
        case _:
            pass


def table_names(tree: exp.Expr) -> frozenset[str]:
    known: Ctes = {}
    return frozenset(
        ".".join(part.name for part in table.parts)
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier) and not is_cte(table, known)
    )


def _verify_function(node: exp.Anonymous | exp.AnonymousAggFunc, rules: Rules) -> None:
    quoted = isinstance(node.this, exp.Identifier)
    name = node.name if quoted else node.name.lower()
    if name not in rules.functions and name not in rules.table_functions and not _is_combined(name, rules):
        raise QueryRefused(
            f"The function {node.name[:80]!r} is not on the list of functions that only compute."
        )


def _is_combined(name: str, rules: Rules) -> bool:
    """``sumArrayIf``: an aggregate of the list with endings that change what it is given."""
    for ending in rules.combinators:
        shorter = name.removesuffix(ending)
        if shorter != name and (shorter in rules.functions or _is_combined(shorter, rules)):
            return True
    return False


def _verify_table(node: exp.Table, rules: Rules) -> None:
    if not isinstance(node.this, exp.Identifier):
        if node.args.get("rows_from") is None or node.this is not None:
            _verify_source(node.this, rules)
        return
    name, schema, catalog = (part.lower() for part in (node.name, node.db, node.catalog))
    if node.this.args.get("temporary") or node.this.args.get("global_"):
        raise QueryRefused(f"{name[:80]!r} is a temporary table; use a CTE.")
    if "@" in name + schema + catalog:
        raise QueryRefused(f"{name[:80]!r} lies behind a database link; links are not open to queries.")
    if name in rules.refused_tables:
        raise QueryRefused(f"{name[:80]!r} shows the server itself and is not open to queries.")
    if rules.plain_table_names:
        for part in filter(None, (name, schema, catalog)):
            if not _PLAIN_NAME.fullmatch(part):
                raise QueryRefused(
                    f"{part[:80]!r} is not the name of a table; files can not be opened by name."
                )
    if schema in rules.refused_schemas or catalog in rules.refused_schemas or schema.startswith("pg_temp"):
        if name not in rules.allowed_tables:
            raise QueryRefused(f"{schema}.{name} shows the server itself and is not open to queries.")
    elif not schema and name.startswith(rules.refused_table_prefixes) and name not in rules.allowed_tables:
        raise QueryRefused(f"{name[:80]!r} shows the server itself and is not open to queries.")


def _verify_source(node: exp.Expr | None, rules: Rules) -> None:
    if isinstance(node, exp.JSONTable | exp.OpenJSON) and type(node).__name__ in rules.nodes:
        return
    if isinstance(node, exp.Dot) and node.this.name == "pg_catalog":
        node = node.expression
    name = node.name if isinstance(node, exp.Anonymous) else type(node).__name__
    if not isinstance(node, exp.Anonymous) or name.lower() not in rules.table_functions:
        raise QueryRefused(f"{name[:80]!r} is not on the list of functions that may stand in FROM.")


def _verify_notation(node: exp.Expr, rules: Rules, sources: "_Sources") -> None:
    """Where ``x.f`` may call ``f``, what follows the dot must be harmless as a function."""
    if isinstance(node, exp.Dot):
        after = node.expression
        if isinstance(after, exp.Anonymous) and node.this.name != "pg_catalog":
            raise QueryRefused(
                f"The function {after.name[:80]!r} is called in a schema; only the built-in ones are open."
            )
        if isinstance(after, exp.Anonymous | exp.Star):
            return
        name = after.name.lower()
        if name not in rules.fields and name not in rules.functions:
            raise QueryRefused(
                f"{name[:80]!r} after a dot could be a function; select it as a column of a table."
            )
        return
    table, name = node.args.get("table"), node.name.lower()
    if table is None or isinstance(node.this, exp.Star):
        return
    if name.startswith(rules.refused_table_prefixes):
        raise QueryRefused(f"{name[:80]!r} after a dot could be a function; it is not open to queries.")
    called = table.name.lower()
    declared = sources.get(called)
    if declared is None or name == called or name in declared:
        return
    if name not in rules.fields and name not in rules.functions:
        raise QueryRefused(
            f"{table.name}.{name} could be a function; name the columns, as in {table.name}({name})."
        )


def _verify_qualifiers(tree: exp.Expr, rules: Rules) -> None:
    """Where ``a.b`` may call the function ``b`` of a package, ``a`` must be a table of the query."""
    known: set[str] = set()
    for source in tree.find_all(exp.Table, exp.CTE, exp.Subquery, exp.JSONTable, exp.Pivot):
        names = [source.alias_or_name.lower()]
        if isinstance(source, exp.Table):
            names += [source.name.lower(), ".".join(filter(None, (source.db, source.name))).lower()]
        if any(name.startswith(rules.packages) for name in names):
            raise QueryRefused(f"{names[0][:80]!r} could be a package; tables need another name here.")
        known.update(names)
    for column in tree.find_all(exp.Column):
        parts = [part.name.lower() for part in column.parts]
        if len(parts) > 1 and parts[0] not in known and ".".join(parts[:2]) not in known:
            raise QueryRefused(
                f"{'.'.join(parts)[:80]!r} could be a function or a sequence: {parts[0][:80]!r} is not a"
                " table of this query."
            )
        if len(parts) > 1 and parts[-1] in _OF_A_SEQUENCE:  # it may be called as a table here is
            raise QueryRefused(
                f"{'.'.join(parts)[:80]!r} belongs to a sequence, which is not open to queries."
            )


def _verify_hints(node: exp.WithTableHint, rules: Rules) -> None:
    for hint in node.expressions:
        if not isinstance(hint, exp.Var | exp.Column) or hint.name.lower() not in rules.hints:
            raise QueryRefused(f"The table hint {hint.name[:80]!r} could take locks and is not allowed.")


_Sources = Mapping[str, Set[str]]
"""What stands in FROM and is no table, by its alias: the columns that it declares. Of two with one alias
those that both declare, as a column of that name may be of either."""


def _function_sources(tree: exp.Expr) -> _Sources:
    found: dict[str, Set[str]] = {}
    for source in tree.find_all(exp.Table, exp.Lateral, exp.Unnest):
        alias = source.args.get("alias")
        plain = not isinstance(source, exp.Unnest) and isinstance(source.this, exp.Identifier | exp.Subquery)
        if plain or alias is None:
            continue
        declared = {column.name.lower() for column in alias.args.get("columns") or ()}
        for holder in (source, source.args.get("this")):
            if isinstance(holder, exp.Expr) and isinstance(holder.args.get("offset"), exp.Identifier):
                declared.add(holder.args["offset"].name.lower())
        called = alias.name.lower()
        found[called] = declared & found.get(called, declared)
    return found


def _verify_type(node: exp.DataType, rules: Rules) -> None:
    written = node.sql().lower()
    if written in rules.refused_types:
        raise QueryRefused(f"The type {written} is not open to queries.")


Ctes = dict[int, tuple[dict[str, int], dict[int, int]]]
"""By the id of a WITH: the first place of each name in it, and the place of each CTE by its id."""


def is_cte(table: exp.Table, known: Ctes) -> bool:
    """Whether the name means a CTE that is visible where it stands. ``known`` is empty at first, and handed
    over again for the other tables of the same tree while that lives."""
    if table.args.get("db") is not None:
        return False
    name = table.name.lower()
    inside: exp.CTE | None = None
    node: exp.Expr | None = table
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        scope = node.args.get("with_")
        if scope is not None and _is_visible(name, scope, inside, known):
            return True
        node = node.parent
    return False


def _is_visible(name: str, scope: exp.With, inside: exp.CTE | None, known: Ctes) -> bool:
    """Code can name all CTEs of ``scope``, or inside one of them the earlier ones."""
    if id(scope) not in known:
        names: dict[str, int] = {}
        for place, cte in enumerate(scope.expressions):
            names.setdefault(cte.alias.lower(), place)
        known[id(scope)] = names, {id(cte): place for place, cte in enumerate(scope.expressions)}
    by_name, by_cte = known[id(scope)]
    if name not in by_name:
        return False
    here = by_cte.get(id(inside))
    return here is None or bool(scope.args.get("recursive")) or by_name[name] < here
