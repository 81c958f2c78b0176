"""One spelling for what can be spelled in several ways, so that a query written anew reads the same again.

The parser turns ``2 ^ 3`` or ``POSITION('a' IN b)`` into notions that it writes as functions; here they
become those functions at once. Nothing is judged here.
"""

from collections.abc import Callable

from sqlglot import exp

Rewrite = Callable[[exp.Expr, str], exp.Expr | None]


def plain(tree: exp.Expr, dialect: str) -> exp.Expr:
    """The tree, changed in place where it can be; use what is returned."""
    for node in reversed(list(tree.walk())):  # a parent takes its children along when it is rewritten
        rewrite = _REWRITES.get(type(node))
        by = rewrite(node, dialect) if rewrite is not None else None
        if by is None:
            continue
        if node is tree:
            tree = by
        else:
            node.replace(by)
    return tree


def _call(name: str, *arguments: exp.Expr | None) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[one.copy() for one in arguments if one is not None])


def _string(node: exp.Expr, _dialect: str) -> exp.Expr:
    return exp.Literal.string(node.name)


def _power(node: exp.Expr, _dialect: str) -> exp.Expr:
    return _call("power", node.args["this"], node.args["expression"])


def _position(node: exp.Expr, dialect: str) -> exp.Expr | None:
    if node.args.get("position") or node.args.get("occurrence"):
        return None
    return _call("position" if dialect == "clickhouse" else "strpos", node.args["this"], node.args["substr"])


def _trim(node: exp.Expr, dialect: str) -> exp.Expr | None:
    if dialect in _TRIM_FROM and (dialect == "tsql" or node.args.get("position") in (None, "BOTH")):
        node.set("position", None if node.args.get("position") == "BOTH" else node.args.get("position"))
        return None
    both = {"postgres": "btrim", "clickhouse": "trimBoth"}.get(dialect, "trim")
    left, right = ("trimLeft", "trimRight") if dialect == "clickhouse" else ("ltrim", "rtrim")
    name = {"LEADING": left, "TRAILING": right}.get(str(node.args.get("position") or "").upper(), both)
    return _call(name, node.args["this"], node.args.get("expression"))


_TRIM_FROM = ("oracle", "tsql")
"""These have TRIM('x' FROM y), and no function of two arguments that does the same."""


def _extract(node: exp.Expr, dialect: str) -> exp.Expr | None:
    if dialect != "duckdb":  # PostgreSQL's date_part is a double, its EXTRACT a decimal
        return None
    return _call("date_part", exp.Literal.string(node.args["this"].name.lower()), node.args["expression"])


def _fetch(node: exp.Expr, _dialect: str) -> exp.Expr | None:
    options = node.args.get("limit_options")
    if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
        return None
    return exp.Limit(expression=node.args["count"].copy())


def _within_group(node: exp.Expr, dialect: str) -> exp.Expr | None:
    function, order = node.args["this"], node.args["expression"]
    if dialect != "duckdb" or not isinstance(order, exp.Order) or len(order.expressions) != 1:
        return None
    value = order.expressions[0]
    match function:
        case exp.PercentileCont() | exp.PercentileDisc():
            name = "quantile_cont" if isinstance(function, exp.PercentileCont) else "quantile_disc"
            share = exp.Order(this=function.args["this"].copy(), expressions=[value.copy()])
            return _call(name, value.args["this"], share)
        case exp.Mode() if function.args.get("this") is None:
            return _call("mode", value.args["this"])
    return None


def _regexp(node: exp.Expr, dialect: str) -> exp.Expr | None:
    if dialect != "duckdb" or node.args.get("flag"):
        return None
    return _call("regexp_matches", node.args["this"], node.args["expression"])


def _starts_with(node: exp.Expr, _dialect: str) -> exp.Expr:
    return _call("starts_with", node.args["this"], node.args["expression"])


def _root(node: exp.Expr, _dialect: str) -> exp.Expr:
    return _call("sqrt" if isinstance(node, exp.Sqrt) else "cbrt", node.args["this"])


def _mode(node: exp.Expr, _dialect: str) -> exp.Expr | None:
    return _call("mode", node.args["this"]) if node.args.get("this") is not None else None


def _arrow(node: exp.Expr, dialect: str) -> exp.Expr | None:
    """DuckDB's arrows bind loosely; the writer puts brackets around them in just these places."""
    around = node.parent
    if dialect != "duckdb" or type(around) is type(node):
        return None
    if not isinstance(around, exp.Binary | exp.Bracket | exp.In | exp.Not):
        return None
    return exp.Paren(this=node.copy())


def _lambda(node: exp.Expr, dialect: str) -> exp.Expr | None:
    """``f(j -> 'key')`` is JSON, and not a function of j."""
    body, names = node.args["this"], node.expressions
    if len(names) != 1 or not isinstance(body, exp.Literal) or not isinstance(names[0], exp.Identifier):
        return None
    path: exp.Expr = body.copy()
    if dialect == "postgres":
        step = (
            exp.JSONPathKey(this=body.name) if body.is_string else exp.JSONPathSubscript(this=int(body.name))
        )
        path = exp.JSONPath(expressions=[exp.JSONPathRoot(), step])
    column = exp.Column(this=names[0].copy())
    return exp.Paren(
        this=exp.JSONExtract(this=column, expression=path, only_json_types=dialect == "postgres")
    )


def _if(node: exp.Expr, _dialect: str) -> exp.Expr | None:
    if isinstance(node.parent, exp.Case) and node.arg_key == "ifs":
        return None
    branch = exp.If(this=node.args["this"].copy(), true=node.args["true"].copy())
    otherwise = node.args.get("false")
    return exp.Case(ifs=[branch], default=otherwise.copy() if otherwise is not None else None)


def _not(node: exp.Expr, dialect: str) -> exp.Expr | None:
    """The writer puts brackets behind NOT in some places; here they are in all of them."""
    if dialect == "clickhouse" and not isinstance(node.this, exp.Paren):
        node.set("this", exp.Paren(this=node.this.copy()))
    return None


def _interval(node: exp.Expr, dialect: str) -> exp.Expr | None:
    """Older servers take INTERVAL 1 DAY, and not INTERVAL '1' DAY."""
    amount = node.args.get("this")
    if dialect == "clickhouse" and isinstance(amount, exp.Literal) and amount.name.isdecimal():
        node.set("this", exp.Literal.number(amount.name))
    return None


def _type(node: exp.Expr, dialect: str) -> exp.Expr | None:
    """The parser reads TIMESTAMP and writes DateTime, which is the same there."""
    if dialect == "clickhouse" and node.args.get("this") == exp.DType.TIMESTAMP:
        node.set("this", exp.DType.DATETIME)
    return None


def _time(_node: exp.Expr, _dialect: str) -> exp.Expr:
    return exp.Var(this="CURRENT_TIME")


def _join(node: exp.Expr, dialect: str) -> exp.Expr | None:
    if dialect != "duckdb" or not isinstance(node.args.get("this"), exp.Unnest):
        return None
    if not any(node.args.get(name) for name in ("on", "using", "kind", "side", "method")):
        node.set("on", exp.true())
    return None


def _now(node: exp.Expr, dialect: str) -> exp.Expr | None:
    return _call("GETDATE") if dialect == "tsql" and node.args.get("this") is None else None


def _literal(node: exp.Expr, dialect: str) -> exp.Expr | None:
    """SQL Server squeezes a plain string into a code page: what is not ASCII would turn into ``?``."""
    if dialect != "tsql" or not isinstance(node, exp.Literal) or not node.is_string or node.name.isascii():
        return None
    return exp.National(this=node.name)


def _identifier(node: exp.Expr, dialect: str) -> exp.Expr | None:
    """In brackets, no word of SQL Server's can begin a statement of its own."""
    if dialect == "tsql":
        node.set("quoted", True)
    return None


def _first_word(node: exp.Expr, dialect: str) -> exp.Expr | None:
    """``DATEADD(day, 1, d)`` and ``nvarchar(max)`` begin with a word, which brackets would spoil."""
    if dialect != "tsql" or node.name.lower() not in _WITH_FIRST_WORD or not node.expressions:
        return None
    unit = node.expressions[0]
    if isinstance(unit, exp.Column) and unit.name.isalpha() and len(unit.parts) == 1:
        unit.replace(exp.Var(this=unit.name))
    return None


def _mod(node: exp.Expr, dialect: str) -> exp.Expr | None:
    return _call("MOD", node.args["this"], node.args["expression"]) if dialect == "oracle" else None


def _output(node: exp.Expr, dialect: str) -> exp.Expr | None:
    """The writer gives every column of a derived table in SQL Server's dialect its name once more."""
    select = node.parent
    if dialect != "tsql" or not isinstance(select, exp.Select) or node.arg_key != "expressions":
        return None
    holder = select.parent
    if isinstance(node.this, exp.Star) or not isinstance(holder, exp.CTE | exp.Subquery):
        return None
    alias = holder.args.get("alias")
    if not isinstance(alias, exp.TableAlias) or alias.args.get("columns"):
        return None
    return exp.Alias(this=node.copy(), alias=exp.to_identifier(node.name, quoted=True))


def _frame(node: exp.Expr, _dialect: str) -> exp.Expr | None:
    """``ROWS 6 PRECEDING`` ends at the current row."""
    if node.args.get("start") and not node.args.get("end"):
        node.set("end", "CURRENT ROW")
    return None


_WITH_FIRST_WORD = frozenset(
    {"dateadd", "datediff", "datediff_big", "datename", "datepart", "datetrunc", "date_bucket"}
    | {"varchar", "nvarchar", "varbinary"}
)

_REWRITES: dict[type[exp.Expr], Rewrite] = {
    exp.ByteString: _string,
    exp.RawString: _string,
    exp.Pow: _power,
    exp.StrPosition: _position,
    exp.Trim: _trim,
    exp.Extract: _extract,
    exp.Fetch: _fetch,
    exp.WithinGroup: _within_group,
    exp.RegexpLike: _regexp,
    exp.Sqrt: _root,
    exp.Cbrt: _root,
    exp.Mode: _mode,
    exp.JSONExtract: _arrow,
    exp.JSONExtractScalar: _arrow,
    exp.StartsWith: _starts_with,
    exp.Lambda: _lambda,
    exp.If: _if,
    exp.CurrentTime: _time,
    exp.Join: _join,
    exp.CurrentTimestamp: _now,
    exp.Literal: _literal,
    exp.Identifier: _identifier,
    exp.Anonymous: _first_word,
    exp.Mod: _mod,
    exp.Column: _output,
    exp.WindowSpec: _frame,
    exp.Interval: _interval,
    exp.Not: _not,
    exp.DataType: _type,
}
