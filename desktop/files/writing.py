"""Writing into a granted folder: whole or not at all, nothing overwritten unsaid, and a way back.

Who said yes is decided by the caller, by what :meth:`Writing.plan` shows; :meth:`Writing.write` then does
that, or nothing when the place has changed since.
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from desktop.files.grants import GrantedPath, Grants
from shared.errors import Conflict, FileNotFound, FileNotWritten, NotFound, TooLarge
from shared.paths import private_folder

MOST_BYTES = 256 * 1024**2
_MOST_KEPT = 50
_KEPT_BYTES = 1024**3


@dataclass(frozen=True)
class Planned:
    """What would be written. ``before`` is None for a new file, else size and hash of what would be
    replaced."""

    path: GrantedPath
    data: bytes
    before: "Version | None"


class Version(msgspec.Struct, frozen=True):
    size: int
    hash: str


class Written(msgspec.Struct, frozen=True):
    """``id`` takes it back. ``replaced`` says that there was a file before."""

    id: str
    path: str
    replaced: bool


class _Kept(msgspec.Struct, frozen=True):
    grant_id: str
    path: str
    before: Version | None
    after: Version


class Writing:
    """``folder`` is the person's own: what was replaced is kept there, the newest fifty."""

    def __init__(self, grants: Grants, folder: Path) -> None:
        self._grants = grants
        self._kept = folder / "files" / "replaced"

    def plan(self, text: str, data: bytes, *, overwrite: bool = False) -> Planned:
        """Raises PathRefused, FileNotFound; Conflict when a file is there and ``overwrite`` is not said."""
        if len(data) > MOST_BYTES:
            raise TooLarge("A file that is written here may have 256 MB at most.")
        path = self._grants.resolve_new(text)
        before = self._version(path)
        if before is not None and not overwrite:
            raise _Taken(
                f"{path.text} is there already. Say that it is to be replaced, or choose another name."
            )
        return Planned(path, data, before)

    def write(self, planned: Planned) -> Written:
        """Does what was planned. Raises FileNotWritten when the place is not as it was."""
        path, data = planned.path, planned.data
        with self._opened(path) as folder, _unfinished(folder, path.name, data) as unfinished:
            self._refuse_changed(planned)
            kept = self._keep(path, planned.before, Version(len(data), _hash(data)))
            self._refuse_changed(planned)  # once more, for keeping what was there took its time
            _put(folder, unfinished, path.name, replace=planned.before is not None)
        return Written(kept, path.text, planned.before is not None)

    def undo(self, written: str) -> str:
        """Brings back what was there before, and says where. Raises FileNotWritten when the file has been
        changed since it was written."""
        place = self._kept / written
        if not written.isalnum() or not (place / "about.json").is_file():
            raise NotFound("This can not be taken back any more.")
        about = msgspec.json.decode((place / "about.json").read_bytes(), type=_Kept)
        path = self._grants.resolve_new(about.path)
        if path.grant.id != about.grant_id:
            raise FileNotWritten(f"{about.path} is another folder by now.")
        if self._version(path) != about.after:
            raise FileNotWritten(f"{about.path} was changed since, so it stays as it is.")
        with self._opened(path) as folder:
            if about.before is None:
                _remove(folder, path.name)
            else:
                before = (place / "before").read_bytes()
                with _unfinished(folder, path.name, before) as unfinished:
                    _put(folder, unfinished, path.name, replace=True)
        _throw_away(place)
        return about.path

    def _refuse_changed(self, planned: Planned) -> None:
        if self._version(planned.path) != planned.before:
            raise FileNotWritten(f"{planned.path.text} has changed since you saw it, so nothing was written.")

    def _version(self, path: GrantedPath) -> Version | None:
        """Of the file that is there; None where there is none."""
        try:
            file = self._grants.open(path)
        except FileNotFound:
            return None
        with file:
            return Version(os.fstat(file.fileno()).st_size, _digest(file))

    def _keep(self, path: GrantedPath, before: Version | None, after: Version) -> str:
        written = secrets.token_hex(8)
        place = private_folder(self._kept / written)
        if before is not None:
            with self._grants.open(path) as file, (place / "before").open("wb") as kept:
                while block := file.read(1024 * 1024):
                    kept.write(block)
                kept.flush()
                os.fsync(kept.fileno())
        about = _Kept(path.grant.id, path.text, before, after)
        (place / "about.json").write_bytes(msgspec.json.encode(about))
        self._forget_old()
        return written

    def _forget_old(self) -> None:
        places = sorted(self._kept.iterdir(), key=lambda place: place.stat().st_mtime, reverse=True)
        size = 0
        for number, place in enumerate(places):
            size += sum(file.stat().st_size for file in place.iterdir())
            if number and (number >= _MOST_KEPT or size > _KEPT_BYTES):
                _throw_away(place)

    @contextlib.contextmanager
    def _opened(self, path: GrantedPath) -> Iterator[int | Path]:
        with self._grants.opened_folder(GrantedPath(path.grant, path.steps[:-1])) as folder:
            try:
                yield folder
            except PermissionError as error:
                raise FileNotWritten(f"You may not write into {path.grant.name}.") from error
            except OSError as error:
                why = (error.strerror or type(error).__name__).lower()
                raise FileNotWritten(f"{path.text} could not be written: {why}.") from error


class _Taken(FileNotWritten, Conflict):
    """A model can mend it by another name, or by saying that it replaces."""


@contextlib.contextmanager
def _unfinished(folder: int | Path, name: str, data: bytes) -> Iterator[str]:
    """The name of a file beside the one to be, with ``data`` in it, on the disk. It is gone afterwards."""
    beside = f".{secrets.token_hex(8)}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(_at(folder, beside), flags, _mode(folder, name), dir_fd=_handle(folder))
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield beside
    finally:
        with contextlib.suppress(FileNotFoundError):
            _remove(folder, beside)


def _put(folder: int | Path, unfinished: str, name: str, *, replace: bool) -> None:
    if replace:
        _rename(folder, unfinished, name)
    elif os.name == "nt":
        os.rename(_at(folder, unfinished), _at(folder, name))  # noqa: PTH104 - fails when it is there
    else:
        _link(folder, unfinished, name)
    if isinstance(folder, int):
        with contextlib.suppress(OSError):
            os.fsync(folder)


def _rename(folder: int | Path, old: str, new: str) -> None:
    handle = _handle(folder)
    os.replace(_at(folder, old), _at(folder, new), src_dir_fd=handle, dst_dir_fd=handle)


def _link(folder: int | Path, old: str, new: str) -> None:
    """A new name for the finished file: the system itself refuses when the name is taken."""
    handle = _handle(folder)
    try:
        os.link(_at(folder, old), _at(folder, new), src_dir_fd=handle, dst_dir_fd=handle)
    except FileExistsError as error:
        raise FileNotWritten(f"{new} was put there meanwhile, so nothing was written.") from error
    except OSError:  # a disk without second names, such as most memory sticks
        if _is_there(folder, new):
            raise FileNotWritten(f"{new} was put there meanwhile, so nothing was written.") from None
        _rename(folder, old, new)


def _is_there(folder: int | Path, name: str) -> bool:
    try:
        os.stat(_at(folder, name), dir_fd=_handle(folder), follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _remove(folder: int | Path, name: str) -> None:
    os.unlink(_at(folder, name), dir_fd=_handle(folder))


def _mode(folder: int | Path, name: str) -> int:
    """As the file that is replaced; what others may do with it is not for us to change."""
    try:
        found = os.stat(_at(folder, name), dir_fd=_handle(folder), follow_symlinks=False)
    except OSError:
        return 0o666
    return found.st_mode & 0o777


def _at(folder: int | Path, name: str) -> str | Path:
    return name if isinstance(folder, int) else folder / name


def _handle(folder: int | Path) -> int | None:
    return folder if isinstance(folder, int) else None


def _throw_away(place: Path) -> None:
    with contextlib.suppress(OSError):
        for file in place.iterdir():
            file.unlink()
        place.rmdir()


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(1024 * 1024):
        digest.update(block)
    return digest.hexdigest()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
