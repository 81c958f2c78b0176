"""What earlier versions kept in one place for everybody, moved into a person's folder."""

import logging
from pathlib import Path

from desktop.locking import locked
from shared.paths import private_folder
from shared.private_files import sync_folder

_log = logging.getLogger(__name__)

_STATE = "agent.db"
_LOGS = (f"{_STATE}-wal", f"{_STATE}-shm")
_OTHERS = ("results", "cache", "backend.json")


def move_in(old: Path, folder: Path) -> None:
    """Each piece by renaming, so that a process that is killed half-way leaves every piece in one of the two
    places, and the next start moves the rest. Nothing that is in ``folder`` is ever replaced."""
    if not _waiting(old):
        return
    private_folder(folder)
    with locked(folder.parent / "moving.lock"):
        for name in _waiting(old):
            if _is_taken(name, folder):
                _log.warning("%s is left where it is: there is one in %s.", old / name, folder)
            else:
                (old / name).rename(folder / name)
        sync_folder(folder)
        sync_folder(old)


def _waiting(old: Path) -> list[str]:
    """The state comes after its logs: as long as it is in the old place, so may they be."""
    return [name for name in (*_LOGS, _STATE, *_OTHERS) if (old / name).exists()]


def _is_taken(name: str, folder: Path) -> bool:
    """A log is of no use to another state, and would spoil it."""
    return (folder / (_STATE if name in _LOGS else name)).exists() or (folder / name).exists()
