"""A condition on the rows of a table, as a policy has it: small enough to mean the same in every dialect.

Columns of the table itself, values, comparisons, IN, BETWEEN, LIKE, IS NULL, AND, OR, NOT and four functions
that never fail. ``{user.zone}`` stands for what the user's attribute ``zone`` holds; putting that in its
place stays in filling.
"""

import re
from functools import lru_cache

import msgspec
from sqlglot import exp
from sqlglot.errors import SqlglotError

from shared.errors import InvalidRequest, QueryRefused
from shared.sql import parsing

_WRITTEN_IN = "postgres"
MARK = "vmart_attribute_"
_ATTRIBUTE = re.compile(r"\{user\.([A-Za-z_][A-Za-z0-9_]{0,62})\}")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_FUNCTIONS = {"lower": 1, "upper": 1, "abs": 1, "coalesce": 8}
"""With the most arguments that they take."""
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_NAMES = (exp.Identifier,)
_MOST_NODES = 2_000


class Condition(msgspec.Struct, frozen=True):
    """Parsed and found good by :func:`parsed`."""

    tree: exp.Expr
    columns: frozenset[str]
    attributes: frozenset[str]


@lru_cache(maxsize=2048)
def parsed(text: str) -> Condition:
    """Raises InvalidRequest, which says what in the condition is not allowed, in one sentence."""
    tree = _tree(text)
    if sum(1 for _ in tree.walk()) > _MOST_NODES:
        raise InvalidRequest("The condition on rows is too long.")
    _check_truth(tree)
    columns = frozenset(column.name for column in tree.find_all(exp.Column))
    if not columns and not isinstance(tree, exp.Boolean):
        raise InvalidRequest(
            "The condition on rows names no column of the table.", details="Leave rows empty for every row."
        )
    attributes = frozenset(node.name.removeprefix(MARK) for node in tree.find_all(exp.Placeholder))
    return Condition(tree, columns, attributes)


def _tree(text: str) -> exp.Expr:
    marked = _marked(text)
    try:
        found = parsing.trees(f"SELECT 1 WHERE {marked}", _WRITTEN_IN, frozenset())
    except QueryRefused as refusal:
        raise InvalidRequest(f"The condition on rows can not be used: {refusal.message}") from refusal
    except (SqlglotError, RecursionError) as error:
        raise InvalidRequest("The condition on rows can not be parsed.") from error
    except Exception as error:
        raise InvalidRequest("The condition on rows can not be parsed.") from error
    whole = found[0] if len(found) == 1 else None
    where = whole.args.get("where") if isinstance(whole, exp.Select) else None
    used = {name for name, value in whole.args.items() if value} if whole is not None else set()
    if where is None or used != {"expressions", "where"}:
        raise InvalidRequest("The condition on rows must be a single condition, as it stands behind WHERE.")
    return where.this  # type: ignore[no-any-return]


def _marked(text: str) -> str:
    """With ``{user.zone}`` as a parameter, where it is not part of a string or a name."""
    pieces, end = [], 0
    if "--" in text or "/*" in text:
        raise InvalidRequest("The condition on rows holds a comment; leave it out.")
    for match in _QUOTED.finditer(text):
        if "{" in match[0]:
            raise InvalidRequest(
                f"{match[0][:60]} in the condition on rows: an attribute is a value by itself, so write"
                " {user.name} without quotes."
            )
        before = text[end : match.start()]
        if match[0][0] == "'" and re.search(r"[\w&]\Z", before):
            raise InvalidRequest("In the condition on rows, a text stands in plain quotes, like 'East'.")
        pieces += [_with_parameters(before), match[0]]
        end = match.end()
    return "".join([*pieces, _with_parameters(text[end:])])


def _with_parameters(text: str) -> str:
    if ":" in text:
        raise InvalidRequest(
            "The condition on rows holds a colon; an attribute of the user is {user.name}, and casts are not"
            " open."
        )
    marked = _ATTRIBUTE.sub(rf" :{MARK}\1 ", text)
    if set("{}$") & set(marked):
        raise InvalidRequest(
            "In the condition on rows, curly brackets hold {user.name} and nothing else, and $ is not open."
        )
    return marked


def _check_truth(node: exp.Expr) -> None:  # noqa: C901, PLR0912 - a table
    match node:
        case exp.Paren():
            _check_truth(node.this)
        case exp.And() | exp.Or():
            _check_truth(node.this)
            _check_truth(node.expression)
        case exp.Not():
            _check_truth(node.this)
        case exp.Boolean():
            pass
        case exp.Is():
            _check_value(node.this)
            if not isinstance(node.expression, exp.Null):
                raise InvalidRequest("In the condition on rows, IS is followed by NULL or NOT NULL.")
        case exp.In():
            if node.args.get("query") or node.args.get("field") or node.args.get("unnest"):
                raise InvalidRequest("In the condition on rows, IN takes a list of values.")
            for value in (node.this, *node.expressions):
                _check_value(value)
        case exp.Between():
            for value in (node.this, node.args["low"], node.args["high"]):
                _check_value(value)
        case exp.Like():
            _check_value(node.this)
            pattern = node.expression
            if not (isinstance(pattern, exp.Literal) and pattern.is_string) or set(pattern.name) & set("\\["):
                raise InvalidRequest(
                    "In the condition on rows, LIKE takes a text without backslashes and square brackets."
                )
        case _ if isinstance(node, _COMPARISONS):
            _check_value(node.this)
            _check_value(node.expression)
        case _:
            raise InvalidRequest(
                f"In the condition on rows, {_said(node)} is no condition.",
                details="Use comparisons, IN, BETWEEN, LIKE, IS NULL, AND, OR and NOT.",
            )
    if isinstance(node, (exp.Is, exp.In, exp.Between, exp.Like, *_COMPARISONS)):
        extra = {name for name, value in node.args.items() if value}
        extra -= _IS_ARGUMENTS if isinstance(node, exp.Is) else _ARGUMENTS
        if extra:
            raise InvalidRequest(f"In the condition on rows, {_said(node)} can not be written so.")


_ARGUMENTS = frozenset({"this", "expression", "expressions", "low", "high"})
_IS_ARGUMENTS = frozenset({"this", "expression", "negate"})


def _check_value(node: exp.Expr) -> None:
    match node:
        case exp.Paren():
            _check_value(node.this)
        case exp.Column():
            if len(node.parts) > 1 or not isinstance(node.this, exp.Identifier):
                raise InvalidRequest(
                    f"In the condition on rows, {_said(node)} must be a column by its name alone."
                )
        case exp.Literal() | exp.Null() | exp.Boolean():
            pass
        case exp.Placeholder():
            if not node.name.startswith(MARK):
                raise InvalidRequest("In the condition on rows, an attribute is written {user.name}.")
        case exp.Neg() if isinstance(node.this, exp.Literal) and not node.this.is_string:
            pass
        case exp.Anonymous() if 1 <= len(node.expressions) <= _FUNCTIONS.get(str(node.this).lower(), 0):
            for value in node.expressions:
                _check_value(value)
        case _:
            raise InvalidRequest(
                f"In the condition on rows, {_said(node)} is not allowed.",
                details="Values are columns, numbers, 'texts', {user.name} and the functions "
                f"{', '.join(sorted(_FUNCTIONS))}.",
            )


def _said(node: exp.Expr) -> str:
    try:
        text = parsing.render(node, _WRITTEN_IN)
    except Exception:  # noqa: BLE001 - only for a sentence
        text = type(node).__name__
    return repr(text.replace(f":{MARK}", "user.")[:60])
