"""A local copy of what Google Drive holds: the listing, kept up by its changes, and the files that were read.

Lies in a private folder, shared by every process of this backend: one looks at Drive at a time, the others
use what it found. A file is taken over only when it is whole: its size and MD5 are those of the listing.
"""

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from server.connectors.google_drive.api import DriveApi, quoted
from server.connectors.google_drive.place import found_root
from server.connectors.google_drive.tree import EXPORTS, FIELDS, SHEET, Item, TableFile, Tree, item
from server.outgoing import Outgoing
from shared.errors import NotFound, SourceUnavailable

LOOK_AGAIN_SECONDS = 10.0
"""How old a look at Drive's changes may be."""
WALK_AGAIN_SECONDS = 900.0
"""How old a listing may be, for what the changes do not tell (a file that is shared no more)."""
MOST_ITEMS = 20_000
MOST_TABLES = 2_000
_FOLDERS_AT_ONCE = 40
MEGABYTE = 1_000_000


class _State(msgspec.Struct):
    """What is known of Drive. ``copied`` has the version of each local file."""

    root: str = ""
    drive: str = ""
    token: str = ""
    items: dict[str, Item] = {}
    looked_at: float = 0.0
    walked_at: float = 0.0
    cut: bool = False
    copied: dict[str, str] = {}


class Mirror:
    """Used by one caller at a time, within the deadline of ``outgoing``. ``place`` is the root: the id, link
    or path of a folder, and the name or id of a shared drive; both may be empty."""

    def __init__(
        self, api: DriveApi, outgoing: Outgoing, folder: Path, place: tuple[str, str], *, max_mb: int
    ) -> None:
        self._api, self._outgoing = api, outgoing
        self._folder = folder
        self._place = place
        self._most_bytes = max_mb * MEGABYTE
        self.files = folder / "files"
        self.files.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._state = _State()
        self._tree = Tree("", [])
        self._known = (-1, -1)

    def tree(self) -> Tree:
        """As Drive is, give or take LOOK_AGAIN_SECONDS."""
        self._load()
        if time.time() - self._state.looked_at >= LOOK_AGAIN_SECONDS:
            with self._alone():
                self._load()
                if time.time() - self._state.looked_at >= LOOK_AGAIN_SECONDS:
                    self._look()
        return self._tree

    def copy(self, wanted: Sequence[TableFile]) -> None:
        """Makes the local copies of these files as they are in Drive."""
        if all(self._is_copied(file) for file in wanted):
            return
        with self._alone():
            self._load()
            for file in wanted:
                if not self._is_copied(file):
                    self._download(file)
                    self._save()

    def copied(self) -> dict[str, str]:
        """The local files, each with its version."""
        return dict(self._state.copied)

    def usable(self) -> list[TableFile]:
        """The files that are tables, within the limits."""
        return self._within_limits()[0]

    def warnings(self) -> list[str]:
        left_out = self._within_limits()[1]
        said = []
        if left_out:
            said.append(
                f"{len(left_out)} files are no tables: the local copy would pass {MOST_TABLES:,} files or "
                f"{self._most_bytes // MEGABYTE:,} MB (copy_mb); the first is {left_out[0].path!r}."
            )
        if refused := self._tree.refused:
            said.append(
                f"{len(refused)} shortcuts lead out of the folder or in a circle, and are not followed; "
                f"the first is {refused[0]!r}."
            )
        if self._state.cut:
            said.append(f"The folder holds more than {MOST_ITEMS:,} files; the rest is not seen.")
        return said

    @property
    def root(self) -> str:
        """Its id in Drive; empty for all that the account sees."""
        return self._state.root

    def _within_limits(self) -> tuple[list[TableFile], list[TableFile]]:
        kept: list[TableFile] = []
        left_out: list[TableFile] = []
        total = 0
        for file in self._tree.tables:
            size = file.item.size or 0
            if total + size > self._most_bytes or len(kept) >= MOST_TABLES:
                left_out.append(file)
            else:
                total += size
                kept.append(file)
        return kept, left_out

    def _is_copied(self, file: TableFile) -> bool:
        if self._state.copied.get(file.local) != f"{file.item.id} {file.item.version}":
            return False
        return (self.files / file.local).is_file()

    def _download(self, file: TableFile) -> None:
        one, target = file.item, self.files / file.local
        beside = self._folder / f"{os.getpid()}.part"
        digest, size = hashlib.md5(usedforsecurity=False), 0
        try:
            with beside.open("wb") as out:
                for piece in self._pieces(one):
                    out.write(piece)
                    digest.update(piece)
                    size += len(piece)
            if (one.size is not None and size != one.size) or (one.md5 and digest.hexdigest() != one.md5):
                self._state.looked_at = 0.0  # it may have changed since it was listed
                raise SourceUnavailable(
                    f"The file {file.path!r} arrived otherwise than Google Drive lists it.",
                    details="It may be changing; try again.",
                    retry_after=10,
                )
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside.replace(target)
        except OSError as error:
            raise SourceUnavailable("There is no room for a copy of Google Drive's files.") from error
        finally:
            beside.unlink(missing_ok=True)
        self._state.copied[file.local] = f"{one.id} {one.version}"

    def _pieces(self, one: Item) -> Iterator[bytes]:
        if one.media_type == SHEET:
            return self._api.exported(one.content_id, EXPORTS[SHEET][0], self._most_bytes)
        return self._api.content(one.content_id, self._most_bytes)

    def _look(self) -> None:
        """What has changed; or everything, when that is not known."""
        state = self._state
        if not state.token or time.time() - state.walked_at >= WALK_AGAIN_SECONDS or not self._changed():
            self._walk()
        state.looked_at = time.time()
        self._tree = Tree(state.root, state.items.values())
        self._forget_others()
        self._save()

    def _changed(self) -> bool:
        """Takes over the changes since the last look; False when only a walk can tell."""
        state = self._state
        fields = f"nextPageToken,newStartPageToken,changes(fileId,removed,file({FIELDS}))"
        params = {"fields": fields, "pageSize": "1000", "includeRemoved": "true"}
        if state.drive:
            params["driveId"] = state.drive
        token: str = state.token
        while True:
            try:
                page = self._api.get(
                    "changes",
                    **params,
                    pageToken=token,
                    supportsAllDrives="true",
                    includeItemsFromAllDrives="true",
                )
            except NotFound:
                return False
            changes = page.get("changes")
            if not all(self._apply(one) for one in (changes if isinstance(changes, list) else [])):
                return False
            following = page.get("nextPageToken")
            if not isinstance(following, str) or following == token:
                state.token = str(page.get("newStartPageToken") or "")
                return True
            token = following

    def _apply(self, change: Any) -> bool:
        """False for a folder that came or moved: what is in it is not told."""
        if not isinstance(change, dict) or not isinstance(change.get("fileId"), str):
            return True
        items, file_id = self._state.items, change["fileId"]
        found = change.get("file")
        one = item(found) if isinstance(found, dict) and change.get("removed") is not True else None
        before = items.get(file_id)
        inside = one is not None and (
            any(parent == self._state.root or parent in items for parent in one.parents)
            or (not self._state.root and before is not None)
        )
        if one is None or not inside:
            items.pop(file_id, None)
            return self._state.root != "" or one is None
        if one.folder and (before is None or before.parents != one.parents):
            return False
        items[file_id] = one
        return True

    def _walk(self) -> None:
        """Everything below the root, folder by folder."""
        state = self._state
        state.drive, state.root = found_root(self._api, *self._place)
        drive = {"driveId": state.drive} if state.drive else {}
        start = self._api.get("changes/startPageToken", supportsAllDrives="true", **drive)
        token = str(start.get("startPageToken") or "")
        where = {**drive, "corpora": "drive"} if drive else {}
        items: dict[str, Item] = {}
        if state.root:
            waiting = [state.root]
        else:
            query = "('root' in parents or sharedWithMe = true) and trashed = false"
            tops = [one for one in map(item, self._api.files(query, FIELDS)) if one is not None]
            items = {one.id: msgspec.structs.replace(one, parents=()) for one in tops}
            waiting = [one.id for one in tops if one.folder]
        seen = set(waiting)
        while waiting and len(items) < MOST_ITEMS:
            some, waiting = waiting[:_FOLDERS_AT_ONCE], waiting[_FOLDERS_AT_ONCE:]
            inside = " or ".join(f"{quoted(folder)} in parents" for folder in some)
            for one in map(item, self._api.files(f"({inside}) and trashed = false", FIELDS, **where)):
                if one is None or one.id in items or len(items) >= MOST_ITEMS:
                    continue
                items[one.id] = one
                if one.folder and one.id not in seen:
                    seen.add(one.id)
                    waiting.append(one.id)
        state.items, state.token, state.walked_at = items, token, time.time()
        state.cut = len(items) >= MOST_ITEMS

    def _forget_others(self) -> None:
        """Copies of what is not there any more."""
        kept = {file.local for file in self.usable()}
        for path in [path for path in self.files.rglob("*") if path.is_file()]:
            local = path.relative_to(self.files).as_posix()
            if local not in kept:
                path.unlink(missing_ok=True)
                self._state.copied.pop(local, None)

    def _load(self) -> None:
        path = self._folder / "state.msgpack"
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            stat = path.stat()
            if (stat.st_mtime_ns, stat.st_ino) != self._known:
                self._state = msgspec.msgpack.decode(path.read_bytes(), type=_State)
                self._tree = Tree(self._state.root, self._state.items.values())
                self._known = (stat.st_mtime_ns, stat.st_ino)

    def _save(self) -> None:
        path = self._folder / "state.msgpack"
        beside = path.with_suffix(f".{os.getpid()}.new")
        try:
            beside.write_bytes(msgspec.msgpack.encode(self._state))
            beside.replace(path)
        except OSError as error:
            raise SourceUnavailable("There is no room for a copy of Google Drive's files.") from error
        stat = path.stat()
        self._known = (stat.st_mtime_ns, stat.st_ino)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Waits for whoever is at it, within the deadline."""
        if sys.platform == "win32":
            yield
            return
        import fcntl

        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._outgoing.pause(0.05)
                else:
                    break
            yield
        finally:
            os.close(descriptor)
