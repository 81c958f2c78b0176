"""The tools for the person's files: ``list_files``, ``search_files``, ``read_file``, ``write_file``,
``open_file``.

Names, kinds and counts go to the model; text of a file is a value, and goes only where values may go. Writing
and opening wait for the person's yes, which shows the whole of what would be done.
"""

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Annotated, Any, TypeVar, cast

import msgspec

from desktop.events import Effect, Reading
from desktop.files import showing
from desktop.files.desk import FileDesk
from desktop.files.documents import Document
from desktop.files.grants import NOTHING_GRANTED, GrantedPath
from desktop.files.library import Entry
from desktop.files.search import Found
from desktop.store.private_answers import PrivateAnswers
from desktop.tools.base import Tool, ToolContext, ToolOutput
from shared.errors import AppError, Fixer, NothingGranted, PathRefused, ToolRefused

_MOST_LISTED = 200
_MOST_HITS = 30
_SEARCH_SECONDS = 20.0
_LONGEST_WRITTEN = 200_000
_WRITTEN = (".txt", ".md", ".csv", ".tsv", ".json")
_FORMULA = ("=", "+", "-", "@")
T = TypeVar("T")


class ListFilesArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Annotated[
        str,
        msgspec.Meta(description="A granted folder, such as Reports/2025; empty for all that is granted."),
    ] = ""


class ListFilesTool:
    name = "list_files"
    description = "List a folder on the person's PC that they granted: names, kinds, sizes."
    arguments: type[msgspec.Struct] = ListFilesArguments

    def __init__(self, desk: FileDesk) -> None:
        self._desk = desk

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - of the form
        return f"Looking into {cast('ListFilesArguments', arguments).path or 'the granted folders'}"[:120]

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        context.cancelled()
        path = cast("ListFilesArguments", arguments).path
        if not path:
            names = [grant.name for grant in self._desk.grants.list()]
            if not names:
                raise NothingGranted(NOTHING_GRANTED)
            return ToolOutput(for_model={"granted_folders": names}, summary=counted(len(names), "folder"))
        listing = mended(lambda: self._desk.library.listing(path))
        told = [_told(entry) for entry in listing.entries[:_MOST_LISTED]]
        return ToolOutput(
            for_model={"path": listing.path, "entries": told, "not_listed": len(listing.entries) - len(told)},
            summary=counted(len(listing.entries), "entry", "entries"),
        )


class SearchFilesArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: Annotated[str, msgspec.Meta(description="Words that the name or the text has, all of them.")]
    folder: Annotated[str, msgspec.Meta(description="A granted folder to stay in; empty for all.")] = ""


class SearchFilesTool:
    name = "search_files"
    description = "Find files in the granted folders by words in their names and in their text."
    arguments: type[msgspec.Struct] = SearchFilesArguments

    def __init__(self, desk: FileDesk, private_answers: PrivateAnswers) -> None:
        self._desk = desk
        self._private_answers = private_answers

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - of the form
        return f"Searching files for {cast('SearchFilesArguments', arguments).words}"[:120]

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("SearchFilesArguments", arguments)
        if not self._desk.grants.list():
            raise NothingGranted(NOTHING_GRANTED)
        if context.keeps_cells:
            self._private_answers.take(context.conversation_id)  # which files have a word tells of their text
        found = mended(lambda: found_in(self._desk, wanted.words, wanted.folder, context))
        hits = found.hits[:_MOST_HITS]
        return ToolOutput(
            for_model={
                "files": [_told(hit.file) for hit in hits],
                "searched": found.files,
                "not_searched_yet": found.not_read_yet,
                "unreadable": found.unreadable,
                "searched_only_in_part": found.partly,
            },
            cells={"around": {hit.file.path: plain(hit.snippet) for hit in hits if hit.snippet}},
            summary=f"{counted(len(found.hits), 'file')} of {found.files}",
            rows_sent=sum(1 for hit in hits if hit.snippet),
        )


class ReadFileArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Annotated[str, msgspec.Meta(description="As list_files and search_files give it.")]
    part: Annotated[int, msgspec.Meta(description="Page, part or sheet, from 1.", ge=1)] = 1


class ReadFileTool:
    name = "read_file"
    description = (
        "Read a granted file: text, Markdown, JSON, PDF, Word; of workbooks and CSV an overview (ask their "
        "tables with SQL). One part at a time; the answer says how many there are."
    )
    arguments: type[msgspec.Struct] = ReadFileArguments

    def __init__(self, desk: FileDesk) -> None:
        self._desk = desk

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - of the form
        return f"Reading {PurePath(cast('ReadFileArguments', arguments).path).name}"[:120]

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("ReadFileArguments", arguments)
        path, document = mended(
            lambda: self._desk.library.document(wanted.path, part=wanted.part, cancelled=context.cancelled)
        )
        return ToolOutput(
            for_model={"path": path.text, **_about(document)},
            cells={"text": document.text, "outline": document.outline},
            summary=f"{document.unit} {document.part} of {document.parts}",
            columns_sent=sum(len(sheet.columns) for sheet in document.sheets),
            rows_sent=len(document.text.splitlines()),
        )


class WriteFileArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Annotated[str, msgspec.Meta(description="In a granted folder: Reports/summary.md.")]
    content: Annotated[str, msgspec.Meta(description="The whole text.", max_length=_LONGEST_WRITTEN)]
    overwrite: Annotated[
        bool, msgspec.Meta(description="True only when the person asked to replace that very file.")
    ] = False


class WriteFileTool:
    """Nothing is written before the yes, and what is written is what was shown."""

    name = "write_file"
    description = (
        f"Write a text file ({', '.join(ending[1:] for ending in _WRITTEN)}) into a granted folder. The "
        "person sees the whole of it and says yes or no. A result is exported by the person, not by this."
    )
    arguments: type[msgspec.Struct] = WriteFileArguments

    def __init__(self, desk: FileDesk) -> None:
        self._desk = desk

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - of the form
        return f"Writing {PurePath(cast('WriteFileArguments', arguments).path).name}"[:120]

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("WriteFileArguments", arguments)
        if PurePath(wanted.path).suffix.lower() not in _WRITTEN:
            raise ToolRefused(f"Only {', '.join(_WRITTEN)} are written here.")
        data = wanted.content.encode("utf-8", "replace")
        planned = mended(lambda: self._desk.writing.plan(wanted.path, data, overwrite=wanted.overwrite))
        path = planned.path
        details = [
            Reading("Folder", str(path.path.parent)),
            Reading("Name", path.name),
            Reading("Size", f"{len(data)} bytes"),
        ]
        if planned.before is not None:
            details.append(Reading("Replaces", f"the file of that name, {planned.before.size} bytes"))
        if _holds_formulas(path.name, wanted.content):
            details.append(Reading("Mind", "some cells begin like formulas, which a spreadsheet would run"))
        title = f"{'Replace' if planned.before else 'Write'} {path.name}"
        context.approve(Effect(kind="write", title=title, details=details, preview=wanted.content))
        written = mended(lambda: self._desk.write(planned))
        return ToolOutput(
            for_model={"written": written.path, "bytes": len(data)},
            summary=f"{len(data)} bytes into {written.path}",
        )


class OpenFileArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Annotated[str, msgspec.Meta(description="A granted file.")]


class OpenFileTool:
    name = "open_file"
    description = "Open a granted file in the program that the person uses for it, after their yes."
    arguments: type[msgspec.Struct] = OpenFileArguments

    def __init__(self, desk: FileDesk) -> None:
        self._desk = desk

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - of the form
        return f"Opening {PurePath(cast('OpenFileArguments', arguments).path).name}"[:120]

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        text = cast("OpenFileArguments", arguments).path
        path = mended(lambda: self._desk.grants.resolve(text))
        mended(lambda: showing.refuse_unshown(path))
        context.approve(
            Effect(
                kind="open",
                title=f"Open {path.name}",
                details=[Reading("Folder", str(path.path.parent)), Reading("Name", path.name)],
            )
        )
        mended(lambda: self._open(text, path))
        return ToolOutput(for_model={"opened": path.text}, summary=path.text)

    def _open(self, text: str, shown: GrantedPath) -> None:
        """What was shown, if it is there and granted still: the yes may have taken its time."""
        if self._desk.grants.resolve(text) != shown:
            raise PathRefused(f"{shown.name} is not where it was, so nothing was opened.")
        showing.open_in_program(shown)


def file_tools(desk: FileDesk, private_answers: PrivateAnswers) -> Sequence[Tool]:
    """All of them, as a model gets them."""
    return [
        ListFilesTool(desk),
        SearchFilesTool(desk, private_answers),
        ReadFileTool(desk),
        WriteFileTool(desk),
        OpenFileTool(desk),
    ]


def found_in(desk: FileDesk, words: str, folder: str, context: ToolContext) -> Found:
    """The end of a search that nobody watches."""
    last: Found | None = None
    for each in desk.search.find(words, below=folder, seconds=_SEARCH_SECONDS, cancelled=context.cancelled):
        last = each if isinstance(each, Found) else last
    assert last is not None  # noqa: S101 - a search ends with what it found
    return last


def mended(act: Callable[[], T]) -> T:
    """What the person would have to mend is told to the model, which can tell them, or take another file."""
    try:
        return act()
    except AppError as error:
        if error.fixer is Fixer.MODEL or error.code == "cancelled":
            raise
        raise ToolRefused(str(error)) from error


def plain(snippet: str) -> str:
    return snippet.replace("\x02", "").replace("\x03", "")


def counted(count: int, one: str, many: str = "") -> str:
    return f"1 {one}" if count == 1 else f"{count} {many or one + 's'}"


def _told(entry: Entry) -> dict[str, Any]:
    return {"path": entry.path, "kind": entry.kind, "bytes": entry.size, "changed": entry.modified_at}


def _about(document: Document) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": document.kind,
        document.unit: document.part,
        f"{document.unit}s": document.parts,
        "notes": document.notes,
        "words": document.words,
        "lines": document.lines,
    }
    if document.sheets:
        told["sheets"] = [
            {"name": sheet.name, "columns": sheet.columns, "rows": sheet.rows} for sheet in document.sheets
        ]
    return told


def _holds_formulas(name: str, content: str) -> bool:
    if PurePath(name).suffix.lower() not in (".csv", ".tsv"):
        return False
    cells = (
        cell.strip().strip('"')
        for line in content.splitlines()
        for cell in line.replace("\t", ",").split(",")
    )
    return any(
        cell.startswith(_FORMULA) and not cell[1:].replace(".", "").isdigit()
        for cell in cells
        if len(cell) > 1
    )
