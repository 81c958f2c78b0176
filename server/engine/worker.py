"""The process that runs DuckDB. ``python -m server.engine.worker``, spoken to over its standard streams.

Locked before the first query: no file but the exact ones behind the tables can be opened (allowed_paths;
allowed_directories would permit writing), nothing can be attached, installed or set. A query must be one
statement of the kind SELECT by DuckDB's own parser, and runs in a read-only transaction. This is the second
lock and holds without the guard. The process ends with its parent: its standard input ends then.
"""

import os
import queue
import threading
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import duckdb

from server.engine import convert, messages, profile, rows, tables

_BATCH_BYTES = 512 * 1024
_FIRST_BATCH_ROWS = 512
_MOST_BATCH_ROWS = 16_384


class Engine:
    """One locked DuckDB over one folder."""

    def __init__(self, order: messages.Open) -> None:
        self.root, cache = Path(order.root).resolve(), Path(order.cache)
        self._hidden = [str(self.root), order.root, str(cache)]
        self.broken: list[str] = []
        self.connection = duckdb.connect(
            ":memory:",
            config={
                "threads": order.threads,
                "memory_limit": f"{order.memory_mb}MB",
                "temp_directory": str(cache / "spill"),
                "max_temp_directory_size": "4GB",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
                "allow_unsigned_extensions": False,
                "python_enable_replacements": False,
                "preserve_insertion_order": True,
            },
        )
        self.files = tables.scan(self.root)
        self.sources = [source for file in self.files for source in self._sources(file, cache)]
        self._lock()
        self._profile = profile.Profile(self.connection, cache, self.files, self.sources)

    def _sources(self, file: tables.File, cache: Path) -> list[convert.Source]:
        made = []
        try:
            for source in convert.sources(self.connection, self.root, file, cache):
                view = ".".join(f'"{part}"' for part in (source.schema, source.table) if part)
                if source.schema:
                    self.connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{source.schema}"')
                path = source.parquet.replace("'", "''")
                self.connection.execute(f"CREATE VIEW {view} AS SELECT * FROM read_parquet('{path}')")
                made.append(source)
        except (duckdb.Error, OSError, ValueError) as error:
            self.broken.append(f"{file.path} can not be read: {self.plain(error)}")
        return made

    def _lock(self) -> None:
        paths = ", ".join("'" + source.parquet.replace("'", "''") + "'" for source in self.sources)
        for statement in (
            "SET TimeZone = 'UTC'",
            f"SET allowed_paths = [{paths}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self.connection.execute(statement)

    def query(self, order: messages.Query, out: BinaryIO) -> None:
        names, types = self._describe(order.sql)
        messages.send(out, messages.Head(rows.columns(names, types)))
        self.connection.execute("BEGIN TRANSACTION READ ONLY")
        self.connection.execute(rows.json_query(order.sql, types, order.max_rows + 1))
        sent, size = 0, _FIRST_BATCH_ROWS
        while batch := self.connection.fetchmany(size):
            more = sent + len(batch) > order.max_rows
            kept = batch[: order.max_rows - sent] if more else batch
            data = "".join(map(itemgetter(0), kept)).encode()
            if kept:
                messages.send_rows(out, len(kept), data)
            sent += len(kept)
            if more:
                messages.send(out, messages.End(truncated=True))
                return
            size = max(1, min(_MOST_BATCH_ROWS, _BATCH_BYTES * len(kept) // max(1, len(data))))
        messages.send(out, messages.End(truncated=False))

    def settle(self) -> None:
        """Ends the transaction of a query, however that ended. An interrupt that was meant for the query may
        come late and hit this instead, so it is tried until no transaction is left."""
        while True:
            try:
                self.connection.execute("ROLLBACK")
            except duckdb.InterruptException:
                continue
            except duckdb.TransactionException:  # none is open
                return
            return

    def tables(self) -> messages.Tables:
        return messages.Tables(self._profile.tables())

    def _describe(self, sql: str) -> tuple[list[str], list[tuple[str, str]]]:
        statements = self.connection.extract_statements(sql)
        if len(statements) != 1 or not _reads(statements[0]):
            raise PermissionError(
                "Only one query that reads is allowed; a PIVOT needs its values listed with IN."
            )
        shape = self.connection.sql(sql)
        return list(shape.columns), [(str(kind.id), str(kind)) for kind in shape.types]

    def plain(self, error: BaseException) -> str:
        """The first line of an error, without the machine's paths."""
        text = str(error).split("\n\n", maxsplit=1)[0].split("\nLINE ", maxsplit=1)[0].strip()
        for path in self._hidden:
            text = text.replace(path + "/", "").replace(path, "")
        return " ".join(text.split())[:500]


def main() -> None:
    inbox, out = _streams()
    orders: queue.SimpleQueue[messages.Request] = queue.SimpleQueue()
    desk = _Desk()
    threading.Thread(target=desk.listen, args=(inbox, orders), daemon=True).start()
    first = orders.get()
    if not isinstance(first, messages.Open):
        return
    try:
        engine = Engine(first)
    except (OSError, duckdb.Error) as error:
        messages.send(
            out, messages.Failure("source", f"The folder can not be read ({type(error).__name__}).")
        )
        return
    desk.interrupt = engine.connection.interrupt
    messages.send(out, messages.Ready(engine.broken))
    while True:
        _serve(engine, orders.get(), desk, out)


def _reads(statement: Any) -> bool:
    try:
        return bool(statement.type == duckdb.StatementType.SELECT)
    except ValueError:  # a kind that the Python package has no name for, such as UPDATE EXTENSIONS
        return False


def _serve(engine: Engine, order: messages.Request, desk: "_Desk", out: BinaryIO) -> None:
    if not isinstance(order, messages.Query | messages.Profile):
        return
    desk.running = order.id
    try:
        if isinstance(order, messages.Query):
            engine.query(order, out)
        else:
            messages.send(out, engine.tables())
    except duckdb.InterruptException:
        messages.send(out, messages.Failure("interrupted", ""))
    except PermissionError as error:
        messages.send(out, messages.Failure("refused", str(error)))
    except duckdb.OutOfMemoryException:
        messages.send(out, messages.Failure("query", "The query needs more memory than it may use."))
    except (duckdb.Error, OSError, ValueError, RuntimeError) as error:
        messages.send(out, messages.Failure("query", engine.plain(error)))
    finally:
        desk.running = 0
        engine.settle()


class _Desk:
    """Where orders come in while a query runs; a cancel is obeyed at once."""

    def __init__(self) -> None:
        self.running = 0
        self.interrupt: Callable[[], None] = lambda: None

    def listen(self, inbox: BinaryIO, orders: "queue.SimpleQueue[messages.Request]") -> None:
        while (order := messages.receive_request(inbox)) is not None:
            if isinstance(order, messages.Cancel):
                threading.Thread(target=self._stop, args=(order.id,), daemon=True).start()
            else:
                orders.put(order)
        os._exit(0)  # the parent is gone, and a query may be running

    def _stop(self, order: int) -> None:
        """Until it has stopped: an interrupt that comes between two statements is forgotten by DuckDB."""
        pause = threading.Event()
        while self.running == order:
            self.interrupt()
            pause.wait(0.01)


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """Our own copies, so that nothing that prints can disturb the frames."""
    inbox, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return inbox, out


if __name__ == "__main__":
    main()
