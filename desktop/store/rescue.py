"""A damaged state file: put aside under a dated name, and a fresh one begun with what can still be read.

Nothing is deleted. A process that is killed half-way leaves either the damaged file in its place, or the
fresh one complete beside it, and the next start goes on from there.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from desktop.locking import HELD, locked
from desktop.store.migrations import MIGRATIONS
from desktop.store.preferences import NOTICE
from desktop.store.soundness import LOCK, Columns, build, check, columns_of, reading
from desktop.store.version import is_sqlite
from shared.errors import StateDamaged, StateUnusable
from shared.private_files import sync_folder

_log = logging.getLogger(__name__)

_TOLD = (
    ("conversations", "conversation", "deleted_at IS NULL"),
    ("tasks", "task", "deleted_at IS NULL"),
    ("grants", "granted folder", "revoked_at IS NULL AND kind = 'folder'"),
)


def mend(file: Path) -> str:
    """What was done with a damaged file, in a sentence; nothing for a sound one. Raises StateTooNew, and
    StateUnusable for what the person must mend themselves."""
    fresh = file.with_name(f"{file.name}.fresh")
    try:
        check(file)
        if file.exists() or not fresh.exists():
            return ""
    except StateDamaged as damage:
        _log.info("%s", damage)
    with _alone(file):
        try:
            check(file)  # another process may have been quicker
        except StateDamaged as damage:
            return _begin_anew(file, fresh, damage)
        if not file.exists() and fresh.exists():
            _put_in_place(file, fresh, _dated(file))
        return ""


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Waits for a process that mends it; one that has it open keeps it."""
    held = contextlib.ExitStack()
    try:
        held.enter_context(locked(file.with_name(LOCK)))
    except OSError as error:
        if error.errno not in HELD:
            raise
        raise StateUnusable(
            f"{file} is damaged, and V-Mart AI Agent has it open. Close that, then start it again: it puts "
            "the file aside and begins a fresh one."
        ) from error
    with held:
        yield


def _begin_anew(file: Path, fresh: Path, damage: StateDamaged) -> str:
    aside = _dated(file)
    fresh.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(fresh)) as state:
            fresh.chmod(0o600)
            says = _filled(state, file, aside)
            state.execute("INSERT OR REPLACE INTO preferences VALUES (?, ?)", (NOTICE, says))
            state.commit()
    except sqlite3.DatabaseError as error:
        fresh.unlink(missing_ok=True)
        raise StateUnusable(
            f"{damage} A fresh one cannot be written beside it. See to the room on the disk, then try again."
        ) from error
    try:
        file.rename(aside)
        _put_in_place(file, fresh, aside)
    except PermissionError as error:  # Windows does not rename what another process has open
        raise StateUnusable(f"{damage} Another program holds it. End that one, then try again.") from error
    _log.warning("%s", says)
    return says


def _put_in_place(file: Path, fresh: Path, aside: Path) -> None:
    """A log left beside it would be taken for the fresh one's."""
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            file.with_name(file.name + ending).rename(aside.with_name(aside.name + ending))
    fresh.rename(file)
    sync_folder(file.parent)


def _dated(file: Path) -> Path:
    """A name that is free."""
    day = datetime.now().astimezone().strftime("%Y-%m-%d")
    number = 1
    while True:
        aside = file.with_name(f"{file.stem}-damaged-{day}{f'-{number}' if number > 1 else ''}{file.suffix}")
        if not aside.exists() and not aside.is_symlink():
            return aside
        number += 1


# -- What can still be read ----------------------------------------------------------------


def _filled(fresh: sqlite3.Connection, file: Path, aside: Path) -> str:
    """Says what was carried over."""
    if file.is_file() and is_sqlite(file):
        with reading(file) as damaged:
            damaged.execute("PRAGMA writable_schema=ON")  # else a file that is cut off is not read at all
            damaged.text_factory = lambda text: text.decode("utf-8", "replace")
            version, there = _shape_of(damaged)
            build(fresh, version)
            _carry_over(damaged, there, fresh)
    else:
        build(fresh, len(MIGRATIONS))
    tables = columns_of(fresh)
    counted = [_counted(fresh, table, word, which) for table, word, which in _TOLD if table in tables]
    kept = [words for words in counted if words]
    carried = (
        f"{_listed(kept)} could be read from it and are here; anything else could not"
        if kept
        else "none of them could be read from it, so they begin anew"
    )
    return (
        "The file with your conversations, tasks, settings and granted folders was damaged: "
        f"{carried}. Nothing was deleted; the damaged file is kept as {aside}."
    )


def _shape_of(damaged: sqlite3.Connection) -> tuple[int, Columns]:
    """Its version, the newest one when it says none that there was; and its tables, as far as it says."""
    newest = len(MIGRATIONS)
    try:
        (version,) = damaged.execute("PRAGMA user_version").fetchone()
        return (version if 0 < version <= newest else newest), columns_of(damaged)
    except sqlite3.DatabaseError:
        return newest, {}


def _carry_over(damaged: sqlite3.Connection, there: Columns, fresh: sqlite3.Connection) -> None:
    """What cannot be read is left out; that something cannot be written is raised."""
    for table, columns in columns_of(fresh).items():
        names = sorted(columns & there.get(table, set()))
        if not names:
            continue
        holes = ", ".join("?" * len(names))
        insert = f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({holes})"  # noqa: S608
        for row in _readable(damaged, table, ", ".join(names)):
            with contextlib.suppress(sqlite3.IntegrityError):
                fresh.execute(insert, row)
    while orphans := fresh.execute("PRAGMA foreign_key_check").fetchall():
        for table, row, *_ in orphans:
            fresh.execute(f"DELETE FROM {table} WHERE rowid = ?", [row])  # noqa: S608


def _readable(damaged: sqlite3.Connection, table: str, names: str) -> Iterator[tuple[Any, ...]]:
    """From the beginning up to the first damaged page, and from the end back to the last one."""
    last = -(2**63)
    asked = f"SELECT rowid, {names} FROM {table} NOT INDEXED WHERE rowid > ? ORDER BY rowid"  # noqa: S608
    try:
        for rowid, *row in damaged.execute(asked, [last]):
            last = rowid
            yield tuple(row)
        return
    except sqlite3.DatabaseError:
        _log.info("A page of %s cannot be read.", table)
    behind: list[tuple[Any, ...]] = []
    with contextlib.suppress(sqlite3.DatabaseError):
        for _, *row in damaged.execute(f"{asked} DESC", [last]):
            behind.append(tuple(row))
    yield from reversed(behind)


def _counted(fresh: sqlite3.Connection, table: str, word: str, which: str) -> str:
    (count,) = fresh.execute(f"SELECT count(*) FROM {table} WHERE {which}").fetchone()  # noqa: S608
    if not count:
        return ""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
