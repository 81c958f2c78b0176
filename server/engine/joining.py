"""What the engine's process does for a query across sources: takes their rows into tables, and joins them.

The parts of a query come as rows of JSON and become tables of DuckDB, typed as exactly as their sources
tell: a decimal loses no digit, a moment keeps whether it has a zone. What does not fit into memory goes to
disk, up to a limit. Each query gets a database of its own, in which nothing is left of the one before, and
which is locked as the one over files is (see worker): no file, no setting, nothing to attach.
"""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

import duckdb

from server.engine import messages
from server.engine.desk import Desk
from server.engine.parts import Staged
from shared.engine.database import Database, RefusedError, plain, settings
from shared.engine.quoting import name
from shared.results import ColumnType

_TOO_LARGE = (
    "The query needs more memory and disk here than it may use. Ask for less: fewer rows or columns, an "
    "aggregate; or raise joins.memory_mb and joins.disk_mb."
)
_EMPTY = {
    ColumnType.INTEGER: "BIGINT",
    ColumnType.DECIMAL: "DECIMAL(18, 3)",
    ColumnType.FLOAT: "DOUBLE",
    ColumnType.TEXT: "VARCHAR",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIME: "TIME",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.BINARY: "BLOB",
    ColumnType.JSON: "JSON",
}
"""What a column is before its rows have come."""


class Joining:
    """One DuckDB over the parts of one query, and then of the next."""

    def __init__(self, order: messages.Gather) -> None:
        self._order = order
        self._spill = Path(order.spill) / str(os.getpid())
        self._parts: dict[int, messages.Part] = {}
        self._staged: dict[int, Staged] = {}
        self._failure = ""
        _remove_leftovers(Path(order.spill))
        self._spill.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.database = self._opened()

    def prepare(self, order: messages.Prepare) -> None:
        """Raises duckdb.Error when ``order.sql`` can not run on tables like these."""
        self.database.connection.close()
        self.database = self._opened()
        self._staged, self._failure = {}, ""
        self._parts = {part.number: part for part in order.parts}
        for catalog in sorted({catalog.lower() for part in order.parts for catalog, _, _ in part.paths}):
            self.database.connection.execute(f"ATTACH ':memory:' AS {name(catalog)}")
        for part in order.parts:
            columns = [f"NULL::{_EMPTY[column.type]} AS {name(column.name)}" for column in part.columns]
            self._show(part, f"SELECT {', '.join(columns)} WHERE false")
        self.database.prepared(order.sql, [])

    def query(self, order: messages.Query, out: BinaryIO) -> None:
        messages.send(out, messages.Looked())
        query = self.database.prepared(order.sql, [])
        messages.send(out, messages.Head(query.columns))
        truncated = False
        for count, data in self.database.stream(query, order.max_rows):
            if count:
                messages.send_rows(out, count, data)
            truncated = not count
        messages.send(out, messages.End(truncated))

    def begin(self, order: messages.Begin) -> None:
        self._staged[order.number] = Staged(self.database.connection, order.number, order.columns)

    def take(self, rows: messages.PartRows) -> None:
        """What goes wrong here is told when the part is settled."""
        if self._failure:
            return
        try:
            self._staged[rows.number].take(rows.data)
        except (duckdb.Error, ValueError, MemoryError) as error:
            too_large = _is_too_large(error)
            self._failure = _TOO_LARGE if too_large else f"The rows can not be read: {self.plain(error)}"

    def settled(self, order: messages.Settle) -> messages.Settled:
        """Raises ValueError in our words."""
        if self._failure:
            raise ValueError(self._failure)
        for number in order.numbers:
            staged, part = self._staged[number], self._parts[number]
            staged.settle()
            self._show(part, staged.select())
        return messages.Settled([self._keys(*wanted, most=order.most_keys) for wanted in order.keys])

    def plain(self, error: BaseException) -> str:
        """An error without the machine's paths."""
        return plain(error, [self._order.spill])

    def _keys(self, number: int, column: str, *, most: int) -> list[str | int] | None:
        cell = self._staged[number].column(column)
        rows = self.database.connection.execute(
            f"SELECT DISTINCT {cell}, {cell}::VARCHAR FROM memory.main.p{number} WHERE {cell} IS NOT NULL"
            f" ORDER BY 1 LIMIT {int(most) + 1}"
        ).fetchall()
        if len(rows) > most or any(type(value) is int and abs(value) >= 2**63 for value, _ in rows):
            return None
        return [value if type(value) is int else text for value, text in rows]

    def _show(self, part: messages.Part, select: str) -> None:
        for catalog, schema, table in part.paths:
            place = f"{name(catalog)}.{name(schema)}"
            if schema != "main":
                self.database.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {place}")
            self.database.connection.execute(f"CREATE OR REPLACE VIEW {place}.{name(table)} AS {select}")

    def _opened(self) -> Database:
        order = self._order
        config = settings(order.memory_mb, order.threads, self._spill)
        config |= {"temp_directory": str(self._spill), "max_temp_directory_size": f"{order.disk_mb}MB"}
        return Database(config, [])


def serve(first: messages.Gather, orders: messages.Orders, desk: Desk, out: BinaryIO) -> None:
    """Never returns: the process ends with its parent."""
    engine = Joining(first)
    desk.connection = lambda: engine.database.connection
    messages.send(out, messages.Ready([]))
    while True:
        match orders.get():
            case messages.PartRows() as rows:
                engine.take(rows)
            case messages.Begin() as order:
                engine.begin(order)
            case messages.Query() | messages.Prepare() | messages.Settle() as order:
                desk.begin(order.id)
                _answer(engine, order, out)
                desk.end()
                engine.database.settle()


def _answer(
    engine: Joining, order: messages.Query | messages.Prepare | messages.Settle, out: BinaryIO
) -> None:
    """What goes wrong is the answer."""
    try:
        match order:
            case messages.Query():
                engine.query(order, out)
            case messages.Prepare():
                engine.prepare(order)
                messages.send(out, messages.Prepared())
            case messages.Settle():
                messages.send(out, engine.settled(order))
    except duckdb.InterruptException:
        messages.send(out, messages.Failure("interrupted", ""))
    except RefusedError as error:
        messages.send(out, messages.Failure("refused", str(error)))
    except (duckdb.Error, OSError, ValueError, RuntimeError, MemoryError) as error:
        told = _TOO_LARGE if _is_too_large(error) else engine.plain(error)
        messages.send(out, messages.Failure("query", told))


def _is_too_large(error: BaseException) -> bool:
    """A full disk may show when a transaction ends, as something else."""
    memory = isinstance(error, duckdb.OutOfMemoryException | MemoryError)
    return memory or "max_temp_directory_size" in str(error)


def _remove_leftovers(folder: Path) -> None:
    """What engines that were killed have left on disk."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.name.isdigit() and not _runs(int(entry.name)):
            shutil.rmtree(entry, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
