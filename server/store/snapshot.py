"""A copy of our state in SQLite: taken while a backend runs, checked before it is trusted."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from server.store.state import check_version, quoted
from shared.errors import BackupFailed, BackupInvalid

_FIRST_BYTES = b"SQLite format 3\0"
_WAIT_SECONDS = 30.0


class Found(msgspec.Struct, frozen=True):
    """What a copy tells about itself; ``vault_mark`` is None when nothing was ever sealed."""

    version: int
    vault_mark: str | None


def copy_state(file: Path, to: Path) -> None:
    """As it is at one moment, without holding up who writes. ``to`` is one file without a log beside it."""
    try:
        with (
            contextlib.closing(
                sqlite3.connect(_uri(file, "mode=ro"), uri=True, timeout=_WAIT_SECONDS)
            ) as source,
            contextlib.closing(sqlite3.connect(to)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise BackupFailed(f"The state in {file} cannot be copied: {error}.") from error


def look_into(file: Path, where: str) -> Found:
    """Raises BackupInvalid when this is no sound state of ours, StateTooNew when it is a newer version's.

    ``where`` is what sentences call it. The file is not changed.
    """
    if not _is_sqlite(file):
        raise BackupInvalid(f"The state in {where} is not a state that we wrote.")
    try:
        with _reading(file) as state:
            (soundness,) = state.execute("PRAGMA quick_check(1)").fetchone()
            if soundness != "ok":
                raise BackupInvalid(f"The state in {where} is damaged.")
            others = "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')"
            if state.execute(others).fetchone()[0]:
                raise BackupInvalid(
                    f"The state in {where} holds code (a trigger or a view), which we never write."
                )
            version = int(state.execute("SELECT max(number) FROM migrations").fetchone()[0])
            check_version(version, where)
            mark = state.execute("SELECT value FROM facts WHERE name = 'vault_mark'").fetchone()
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise BackupInvalid(f"The state in {where} is damaged, or not a state that we wrote.") from error
    return Found(version, None if mark is None else str(mark[0]))


def settle(file: Path) -> bool:
    """Takes what still lies in the log beside ``file`` into it, so that the file alone is the whole state.

    False when it cannot be read at all. Only for whoever has it alone.
    """
    if not _is_sqlite(file):  # SQLite would take a short one for an empty one, and throw its log away
        return False
    try:
        with contextlib.closing(sqlite3.connect(_uri(file, "mode=rw"), uri=True)) as state:
            (mode,) = state.execute("PRAGMA journal_mode=DELETE").fetchone()
            return str(mode) == "delete"
    except sqlite3.Error:
        return False


def _is_sqlite(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(_FIRST_BYTES)) == _FIRST_BYTES


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(_uri(file, "mode=ro&immutable=1"), uri=True)) as state:
        state.execute("PRAGMA trusted_schema=OFF")
        state.execute("PRAGMA cell_size_check=ON")
        yield state


def _uri(file: Path, how: str) -> str:
    return f"file:{quoted(file)}?{how}"
