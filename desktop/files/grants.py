"""What the person granted, and the one way from a text to a file in it. Reading and writing are beside this.

A path is ``Reports/2025/sales.csv``: the name of a grant, then the names below it; a path from the root is
understood when it lies in a grant. Only :meth:`Grants.resolve` and :meth:`Grants.resolve_new` make a
:class:`GrantedPath`, and only :meth:`Grants.open` opens one.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from desktop.files import opening, places
from desktop.files.paths import refuse_disguised, refuse_for_writing, refuse_name, same_name, steps_of
from desktop.store.grants import Grant, GrantStore
from shared.errors import Conflict, FileNotFound, InvalidRequest, NothingGranted, PathRefused
from shared.paths import private_folder

DROPPED = "Dropped files"
NOTHING_GRANTED = "No folder is granted yet. Grant one on the page Files, or drop a file into the window."
_ON_WINDOWS = os.name == "nt"


@dataclass(frozen=True)
class GrantedPath:
    """A place in a grant, without links on the way. It is opened by Grants, which looks at it once more."""

    grant: Grant
    steps: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.steps[-1] if self.steps else self.grant.name

    @property
    def text(self) -> str:
        """As the person and the model write it."""
        return "/".join((self.grant.name, *self.steps))

    @property
    def path(self) -> Path:
        """On this machine; to show, and to hand to other programs. Not to open: use Grants.open."""
        return Path(self.grant.path, *self.steps)

    def below(self, name: str) -> "GrantedPath":
        return GrantedPath(self.grant, (*self.steps, name))


@dataclass(frozen=True)
class Granting:
    """A folder that could be granted, with what the person should know before."""

    path: Path
    warning: str


class Grants:
    """``folder`` is the person's own: dropped files lie in it. ``changed`` is told of every change."""

    def __init__(self, store: GrantStore, folder: Path, changed: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._folder = folder
        self._changed = changed

    def list(self) -> list[Grant]:
        return self._store.list()

    def get(self, grant_id: str) -> Grant:
        return self._store.get(grant_id)

    def consider(self, text: str) -> Granting:
        """What granting the folder at ``text`` would mean. Raises PathRefused, FileNotFound, Conflict."""
        folder = self._folder_at(text)
        warning = places.advice(folder, self._folder.resolve()).warning
        for grant in self.list():
            if grant.kind == "folder" and folder.is_relative_to(grant.path):
                raise Conflict(f"{folder} is granted already, as {grant.name}.")
        return Granting(folder, warning)

    def add(self, text: str) -> Grant:
        """Grants the folder at ``text``, an absolute path that the person chose."""
        folder = self.consider(text).path
        grant = self._store.add(_plain(folder.name) or "Folder", str(folder), "folder")
        self._changed()
        return grant

    def dropped(self) -> Grant:
        """Where files go that the person drops into the window."""
        for grant in self.list():
            if grant.kind == "dropped":
                return grant
        folder = private_folder(self._folder / "files" / "dropped").resolve()
        grant = self._store.add(DROPPED, str(folder), "dropped")
        self._changed()
        return grant

    def revoke(self, grant_id: str) -> None:
        self._store.revoke(grant_id)
        self._changed()

    def restore(self, grant_id: str) -> Grant:
        grant = self._store.restore(grant_id)
        self._changed()
        return grant

    def resolve(self, text: str) -> GrantedPath:
        """The file or folder that ``text`` names. Raises PathRefused or FileNotFound, and opens nothing."""
        grant, steps = self._placed(text)
        root = Path(grant.path)
        real = opening.real_steps(root, _spelled(root, steps))
        self._refuse_secret(grant, real)
        return GrantedPath(grant, real)

    def resolve_new(self, text: str) -> GrantedPath:
        """Where a file called ``text`` would be written; its folder is there, it itself need not be."""
        grant, steps = self._placed(text)
        if grant.kind != "folder":
            raise PathRefused("Dropped files are copies; save into a granted folder.")
        if not steps:
            raise PathRefused(f"{grant.name} is a folder; name a file in it.")
        refuse_for_writing(steps[-1])
        root = Path(grant.path)
        above = opening.real_steps(root, _spelled(root, steps[:-1]))
        self._refuse_secret(grant, (*above, steps[-1]))
        path = GrantedPath(grant, (*above, steps[-1]))
        if not root.joinpath(*above).is_dir():
            raise PathRefused(f"{'/'.join(above)} is a file, not a folder.")
        if os.path.lexists(path.path) and not path.path.is_file():
            raise PathRefused(f"{path.text} is there already, and is no file.")
        return path

    def open(self, path: GrantedPath) -> BinaryIO:
        """The file, for reading. Raises PathRefused, FileNotFound, FileUnreadable."""
        self._refuse_revoked(path)
        if not path.steps:
            raise PathRefused(f"{path.text} is a folder, not a file.")
        return os.fdopen(opening.open_file(Path(path.grant.path), path.steps), "rb")

    @contextlib.contextmanager
    def opened_folder(self, path: GrantedPath) -> Iterator[int | Path]:
        """For ``os.scandir`` and ``dir_fd``."""
        self._refuse_revoked(path)
        with opening.opened_folder(Path(path.grant.path), path.steps) as folder:
            yield folder

    def is_open(self, grant: Grant, steps: tuple[str, ...]) -> bool:
        """Whether what lies there may be shown: not a store of keys, and not our own."""
        try:
            self._refuse_secret(grant, steps)
        except PathRefused:
            return False
        return True

    def _placed(self, text: str) -> tuple[Grant, tuple[str, ...]]:
        refuse_disguised(text)
        known = self.list()
        if not known:
            raise NothingGranted(NOTHING_GRANTED)
        from_root = _from_root(text)
        if from_root is not None:
            for grant in known:
                above = Path(grant.path).parts
                if tuple(map(_case, from_root[: len(above)])) == tuple(map(_case, above)):
                    below = from_root[len(above) :]
                    for name in below:
                        refuse_name(name, windows=_ON_WINDOWS)
                    return grant, below
            raise PathRefused("That path lies in no granted folder.")
        first, *below_first = steps_of(text, windows=_ON_WINDOWS) or ("",)
        for grant in known:
            if same_name(grant.name, first):
                return grant, tuple(below_first)
        names = ", ".join(grant.name for grant in known)
        raise FileNotFound(f"There is no granted folder called {first!r}. There are: {names}.")

    def _folder_at(self, text: str) -> Path:
        refuse_disguised(text)
        chosen = Path(text.strip())
        if text.replace("\\", "/").startswith(("//?/", "//./")) or chosen.parts[:2] == ("/", "proc"):
            raise PathRefused("Write the folder as the file manager shows it.")
        if not chosen.is_absolute():
            raise InvalidRequest("Give the whole path of the folder, from its start.")
        try:
            folder = chosen.resolve(strict=True)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFound(f"There is no folder {chosen}.") from error
        except (OSError, RuntimeError, ValueError) as error:
            raise PathRefused(f"{chosen} leads nowhere.") from error
        if not folder.is_dir():
            raise InvalidRequest(
                f"{folder} is not a folder. Grant its folder, or drop the file into the window."
            )
        return folder

    def _refuse_revoked(self, path: GrantedPath) -> None:
        if self._store.find(path.grant.id) is None:
            raise PathRefused(f"{path.grant.name} is not granted any more.")

    def _refuse_secret(self, grant: Grant, steps: tuple[str, ...]) -> None:
        path = Path(grant.path, *steps)
        inside = grant.kind == "folder" and places.is_ours(path, self._folder)
        if inside or places.is_secret(Path(*steps)) or (grant.kind == "folder" and places.is_secret(path)):
            raise PathRefused(f"{'/'.join(steps)} is kept shut: keys, passwords or a program's own data.")


def _from_root(text: str) -> tuple[str, ...] | None:
    """The parts of a path that starts at the root; None for one that starts with the name of a grant."""
    if text.replace("\\", "/").startswith(("//?/", "//./")):
        raise PathRefused("Write paths as the file manager shows them.")
    path = Path(text)
    if not path.is_absolute():
        if path.drive:
            raise PathRefused("Write the whole path, or begin with the name of a granted folder.")
        return None
    if ".." in path.parts:
        raise PathRefused("A path may not lead to the folder above by '..'.")
    return path.parts


def _case(part: str) -> str:
    return part.casefold() if _ON_WINDOWS else part


def _spelled(root: Path, steps: tuple[str, ...]) -> tuple[str, ...]:
    """``steps`` as the names are really written, where they are meant but for case or accents' form."""
    found: list[str] = []
    here = root
    for name in steps:
        if not os.path.lexists(here / name):
            meant = _meant(here, name)
            if len(meant) > 1:
                raise FileNotFound(f"{name} could be any of: {', '.join(sorted(meant))}.")
            if not meant:
                shown = "/".join((*found, name))
                raise FileNotFound(f"There is no file or folder {shown}.")
            name = meant[0]  # noqa: PLW2901 - the same step, as it is really written
        found.append(name)
        here = here / name
        if here.is_symlink():
            opening.real_steps(root, found)  # what lies behind a link that leads out is not even listed
    return tuple(found)


def _meant(folder: Path, name: str) -> "list[str]":
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if same_name(entry.name, name)]
    except OSError:
        return []


def _plain(name: str) -> str:
    """A folder's own name as the first step of paths."""
    return "".join(char for char in name if char.isprintable() and char not in "/\\").strip()
