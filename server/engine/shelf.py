"""The private folder of converted files: what lies there, who is writing, what is thrown away first.

``<file>/<version>/`` holds the Parquet files of one version of one file, ``<file>/<version>.msgpack`` says
what they are and is written last, so that a conversion that was killed leaves nothing that looks finished. A
lock of the system, which ends with its process, keeps two processes from converting the same thing.
"""

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from server.engine.tables import File

FORMAT = 5
"""Raised when conversion changes, so that older copies are not used."""
_SHARE = 8
"""So many processes may fill the room that one of them found, and none has to measure it for each file."""


class Source(msgspec.Struct, frozen=True):
    """A table and the Parquet file behind it. ``comment`` says how the file was understood."""

    schema: str
    table: str
    parquet: str
    comment: str = ""

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table


class Kept(msgspec.Struct, frozen=True):
    """What became of a file. ``broken`` says why it is no table; after ``retry_at`` that may have changed."""

    sources: list[Source] = []
    broken: str = ""
    retry_at: float = float("inf")


class Shelf:
    """``cache`` may be shared by any number of processes, and by folders."""

    def __init__(self, cache: Path, root: Path) -> None:
        self._cache = cache
        self._root = root
        self._unmeasured = 0
        """May still be put here before the whole shelf has to be measured again."""

    def find(self, file: File) -> Kept | None:
        """What became of this version; None when it is to be converted."""
        try:
            kept = msgspec.msgpack.decode(self._manifest(file).read_bytes(), type=Kept)
        except (OSError, msgspec.MsgspecError):
            return None
        if kept.broken:
            return kept if time.time() < kept.retry_at else None
        return kept if all(Path(source.parquet).exists() for source in kept.sources) else None

    def folder(self, file: File) -> Path:
        """Where the Parquet files of this version go."""
        return self._home(file) / self._version(file)

    def put(self, file: File, kept: Kept) -> None:
        """From now on :meth:`find` says so."""
        home = self._home(file)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = home / f"{self._version(file)}.{os.getpid()}.new"
        beside.write_bytes(msgspec.msgpack.encode(kept))
        beside.replace(self._manifest(file))

    def used(self, file: File) -> None:
        """What is used is thrown away last."""
        with contextlib.suppress(OSError):
            os.utime(self._manifest(file))

    @contextlib.contextmanager
    def writing(self, file: File) -> Iterator[None]:
        """One process at a time, also when the one before was killed; waits."""
        home = self._home(file)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def make_room(self, file: File, most_bytes: int) -> None:
        """Throws away earlier versions of ``file``, and then what was not used for longest, until no more
        than ``most_bytes`` are taken. Whoever has a thrown away file open can go on reading it."""
        mine = self._manifest(file)
        for entry in self._home(file).iterdir():
            if entry.name != "lock" and entry.name.split(".")[0] != self._version(file):
                _remove(entry)
        self._unmeasured -= _size(self.folder(file))
        if self._unmeasured >= 0:
            return
        found = [entry for entry in self._entries() if entry[2] != mine]
        taken = sum(size for _, size, _ in found) + _size(self.folder(file))
        for _, size, manifest in sorted(found):
            if taken <= most_bytes:
                break
            _remove(manifest)
            _remove(manifest.with_suffix(""))
            taken -= size
        self._unmeasured = (most_bytes - taken) // _SHARE

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        """When each was last used, how much it takes, and its manifest."""
        for manifest in self._cache.glob("*/*.msgpack"):
            if manifest.parent.name == "profiles":
                continue
            with contextlib.suppress(OSError):
                yield manifest.stat().st_mtime, _size(manifest.with_suffix("")), manifest

    def _home(self, file: File) -> Path:
        return self._cache / digest(os.fspath(self._root / file.path))

    def _manifest(self, file: File) -> Path:
        return self._home(file) / f"{self._version(file)}.msgpack"

    def _version(self, file: File) -> str:
        return digest(f"{FORMAT} {file.mtime_ns} {file.size} {file.inode} {file.name}")


def digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:24]


def _size(folder: Path) -> int:
    total = 0
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            with contextlib.suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_size
    return total


def _remove(entry: Path) -> None:
    with contextlib.suppress(OSError):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink()


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: converted twice at worst, and the second copy replaces the first
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)
