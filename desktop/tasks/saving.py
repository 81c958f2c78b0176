"""The file of a run: its name, and how it gets into a granted folder, whole and never over another."""

import contextlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from desktop.files.grants import GrantedPath, Grants
from desktop.files.paths import refuse_unportable
from desktop.tasks.answering import Folder
from shared.errors import AppError, Conflict, NotFound

_LONGEST_STEM = 120  # bytes
_MOST_ALIKE = 1000
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|com\d|lpt\d)", re.IGNORECASE)


def stem_of(name: str, at: datetime) -> str:
    """``Sales by zone 2026-11-28 0900``: ``at`` is the time that the run is for, by the wall."""
    plain = "".join(c if c.isalnum() or c in " -_,&()%" else " " for c in name)
    words = " ".join(plain.split()).encode()[:_LONGEST_STEM].decode(errors="ignore").strip(" .") or "Task"
    if _DEVICE.fullmatch(words.split(" ")[0]):
        words = f"Task {words}"
    return f"{words} {at:%Y-%m-%d %H%M}"


class GrantedFolders:
    """The granted folders as tasks save into them. The person's yes to the task covers its files."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    def list(self) -> list[Folder]:
        return [
            Folder(id=grant.id, name=grant.name, path=grant.path)
            for grant in self._grants.list()
            if grant.kind == "folder"
        ]

    def keep(
        self, folder_id: str, stem: str, ending: str, data: bytes, claim: Callable[[Path], None]
    ) -> Path:
        """Raises NotFound for a folder that is not granted any more, Conflict when it cannot be written."""
        grant = next((each for each in self._grants.list() if each.id == folder_id), None)
        if grant is None or grant.kind != "folder":
            raise NotFound("The folder to save into is not granted any more. Choose another one in the task.")
        refuse_unportable(f"{stem}.{ending}")
        folder = Path(grant.path)
        try:
            with self._grants.opened_folder(GrantedPath(grant, ())) as opened:
                name = _put(_Place(opened), stem, ending, data, lambda name: claim(folder / name))
        except (OSError, AppError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise Conflict(f"The file could not be saved in {grant.name}: {why.rstrip('.')}.") from error
        return folder / name


class _Place:
    """A folder by its handle, so that nothing put in its way meanwhile leads elsewhere; by its path where
    there are no such handles."""

    def __init__(self, opened: int | Path) -> None:
        self._folder = opened if isinstance(opened, Path) else None
        self._handle = None if isinstance(opened, Path) else opened

    def create(self, name: str) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        return os.open(self._at(name), flags, 0o666, dir_fd=self._handle)

    def has(self, name: str) -> bool:
        try:
            os.stat(self._at(name), dir_fd=self._handle, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def appear(self, beside: str, name: str) -> bool:
        """Under its name in one step; False when that name was taken meanwhile."""
        one, other, handle = self._at(beside), self._at(name), self._handle
        try:
            if os.name == "nt":
                Path(one).rename(other)  # Windows does not rename over another file
            else:
                os.link(one, other, src_dir_fd=handle, dst_dir_fd=handle)
        except FileExistsError:
            return False
        except OSError:  # a file system without links, such as a memory stick's: the name is taken first
            try:
                os.close(self.create(name))
            except FileExistsError:
                return False
            os.replace(one, other, src_dir_fd=handle, dst_dir_fd=handle)
        return True

    def forget(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self._handle)

    def _at(self, name: str) -> str:
        return name if self._folder is None else str(self._folder / name)


def _put(place: _Place, stem: str, ending: str, data: bytes, claim: Callable[[str], None]) -> str:
    """Writes ``data`` beside its place first. ``claim`` hears the name just before the file appears under
    it; it may hear several when others are quicker."""
    beside = f".{secrets.token_hex(6)}.part"
    try:
        with os.fdopen(place.create(beside), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        for name in _names(stem, ending):
            if place.has(name):
                continue
            claim(name)
            if place.appear(beside, name):
                return name
    finally:
        place.forget(beside)
    raise Conflict(f"There are too many files called {stem}.")


def _names(stem: str, ending: str) -> Iterator[str]:
    yield f"{stem}.{ending}"
    for number in range(2, _MOST_ALIKE):
        yield f"{stem} ({number}).{ending}"
