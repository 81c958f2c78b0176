"""The people who use this program on this machine, and a folder for each. Signing in stays in identity."""

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from desktop.earlier import move_in
from desktop.identity.id_token import Identity
from shared.paths import private_folder
from shared.private_files import replace

_RECORD = "person.json"
_LAST = "last.json"
_LOCAL = "local"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is. ``id`` names the folder; a local profile has neither name nor address."""

    id: str
    kind: Literal["local", "google"]
    name: str = ""
    email: str = ""


LOCAL = Person(id=_LOCAL, kind="local")
"""Whoever uses this machine without signing in."""


class LastPerson(msgspec.Struct, frozen=True):
    """``active_at`` is seconds since 1970."""

    person: Person
    active_at: float


class _Note(msgspec.Struct, frozen=True):
    id: str
    active_at: float


def person_of(identity: Identity) -> Person:
    """The same account is the same person, whatever its name and address are by now. Its folder is named by a
    hash, so that the number of the account is nowhere in the open."""
    mark = hashlib.sha256(f"https://accounts.google.com {identity.subject}".encode()).hexdigest()
    return Person(id=f"google-{mark[:24]}", kind="google", name=identity.name, email=identity.email)


class People:
    """``folder_of`` holds everything that belongs to a person. Nothing of it lies anywhere else, but the
    secrets that keep them signed in, which are in the system's keychain or in ``root``."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / "agent" / "people"

    @property
    def root(self) -> Path:
        return private_folder(self._folder)

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

    def last(self) -> LastPerson | None:
        """Whose session was the last one, if it was not ended by signing out."""
        try:
            note = msgspec.json.decode((self._folder / _LAST).read_bytes(), type=_Note)
        except (OSError, msgspec.DecodeError):
            return None
        person = self.find(note.id)
        return LastPerson(person, note.active_at) if person else None

    def note_last(self, person: Person, active_at: float) -> None:
        private_folder(self._folder)
        replace(self._folder / _LAST, msgspec.json.encode(_Note(person.id, active_at)))

    def forget_last(self) -> None:
        (self._folder / _LAST).unlink(missing_ok=True)

    def _record(self, person_id: str) -> Path:
        if not person_id.replace("-", "").isalnum():
            raise ValueError(person_id)
        return self._folder / person_id / _RECORD
