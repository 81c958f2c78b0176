"""V-Mart demo retail: two Indian financial years of a chain's sales, made on the spot, always the same.

Here: that the files are there, whole, and of this version. What they hold is decided in the modules
beside this one and described in docs/demo-data.md.
"""

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from shared.errors import Conflict

VERSION = "1"
"""Goes up with every change of the data."""

MARKER = ".vmart-demo-version"
"""Written last: a folder without it is not finished."""

_STALE_SECONDS = 3600


def ensure(folder: Path, progress: Callable[[str], None]) -> Path:
    """The folder with the demo's Parquet files, made now if they are missing or of another version.

    Safe to kill and to run twice at once: the files are made in a folder beside it that is renamed
    when it is whole. Raises Conflict when ``folder`` holds files that are not ours.
    """
    if _version(folder) == VERSION:
        return folder
    _refuse_foreign(folder)
    from server.demo import parquet

    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    making = _beside(folder)
    making.mkdir()
    try:
        parquet.write(making, progress)
        (making / MARKER).write_text(VERSION, encoding="utf-8")
        _put_in_place(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    progress("The demo data is ready")
    return folder


def _version(folder: Path) -> str | None:
    try:
        return (folder / MARKER).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir() or (_version(folder) is None and any(folder.iterdir())):
        raise Conflict(
            f"{folder} is not a folder of demo data, so nothing in it was touched.",
            details="Choose another folder, or move what is there.",
        )


def _put_in_place(making: Path, folder: Path) -> None:
    """Renames are whole or not at all; somebody who was faster with the same version has won."""
    for last in (False, False, True):
        try:
            making.rename(folder)
            return
        except OSError:
            if _version(folder) == VERSION:
                return
            if last:
                raise
        old = _beside(folder)
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        shutil.rmtree(old, ignore_errors=True)


def _beside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}-{os.getpid()}-{secrets.token_hex(4)}")


def _sweep(folder: Path) -> None:
    """Removes what runs that were killed left behind, once it is surely nobody's."""
    for left in folder.parent.glob(f".{folder.name}-*-*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
