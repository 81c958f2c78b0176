"""Whether a state file can be used: looked at before anything is written. What is done with a bad one is
rescue's business."""

import contextlib
import sqlite3
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote

from desktop.store.migrations import MIGRATIONS
from desktop.store.version import is_sqlite, version_of
from shared.errors import StateDamaged, StateTooNew, StateUnusable

LOCK = "agent.lock"
"""Beside the state: shared by whoever has it open, held alone by who puts a damaged one aside."""

_SMALL = 32 * 1024 * 1024
"""Reading every page of so much takes a twentieth of a second. A larger file is read whole only when the
last program that had it open did not come to its end, for that is when files are damaged."""

Columns = dict[str, set[str]]


def check(file: Path) -> None:
    """Raises StateDamaged, StateTooNew, or StateUnusable for what the person must mend themselves. A file
    that is not there, or is empty, is sound."""
    if not _is_there(file):
        return
    refuse_newer(file, version_of(file))
    if file.stat().st_size == 0:
        return
    if not is_sqlite(file):
        raise StateDamaged(f"{file} is no database.")
    try:
        with reading(file) as state:
            _check_pages(state, file)
            _check_tables(state, file)
    except sqlite3.DatabaseError as error:
        if failure := failure_of(error, file):
            raise failure from error
        raise


def refuse_newer(file: Path, version: int) -> None:
    if version > len(MIGRATIONS):
        raise StateTooNew(
            f"{file} was written by a newer version of V-Mart AI Agent. "
            "Update this one; the file has been left as it is."
        )


def failure_of(error: BaseException | None, file: Path) -> StateUnusable | None:
    """A failure of SQLite in a reader's words; None for one that is a fault of ours."""
    says = ""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StateDamaged(
                f"{file} is damaged. Start V-Mart AI Agent again: "
                "it puts the file aside and begins a fresh one."
            )
        case sqlite3.SQLITE_FULL:
            says = f"The disk is full: {file} cannot be written. Make room, then try again."
        case sqlite3.SQLITE_IOERR:
            says = (
                f"The disk does not read or write {file}: it is full, or faulty. Make room, then try again."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            says = f"{file} is read-only. Make it and its folder writable, then try again."
        case sqlite3.SQLITE_CANTOPEN:
            says = f"{file} cannot be opened. See to the owner of its folder and the room on its disk."
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            says = f"Another program holds {file}. Try again in a moment."
    return StateUnusable(says) if says else None


@contextlib.contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """Without writing into it. What lies in its log is seen."""
    address = f"file:{quote(str(file))}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=10)) as state:
        state.execute("PRAGMA trusted_schema=OFF")
        yield state


def columns_of(state: sqlite3.Connection) -> Columns:
    tables = state.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {
        name: {line[1] for line in state.execute("SELECT * FROM pragma_table_info(?)", [name])}
        for (name,) in tables.fetchall()
    }


@cache
def columns_at(version: int) -> Columns:
    """What a sound state of that version has."""
    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        build(made, version)
        return columns_of(made)


def build(state: sqlite3.Connection, version: int) -> None:
    """Every table as it was in that version, in an empty file."""
    for statements in MIGRATIONS[:version]:
        for statement in statements:
            state.execute(statement)
    state.execute(f"PRAGMA user_version = {version}")


def _is_there(file: Path) -> bool:
    """A pipe must not be opened: nobody writes into it, and the start would wait for ever."""
    try:
        found = file.stat()
    except FileNotFoundError as error:
        if file.is_symlink():
            raise StateUnusable(
                f"{file} is a link to {file.readlink()}, which is not there. "
                "Bring that back, or remove the link."
            ) from error
        return False
    if not stat.S_ISREG(found.st_mode):
        raise StateDamaged(f"{file} is no file.")
    return True


def _check_pages(state: sqlite3.Connection, file: Path) -> None:
    log = file.with_name(f"{file.name}-wal")
    left_open = log.exists() and log.stat().st_size > 0
    if file.stat().st_size > _SMALL and not left_open:
        return
    (found,) = state.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StateDamaged(f"A part of {file} is damaged.")


def _check_tables(state: sqlite3.Connection, file: Path) -> None:
    (version,) = state.execute("PRAGMA user_version").fetchone()
    refuse_newer(file, version)
    found, expected = columns_of(state), columns_at(version)
    if not expected and found:
        raise StateDamaged(f"{file} is a database of another program.")
    if any(not columns <= found.get(table, set()) for table, columns in expected.items()):
        raise StateDamaged(f"Tables are missing from {file}.")
