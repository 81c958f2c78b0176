"""Where the tables of spreadsheets lie: a private folder, bounded, named by what a file holds. Making them
is in sheets.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from shared.paths import private_folder

FORMAT = 1
"""Changes when what is made of a file changes, so that it is made anew."""
MOST_BYTES = 6_000_000_000
_ENDS = 1 << 20


def mark_of(file: BinaryIO) -> str:
    """Changes with the content: size, moment of the last change, and what stands at both ends."""
    found = os.fstat(file.fileno())
    digest = hashlib.sha256(f"{FORMAT} {found.st_size} {found.st_mtime_ns}".encode())
    file.seek(0)
    digest.update(file.read(_ENDS))
    file.seek(max(0, found.st_size - _ENDS))
    digest.update(file.read(_ENDS))
    file.seek(0)
    return digest.hexdigest()[:32]


class Shelf:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fresh(self) -> Path:
        """An empty folder to put tables into; see :meth:`keep`."""
        private_folder(self._folder)
        place = self._folder / f"new-{os.getpid()}-{secrets.token_hex(4)}"
        place.mkdir(mode=0o700)
        return place

    def keep(self, fresh: Path, in_use: Collection[str]) -> str:
        """The name under which what lies in ``fresh`` is found from now on."""
        name = secrets.token_hex(10)
        fresh.rename(self._folder / name)
        self._prune({*in_use, name}, name)
        return name

    def place(self, name: str) -> Path:
        return self._folder / name

    def used(self, name: str) -> None:
        if self.has(name):
            os.utime(self._folder / name)

    def has(self, name: str) -> bool:
        return bool(name) and (self._folder / name).is_dir()

    def remove(self, name: str) -> None:
        if name and "/" not in name:
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def spill(self) -> Path:
        return private_folder(self._folder / "spill")

    def _prune(self, known: Collection[str], newest: str) -> None:
        """What nobody knows goes, and of the rest what was used longest ago, when it is too much."""
        held = []
        for place in self._folder.iterdir():
            ours = place.name.startswith("new-") and not _is_old(place)
            if place.name == "spill" or ours:
                continue
            if place.name not in known:
                shutil.rmtree(place, ignore_errors=True)
                continue
            size = sum(file.stat().st_size for file in place.iterdir())
            held.append((place.name != newest, -place.stat().st_mtime, size, place))
        total = 0
        for *_, size, place in sorted(held):
            total += size
            if total > MOST_BYTES and place.name != newest:
                shutil.rmtree(place, ignore_errors=True)


def _is_old(place: Path) -> bool:
    import time

    return time.time() - place.stat().st_mtime > 3_600
