"""What a model sends on to the backend: when it holds values out of the person's own files, the person is
asked first. The one place that every call of a tool passes.

Values are compared, not followed: one that is reckoned with, spelt backwards or told by its length passes.
"""

import threading
from collections.abc import Callable
from itertools import pairwise

from desktop.agent.own_values import OwnValues, Written
from desktop.events import Effect, Reading
from desktop.sheets.known import THIS_PC
from desktop.tools.base import ToolContext
from desktop.tools.files import counted
from shared.errors import EffectDeclined
from shared.llm.base import ToolCall

_SQL = frozenset(("sql", "governed_sql"))
_STAYS: dict[str, frozenset[str]] = {
    "query": frozenset(("title",)),
    "private_join": frozenset(("table", "on", "sql", "title")),
    "insight": frozenset(("title", "goal")),
}
"""Arguments that never leave this PC. Of a tool that is in neither list, all are looked at."""

_STAYS_WHOLE = frozenset(
    (
        *("query_local", "local_tables", "list_files", "search_files", "read_file", "chart", "schema"),
        *("write_file", "open_file", "schedule"),  # these show the person the whole of what they do
    )
)
_MOST_NAMED = 30
_WHY = "The model saw this in your own files and wrote it into a query. It is in no question of yours."
_NO = (
    "Sending some of these values to the backend was declined already. Nothing was sent; go on without them."
)


class Leaving:
    """For one turn: what the person has allowed or declined in it is not asked again. ``own`` gives what the
    model has been shown by now."""

    def __init__(self, dialect: str, own: Callable[[], OwnValues | None]) -> None:
        self._dialect = dialect
        self._own = own
        self._asking = threading.Lock()
        self._allowed: set[str] = set()
        self._declined: set[str] = set()

    def check(self, call: ToolCall, context: ToolContext) -> None:
        """Returns when nothing of the person's own leaves, or they said yes. Raises EffectDeclined,
        Cancelled."""
        if call.name in _STAYS_WHOLE or (call.name == "query" and context.connection == THIS_PC):
            return
        leaving = {
            name: value for name, value in call.arguments.items() if name not in _STAYS.get(call.name, ())
        }
        own = self._own()
        if own is None:
            return
        values = list(
            dict.fromkeys(
                found
                for name, value in leaving.items()
                for found in own.within(written(value, self._dialect if name in _SQL else None))
            )
        )
        if not values:
            return
        with self._asking:  # calls side by side ask once
            if self._declined.intersection(values):
                raise EffectDeclined(_NO)
            if self._allowed.issuperset(values):
                return
            try:
                context.approve(_effect(values, leaving, context.connection))
            except EffectDeclined:
                self._declined.update(values)
                raise
            self._allowed.update(values)


def written(value: object, dialect: str | None) -> Written:
    """What ``value`` would tell; with ``dialect`` it is SQL, whose words of grammar tell nothing."""
    texts = list(_texts(value))
    if dialect is None or len(texts) != 1:
        return Written(texts)
    from sqlglot.tokenizer_core import TokenType

    from shared.sql import parsing  # loads the parser, which the start of the window does not wait for
    from shared.sql.rules import rules

    try:
        tokens, functions = parsing.tokens(texts[0], dialect), rules(dialect).functions
    except Exception:  # noqa: BLE001 - whatever the parser raises: what it cannot read is looked at whole
        return Written(texts)
    names = (TokenType.VAR, TokenType.IDENTIFIER)
    called = {
        before.end
        for before, after in pairwise(tokens)
        if after.text == "(" and before.text.lower() in functions
    }
    return Written(
        [
            *(token.text for token in tokens if token.token_type.name.endswith("STRING")),
            *(comment for token in tokens for comment in token.comments),
        ],
        [token.text for token in tokens if token.token_type in names and token.end not in called],
        [token.text for token in tokens if token.token_type == TokenType.NUMBER],
    )


def _texts(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for item in value for text in _texts(item)]
        case dict():
            return [text for pair in value.items() for item in pair for text in _texts(item)]
        case bool() | None:
            return []
        case _:
            return [str(value)]


def _effect(values: list[str], leaving: dict[str, object], connection: str) -> Effect:
    named = ", ".join(values[:_MOST_NAMED])
    if len(values) > _MOST_NAMED:
        named += f", and {len(values) - _MOST_NAMED} more in the text below"
    sql = [text for name, value in leaving.items() if name in _SQL for text in _texts(value)]
    other = [
        f"{name}: {text}" for name, value in leaving.items() if name not in _SQL for text in _texts(value)
    ]
    return Effect(
        kind="send",
        title=f"Send {counted(len(values), 'value')} out of your files to the backend",
        details=[
            Reading("Value" if len(values) == 1 else "Values", named),
            Reading("To", f"the backend, in a query on {connection}"),
            Reading("Why you are asked", _WHY),
        ],
        preview="\n".join([*sql, *other]),
    )
