"""The agent's own state, one SQLite file: opened, migrated, handed out. What is kept is in the nouns."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from desktop.store.migrations import MIGRATIONS
from desktop.store.version import version_of
from shared.errors import StateTooNew
from shared.paths import private_folder


class Database:
    """Opens ``file``, brings it to the newest version, and gives transactions.

    Write-ahead logging with full synchronisation: what a transaction has finished survives a kill and
    a power cut. Several processes may use the file at once; a writer waits up to ten seconds for another.
    """

    def __init__(self, file: Path) -> None:
        _refuse_newer(version_of(file), file)
        private_folder(file.parent)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's logs take its mode over
        self.file = file
        self._engine = _engine(file)
        self._writing = self._engine.execution_options(vmart_begin="BEGIN IMMEDIATE")
        with self.write() as connection:
            _migrate(connection, file)
        file.chmod(0o600)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the file."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at its end, or not at all."""
        with self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()


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


def _refuse_newer(version: int, file: Path) -> None:
    if version > len(MIGRATIONS):
        raise StateTooNew(
            f"{file} was written by a newer version of V-Mart AI Agent. "
            "Update this one; the file has been left as it is."
        )


def _migrate(connection: Connection, file: Path) -> None:
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    _refuse_newer(version, file)  # once more, for another process may have been quicker
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"PRAGMA user_version = {number}")
