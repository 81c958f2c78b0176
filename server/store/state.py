"""Our own state: where it is, which version it has, how a transaction is opened. Nouns are beside it.

SQLite in our own folder unless ``store.url`` says otherwise. Times are ISO 8601 text in UTC, so
that they sort and read the same in every database.
"""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from server.store.lock import Held, share
from server.store.migrations import MIGRATIONS
from shared.errors import SettingsInvalid, StateTooNew
from shared.paths import private_folder


class State:
    """The open state. Safe to use from several threads."""

    def __init__(self, engine: sa.Engine, lock: Held | None = None) -> None:
        self._engine = engine
        self._lock = lock

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction: committed at the end, rolled back on an exception."""
        with self._engine.begin() as connection:
            yield connection

    def version_of(self, noun: str) -> int:
        """A number that rises with every change to a noun, by whichever process."""
        with self._engine.connect() as connection:
            return version_in(connection, noun)

    def close(self) -> None:
        self._engine.dispose()
        if self._lock is not None:
            self._lock.close()


_VERSION_OF = sa.text("SELECT version FROM versions WHERE noun = :noun")
_RAISE = sa.text("UPDATE versions SET version = version + 1 WHERE noun = :noun")


def version_in(connection: sa.Connection, noun: str) -> int:
    return int(connection.execute(_VERSION_OF, {"noun": noun}).scalar() or 0)


def changed(connection: sa.Connection, noun: str) -> None:
    """Tells every other process that a noun changed, in the transaction that changes it."""
    connection.execute(_RAISE, {"noun": noun})


def now() -> str:
    """To the millisecond."""
    milliseconds = time.time_ns() // 1_000_000
    return f"{_to_the_second(milliseconds // 1000)}.{milliseconds % 1000:03}+00:00"


@lru_cache(maxsize=4)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def open_state(url: str, home: Path) -> State:
    """The state, brought up to this version. Raises StateTooNew and leaves a newer one untouched,
    Conflict while it is being restored."""
    if url:
        return _migrated(_engine(url))
    file = state_file(home)
    lock = share(private_folder(file.parent))
    try:
        _refuse_no_file(file)
        refuse_newer(file)
        file.touch(mode=0o600)
        engine = _engine(f"sqlite:///{file}")
        sa.event.listen(engine, "connect", _tune_sqlite)
        return _migrated(engine, lock)
    except BaseException:
        lock.close()
        raise


def state_file(home: Path) -> Path:
    """Where our state lies when ``store.url`` names no other place."""
    return home / "backend" / "state.db"


def check_url(url: str) -> None:
    """Raises SettingsInvalid when no database can be behind it; does not connect."""
    if url:
        _engine(url).dispose()


def _engine(url: str) -> sa.Engine:
    try:
        return sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    except (sa.exc.ArgumentError, ImportError, ValueError) as error:
        raise SettingsInvalid(
            "store.url is not an address of a database that we can open. "
            "Write it like postgresql+pg8000://user:password@host/database, or leave it empty."
        ) from error


def _tune_sqlite(raw: object, _record: object) -> None:
    """Write-ahead log: readers and the audit writer do not wait for each other.

    ``synchronous=NORMAL`` keeps every committed line when the process dies; a power cut may lose
    the last ones, never the file.
    """
    cursor = raw.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _refuse_no_file(file: Path) -> None:
    """A folder, a pipe, or a link that leads nowhere."""
    if file.is_symlink() and not file.exists():
        raise SettingsInvalid(
            f"{file} is a link to {file.readlink()}, which is not there. Bring that back, or remove the link."
        )
    if file.exists() and not file.is_file():
        raise SettingsInvalid(f"{file} is no file. Move it away, or restore the state from a backup.")


def refuse_newer(file: Path) -> None:
    """Looks at the version through a read-only door, so that a newer state stays byte for byte."""
    if not file.exists() or file.stat().st_size == 0:
        return
    log = file.with_name(f"{file.name}-wal")
    # With a log beside it, its index is not written; without one, SQLite does not make one. When that
    # fails, because somebody writes just now or the index is gone, it is read as usual.
    careful = "readonly_shm=1" if log.exists() and log.stat().st_size else "immutable=1"
    try:
        try:
            found = _version_in(file, f"mode=ro&{careful}")
        except sa.exc.DatabaseError:
            found = _version_in(file, "mode=ro")
    except sa.exc.DatabaseError as error:
        raise SettingsInvalid(
            f"{file} is damaged, or not a state that we wrote. Restore it from a backup, or move it away."
        ) from error
    check_version(found, str(file))


def _version_in(file: Path, how: str) -> int:
    engine = sa.create_engine(f"sqlite:///file:{quoted(file)}?{how}&uri=true", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return _version(connection)


def quoted(file: Path) -> str:
    """As SQLite's file: addresses want it."""
    from urllib.parse import quote

    return quote(str(file if os.name != "nt" else file.as_posix()))


def _version(connection: sa.Connection) -> int:
    if not sa.inspect(connection).has_table("migrations"):
        return 0
    return int(connection.execute(sa.text("SELECT max(number) FROM migrations")).scalar() or 0)


def check_version(found: int, where: str) -> None:
    """Raises StateTooNew."""
    if found > len(MIGRATIONS):
        raise StateTooNew(
            f"The state in {where} was written by a newer version (it is at {found}, this one knows "
            f"{len(MIGRATIONS)}). Start the newer version, or restore a backup of this one's."
        )


_MADE = re.compile(r"CREATE TABLE (\w+)")


def _refuse_incomplete(connection: sa.Connection) -> None:
    """A table that has gone would be missed by one request after the other."""
    made = {name for statements in MIGRATIONS for text in statements for name in _MADE.findall(text)}
    missing = sorted(made - set(sa.inspect(connection).get_table_names()))
    if missing:
        raise SettingsInvalid(
            f"The backend's own state is damaged: it lacks {', '.join(missing)}. Restore it from a backup."
        )


def _why(error: sa.exc.DBAPIError, url: sa.URL) -> str:
    """What to do about a state that cannot be opened or written."""
    if url.get_backend_name() != "sqlite":
        return (
            "The backend's own state cannot be opened or written. See whether the database of store.url "
            "answers, and whether its account may make tables."
        )
    file, user = url.database, f" {os.geteuid()}" if hasattr(os, "geteuid") else ""
    match getattr(error.orig, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return f"The disk is full: {file} cannot be written. Make room, then start again."
        case sqlite3.SQLITE_IOERR:
            return (
                f"The disk does not read or write {file}: it is full or faulty. Make room, then start again."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return f"{file} cannot be opened or written. Give it and its folder to user{user}, who runs this."
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"Another program holds {file}. End it, then start again."
    return f"{file} is damaged, or a database of another program. Restore it from a backup, or move it away."


def _migrated(engine: sa.Engine, lock: Held | None = None) -> State:
    identity = (
        "INTEGER PRIMARY KEY AUTOINCREMENT"
        if engine.dialect.name == "sqlite"
        else "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
    )
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                # The driver opens no transaction for DDL by itself; two starts at once must not mix.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            found = _version(connection)
            check_version(found, "the database of store.url")
            if found == 0:
                connection.execute(
                    sa.text("CREATE TABLE migrations (number INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)")
                )
            for number, statements in enumerate(MIGRATIONS[found:], start=found + 1):
                for statement in statements:
                    connection.execute(sa.text(statement.replace("{identity}", identity)))
                connection.execute(
                    sa.text("INSERT INTO migrations (number, applied_at) VALUES (:number, :at)"),
                    {"number": number, "at": now()},
                )
            _refuse_incomplete(connection)
    except sa.exc.DBAPIError as error:
        raise SettingsInvalid(_why(error, engine.url)) from error
    return State(engine, lock)
