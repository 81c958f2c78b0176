"""A question about the person's files, answered without a model and without a backend: found, listed, read.

How the sentence is read is in desktop/files/wording. A text of a file is shown as it is, never as ours.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TypeVar

from desktop.agent.progress import Progress
from desktop.agent.pump import pumped
from desktop.events import Choice, Clarification, Event, FollowUps
from desktop.files import wording
from desktop.files.desk import FileDesk
from desktop.files.documents import Document
from desktop.files.grants import NOTHING_GRANTED, GrantedPath
from desktop.files.library import Entry, Listing
from desktop.files.paths import same_name
from desktop.files.search import Found
from desktop.files.wording import Wish
from desktop.tools.base import ToolContext
from desktop.tools.files import counted, found_in, plain
from shared.errors import AppError, FileNotFound, NothingGranted

T = TypeVar("T")

_MOST_SHOWN = 20
_EXCERPT = 1_500
_SEARCH_SECONDS = 10.0


class FileAnswer:
    """Deterministic, as the analyst is."""

    def __init__(self, desk: FileDesk) -> None:
        self._desk = desk

    def read(self, question: str) -> Wish | None:
        return wording.read(question)

    def answer(self, wish: Wish, progress: Progress, context: ToolContext) -> Generator[Event, None, str]:
        try:
            match wish.kind:
                case "find":
                    return (yield from self._find(wish.text, progress, context))
                case "list":
                    return (yield from self._list(wish.text, progress))
                case "read":
                    return (yield from self._read(wish.text, progress, context))
        except AppError as error:
            if error.code == "cancelled":
                raise
            yield from progress.left_open(error)
            progress.text = str(error)
            yield progress.chunk()
            return "cannot_answer"

    def _find(self, words: str, progress: Progress, context: ToolContext) -> Generator[Event, None, str]:
        step = progress.step(f"Searching files for {words}"[:120])
        yield step
        found = yield from _working(lambda: found_in(self._desk, words, "", context), progress)
        yield progress.done(step.step_id, f"{counted(len(found.hits), 'file')} of {found.files}")
        progress.text = _told_found(words, found)
        yield progress.chunk()
        if found.hits:
            readable = [hit.file for hit in found.hits if hit.file.kind != "other"][:3]
            yield FollowUps(questions=[f"What is in {entry.path}?" for entry in readable])
        return "answered"

    def _list(self, path: str, progress: Progress) -> Generator[Event, None, str]:
        step = progress.step(f"Looking into {path or 'the granted folders'}"[:120])
        yield step
        if path:
            listing = yield from _working(lambda: self._desk.library.listing(path), progress)
            yield progress.done(step.step_id, counted(len(listing.entries), "entry", "entries"))
            progress.text = _told_listing(listing)
        else:
            grants = self._desk.grants.list()
            if not grants:
                raise NothingGranted(NOTHING_GRANTED)
            yield progress.done(step.step_id, counted(len(grants), "folder"))
            progress.text = "\n".join(["You granted:", "", *(f"- {_code(grant.name)}" for grant in grants)])
            yield FollowUps(questions=[f"List files in {grant.name}" for grant in grants[:3]])
        yield progress.chunk()
        return "answered"

    def _read(self, text: str, progress: Progress, context: ToolContext) -> Generator[Event, None, str]:
        name = text.rpartition("/")[2]
        step = progress.step(f"Reading {name}"[:120])
        yield step
        paths = yield from _working(lambda: self._named(text, progress, context), progress)
        if len(paths) > 1:
            yield progress.done(step.step_id, "several files have that name")
            choices = [Choice(path, f"What is in {path}?") for path in paths[:6]]
            yield Clarification(question=f"Which {name}?", choices=choices)
            return "needs_clarification"
        path, document = yield from _working(
            lambda: self._desk.library.document(paths[0], cancelled=context.cancelled), progress
        )
        yield progress.done(step.step_id, f"{document.unit} 1 of {document.parts}")
        progress.text = _told_document(path, document)
        yield progress.chunk()
        return "answered"

    def _named(self, text: str, progress: Progress, context: ToolContext) -> list[str]:
        """The path itself, or all files of that name. Raises FileNotFound."""
        try:
            return [self._desk.grants.resolve(text).text]
        except NothingGranted:
            raise
        except FileNotFound:
            if "/" in text:
                raise
        found = self._desk.library.named(
            lambda entry: same_name(entry.name, text), context.cancelled, _SEARCH_SECONDS
        )
        if not found:
            progress.lacks_files = True
            raise FileNotFound(
                f"No granted file is called {text}. Drop it into the window, or grant its folder on the "
                "page Files."
            )
        return [entry.path for entry in found]


def _working(act: Callable[[], T], progress: Progress) -> Generator[Event, None, T]:
    """Nothing is told while it works, and stop is felt at once."""

    def work() -> Iterator[T]:
        yield act()

    yield from ()  # a generator, as those who ask it are
    [done] = pumped(work(), progress.stop)
    return done


def _told_found(words: str, found: Found) -> str:
    lines = [f"Files that have {_code(words)}:" if found.hits else f"No file has {_code(words)}.", ""]
    for hit in found.hits[:_MOST_SHOWN]:
        around = f": {_code(plain(hit.snippet))}" if hit.snippet else ""
        lines.append(f"- {_code(hit.file.path)}{around}")
    if len(found.hits) > _MOST_SHOWN:
        lines += ["", f"These are the best `{_MOST_SHOWN}`; the page Files shows more."]
    missing = []
    if found.not_read_yet:
        missing.append(f"`{found.not_read_yet}` are not read yet: ask again to go on")
    if found.unreadable:
        missing.append(f"`{found.unreadable}` cannot be read")
    if found.partly:
        missing.append(f"of `{found.partly}` large ones only the beginning was searched")
    if missing:
        lines += ["", f"Not everything was searched: {'; '.join(missing)}."]
    return "\n".join(lines)


def _told_listing(listing: Listing) -> str:
    if not listing.entries:
        return f"There is nothing in {_code(listing.path)}."
    lines = [f"In {_code(listing.path)}:", ""]
    lines += [f"- {_code(_shown(entry))}" for entry in listing.entries[:_MOST_SHOWN]]
    if len(listing.entries) > _MOST_SHOWN:
        lines += ["", f"And `{len(listing.entries) - _MOST_SHOWN}` more; the page Files shows them all."]
    return "\n".join(lines)


def _shown(entry: Entry) -> str:
    return f"{entry.name}/" if entry.kind == "folder" else entry.name


def _told_document(path: GrantedPath, document: Document) -> str:
    """Counts, outline, first lines: what can be said without understanding it. That it is no summary is
    said."""
    facts = [f"{document.parts} {document.unit}s" if document.parts > 1 else ""]
    facts += [counted(document.words, "word") if document.words is not None else ""]
    facts += [counted(document.lines, "line") if document.lines is not None else ""]
    lines = [f"{_code(path.text)} · {_code(', '.join(fact for fact in facts if fact) or document.kind)}", ""]
    lines += [f"{note}\n" for note in document.notes]
    for sheet in document.sheets:
        rows = f" · `{counted(sheet.rows, 'row')}`" if sheet.rows is not None else ""
        lines.append(f"- {_code(sheet.name or 'columns')}{rows}: {', '.join(map(_code, sheet.columns))}")
    if document.outline:
        lines += ["", "Its outline:", "", *(f"- {_code(line.strip())}" for line in document.outline[:20])]
    excerpt = document.text[:_EXCERPT].rstrip()
    if excerpt:
        lines += ["", "It begins:", "", *_fenced(excerpt + ("\n…" if len(document.text) > _EXCERPT else ""))]
    lines += ["", "This is its beginning and not a summary: a summary needs a model."]
    return "\n".join(lines)


def _code(text: str) -> str:
    """As it is, on one line; no sign in it means anything, and no figure in it is ours."""
    plain_text = " ".join(text.replace("`", "'").split())
    return f"`{plain_text}`" if plain_text else ""


def _fenced(text: str) -> Sequence[str]:
    fence = "`" * (3 + max((len(run) for run in _runs(text)), default=0))
    return [fence, text, fence]


def _runs(text: str) -> Iterator[str]:
    run = ""
    for char in text:
        run = run + char if char == "`" else ""
        if run:
            yield run
