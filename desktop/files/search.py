"""Finding files by their names and by what is in them. What was read is kept, so each file is read once.

A search says how far it came: the deadline is for the person's patience, and the next search goes on from
there.
"""

import threading
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from desktop.files.documents import Document
from desktop.files.grants import GrantedPath, Grants
from desktop.files.library import Entry, Library
from desktop.store.file_index import FileIndex, Match, Read
from shared.errors import InvalidRequest

SECONDS = 30.0
MOST_FILES = 100_000
_BATCH = 32
_BATCH_BYTES = 8 * 1024 * 1024
_MOST_CHARACTERS = 1_000_000
_MOST_HITS = 100
_LONGEST_QUERY = 200


class Hit(msgspec.Struct, frozen=True):
    """``snippet`` is empty for a file found by its name; else the words around, those found in it between
    U+0002 and U+0003."""

    file: Entry
    snippet: str = ""


class Looked(msgspec.Struct, frozen=True):
    """How far reading has come."""

    read: int
    to_read: int


class Found(msgspec.Struct, frozen=True):
    """``files`` were looked at by name. ``not_read_yet`` stayed unread as the time was over, ``unreadable``
    are broken, locked or no text, ``partly`` are so large that only the beginning was searched."""

    hits: list[Hit]
    files: int
    not_read_yet: int = 0
    unreadable: int = 0
    partly: int = 0
    cut: bool = False


class Search:
    """One person's. Close it at the end."""

    def __init__(self, library: Library, grants: Grants, file: Path) -> None:
        self._library = library
        self._grants = grants
        self._file = file
        self._opened: FileIndex | None = None
        self._opening = threading.Lock()

    @property
    def _index(self) -> FileIndex:
        """Opened when it is first needed: the start of the window does not wait for it. Calls of a model
        search side by side, and only one of them may make it."""
        with self._opening:
            if self._opened is None:
                self._opened = FileIndex(self._file)
            return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def forget_revoked(self) -> None:
        """Nothing of a revoked folder is kept."""
        if self._opened is not None or self._file.exists():
            self._index.keep_only([grant.id for grant in self._grants.list()])

    def find(
        self,
        query: str,
        *,
        below: str = "",
        seconds: float = SECONDS,
        cancelled: Callable[[], None] = lambda: None,
    ) -> Iterator[Looked | Found]:
        """Progress, and at last Found. ``below`` is a granted path to stay in."""
        words = words_of(query)
        starts = [self._grants.resolve(below)] if below else [GrantedPath(g, ()) for g in self._grants.list()]
        until = time.monotonic() + seconds
        entries: dict[str, tuple[str, Entry]] = {}
        for start in starts:
            for entry in self._library.walk(start, cancelled, until):
                if len(entries) >= MOST_FILES:
                    break
                entries[entry.path] = (start.grant.id, entry)
        waiting = self._to_read(starts, entries, whole=not below)
        left = len(waiting)
        yield Looked(0, left)
        for batch in _batches(waiting):
            if time.monotonic() >= until:
                break
            cancelled()
            self._read(batch, entries, cancelled)
            left -= len(batch)
            yield Looked(len(waiting) - left, len(waiting))
        yield self._found(words, starts, entries, left)

    def _to_read(
        self, starts: Sequence[GrantedPath], entries: dict[str, tuple[str, Entry]], *, whole: bool
    ) -> list[Entry]:
        """Files that are new or changed, small ones first; what has gone is forgotten."""
        known: dict[str, tuple[int, int]] = {}
        for start in starts:
            known |= self._index.versions(start.grant.id)
        if whole:
            self._index.forget([path for path in known if path not in entries])
        changed = [
            entry
            for _, entry in entries.values()
            if entry.kind != "other" and known.get(entry.path) != (entry.size, entry.modified_ns)
        ]
        return sorted(changed, key=lambda entry: entry.size)

    def _read(
        self, batch: Sequence[Entry], entries: dict[str, tuple[str, Entry]], cancelled: Callable[[], None]
    ) -> None:
        answers = self._library.texts(batch, _MOST_CHARACTERS, cancelled)
        self._index.keep(
            Read(
                grant_id=entries[entry.path][0],
                path=entry.path,
                size=entry.size,
                modified_ns=entry.modified_ns,
                text=folded(answer.text) if isinstance(answer, Document) else "",
                why="" if isinstance(answer, Document) else answer.why,
                cut=isinstance(answer, Document) and answer.cut,
            )
            for entry, answer in zip(batch, answers, strict=True)
        )

    def _found(
        self,
        words: Sequence[str],
        starts: Sequence[GrantedPath],
        entries: dict[str, tuple[str, Entry]],
        left: int,
    ) -> Found:
        grants = [start.grant.id for start in starts]
        inside = self._index.search(words, grants, _MOST_HITS * 4)
        in_text = {match.path: match for match in inside if match.path in entries}
        named = [entry for _, entry in entries.values() if _is_named(entry, words)]
        named.sort(key=lambda entry: (len(entry.path), entry.path))
        hits = [Hit(entry, _snippet(in_text.pop(entry.path, None))) for entry in named]
        hits += [Hit(entries[path][1], match.snippet) for path, match in in_text.items()]
        unreadable, partly = self._index.unread(grants)
        return Found(hits[:_MOST_HITS], len(entries), left, unreadable, partly, cut=len(hits) > _MOST_HITS)


def words_of(query: str) -> list[str]:
    """What to look for. Raises InvalidRequest when that is nothing."""
    words = [word for word in folded(query[:_LONGEST_QUERY]).split() if any(map(str.isalnum, word))]
    if not words:
        raise InvalidRequest("Write a word to look for.")
    return words


def folded(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _is_named(entry: Entry, words: Sequence[str]) -> bool:
    name = folded(entry.path).casefold()
    last = folded(entry.name).casefold()
    wanted = [word.casefold() for word in words]
    return all(word in name for word in wanted) and any(word in last for word in wanted)


def _snippet(match: Match | None) -> str:
    return match.snippet if match else ""


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) >= _BATCH or size + entry.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch
