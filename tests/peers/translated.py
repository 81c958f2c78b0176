"""An engine behind wires that have none: SQL of one dialect is translated and asked of DuckDB.

It knows enough of each dialect for tests of connectors: what they do with types, sizes, cancels and errors.
What DuckDB cannot say the same way (a catalogue, session statements, codes of errors) is the peer's.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import duckdb
import msgspec
import sqlglot
from sqlglot import exp


class Interrupted(Exception):
    """Somebody stopped the statement."""


class Answered(msgspec.Struct, frozen=True):
    """``columns``: names and DuckDB's types. ``fetch(n)`` gives the next rows, [] at the end."""

    columns: list[tuple[str, str]]
    fetch: Callable[[int], list[tuple[Any, ...]]]


class Engine:
    """One database for all sessions of a peer."""

    def __init__(
        self, dialect: str, rewrite: Callable[[exp.Expr], exp.Expr] = lambda tree: tree, schema: str = "main"
    ) -> None:
        self._dialect, self._rewrite, self._schema = dialect, rewrite, schema
        self._database = duckdb.connect(":memory:", config={"threads": 1})
        self._database.execute("SET TimeZone = 'UTC'")

    def run(self, *statements: str) -> None:
        """DuckDB's own SQL, to fill the database."""
        for statement in statements:
            self._database.execute(statement)

    def session(self) -> "Session":
        cursor = self._database.cursor()
        cursor.execute(f"SET TimeZone = 'UTC'; SET schema = '{self._schema}'")
        return Session(cursor, self._translated)

    def close(self) -> None:
        self._database.close()

    def _translated(self, sql: str) -> str:
        tree = sqlglot.parse_one(sql, dialect=self._dialect)
        return self._rewrite(tree).sql(dialect="duckdb")


class Session:
    """One caller. :meth:`interrupt` may come from any thread."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, translate: Callable[[str], str]) -> None:
        self._cursor, self._translate = cursor, translate
        self._interrupted = False

    def ask(self, sql: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> Answered:
        """Raises Interrupted, or duckdb.Error and sqlglot's ParseError as they are."""
        self._interrupted = False
        try:
            self._cursor.execute(self._translate(sql), values or None)
        except duckdb.Error as error:
            raise self._told(error) from error
        columns = [(name, str(kind)) for name, kind, *_ in self._cursor.description or []]
        return Answered(columns, self._fetch)

    def interrupt(self) -> None:
        self._interrupted = True
        self._cursor.interrupt()

    def close(self) -> None:
        self._cursor.close()

    def _fetch(self, count: int) -> list[tuple[Any, ...]]:
        try:
            return list(self._cursor.fetchmany(count))
        except duckdb.Error as error:
            raise self._told(error) from error

    def _told(self, error: duckdb.Error) -> Exception:
        return Interrupted() if self._interrupted else error


class Watch:
    """Calls ``stop`` when ``noticed()`` comes true while the block runs; ``noticed`` waits a moment."""

    def __init__(self, noticed: Callable[[], bool], stop: Callable[[], None]) -> None:
        self._noticed, self._stop = noticed, stop
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            if self._noticed():
                while not self._over.wait(0.02):  # the statement may not have begun yet
                    self._stop()
                return
