"""Where a connection to Tableau keeps what it has fetched: a private folder that goes with it.

The folder is locked as long as its process lives, so that what a killed one left behind is known for that,
and removed when the next connection opens.
"""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from shared import paths

_YOUNG_SECONDS = 60.0
"""A folder this new may not be locked yet."""


class RowsFolder:
    """Close it in the end."""

    def __init__(self) -> None:
        parent = paths.private_folder(paths.home() / "cache" / "tableau")
        _remove_left_behind(parent)
        self.path = Path(tempfile.mkdtemp(dir=parent))
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        _try_lock(self._lock)

    def close(self) -> None:
        """Safe to call more than once; never raises."""
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)
        shutil.rmtree(self.path, ignore_errors=True)


def _remove_left_behind(parent: Path) -> None:
    for folder in parent.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime < _YOUNG_SECONDS:
                continue
            descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if _try_lock(descriptor):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """False when somebody else holds it; on Windows, where an open file can not be removed, always."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
