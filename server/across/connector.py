"""The place where a query across connections ends: an engine that holds its parts, lent like any connection.

Between being lent and being asked it is filled (see fetching). While that goes on it is good for nothing
else: whoever stops then has its process ended, and a fresh one takes its place.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from server.connectors.base import Limits, ParamValue
from server.engine.gathering import Gathering
from shared.errors import InvalidRequest, SourceUnavailable
from shared.guard import ReadOnlySql
from shared.results import Batch, Column, Result, Rows
from shared.wire import Schema


class JoiningConnector:
    """SqlConnector over what is filled in; see server/connectors/base."""

    dialect = "duckdb"

    def __init__(self, spill: Path, *, memory_mb: int, disk_mb: int, threads: int) -> None:
        self.engine = Gathering(spill, memory_mb=memory_mb, disk_mb=disk_mb, threads=threads)
        self._filling = self._filled = False
        self._sql = ""
        self._table: tuple[list[Column], list[list[object]]] | None = None

    def begin_filling(self) -> None:
        self._filling = self._filled = True

    def end_filling(self, sql: str) -> None:
        """``sql``, with its parameters in it, is what runs."""
        self._filling, self._sql = False, sql

    def answer_with(self, columns: list[Column], rows: list[list[object]]) -> None:
        """In place of running anything."""
        self._filling, self._table = False, (columns, rows)

    def ping(self) -> None:
        if not self.engine.alive():
            raise SourceUnavailable("The engine that joins the sources has ended.")

    def schema(self) -> Schema:
        raise InvalidRequest("The schema of all connections is not the engine's.")

    def warnings(self) -> list[str]:
        return []

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:  # noqa: ARG002
        """What was filled in, whatever is asked: it was filled in for this query."""
        if self._table is not None:
            return _result(*self._table, limits.max_rows)
        return self.engine.query(self._sql, limits.max_rows, limits.timeout_seconds)

    def cancel(self) -> None:
        if self._filling:
            self.engine.close()
        else:
            self.engine.cancel()

    def reset(self) -> bool:
        """Nothing of the query stays in memory or on disk."""
        if self._filling or not self.engine.alive():
            return False
        self._sql, self._table = "", None
        if self._filled:
            self.engine.prepare("SELECT 1", [])
            self._filled = False
        return True

    def close(self) -> None:
        self.engine.close()


def _result(columns: list[Column], rows: list[list[object]], max_rows: int) -> Result:
    def batches() -> Iterator[Batch]:
        yield Rows(rows[:max_rows])
        result.truncated = len(rows) > max_rows

    result = Result(columns, batches())
    return result
