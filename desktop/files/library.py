"""What lies in the granted folders: listed, walked, read in parts. Searching and writing are beside this."""

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import BinaryIO, Literal

import msgspec

from desktop.files import kinds
from desktop.files.documents import Document, Kind, Read, Unread
from desktop.files.grants import GrantedPath, Grants
from desktop.files.paths import refuse_disguised
from desktop.files.worker import Bounds, Worker
from shared.errors import AppError, FileNotFound, FileUnreadable, PathRefused

READ_SECONDS = 60.0
_MOST_ENTRIES = 10_000
_MOST_DEPTH = 32
_TEMPORARY = ("~$", ".~lock.")
_documents = msgspec.json.Decoder(list[Document | Unread])
_encoder = msgspec.json.Encoder()


class Entry(msgspec.Struct, frozen=True):
    """One file or folder. ``path`` is how it is asked for; ``kind`` ``other`` is not read here."""

    name: str
    path: str
    kind: Kind | Literal["folder", "other"]
    size: int
    modified_at: str
    modified_ns: int = 0


class Listing(msgspec.Struct, frozen=True):
    """``shut`` counts what is not shown: hidden, kept shut, links, other drives."""

    path: str
    entries: list[Entry]
    shut: int = 0
    cut: bool = False


class Library:
    """Reads in workers of its own, one for the person and one for searching; close it at the end."""

    def __init__(self, grants: Grants) -> None:
        self.grants = grants
        self._for_person = Worker("reading", Bounds(memory_mb=1_024))
        self._for_search = Worker("reading", Bounds(memory_mb=768))

    def close(self) -> None:
        self._for_person.close()
        self._for_search.close()

    def listing(self, text: str) -> Listing:
        """Folders first, then files, each by name. Raises PathRefused, FileNotFound."""
        return self._listing(self.grants.resolve(text))

    def walk(self, start: GrantedPath, cancelled: Callable[[], None], until: float) -> Iterator[Entry]:
        """All files below ``start``, folder by folder, until the clock says ``until`` (of time.monotonic).
        What cannot be looked into is passed over."""
        waiting = [start]
        while waiting and time.monotonic() < until:
            cancelled()
            here = waiting.pop()
            try:
                listing = self._listing(here)
            except AppError:
                continue
            for entry in listing.entries:
                if entry.kind != "folder":
                    yield entry
                elif len(here.steps) < _MOST_DEPTH:
                    waiting.append(here.below(entry.name))

    def named(
        self, is_meant: Callable[[Entry], bool], cancelled: Callable[[], None], seconds: float
    ) -> list[Entry]:
        """All files that are meant, in every grant, as far as the time allows."""
        until = time.monotonic() + seconds
        starts = [GrantedPath(grant, ()) for grant in self.grants.list()]
        return [entry for start in starts for entry in self.walk(start, cancelled, until) if is_meant(entry)]

    def entry(self, text: str) -> Entry:
        """The one file or folder at ``text``."""
        path = self.grants.resolve(text)
        if not path.steps:
            return Entry(path.name, path.text, "folder", 0, "")
        with self.grants.opened_folder(GrantedPath(path.grant, path.steps[:-1])) as folder:
            try:
                if isinstance(folder, int):
                    found = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
                else:
                    found = os.lstat(folder / path.name)
            except FileNotFoundError as error:
                raise FileNotFound(f"There is no file {path.text}.") from error
        return _entry(path, found)

    def document(
        self, text: str, *, part: int = 1, cancelled: Callable[[], None] = lambda: None
    ) -> tuple[GrantedPath, Document]:
        """A part of the file's text. Raises PathRefused, FileNotFound, FileUnreadable."""
        path = self.grants.resolve(text)
        self._refuse_unread(path.name)
        with self.grants.open(path) as file:
            [document] = _read(self._for_person, [Read(path.name, part)], [file], cancelled)
        if isinstance(document, Unread):
            raise FileUnreadable(f"{path.name} cannot be read. {document.why}")
        return path, document

    def texts(
        self, entries: Sequence[Entry], most_characters: int, cancelled: Callable[[], None]
    ) -> list[Document | Unread]:
        """The whole text of each, as far as ``most_characters``, for searching; one answer for each."""
        reads: list[Read] = []
        files: list[BinaryIO] = []
        answers: dict[int, Document | Unread] = {}
        try:
            for number, entry in enumerate(entries):
                try:
                    files.append(self.grants.open(self.grants.resolve(entry.path)))
                except AppError as error:
                    answers[number] = Unread(error.message)
                else:
                    reads.append(Read(entry.name, whole=True, most_characters=most_characters))
            told = iter(self._read_all(reads, files, cancelled))
        finally:
            for file in files:
                file.close()
        return [answers[number] if number in answers else next(told) for number in range(len(entries))]

    def _read_all(
        self, reads: Sequence[Read], files: Sequence[BinaryIO], cancelled: Callable[[], None]
    ) -> list[Document | Unread]:
        """All at once; one by one when that broke the reader, so that one file does not take others along."""
        if not reads:
            return []
        try:
            return _read(self._for_search, reads, files, cancelled)
        except FileUnreadable as error:
            if len(reads) == 1:
                return [Unread(error.message)]
            pairs = zip(reads, files, strict=True)
            return [answer for read, file in pairs for answer in self._read_all([read], [file], cancelled)]

    def _listing(self, path: GrantedPath) -> Listing:
        entries: list[Entry] = []
        shut = 0
        with self.grants.opened_folder(path) as folder, os.scandir(folder) as found:
            for each in found:
                if len(entries) >= _MOST_ENTRIES:
                    return Listing(path.text, _in_order(entries), shut, cut=True)
                below = path.below(each.name)
                if not self._is_shown(below):
                    shut += 1
                    continue
                try:
                    entries.append(_entry(below, each.stat(follow_symlinks=False)))
                except (OSError, PathRefused):
                    shut += 1
        return Listing(path.text, _in_order(entries), shut)

    def _is_shown(self, path: GrantedPath) -> bool:
        if path.name.startswith((".", *_TEMPORARY)):
            return False
        try:
            refuse_disguised(path.name)
        except PathRefused:
            return False
        return self.grants.is_open(path.grant, path.steps)

    def _refuse_unread(self, name: str) -> None:
        if kinds.is_picture(name):
            raise FileUnreadable(f"{name} is a picture, and the agent reads only text.")


def _read(
    worker: Worker, reads: Sequence[Read], files: Sequence[BinaryIO], cancelled: Callable[[], None]
) -> list[Document | Unread]:
    answer = worker.ask(_encoder.encode(reads), files, deadline_seconds=READ_SECONDS, cancelled=cancelled)
    return _documents.decode(answer)


def _in_order(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.kind != "folder", entry.name.casefold()))


def _entry(path: GrantedPath, found: os.stat_result) -> Entry:
    """Raises PathRefused for what is neither a file nor a folder."""
    modified = datetime.fromtimestamp(max(0, found.st_mtime), UTC).isoformat(timespec="seconds")
    if stat.S_ISDIR(found.st_mode):
        return Entry(path.name, path.text, "folder", 0, modified)
    if not stat.S_ISREG(found.st_mode):
        raise PathRefused(f"{path.text} is no file.")
    kind = kinds.by_name(path.name) or "other"
    return Entry(path.name, path.text, kind, found.st_size, modified, found.st_mtime_ns)
