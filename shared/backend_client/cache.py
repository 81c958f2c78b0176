"""Answers kept on this computer, for when the backend is away. When to use one is not decided here.

One SQLite file, closed to other users. Entries are JSON and never pickle; their names are hashes
that include the key, so two keys never share an answer, and no key is ever written.
"""

import contextlib
import hashlib
import logging
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from shared.backend_client.cache_file import Entry, Table, memory_table, open_table

log = logging.getLogger(__name__)

T = TypeVar("T")
_LARGEST_ENTRY = 8 * 1024 * 1024


class AnswerCache:
    """Answers to one key from one backend. Thread-safe; a cache that breaks is one that is empty."""

    def __init__(self, path: Path | None, *, base_url: str, api_key: str) -> None:
        self._path = path
        self._owner = hashlib.sha256(f"{base_url}\n{api_key}".encode()).hexdigest()[:24]
        self._lock = threading.Lock()
        self._table: Table | None = None

    def find(self, request: bytes) -> Entry | None:
        return self._with_table(lambda table: table.get(self._name(request)))

    def keep(self, request: bytes, body: bytes) -> None:
        if len(body) <= _LARGEST_ENTRY:
            entry = Entry(body=body, stored_at=datetime.now(UTC))
            self._with_table(lambda table: table.__setitem__(self._name(request), entry))

    def forget(self, request: bytes) -> None:
        """For an answer that this key may no longer have."""
        self._with_table(lambda table: _delete(table, self._name(request)))

    def forget_all(self) -> None:
        """Everything of this key, for when it is refused."""

        def delete_mine(table: Table) -> None:
            for name in [name for name in table if name.startswith(self._owner)]:
                _delete(table, name)

        self._with_table(delete_mine)

    def close(self) -> None:
        with self._lock:
            table, self._table = self._table, None
            if table is not None:
                table.close()

    def _name(self, request: bytes) -> str:
        return f"{self._owner}-{hashlib.sha256(request).hexdigest()}"

    def _with_table(self, use: Callable[[Table], T]) -> T | None:
        """What ``use`` gives, or None when the cache cannot be used."""
        with self._lock:
            try:
                if self._table is None:
                    self._table = memory_table() if self._path is None else open_table(self._path)
                return use(self._table)
            except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
                log.warning("the cache of answers cannot be used, and begins anew: %s", error)
                self._begin_anew()
                return None

    def _begin_anew(self) -> None:
        """A cache holds nothing that can not be asked again, so a damaged file is thrown away."""
        table, self._table = self._table, None
        with contextlib.suppress(sqlite3.Error, OSError):
            if table is not None:
                table.close()
            if self._path is not None:
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _delete(table: Table, name: str) -> None:
    with contextlib.suppress(KeyError):
        del table[name]
