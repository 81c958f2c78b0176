"""The file of a run: its name, and how it gets into a folder, whole and never over another.

Which folders there are is for the caller.
"""

import os
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from shared.errors import Conflict

_LONGEST_STEM = 80
_MOST_ALIKE = 1000
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d)", re.IGNORECASE)


def stem_of(name: str, at: datetime) -> str:
    """``Sales by zone 2026-11-28 0900``: ``at`` is the time that the run is for, by the wall."""
    plain = "".join(c if c.isalnum() or c in " -_,&()%" else " " for c in name)
    words = " ".join(plain.split())[:_LONGEST_STEM].strip(" .") or "Task"
    if _DEVICE.fullmatch(words.split(" ")[0]):
        words = f"Task {words}"
    return f"{words} {at:%Y-%m-%d %H%M}"


def put(folder: Path, stem: str, ending: str, data: bytes, claim: Callable[[Path], None]) -> Path:
    """Writes ``data`` beside its place first. ``claim`` hears the path just before the file appears under it;
    it may hear several when others are quicker. Raises Conflict with a sentence."""
    beside = folder / f".{secrets.token_hex(6)}.part"
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        for path in _names(folder, stem, ending):
            if os.path.lexists(path):
                continue
            claim(path)
            if _appear(beside, path):
                return path
    except OSError as error:
        raise Conflict(f"The file could not be saved in {folder.name}: {error.strerror or error}.") from error
    finally:
        beside.unlink(missing_ok=True)
    raise Conflict(f"There are too many files called {stem} in {folder.name}.")


def _names(folder: Path, stem: str, ending: str) -> Iterator[Path]:
    yield folder / f"{stem}.{ending}"
    for number in range(2, _MOST_ALIKE):
        yield folder / f"{stem} ({number}).{ending}"


def _appear(beside: Path, path: Path) -> bool:
    """Under its name in one step; False when that name was taken meanwhile."""
    if os.name == "nt":
        try:
            beside.rename(path)  # Windows does not rename over another file
        except FileExistsError:
            return False
        return True
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links, such as a memory stick's: the name is taken first
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        beside.replace(path)
    return True
