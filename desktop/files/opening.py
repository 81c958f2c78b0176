"""Opening what lies below a folder, step by step and without following links, checked again when it is open.

Nothing that is put in the way between the check and the opening leads anywhere else: each step is opened
relative to the one before it, as ``openat2`` with RESOLVE_BENEATH, NO_SYMLINKS and NO_XDEV would do, which
Python does not have. Where handles of folders cannot be used so (Windows), the opened file itself is asked
where it lies. Who may open what is decided in grants.
"""

import contextlib
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from shared.errors import FileNotFound, FileUnreadable, PathRefused

BY_HANDLE = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_MOST_NAMES_SEEN = 20_000
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FILE = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)
_NAME_SURROGATE = 0x20000000  # links and junctions among Windows' reparse points; not files kept in a cloud


class Identity(NamedTuple):
    """The same file, and the same content as far as a file system tells."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Identity":
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def open_file(root: Path, steps: Sequence[str]) -> int:
    """A descriptor of a regular file below ``root``, which has no links in it. Raises PathRefused,
    FileNotFound, FileUnreadable."""
    shown = "/".join(steps)
    try:
        descriptor = _by_handles(root, steps) if BY_HANDLE else _by_path(root, steps)
    except FileNotFoundError as error:
        raise FileNotFound(f"There is no file {shown}.") from error
    except PermissionError as error:
        raise FileUnreadable(
            f"{shown} cannot be opened: another program holds it, or you may not read it."
        ) from error
    except OSError as error:
        raise PathRefused(f"{shown} cannot be opened as a file of this folder.") from error
    try:
        found = os.fstat(descriptor)
        _refuse_other_kinds(found.st_mode, shown)
        if found.st_nlink > 1 and not _all_names_inside(root, found):
            raise PathRefused(
                f"{shown} has a second name outside the granted folder (a hard link). Copy it to use it."
            )
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def opened_folder(root: Path, steps: Sequence[str]) -> Iterator[int | Path]:
    """What ``os.scandir`` and ``dir_fd`` take: a handle, and only a path where there are no handles."""
    try:
        if not BY_HANDLE:
            yield _checked_path(root, steps)
            return
        handle = _handle(root, steps)
    except FileNotFoundError as error:
        raise FileNotFound(f"There is no folder {'/'.join(steps) or root}.") from error
    except OSError as error:
        raise PathRefused(f"{'/'.join(steps) or root} is no folder that can be looked into.") from error
    try:
        # a handle that only marks a place cannot be read; the dot in it is the folder itself
        readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=handle)
    except OSError as error:
        raise FileUnreadable(f"You may not look into {'/'.join(steps) or root}.") from error
    finally:
        os.close(handle)
    try:
        yield readable
    finally:
        os.close(readable)


def real_steps(root: Path, steps: Sequence[str]) -> tuple[str, ...]:
    """``steps`` with the links on the way followed. Raises PathRefused when they lead out of ``root``."""
    shown = "/".join(steps)
    try:
        real = root.joinpath(*steps).resolve(strict=True)
    except FileNotFoundError as error:
        raise FileNotFound(f"There is no file or folder {shown}.") from error
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle
        raise PathRefused(f"{shown} leads nowhere.") from error
    if not real.is_relative_to(root):
        raise PathRefused(f"{shown} is a link that leads out of the granted folder.")
    return real.relative_to(root).parts


def _by_handles(root: Path, steps: Sequence[str]) -> int:
    *folders, last = steps
    handle = _handle(root, folders)
    try:
        # a device must not even be opened: that alone may do something
        found = os.stat(last, dir_fd=handle, follow_symlinks=False)
        _refuse_other_kinds(found.st_mode, "/".join(steps))
        descriptor = os.open(last, _FILE, dir_fd=handle)
        if _mount(descriptor) != _mount(handle):
            os.close(descriptor)
            raise PathRefused(f"{'/'.join(steps)} lies on another drive that was put into this folder.")
        return descriptor
    finally:
        os.close(handle)


def _handle(root: Path, steps: Sequence[str]) -> int:
    """Of the folder at ``steps``. The root itself is walked to from the top, for it may have been swapped
    for a link since it was granted."""
    handle = os.open(root.anchor, _FOLDER | os.O_CLOEXEC)
    try:
        for name in root.parts[1:]:
            handle = _next(handle, name)
        mount = _mount(handle)
        for name in steps:
            handle = _next(handle, name)
            if _mount(handle) != mount:
                raise PathRefused(f"{'/'.join(steps)} lies on another drive that was put into this folder.")
    except BaseException:
        os.close(handle)
        raise
    return handle


def _next(handle: int, name: str) -> int:
    below = os.open(name, _FOLDER | os.O_CLOEXEC, dir_fd=handle)
    os.close(handle)
    return below


def _mount(descriptor: int) -> int:
    """Which mount it lies on: the same disk can be put into a folder once more, so the disk's number is not
    enough where the system tells better."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as about:  # noqa: PTH123 - hot
            for line in about:
                if line.startswith("mnt_id:"):
                    return int(line[7:])
    except OSError:
        pass
    return os.fstat(descriptor).st_dev


def _by_path(root: Path, steps: Sequence[str]) -> int:
    path = _checked_path(root, steps)
    _refuse_other_kinds(path.lstat().st_mode, "/".join(steps))
    descriptor = os.open(_long(path), _FILE)
    try:
        where = final_path(descriptor, path)
        if not where.is_relative_to(_real_root(root)):
            raise PathRefused(f"{'/'.join(steps)} leads out of the granted folder.")
        if Identity.of(os.fstat(descriptor)) != Identity.of(where.stat()):
            raise PathRefused(f"{'/'.join(steps)} was changed while it was opened.")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _checked_path(root: Path, steps: Sequence[str]) -> Path:
    path = root
    for name in steps:
        path = path / name
        found = path.lstat()
        tag = getattr(found, "st_reparse_tag", 0)
        if stat.S_ISLNK(found.st_mode) or tag & _NAME_SURROGATE:
            raise PathRefused(f"{'/'.join(steps)} is a link that leads elsewhere.")
        if found.st_dev != root.stat().st_dev:
            raise PathRefused(f"{'/'.join(steps)} lies on another drive that was put into this folder.")
    return path


def _real_root(root: Path) -> Path:
    return root.resolve()


def _long(path: Path) -> str:
    """Windows cuts paths at 260 characters unless they are written so."""
    text = str(path)
    if os.name != "nt" or text.startswith("\\\\"):
        return text
    return f"\\\\?\\{text}"


def final_path(descriptor: int, path: Path) -> Path:
    """Where the opened file really lies, told by the system from the handle."""
    if sys.platform == "win32":
        import ctypes
        import msvcrt

        room = ctypes.create_unicode_buffer(32_768)
        length = ctypes.windll.kernel32.GetFinalPathNameByHandleW(
            ctypes.c_void_p(msvcrt.get_osfhandle(descriptor)), room, len(room), 0
        )
        if not 0 < length < len(room):
            raise PathRefused(f"{path.name} cannot be placed.")
        text = room.value
        if text.startswith("\\\\?\\UNC\\"):
            return Path("\\\\" + text[8:])
        return Path(text.removeprefix("\\\\?\\"))
    return path.resolve(strict=True)


def _refuse_other_kinds(mode: int, shown: str) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = [
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISLNK, "a link that leads elsewhere"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    ]
    kind = next((words for is_kind, words in kinds if is_kind(mode)), "a device")
    raise PathRefused(f"{shown} is {kind}, not a file.")


def _all_names_inside(root: Path, wanted: os.stat_result) -> bool:
    """Whether every name of a file lies below ``root``; false also when looking would take too long."""
    left, seen = wanted.st_nlink, 0
    for folder, folders, names in os.walk(root, followlinks=False):
        seen += len(names) + len(folders)
        if seen > _MOST_NAMES_SEEN:
            return False
        for name in names:
            with contextlib.suppress(OSError):
                found = os.lstat(os.path.join(folder, name))  # noqa: PTH118 - thousands of them
                if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                    left -= 1
        if left <= 0:
            return True
    return False
