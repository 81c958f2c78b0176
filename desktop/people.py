"""The people who use this program on this machine, and a folder for each. Signing in stays in identity."""

from pathlib import Path
from typing import Literal

import msgspec

from desktop.earlier import move_in
from shared.paths import private_folder
from shared.private_files import replace

_RECORD = "person.json"
_LOCAL = "local"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is. ``id`` names the folder; a local profile has neither name nor address."""

    id: str
    kind: Literal["local", "google"]
    name: str = ""
    email: str = ""


LOCAL = Person(id=_LOCAL, kind="local")
"""Whoever uses this machine without signing in."""


class People:
    """``folder_of`` holds everything that belongs to a person: nothing of it lies anywhere else."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / "agent" / "people"

    def folder_of(self, person: Person) -> Path:
        """Made when it is not there, and closed to other users of the machine. What an earlier version kept
        in one place for everybody becomes the local profile's."""
        private_folder(self._folder)
        folder = self._folder / person.id
        if person.kind == "local":
            move_in(self._home / "agent", folder)
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        return folder

    def keep(self, person: Person) -> None:
        """Name and address, as they are shown before the person's own state is open."""
        replace(self.folder_of(person) / _RECORD, msgspec.json.encode(person))

    def find(self, person_id: str) -> Person | None:
        """None for somebody who was never here; a record that is damaged is none."""
        if person_id == _LOCAL:
            return LOCAL
        try:
            person = msgspec.json.decode(self._record(person_id).read_bytes(), type=Person)
        except (OSError, ValueError, msgspec.DecodeError):
            return None
        return person if person.id == person_id else None

    def _record(self, person_id: str) -> Path:
        if not person_id.replace("-", "").isalnum():
            raise ValueError(person_id)
        return self._folder / person_id / _RECORD
