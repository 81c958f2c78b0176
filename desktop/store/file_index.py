"""What was read of the granted files, so that searching need not read them again: a file of its own, which
may be thrown away at any time. What is read, and when, is decided in files.
"""

import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from shared.paths import private_folder

_VERSION = 1
_QUERY_SECONDS = 10.0
_AROUND = 90
_NO_MARKS = {2: None, 3: None}
_SCHEMA = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    grant_id TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    why TEXT NOT NULL DEFAULT '',
    cut INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX files_of_grant ON files (grant_id);
CREATE VIRTUAL TABLE texts USING fts5 (
    body, tokenize = "unicode61 remove_diacritics 1 categories 'L* N* Co Mn Mc'"
);
"""
"""Marks belong to words: without them Hindi falls into single letters."""


class Read(msgspec.Struct, frozen=True):
    """One file as it was read; ``why`` says why it could not be, ``cut`` that only its beginning was."""

    grant_id: str
    path: str
    size: int
    modified_ns: int
    text: str = ""
    why: str = ""
    cut: bool = False


class Match(msgspec.Struct, frozen=True):
    """``snippet`` is the words around the first that was found, the found ones between U+0002 and U+0003."""

    path: str
    snippet: str


class FileIndex:
    """One person's. Safe to use from any thread."""

    def __init__(self, file: Path) -> None:
        private_folder(file.parent)
        self._lock = threading.Lock()
        self._connection = _opened(file)
        file.chmod(0o600)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def versions(self, grant_id: str) -> dict[str, tuple[int, int]]:
        """Size and time of change of every file of a grant that was read."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT path, size, modified_ns FROM files WHERE grant_id = ?", (grant_id,)
            )
            return {path: (size, modified_ns) for path, size, modified_ns in rows}

    def keep(self, found: Iterable[Read]) -> None:
        """Each in place of what was kept of that path before."""
        with self._lock, self._connection:
            for each in found:
                self._drop([each.path])
                kept = self._connection.execute(
                    "INSERT INTO files (grant_id, path, size, modified_ns, why, cut) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (each.grant_id, each.path, each.size, each.modified_ns, each.why, each.cut),
                )
                if each.text:
                    self._connection.execute(
                        "INSERT INTO texts (rowid, body) VALUES (?, ?)", (kept.lastrowid, each.text)
                    )

    def forget(self, paths: Sequence[str]) -> None:
        with self._lock, self._connection:
            self._drop(paths)

    def keep_only(self, grant_ids: Sequence[str]) -> None:
        """Forgets the files of all other grants."""
        with self._lock:
            known = [str(row[0]) for row in self._connection.execute("SELECT DISTINCT grant_id FROM files")]
        for grant_id in set(known) - set(grant_ids):
            self.forget(list(self.versions(grant_id)))

    def search(self, words: Sequence[str], grant_ids: Sequence[str], most: int) -> list[Match]:
        """Files of these grants whose text has all words, or beginnings of words; the best first."""
        wanted = " ".join('"' + word.replace('"', '""') + '"*' for word in words)
        if not wanted or not grant_ids:
            return []
        marks = ", ".join("?" * len(grant_ids))
        statement = (
            "SELECT files.path, texts.body FROM texts "  # noqa: S608 - marks
            "JOIN files ON files.id = texts.rowid WHERE texts MATCH ? "
            f"AND files.grant_id IN ({marks}) ORDER BY bm25(texts), files.path LIMIT ?"
        )
        with self._lock:
            until = time.monotonic() + _QUERY_SECONDS
            self._connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
            try:
                rows = self._connection.execute(statement, (wanted, *grant_ids, most))
                return [Match(path, _snippet(body, words)) for path, body in rows]
            except sqlite3.OperationalError:  # it took too long
                return []
            finally:
                self._connection.set_progress_handler(None, 0)

    def unread(self, grant_ids: Sequence[str]) -> tuple[int, int]:
        """How many files could not be read, and of how many only the beginning was."""
        marks = ", ".join("?" * len(grant_ids))
        with self._lock:
            row = self._connection.execute(
                f"SELECT sum(why != ''), sum(cut) FROM files WHERE grant_id IN ({marks})",  # noqa: S608
                tuple(grant_ids),
            ).fetchone()
        return int(row[0] or 0), int(row[1] or 0)

    def _drop(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._connection.execute(
                "DELETE FROM texts WHERE rowid IN (SELECT id FROM files WHERE path = ?)", (path,)
            )
            self._connection.execute("DELETE FROM files WHERE path = ?", (path,))


def _snippet(body: str, words: Sequence[str]) -> str:
    """Made here: the engine's own takes minutes on a text that says one word a hundred thousand times."""
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    first = pattern.search(body)
    if first is None:  # found without its accents
        return " ".join(body[: 2 * _AROUND].split())
    start, end = max(0, first.start() - _AROUND), first.end() + _AROUND
    around = " ".join(body[start:end].translate(_NO_MARKS).split())
    shown = pattern.sub(lambda found: f"\x02{found[0]}\x03", around)
    return ("…" if start else "") + shown + ("…" if end < len(body) else "")


def _opened(file: Path) -> sqlite3.Connection:
    """An index of another version, or a broken one, is made anew: it holds nothing that is not in the
    files."""
    try:
        return _made(file)
    except sqlite3.DatabaseError:
        for each in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
            each.unlink(missing_ok=True)
        return _made(file)


def _made(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=10, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")  # what is lost is read again
        connection.execute("PRAGMA secure_delete=ON")
        [version] = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            with connection:
                connection.executescript(_SCHEMA)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        elif version != _VERSION:
            raise sqlite3.DatabaseError("The index was made by another version.")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
