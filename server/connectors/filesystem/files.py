"""The files below a folder by path: list, search, read. Their tables are the engine's part.

Nothing outside the folder is ever opened: each part of a path is opened below the one before it without
following links, so that a link that appears in between does not lead out either.
"""

import contextlib
import heapq
import mimetypes
import os
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from server.connectors.base import Document, Entry
from shared.errors import NotFound, TooLarge

_MOST_SEEN = 100_000
"""Names that one search looks at."""
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def listed(root: Path, path: str, limit: int) -> Sequence[Entry]:
    parts = _parts(path)
    with _opened(root, parts, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)) as folder:
        try:
            entries = [_entry("/".join(parts), one) for one in _visible(folder)]
        except NotADirectoryError as error:
            raise _missing(path) from error
    return heapq.nsmallest(
        limit, filter(None, entries), key=lambda one: (not one.folder, one.path.casefold())
    )


def searched(root: Path, text: str, limit: int) -> Sequence[Entry]:
    """By name, folder by folder."""
    wanted, waiting, seen = text.casefold(), [""], 0
    found: list[Entry] = []
    while waiting and seen < _MOST_SEEN and len(found) < limit:
        path = waiting.pop(0)
        with contextlib.suppress(NotFound):
            for one in listed(root, path, _MOST_SEEN):
                seen += 1
                if one.folder:
                    waiting.append(one.path)
                if wanted in one.path.rpartition("/")[2].casefold():
                    found.append(one)
    return found[:limit]


def read(root: Path, path: str, max_bytes: int) -> Document:
    parts = _parts(path)
    if not parts:
        raise _missing(path)
    with _opened(root, parts, os.O_RDONLY) as file:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise _missing(path)
        with os.fdopen(os.dup(file), "rb") as content:
            data = content.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise TooLarge(f"The file has more than {max_bytes:,} bytes.", details="Ask for its rows with SQL.")
    return Document(parts[-1], _media_type(parts[-1]), data)


@contextlib.contextmanager
def _opened(root: Path, parts: Sequence[str], flags: int) -> Iterator[int]:
    """A descriptor of what lies there. Raises NotFound, also for what may not be read."""
    opened: list[int] = []
    try:
        opened.append(os.open(root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)))
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            how = flags if last else os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
            opened.append(os.open(part, how | _NO_LINKS, dir_fd=opened[-1]))
        yield opened[-1]
    except (OSError, ValueError, NotImplementedError) as error:  # Windows opens nothing below a folder
        raise _missing("/".join(parts)) from error
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _visible(folder: int) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for one in entries:
            if not one.name.startswith((".", "~$")) and not one.is_symlink():
                yield one


def _entry(folder: str, one: "os.DirEntry[str]") -> Entry | None:
    path = f"{folder}/{one.name}" if folder else one.name
    with contextlib.suppress(OSError, UnicodeEncodeError):
        path.encode()  # a name that is not text can not be asked for
        found = one.stat(follow_symlinks=False)
        at = datetime.fromtimestamp(found.st_mtime, UTC).isoformat(timespec="seconds")
        if stat.S_ISDIR(found.st_mode):
            return Entry(path, folder=True, modified_at=at)
        if stat.S_ISREG(found.st_mode):
            return Entry(path, False, _media_type(one.name), found.st_size, at)
    return None


def _parts(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    if any(part.startswith((".", "~$")) or "\\" in part or "\x00" in part for part in parts):
        raise _missing(path)
    return parts


def _media_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _missing(path: str) -> NotFound:
    return NotFound(f"There is nothing to read at {path[:200]!r}.")
