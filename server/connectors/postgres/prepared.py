"""What is prepared on one PostgreSQL connection for quick queries: them, and all that goes around them.

One batch begins the read-only transaction with its time-out, runs the query, ends the transaction and
cleans the session of all that ``DISCARD ALL`` cleans, but for the prepared statements, which are ours
alone. Sending it stays in quick.
"""

import secrets
from collections.abc import Hashable

from server.connectors.base import Limits
from server.connectors.postgres.described import SESSION_CLEAN_UP, SHOW_READ_ONLY, Known
from server.connectors.postgres.params import Statement
from server.connectors.postgres.protocol import EXECUTE, SYNC, bind, close_statement, parse

_FEW_ROWS = 64
_LARGEST_REQUEST = 2_500
"""Characters: a batch of which the socket takes all at once, so that the event loop never waits for it."""

_MOST_PREPARED = 200

_TIMEOUTS_KEPT = 100

BEFORE = ("BEGIN READ ONLY", "SELECT FROM pg_catalog.set_config('statement_timeout', $1, true)")
AFTER = ("ROLLBACK", *SESSION_CLEAN_UP, SHOW_READ_ONLY)
QUERY_AT = len(BEFORE)
SHOW_AT = len(BEFORE) + len(AFTER)
"""How many commands of a batch are complete before the query's rows come, and before the last word does:
whether the session still only reads."""

_POOLER_LOST = frozenset({"26000", "42P05", "08P01"})
"""There is no such prepared statement, there is one already, and "I do not know this message"."""

_BETTER_SAID_ELSEWHERE = ("0A", "42")
"""The plan is no longer what it was, and whatever is wrong with the SQL itself: on the ordinary way the
caller's own text is described, and errors speak of it."""


class Prepared:
    """What is prepared on one connection. ``possible`` is False once a pooler has lost our statements."""

    def __init__(self) -> None:
        self.possible = True
        self._tag = secrets.token_hex(4)
        self._around: _Around | None = None
        self._names: dict[tuple[Hashable, int], str] = {}
        self._made = 0

    def forget(self) -> None:
        """A batch failed half-way: which of them there are is not known any more."""
        self._around = None
        self._names.clear()

    def takes(self, known: Known, statement: Statement) -> bool:
        """Whether it is small: what is sent, and what came when it ran last."""
        if not self.possible or known.rows is None or known.rows > _FEW_ROWS:
            return False
        values = sum(map(len, filter(None, statement.values)))
        return len(known.statement.sql) + len(known.plan.select) + values <= _LARGEST_REQUEST

    def failed(self, sqlstate: str) -> bool:
        """True when the ordinary way should be tried instead."""
        self.forget()
        if sqlstate in _POOLER_LOST:
            self.possible = False
        return sqlstate in _POOLER_LOST or sqlstate.startswith(_BETTER_SAID_ELSEWHERE)

    def request(self, known: Known, statement: Statement, limits: Limits) -> bytes:
        """The whole batch; what it needs and is not prepared yet is prepared by it."""
        around, making = self._around, b""
        if around is None:
            around, making = self._prepare_around()
        key = known.statement.key, limits.max_rows
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = self._new_name()
            sql = known.plan.rows_sql(known.statement.sql, limits.max_rows)
            making += parse(sql, known.statement.oids, name)
            if len(self._names) > _MOST_PREPARED:
                making += close_statement(self._names.pop(next(iter(self._names))))
        return making + around.before(limits.timeout_seconds) + bind(statement.values, name) + around.behind

    def _prepare_around(self) -> "tuple[_Around, bytes]":
        """And what prepares it."""
        before = {sql: self._new_name() for sql in BEFORE}
        after = {sql: self._new_name() for sql in AFTER}
        run = {sql: bind((), name) + EXECUTE for sql, name in (before | after).items()}
        begin, timeout = BEFORE
        behind = EXECUTE + b"".join(run[sql] for sql in AFTER) + SYNC
        self._around = _Around(run[begin], before[timeout], behind)
        return self._around, b"".join(parse(sql, (), name) for sql, name in (before | after).items())

    def _new_name(self) -> str:
        self._made += 1
        return f"v{self._tag}_{self._made}"


class _Around:
    """What is sent before a query's bound values and behind them, ready as bytes."""

    def __init__(self, begin: bytes, timeout_name: str, behind: bytes) -> None:
        self.behind = behind
        self._begin = begin
        self._timeout_name = timeout_name
        self._before: dict[int, bytes] = {}

    def before(self, timeout_seconds: float) -> bytes:
        """In whole hundredths of a second, rounded up: mostly the same few."""
        hundredths = int(timeout_seconds * 100) + 1
        found = self._before.get(hundredths)
        if found is None:
            if len(self._before) >= _TIMEOUTS_KEPT:
                self._before.clear()
            found = self._begin + bind((str(hundredths * 10),), self._timeout_name) + EXECUTE
            self._before[hundredths] = found
        return found
