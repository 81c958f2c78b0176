"""The agent's own state, one SQLite file: opened, migrated, handed out. What is kept is in the nouns."""

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from desktop.locking import share
from desktop.store.migrations import MIGRATIONS
from desktop.store.soundness import LOCK, failure_of, refuse_newer
from desktop.store.version import version_of
from shared.paths import private_folder


class Database:
    """Opens ``file``, brings it to the newest version, and gives transactions.

    Write-ahead logging with full synchronisation: what a transaction has finished survives a kill and
    a power cut. Several processes may use the file at once; a writer waits up to ten seconds for another.
    """

    def __init__(self, file: Path) -> None:
        refuse_newer(file, version_of(file))
        private_folder(file.parent)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's logs take its mode over
        self.file = file
        self._let_go = weakref.finalize(self, os.close, share(file.with_name(LOCK)))
        self._engine = _engine(file)
        self._writing = self._engine.execution_options(vmart_begin="BEGIN IMMEDIATE")
        with self.write() as connection:
            _migrate(connection, file)
        file.chmod(0o600)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the file. Raises StateUnusable when that cannot be read."""
        with self._in_our_words(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at its end, or not at all. Raises StateUnusable for a full disk and
        its like."""
        with self._in_our_words(), self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()
        self._let_go()

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            if failure := failure_of(error.orig, self.file):
                raise failure from error
            raise


def _engine(file: Path) -> Engine:
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # we say BEGIN ourselves: the driver's own comes too late
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            dbapi_connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("vmart_begin", "BEGIN"))

    return engine


def _migrate(connection: Connection, file: Path) -> None:
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    refuse_newer(file, version)  # once more, for another process may have been quicker
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"PRAGMA user_version = {number}")
