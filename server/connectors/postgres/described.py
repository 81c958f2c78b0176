"""SQL that PostgreSQL has described: its columns, how its rows are asked for, and who reads them."""

from collections.abc import Hashable

import msgspec

from server.connectors.base import Limits
from server.connectors.postgres.params import Statement, can_be_settings, settings, sql_with_settings
from server.connectors.postgres.protocol import (
    DESCRIBE_STATEMENT,
    EXECUTE,
    SYNC,
    Described,
    bind,
    parse,
    simple_query,
)
from server.connectors.postgres.rows import CopyRows, DataRows, RowReader
from server.connectors.postgres.types import Plan

SESSION_CLEAN_UP = (
    "SET SESSION AUTHORIZATION DEFAULT",
    "RESET ALL",
    "CLOSE ALL",
    "UNLISTEN *",
    "SELECT pg_catalog.pg_advisory_unlock_all()",
    "DISCARD TEMP",
    "DISCARD SEQUENCES",
)
"""What ``DISCARD ALL`` stands for in PostgreSQL's manual, but for prepared statements: those are ours."""

SHOW_READ_ONLY = "SHOW default_transaction_read_only"

CLEAN_UP = simple_query("ROLLBACK") + simple_query("; ".join(SESSION_CLEAN_UP)) + simple_query(SHOW_READ_ONLY)
CLEAN_UP_READIES = 3

ALSO_FORGET = simple_query("ROLLBACK; DEALLOCATE ALL")
"""Before CLEAN_UP, when it is not known what is prepared. One ReadyForQuery answers."""

_TEXT = 25

_LONGEST_NAME = 63
"""Bytes; the server cuts the rest off."""

_REMEMBERED, _REMEMBERED_CHARACTERS = 200, 10_000


def begin(limits: Limits, before: str = "") -> bytes:
    """One ReadyForQuery answers. The request's id is the name of the application while the query runs: that
    takes no exchange of its own. A quick query has none, for the server would tell us of each change."""
    milliseconds = max(1, int(limits.timeout_seconds * 1000))
    sql = f"{before}BEGIN READ ONLY; SET LOCAL statement_timeout = {milliseconds}"
    if label := limits.label:
        name = f"V-Mart {label}"[:_LONGEST_NAME]
        sql += f"; SET LOCAL application_name = '{name}'"
    return simple_query(sql)


def describe(statement: Statement) -> bytes:
    """The statement alone, as the caller wrote it; one ReadyForQuery answers."""
    return parse(statement.sql, statement.oids) + DESCRIBE_STATEMENT + SYNC


class Known(msgspec.Struct):
    """``statement`` has the types that its placeholders were described with, ``described`` what the server
    made of them (``inferred``: the types of all placeholders); ``rows`` is how many came when it ran last,
    None when nobody read it to its end."""

    statement: Statement
    inferred: list[int]
    described: list[Described]
    plan: Plan
    rows: int | None = None

    @property
    def is_copied(self) -> bool:
        return self.plan.can_be_copied and can_be_settings(self.inferred)

    def request(self, statement: Statement, limits: Limits) -> bytes:
        """Runs it with the values of ``statement``; one ReadyForQuery answers. COPY takes no bound values:
        they become settings of the transaction before it."""
        if not self.is_copied:
            sql = self.plan.rows_sql(self.statement.sql, limits.max_rows)
            return parse(sql, self.statement.oids) + bind(statement.values) + EXECUTE + SYNC
        if not statement.values:
            sql, first = self.statement.sql, b""
        else:
            sql = sql_with_settings(statement, self.inferred)
            making, values = settings(statement)
            first = parse(making, [_TEXT] * len(values)) + bind(values) + EXECUTE if values else b""
        return first + parse(self.plan.copy_sql(sql, limits.max_rows)) + bind() + EXECUTE + SYNC

    def reader(self, limits: Limits, *, text_is_utf8: bool) -> RowReader:
        if self.is_copied:
            return CopyRows(limits.max_rows, has_numbers=self.plan.has_numbers, text_is_utf8=text_is_utf8)
        return DataRows(limits.max_rows, self.plan.forms)


class Memory:
    """What was described on one connection, the most recent last. Long texts are not kept."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Known] = {}

    def take(self, statement: Statement) -> Known | None:
        """Gone with this; put it back when it is still true."""
        return self._known.pop(statement.key, None)

    def find(self, statement: Statement) -> Known | None:
        """The same, and it stays."""
        return self._known.get(statement.key)

    def put(self, known: Known) -> None:
        if len(known.statement.sql) <= _REMEMBERED_CHARACTERS:
            self._known[known.statement.key] = known
            if len(self._known) > _REMEMBERED:
                del self._known[next(iter(self._known))]
