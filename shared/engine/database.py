"""The locked DuckDB that answers queries. Which tables it has, and what is behind them, is the engine's part.

Locked before the first query: no file but the exact ones behind the tables can be opened (allowed_paths;
allowed_directories would permit writing), nothing can be attached, installed or set. A query must be one
statement of the kind SELECT by DuckDB's own parser, and runs in a read-only transaction. This is the second
lock and holds without the guard.
"""

import json
import re
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from shared.engine import rows
from shared.engine.quoting import literal
from shared.results import Column

_BATCH_BYTES = 512 * 1024
_FIRST_BATCH_ROWS = 512
_MOST_BATCH_ROWS = 16_384
_MANY_ROWS = 100_000
"""Who lets so many rows come, most likely takes them."""
_COLUMN_BATCH_ROWS = 4_096


def settings(memory_mb: int, threads: int, cache: Path) -> dict[str, Any]:
    """What every DuckDB of ours is opened with."""
    return {
        "threads": threads,
        "memory_limit": f"{memory_mb}MB",
        "temp_directory": str(cache / "spill"),
        "max_temp_directory_size": f"{max(4 * memory_mb, 4_000)}MB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_unsigned_extensions": False,
        "python_enable_replacements": False,
        "preserve_insertion_order": True,
    }


def connect(config: dict[str, Any]) -> Any:
    """A DuckDB in memory. The limit on disk is said once more: in the config, DuckDB does not keep to it."""
    connection = duckdb.connect(":memory:", config=config)
    connection.execute(f"SET max_temp_directory_size = {literal(config['max_temp_directory_size'])}")
    return connection


class RefusedError(Exception):
    """It is not one query that reads."""


class Prepared(msgspec.Struct, frozen=True):
    """A query that was understood: its columns, the SQL that writes its rows, and the tables in it."""

    columns: list[Column]
    text: str
    tables: list[tuple[str, str]]


class Database:
    """``allowed`` are the only paths that may ever be opened."""

    def __init__(self, config: dict[str, Any], allowed: Sequence[Path]) -> None:
        self.connection = connect(config)
        paths = ", ".join(map(literal, allowed))
        for statement in (
            "SET TimeZone = 'UTC'",
            "SET parquet_metadata_cache = true",
            f"SET allowed_paths = [{paths}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self.connection.execute(statement)

    def tables_in(self, sql: str) -> list[tuple[str, str]]:
        """The names that stand in FROM, as (schema, table); nothing when the text can not be taken apart."""
        ((tree,),) = self.connection.execute(f"SELECT json_serialize_sql({literal(sql)})").fetchall()
        found: dict[tuple[str, str], None] = {}
        waiting: list[Any] = [json.loads(tree)]
        while waiting:
            match waiting.pop():
                case {"type": "BASE_TABLE", "table_name": str(table), "schema_name": schema}:
                    found[str(schema or ""), table] = None
                case dict() as node:
                    waiting += node.values()
                case list() as nodes:
                    waiting += nodes
        return list(found)

    def prepared(self, sql: str, tables: list[tuple[str, str]]) -> Prepared:
        """Raises RefusedError when it is not one query that reads, or duckdb.Error."""
        statements = self.connection.extract_statements(sql)
        if len(statements) != 1 or not _reads(statements[0]):
            raise RefusedError(
                "Only one query that reads is allowed; a PIVOT needs its values listed with IN."
            )
        shape = self.connection.sql(sql)
        types = [(str(kind.id), str(kind)) for kind in shape.types]
        return Prepared(rows.columns(list(shape.columns), types), rows.json_query(sql, types), tables)

    def stream(self, query: Prepared, max_rows: int) -> Iterator[tuple[int, bytes]]:
        """Batches of rows as JSON with their counts; one empty batch more when rows were cut off."""
        self.connection.execute("BEGIN TRANSACTION READ ONLY")
        text = f"{query.text} LIMIT {int(max_rows) + 1}"
        return self._in_columns(text, max_rows) if max_rows > _MANY_ROWS else self._in_rows(text, max_rows)

    def _in_columns(self, text: str, max_rows: int) -> Iterator[tuple[int, bytes]]:
        """For long results: the rows of a batch already lie one behind the other in Arrow's buffer, so none
        of them becomes an object. Half the work; importing Arrow costs 0.1 s once."""
        import numpy as np

        sent = 0
        try:
            for batch in self.connection.sql(text).to_arrow_reader(_COLUMN_BATCH_ROWS):
                lines = batch.column(0)
                kept = min(len(lines), max_rows - sent)
                _, ends, data = lines.buffers()
                places = np.frombuffer(ends, dtype=np.int32)[lines.offset : lines.offset + kept + 1]
                if kept:
                    yield kept, memoryview(data)[int(places[0]) : int(places[-1])].tobytes()
                sent += kept
                if kept < len(lines):
                    yield 0, b""
                    return
        except OSError as error:  # Arrow's stream has no other way to say it
            raise _of_stream(error) from error

    def _in_rows(self, text: str, max_rows: int) -> Iterator[tuple[int, bytes]]:
        self.connection.execute(text)
        sent, size = 0, _FIRST_BATCH_ROWS
        while batch := self.connection.fetchmany(size):
            more = sent + len(batch) > max_rows
            kept = batch[: max_rows - sent] if more else batch
            data = "".join(map(itemgetter(0), kept)).encode()
            if kept:
                yield len(kept), data
            sent += len(kept)
            if more:
                yield 0, b""
                return
            size = max(1, min(_MOST_BATCH_ROWS, _BATCH_BYTES * len(kept) // max(1, len(data))))

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


def _of_stream(error: OSError) -> Exception:
    """What DuckDB would have raised itself."""
    said = str(error)
    if said.startswith("INTERRUPT"):
        return duckdb.InterruptException(said)
    if said.startswith("Out of Memory"):
        return duckdb.OutOfMemoryException(said)
    return duckdb.InvalidInputException(said)


def plain(error: BaseException, hidden: Sequence[str]) -> str:
    """The first line of an error, without the machine's paths."""
    text = str(error).split("\n\n", maxsplit=1)[0].split("\nLINE ", maxsplit=1)[0].strip()
    for path in sorted(hidden, key=len, reverse=True):
        text = text.replace(path + "/", "").replace(path, "the file")
    return " ".join(text.split())[:500]


def plain_of_file(error: BaseException, hidden: Sequence[str]) -> str:
    """What is wrong with a file, to go behind its name: no kind of error, and no full stop."""
    return re.sub(r"^(?:[A-Z]\w+ )+Error: ", "", plain(error, hidden)).rstrip(". ")


def _reads(statement: Any) -> bool:
    try:
        return bool(statement.type == duckdb.StatementType.SELECT)
    except ValueError:  # a kind that the Python package has no name for, such as UPDATE EXTENSIONS
        return False
