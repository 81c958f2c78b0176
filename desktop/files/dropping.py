"""Files that the person drops into the window: copied piece by piece into their own folder, within bounds.

What was dropped lies in the grant "Dropped files" and is read like every other file.
"""

import contextlib
import os
import secrets
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from desktop.files.grants import GrantedPath, Grants
from desktop.files.library import Entry, Library
from desktop.files.paths import refuse_disguised, refuse_for_writing
from shared.errors import Conflict, InvalidRequest, NotFound, PathRefused, TooLarge
from shared.paths import private_folder

MOST_BYTES = 4 * 1024**3
_MOST_TOGETHER = 16 * 1024**3
_KEEP_FREE = 512 * 1024**2
_FORGOTTEN_SECONDS = 3_600.0
_END = ".part"


@dataclass
class _Coming:
    name: str
    size: int
    file: Path
    received: int
    heard_at: float


class Dropping:
    """``folder`` is the person's own. A copy that stopped coming is thrown away after an hour, also when the
    program has ended meanwhile; so is what was taken away."""

    def __init__(self, grants: Grants, library: Library, folder: Path) -> None:
        self._grants = grants
        self._library = library
        self._waiting = folder / "files" / "coming"
        self._removed = folder / "files" / "removed"
        self._lock = threading.Lock()
        self._coming: dict[str, _Coming] = {}
        for left in (self._waiting, self._removed):
            _throw_away_old(left)

    def begin(self, name: str, size: int) -> str:
        """The id of a copy that may come. Raises PathRefused for a name, TooLarge for a size."""
        plain = _plain(name)
        if size < 0:
            raise InvalidRequest("A file has no size below zero.")
        if size > MOST_BYTES:
            raise TooLarge(
                "A dropped file may have 4 GB at most. Grant its folder instead: nothing is copied then."
            )
        with self._lock:
            self._throw_away_forgotten()
            self._refuse_when_full(size)
            upload_id = secrets.token_hex(8)
            file = private_folder(self._waiting) / f"{upload_id}{_END}"
            file.touch(mode=0o600)
            self._coming[upload_id] = _Coming(plain, size, file, 0, time.monotonic())
        return upload_id

    def add(self, upload_id: str, offset: int, data: bytes) -> int:
        """How much is here now. A piece that is here already is taken once."""
        coming = self._get(upload_id)
        with self._lock:
            if offset != coming.received:
                raise Conflict(f"{coming.received} bytes are here; this piece begins at {offset}.")
            if coming.received + len(data) > coming.size:
                raise TooLarge("More came than was said.")
            try:
                with coming.file.open("ab") as file:
                    file.write(data)
            except OSError as error:
                raise Conflict("There is no room for the file on this disk.") from error
            coming.received += len(data)
            coming.heard_at = time.monotonic()
            return coming.received

    def finish(self, upload_id: str) -> Entry:
        """The file in its place, under a name that is free."""
        coming = self._get(upload_id)
        with self._lock:
            if coming.received != coming.size:
                raise Conflict(f"Only {coming.received} of {coming.size} bytes are here.")
            grant = self._grants.dropped()
            target = _free(Path(grant.path), coming.name)
            coming.file.replace(target)
            del self._coming[upload_id]
        return self._library.entry(GrantedPath(grant, (target.name,)).text)

    def cancel(self, upload_id: str) -> None:
        coming = self._get(upload_id)
        with self._lock:
            self._coming.pop(upload_id, None)
            coming.file.unlink(missing_ok=True)

    def remove(self, text: str) -> str:
        """Takes a copy away; what is answered brings it back. The file that was dropped is not touched."""
        path = self._dropped(text)
        removal = secrets.token_hex(8)
        place = private_folder(self._removed / removal)
        path.path.replace(place / path.name)
        return removal

    def bring_back(self, removal: str) -> Entry:
        place = self._removed / removal
        if not removal.isalnum() or not place.is_dir():
            raise NotFound("There is nothing to bring back.")
        [file] = place.iterdir()
        grant = self._grants.dropped()
        target = _free(Path(grant.path), file.name)
        file.replace(target)
        with contextlib.suppress(OSError):
            place.rmdir()
        return self._library.entry(GrantedPath(grant, (target.name,)).text)

    def _dropped(self, text: str) -> GrantedPath:
        path = self._grants.resolve(text)
        if path.grant.kind != "dropped" or len(path.steps) != 1:
            raise PathRefused("Only copies of dropped files can be taken away here.")
        return path

    def _get(self, upload_id: str) -> _Coming:
        found = self._coming.get(upload_id)
        if found is None:
            raise NotFound("This file is not coming any more. Drop it again.")
        return found

    def _refuse_when_full(self, size: int) -> None:
        grant = self._grants.dropped()
        there = sum(each.stat().st_size for each in Path(grant.path).iterdir() if each.is_file())
        promised = sum(each.size for each in self._coming.values())
        if there + promised + size > _MOST_TOGETHER:
            raise TooLarge("Dropped files may have 16 GB together. Remove some first.")
        if shutil.disk_usage(grant.path).free < promised + size + _KEEP_FREE:
            raise TooLarge(
                "There is not enough room on this disk for a copy. Grant the file's folder instead."
            )

    def _throw_away_forgotten(self) -> None:
        for upload_id, coming in list(self._coming.items()):
            if time.monotonic() - coming.heard_at > _FORGOTTEN_SECONDS:
                del self._coming[upload_id]
                coming.file.unlink(missing_ok=True)


def _throw_away_old(folder: Path) -> None:
    """Not what is new: the state is opened by the command line too, while a window copies into it."""
    with contextlib.suppress(OSError):
        for left in folder.iterdir():
            if time.time() - left.stat().st_mtime < _FORGOTTEN_SECONDS:
                continue
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _plain(name: str) -> str:
    """The last step of whatever a browser calls the file."""
    refuse_disguised(name)
    plain = PureWindowsPath(PurePosixPath(name).name).name
    if not plain:
        raise PathRefused("The file has no name.")
    stem, dot, suffix = plain.rpartition(".")
    if len(os.fsencode(plain)) > 200:
        plain = f"{(stem or plain)[:40]}{dot if stem else ''}{suffix[:8] if stem else ''}"
    refuse_for_writing(plain)
    return plain


def _free(folder: Path, name: str) -> Path:
    """``sales.csv``, or ``sales 2.csv`` when that is taken."""
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - of a name, not of a path
    for number in range(1, 10_000):
        target = folder / (name if number == 1 else f"{stem} {number}{suffix}")
        if not os.path.lexists(target):
            return target
    raise Conflict(f"There are too many files called {name}.")
