"""SQL text to a tree that keeps every word as it was written, and back. What is allowed is in shared/guard.

sqlglot is made to translate between dialects: it reads ``to_char(d, 'YYYY')`` as a notion of its own
and writes what it thinks the dialect calls it. Here the same dialect goes in and out, so the functions
stay unknown words to it: a comment that sqlglot itself defines for this purpose is put behind each
call, and the few names with a grammar that it rewrites carry a mark while it reads.

A placeholder ``:name`` becomes an identifier with a mark before the parser sees it, so that it can
stand wherever a value can, in every dialect; in the tree it is an ``exp.Placeholder``.
"""

import logging
from functools import lru_cache
from itertools import pairwise
from typing import Any

from sqlglot import exp
from sqlglot.dialects.clickhouse import ClickHouse
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.oracle import Oracle
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.tsql import TSQL
from sqlglot.errors import ErrorLevel
from sqlglot.tokenizer_core import Token, TokenType

from shared.errors import QueryRefused
from shared.sql import own_words
from shared.sql.plain import plain

MAX_CHARACTERS = 100_000
MAX_TOKENS = 20_000
MAX_DEPTH = 60
"""Of brackets and CASEs. The parser is recursive, and compiled: without this it can end the process."""
MAX_SUBSCRIPTS = 40
"""``a[1][1]…``: each one doubles back in the parser."""

_FUNCTION, _PLACEHOLDER = "\x02", "\x01"
_KEEP_AS_WRITTEN = "sqlglot.anonymous"
_GRAMMAR = {"CAST", "TRY_CAST", "EXTRACT", "SUBSTRING", "TRIM", "POSITION", "OVERLAY", "NORMALIZE"} | {
    *("FLOOR", "CEIL", "JSON_OBJECT", "JSON_OBJECTAGG", "JSON_TABLE", "JSON_VALUE", "XMLELEMENT", "XMLTABLE")
}
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_VALUE_ENDS = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.STRING, TokenType.NUMBER}


class _Faithful:
    """JSON paths stay the text that they are."""

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        return path


class _FaithfulDuckDB(_Faithful, DuckDB):
    Tokenizer, Parser, Generator = DuckDB.Tokenizer, DuckDB.Parser, DuckDB.Generator


class _FaithfulPostgres(_Faithful, Postgres):
    Tokenizer, Parser, Generator = Postgres.Tokenizer, Postgres.Parser, Postgres.Generator


class _FaithfulClickHouse(_Faithful, ClickHouse):
    Tokenizer, Parser, Generator = ClickHouse.Tokenizer, ClickHouse.Parser, ClickHouse.Generator


class _FaithfulOracle(_Faithful, Oracle):
    Tokenizer, Parser, Generator = Oracle.Tokenizer, Oracle.Parser, Oracle.Generator


class _FaithfulTSQL(_Faithful, TSQL):
    Tokenizer, Parser, Generator = TSQL.Tokenizer, TSQL.Parser, TSQL.Generator


_DIALECTS: dict[str, type[Dialect]] = {
    "clickhouse": _FaithfulClickHouse,
    "duckdb": _FaithfulDuckDB,
    "oracle": _FaithfulOracle,
    "postgres": _FaithfulPostgres,
    "tsql": _FaithfulTSQL,
}


@lru_cache(maxsize=8)
def _dialect(name: str) -> Dialect:
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # its warnings quote the caller's SQL
    return _DIALECTS[name]()


def tokens(sql: str, dialect: str) -> list[Token]:
    """The words of ``sql``; a placeholder is one word, and what is too large or too deep is refused."""
    if len(sql) > MAX_CHARACTERS:
        raise QueryRefused(f"The SQL has {len(sql):,} characters; {MAX_CHARACTERS:,} are allowed.")
    if any(character < " " and character not in "\t\n\r\f" for character in sql) or "\x7f" in sql:
        raise QueryRefused("The SQL holds a control character; remove it.")
    found: list[Token] = _dialect(dialect).tokenize(sql)
    if len(found) > MAX_TOKENS:
        raise QueryRefused(f"The SQL has {len(found):,} words; {MAX_TOKENS:,} are allowed.")
    _refuse_depth(found)
    return _join_placeholders(found)


def trees(sql: str, dialect: str, typed: frozenset[str]) -> list[exp.Expr]:
    """One tree a statement. ``typed`` names the functions whose special grammar needs the parser's own
    reading (``lag(x IGNORE NULLS)``). Raises whatever the parser raises."""
    reader = _dialect(dialect).parser()
    found = tokens(sql, dialect)
    _keep_functions(found, typed, frozenset(reader.FUNCTION_PARSERS) - _GRAMMAR)
    return [plain(_unmarked(tree), dialect) for tree in reader.parse(found, sql) if tree is not None]


def render(tree: exp.Expr, dialect: str) -> str:
    """The text of ``tree``, without comments. Raises when something in it can not be written."""
    copy = own_words.before(tree.copy(), dialect)
    for node in list(copy.find_all(exp.Placeholder)):
        copy = _replaced(copy, node, exp.Var(this=f":{node.name}"))
    text = _dialect(dialect).generate(
        copy, copy=False, comments=False, normalize_functions=False, unsupported_level=ErrorLevel.RAISE
    )
    return own_words.after(text, dialect, _dialect(dialect).tokenize)


def placeholder_name(token: Token) -> str | None:
    return token.text[1:] if token.text.startswith(_PLACEHOLDER) else None


def _refuse_depth(found: list[Token]) -> None:
    depth = subscripts = 0
    for before, token in pairwise([None, *found]):
        if token is None:
            continue
        if token.token_type in _OPENING:
            depth += 1
        elif token.token_type in _CLOSING:
            depth -= 1
        if token.token_type == TokenType.L_BRACKET and before is not None:
            subscripts += before.token_type == TokenType.R_BRACKET
        if depth > MAX_DEPTH or subscripts > MAX_SUBSCRIPTS:
            raise QueryRefused(f"The SQL is nested more than {MAX_DEPTH} levels deep; use CTEs.")


def _join_placeholders(found: list[Token]) -> list[Token]:
    joined: list[Token] = []
    skip = False
    for position, token in enumerate(found):
        if skip:
            skip = False
            continue
        after = found[position + 1] if position + 1 < len(found) else None
        if after is not None and _touch(token, after):
            if token.token_type == TokenType.COLON and _names_placeholder(found, position):
                after.token_type = TokenType.IDENTIFIER
                after.text = _PLACEHOLDER + after.text
                joined.append(after)
                skip = True
                continue
            if token.token_type == TokenType.NUMBER and after.text[:1].isidentifier():
                raise QueryRefused(f"{token.text + after.text!r} is neither a number nor a name.")
        joined.append(token)
    return joined


def _names_placeholder(found: list[Token], position: int) -> bool:
    """``x = :name`` is one; ``a[1:n]``, ``{'a':n}`` and ``alias:expression`` are not."""
    name = found[position + 1]
    if not (name.text.isidentifier() and name.text.isascii()) or name.token_type in {
        TokenType.STRING,
        TokenType.IDENTIFIER,
    }:
        return False
    if position == 0 or not _touch(found[position - 1], found[position]):
        return True
    before = found[position - 1]
    if before.token_type == TokenType.L_BRACKET and position > 1:
        return not _ends_value(found[position - 2])
    return not _ends_value(before)


def _ends_value(token: Token) -> bool:
    return token.token_type in _VALUE_ENDS or token.text[:1].isidentifier()


def _touch(first: Token, second: Token) -> bool:
    return bool(second.start == first.end + 1)


def _keep_functions(found: list[Token], typed: frozenset[str], rewritten: frozenset[str]) -> None:
    calls: list[str] = []
    for before, token in pairwise([None, *found]):
        if token is None:
            continue
        if token.token_type == TokenType.L_PAREN:
            calls.append(before.text.upper() if before is not None else "")
            if before is not None and before.text.upper() in rewritten - typed:
                before.text = _FUNCTION + before.text
        elif token.token_type == TokenType.R_PAREN and calls and calls.pop() not in typed:
            token.comments.append(_KEEP_AS_WRITTEN)


def _unmarked(tree: exp.Expr) -> exp.Expr:
    """The tree without marks, and with placeholders where they were."""
    for node in list(tree.walk()):
        match node:
            case exp.Placeholder() | exp.Parameter():
                raise QueryRefused("Parameters are written :name, for example WHERE zone = :zone.")
            case exp.Column() if node.name.startswith(_PLACEHOLDER):
                if node.table or not isinstance(node.this, exp.Identifier):
                    raise QueryRefused(f"The parameter :{node.name[1:]} can stand only for a value.")
                tree = _replaced(tree, node, exp.Placeholder(this=node.name[1:]))
    for node in tree.walk():
        _unmark(node)
    return tree


def _unmark(node: exp.Expr) -> None:
    name: Any = node.args.get("this")
    if not isinstance(name, str) or isinstance(node, exp.Placeholder):
        return
    if name.startswith(_PLACEHOLDER):
        raise QueryRefused(f"The parameter :{name[1:]} can stand only for a value.")
    if name.startswith(_FUNCTION):
        node.set("this", name[1:])


def _replaced(tree: exp.Expr, node: exp.Expr, by: exp.Expr) -> exp.Expr:
    """``node.replace`` writes a whole list anew for each of its members, of which there may be thousands."""
    above, index = node.parent, node.index
    if node is tree or above is None:
        return by
    if index is None or node.arg_key is None:
        node.replace(by)
        return tree
    above.args[node.arg_key][index] = by
    by.parent, by.arg_key, by.index = above, node.arg_key, index
    while above is not None and above._hash is not None:
        above._hash = None
        above = above.parent
    return tree
