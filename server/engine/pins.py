"""Opening the files behind the tables, once and for certain.

A file is opened component by component without following links, must be a regular file, and the one that
was found when the folder was looked at. DuckDB then reads that open file, by way of a link in a private
folder, whatever is put in its place meanwhile: a replaced file stays readable, a swapped link leads nowhere.
Where the system has no ``/proc`` (macOS, Windows) the path itself is used, and checked again afterwards.
"""

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path
from urllib.parse import quote

import msgspec

from server.engine.tables import File

_DESCRIPTORS = Path("/proc/self/fd")
_CAN_PIN = _DESCRIPTORS.is_dir() and os.open in os.supports_dir_fd


class ChangedError(Exception):
    """The file is not the one that was found; look at the folder again."""


class Pin(msgspec.Struct, frozen=True):
    """One open file. ``path`` is what DuckDB is told."""

    file: File
    descriptor: int
    path: Path

    def holds(self) -> bool:
        """Whether its content is still that of the version that was found."""
        return is_version(os.fstat(self.descriptor), self.file)


class Pins:
    """The open files of one engine. The folder of links goes with it, or with the next engine to start."""

    def __init__(self, cache: Path) -> None:
        home = cache / "open"
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep(home)
        self.home = Path(tempfile.mkdtemp(dir=home))
        self._held = os.open(self.home, os.O_RDONLY) if _CAN_PIN else -1
        if _CAN_PIN:
            _try_lock(self._held)
        self._open: list[int] = []

    def path(self, real: Path, name: str) -> Path:
        """What DuckDB will be told for ``real``; ``name`` is unique, and its folders are partitions."""
        return self.home / quote(name, safe="/=.") if _CAN_PIN else real

    def pin(self, root: Path, file: File, path: Path) -> Pin:
        """Raises ChangedError, or OSError when the file can not be opened."""
        descriptor = opened(root, file.path)
        self._open.append(descriptor)
        if not is_version(os.fstat(descriptor), file):
            raise ChangedError(file.path)
        return Pin(file, descriptor, self._linked(descriptor, path))

    def pin_own(self, real: Path, path: Path) -> None:
        """A file of the private folder: may be thrown away by others while it is read."""
        if _CAN_PIN:
            descriptor = os.open(real, os.O_RDONLY | os.O_CLOEXEC)
            self._open.append(descriptor)
            self._linked(descriptor, path)

    def release(self) -> None:
        """Closes all of them."""
        for descriptor in self._open:
            os.close(descriptor)
        self._open.clear()
        for entry in self.home.iterdir():
            shutil.rmtree(entry, ignore_errors=True)

    def end(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)

    def _linked(self, descriptor: int, path: Path) -> Path:
        if _CAN_PIN:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            path.symlink_to(_DESCRIPTORS / str(descriptor))
        return path


def reason(error: OSError) -> str:
    """Why a file can not be opened, in a reader's words."""
    said = {
        errno.EACCES: "the backend may not read it",
        errno.EPERM: "the backend may not read it",
        errno.ENOSPC: "there is no room for its converted copy on the disk",
        errno.EDQUOT: "there is no room for its converted copy on the disk",
        errno.EIO: "the disk or the network fails",
        errno.ESTALE: "the disk or the network fails",
        errno.EMFILE: "its table has more files than can be open at once",
    }
    return said.get(error.errno or 0, (error.strerror or type(error).__name__).lower())


def opened(root: Path, relative: str) -> int:
    """A regular file inside ``root``, open for reading. Raises ChangedError when it leads out or is none."""
    real_root = root.resolve(strict=True)
    real = (real_root / relative).resolve(
        strict=True
    )  # a link inside the folder to another file of it is fine
    if not real.is_relative_to(real_root):
        raise ChangedError(relative)
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        descriptor = _walked(real_root, real, flags) if _CAN_PIN else os.open(real, flags)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.ENOENT}:
            raise ChangedError(relative) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ChangedError(relative)
    return descriptor


def _walked(root: Path, real: Path, flags: int) -> int:
    """Link by link, so that nothing can be put in the way between the check and the opening."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        *folders, last = real.relative_to(root).parts
        for part in folders:
            there = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = there
        return os.open(last, flags | os.O_NOFOLLOW, dir_fd=here)
    finally:
        os.close(here)


def is_version(found: os.stat_result, file: File) -> bool:
    """Whether an open file is the version that was found."""
    return (found.st_mtime_ns, found.st_size, found.st_ino) == (file.mtime_ns, file.size, file.inode)


def _sweep(home: Path) -> None:
    """Links of engines that were killed: their lock is free."""
    if not _CAN_PIN:
        return
    for entry in home.iterdir():
        with contextlib.suppress(OSError):
            descriptor = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
            try:
                if _try_lock(descriptor) and entry.stat().st_mtime < _a_minute_ago():
                    shutil.rmtree(entry, ignore_errors=True)
            finally:
                os.close(descriptor)


def _a_minute_ago() -> float:
    """An engine locks its folder a moment after it has made it."""
    import time

    return time.time() - 60


def _try_lock(descriptor: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
