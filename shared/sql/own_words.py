"""What the writer of a dialect says in words that are not the dialect's own, put right around it. Nothing is
judged.

Oracle: ``MINUS`` is EXCEPT in the tree, which versions before 21c do not know; a date or timestamp literal
would come out as a call whose text no longer reads as the literal that it was.
"""

from collections.abc import Callable

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType


def before(tree: exp.Expr, dialect: str) -> exp.Expr:
    """The tree, for the writer; changed in place where it can be."""
    if dialect != "oracle":
        return tree
    for node in list(tree.find_all(exp.DateStrToDate, exp.StrToTime)):
        kind = "DATE" if isinstance(node, exp.DateStrToDate) else "TIMESTAMP"
        value = node.this
        if isinstance(value, exp.Literal) and value.is_string:
            text = value.name.replace("'", "''")
            node.replace(exp.Var(this=f"{kind} '{text}'"))
    return tree


def after(text: str, dialect: str, tokenize: Callable[[str], list[Token]]) -> str:
    """The text that the writer gave, in the dialect's words."""
    if dialect != "oracle" or "EXCEPT" not in text:
        return text
    for token in reversed(tokenize(text)):
        if token.token_type == TokenType.EXCEPT:
            text = text[: token.start] + "MINUS" + text[token.end + 1 :]
    return text
