"""The table in which answers are kept: requests-cache's SQLite dictionary, made safe for us.

Ours are JSON entries instead of pickles, a file that only its owner can read, a bound on its size,
and an end to waiting for a lock (the library waits for ever, also when the file was deleted).
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from shared.paths import private_folder

_LOCK_SECONDS = 3.0
_MOST_ENTRIES = 2_000
_MOST_BYTES = 200 * 1024 * 1024
_MOST_IN_MEMORY = 64


class Entry(msgspec.Struct, frozen=True):
    """An answer as it came, and when."""

    body: bytes
    stored_at: datetime

    @property
    def age_seconds(self) -> float:
        return max(0.0, (datetime.now(UTC) - self.stored_at).total_seconds())

    @property
    def expires_unix(self) -> int:
        """The column by which requests-cache orders its rows. Ours do not expire, they grow old."""
        return int(self.stored_at.timestamp())


class Table(Protocol):
    """Entries by name."""

    def get(self, name: str) -> Entry | None: ...
    def __setitem__(self, name: str, entry: Entry) -> None: ...
    def __delitem__(self, name: str) -> None: ...
    def __iter__(self) -> Iterator[str]: ...
    def close(self) -> None: ...


class _MemoryTable(dict[str, Entry]):
    def __setitem__(self, name: str, entry: Entry) -> None:
        self.pop(name, None)
        super().__setitem__(name, entry)
        while len(self) > _MOST_IN_MEMORY:
            del self[next(iter(self))]

    def close(self) -> None:
        self.clear()


def memory_table() -> Table:
    """For a client without a file: the newest few answers, until it is closed."""
    return _MemoryTable()


def open_table(path: Path, *, most_entries: int = _MOST_ENTRIES, most_bytes: int = _MOST_BYTES) -> Table:
    """The table in the file, made when missing. Raises sqlite3.Error or OSError."""
    private_folder(path.parent)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)

    from requests_cache.backends.sqlite import SQLiteDict
    from requests_cache.serializers import SerializerPipeline, Stage

    class BoundedTable(SQLiteDict):
        _connection: sqlite3.Connection

        @contextlib.contextmanager
        def _acquire_sqlite_lock(self) -> Iterator[None]:
            with self._lock:
                connection = self._connection
                _begin(connection)
                self._active_transaction = True
                try:
                    yield
                    connection.commit()
                except BaseException:
                    connection.rollback()
                    raise
                finally:
                    self._active_transaction = False

        def __setitem__(self, name: str, entry: Entry) -> None:
            self._write(name, entry)  # type: ignore[no-untyped-call]
            with self.connection(commit=True) as connection:
                _drop_oldest(connection, most_entries, most_bytes)

    as_json = Stage(dumps=msgspec.json.encode, loads=msgspec.json.Decoder(Entry).decode)
    table: Any = BoundedTable(
        str(path),
        table_name="answers",
        serializer=SerializerPipeline([as_json], name="entry", is_binary=True),
        busy_timeout=int(_LOCK_SECONDS * 1000),
        wal=True,
    )
    return table  # type: ignore[no-any-return]


def _begin(connection: sqlite3.Connection) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _drop_oldest(connection: sqlite3.Connection, most_entries: int, most_bytes: int) -> None:
    count, size = connection.execute(
        "SELECT count(*), coalesce(sum(length(value)), 0) FROM answers"
    ).fetchone()
    if count > most_entries or size > most_bytes:
        connection.execute(
            "DELETE FROM answers WHERE key IN (SELECT key FROM answers ORDER BY expires, rowid LIMIT ?)",
            (max(1, count // 4),),
        )
