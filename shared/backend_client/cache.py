"""Answers kept on this computer, for when the backend is away. When to use one is not decided here.

One SQLite file, closed to other users. Entries are JSON and never pickle; their names are hashes
that include the key, so two keys never share an answer, and no key is ever written.
"""

import contextlib
import hashlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from shared.backend_client.cache_file import Entry, Table, memory_table, open_table

log = logging.getLogger(__name__)

_LARGEST_ENTRY = 8 * 1024 * 1024


class AnswerCache:
    """Answers to one key from one backend. Thread-safe; a cache that breaks is one that is empty."""

    def __init__(self, path: Path | None, *, base_url: str, api_key: str) -> None:
        self._path = path
        self._owner = hashlib.sha256(f"{base_url}\n{api_key}".encode()).hexdigest()[:24]
        self._lock = threading.Lock()
        self._table: Table | None = None

    def find(self, request: bytes) -> Entry | None:
        found: list[Entry | None] = []
        with self._table_in_use() as table:
            found.append(table.get(self._name(request)))
        return found[0] if found else None

    def keep(self, request: bytes, body: bytes) -> None:
        if len(body) > _LARGEST_ENTRY:
            return
        with self._table_in_use() as table:
            table[self._name(request)] = Entry(body=body, stored_at=datetime.now(UTC))

    def forget(self, request: bytes) -> None:
        """For an answer that this key may no longer have."""
        with self._table_in_use() as table, contextlib.suppress(KeyError):
            del table[self._name(request)]

    def forget_all(self) -> None:
        """Everything of this key, for when it is refused."""
        with self._table_in_use() as table:
            for name in [name for name in table if name.startswith(self._owner)]:
                with contextlib.suppress(KeyError):
                    del table[name]

    def close(self) -> None:
        with self._lock:
            table, self._table = self._table, None
            if table is not None:
                table.close()

    def _name(self, request: bytes) -> str:
        return f"{self._owner}-{hashlib.sha256(request).hexdigest()}"

    @contextlib.contextmanager
    def _table_in_use(self) -> Iterator[Table]:
        with self._lock:
            try:
                if self._table is None:
                    self._table = memory_table() if self._path is None else open_table(self._path)
                yield self._table
            except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
                log.warning("the cache of answers cannot be used, and begins anew: %s", error)
                self._begin_anew()

    def _begin_anew(self) -> None:
        """A cache holds nothing that can not be asked again, so a damaged file is thrown away."""
        table, self._table = self._table, None
        with contextlib.suppress(sqlite3.Error, OSError):
            if table is not None:
                table.close()
            if self._path is not None:
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
