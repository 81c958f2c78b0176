"""What lies in Google Drive: files and folders below one root, with paths that tell them apart.

Names in Drive are free text: slashes, ``..``, control characters, marks that turn the reading direction, and
two of one name in one folder. Here each gets a label that is safe in a path, and twins get a piece of their
id. Which of them are tables, and what those are called, is decided here too, the same whatever else is
there (as server/engine/tables would, without its numbers). Getting the listing stays in mirror.

A shortcut is what it leads to, under its own name, when that hangs on the same root: whoever shared a folder
has shared nothing beside it. What lies behind a folder's shortcut is shown once more, shortcuts in it to
folders are not.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from server.engine import tables

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
SHEET = "application/vnd.google-apps.spreadsheet"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FIELDS = "id,name,mimeType,parents,size,md5Checksum,modifiedTime,trashed,driveId,shortcutDetails(targetId)"
EXPORTS = {
    SHEET: (XLSX, ".xlsx"),
    "application/vnd.google-apps.document": ("text/plain", ".txt"),
    "application/vnd.google-apps.presentation": ("text/plain", ".txt"),
    "application/vnd.google-apps.drawing": ("image/png", ".png"),
}
"""What Google's own documents are read as."""
_ENDINGS = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/vnd.apache.parquet": ".parquet",
    XLSX: ".xlsx",
}
"""For a file whose name has none."""
_MOST_PATHS = 20_000
_LONGEST_LABEL = 150
_LONGEST_TABLE = 40
"""Characters; file names have at most 255 bytes, and identifiers 63."""


class Item(msgspec.Struct, frozen=True):
    """A file or folder as Drive lists it. ``size`` is None for Google's own documents; ``target`` is what a
    shortcut leads to."""

    id: str
    name: str
    media_type: str
    parents: tuple[str, ...] = ()
    size: int | None = None
    md5: str = ""
    modified_at: str = ""
    target: str = ""

    @property
    def content_id(self) -> str:
        """Of what is read."""
        return self.target or self.id

    @property
    def folder(self) -> bool:
        return self.media_type == FOLDER

    @property
    def version(self) -> str:
        """Changes with the content."""
        return f"{self.md5 or self.modified_at} {self.size}"


class TableFile(msgspec.Struct, frozen=True):
    """A file that SQL can read. ``local`` is where its copy lies, which gives the table its name."""

    item: Item
    path: str
    local: str
    schema: str
    table: str

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table

    def may_be(self, table: str) -> bool:
        """Whether a query's table may lie in this file: a workbook has one for each sheet."""
        wanted = table.replace('"', "").lower()
        return wanted == self.name or wanted.startswith(f"{self.name}_")


def item(found: dict[str, Any]) -> Item | None:
    """Of an answer of Drive; None for what has no place here, such as the bin."""
    file_id, name, kind = found.get("id"), found.get("name"), found.get("mimeType")
    if not (isinstance(file_id, str) and file_id and isinstance(name, str) and isinstance(kind, str)):
        return None
    if found.get("trashed") is True:
        return None
    size, parents, leads = found.get("size"), found.get("parents"), found.get("shortcutDetails")
    return Item(
        file_id,
        name,
        kind,
        tuple(one for one in parents if isinstance(one, str)) if isinstance(parents, list) else (),
        int(size) if isinstance(size, str) and size.isdecimal() else None,
        str(found.get("md5Checksum") or ""),
        str(found.get("modifiedTime") or ""),
        str(leads.get("targetId") or "") if kind == SHORTCUT and isinstance(leads, dict) else "",
    )


class Tree:
    """Everything below the root, by path. ``items`` may hold more; only what hangs on the root counts.
    ``refused`` are the paths of shortcuts that are not followed."""

    def __init__(self, root: str, items: Iterable[Item]) -> None:
        self.root = root
        self.by_path: dict[str, Item] = {}
        self.refused: list[str] = []
        children: dict[str, list[Item]] = {}
        for one in items:
            children.setdefault(one.parents[0] if one.parents else root, []).append(one)
        self._children: dict[str, list[str]] = {}
        inside = _hanging(root, children)
        waiting = [("", frozenset({root}), root, False)]
        while waiting and len(self.by_path) < _MOST_PATHS:
            path, above, parent, borrowed = waiting.pop()
            labelled = _labelled(children.get(parent, []))
            self._children[path] = [f"{path}/{label}".lstrip("/") for label, _ in labelled]
            for place, (_, listed) in zip(self._children[path], labelled, strict=True):
                found = _followed(listed, inside, borrowed=borrowed)
                if found is None or (found.folder and found.content_id in above):
                    self.refused.append(place)
                    continue
                self.by_path[place] = found
                if found.folder and place.count("/") < tables.MAX_DEPTH:
                    at = found.content_id
                    waiting.append((place, above | {at}, at, borrowed or bool(found.target)))
        self.tables = _table_files(self.by_path)

    def children(self, path: str) -> list[tuple[str, Item]] | None:
        """Of a folder; None when there is none of that path."""
        found = self._children.get(path)
        return None if found is None else [(one, self.by_path[one]) for one in found if one in self.by_path]


def _hanging(root: str, children: dict[str, list[Item]]) -> dict[str, Item]:
    """What hangs on the root by itself, by id."""
    found: dict[str, Item] = {}
    waiting = [root]
    while waiting:
        for one in children.get(waiting.pop(), ()):
            if one.id not in found:
                found[one.id] = one
                if one.folder:
                    waiting.append(one.id)
    return found


def _followed(one: Item, inside: dict[str, Item], *, borrowed: bool) -> Item | None:
    """What an item stands for; None for a shortcut that leads out, to another one, or on from behind one."""
    if one.media_type != SHORTCUT:
        return one
    to = inside.get(one.target)
    if to is None or to.media_type == SHORTCUT or (to.folder and borrowed):
        return None
    return msgspec.structs.replace(to, id=one.id, name=one.name, parents=one.parents, target=to.id)


def label(name: str) -> str:
    """A name that is one part of a path, and looks like itself."""
    plain = unicodedata.normalize("NFC", name)
    kept = "".join("_" if one in "/\\" else one for one in plain if unicodedata.category(one) not in _HIDDEN)
    shown = " ".join(kept.split())
    if len(shown) > _LONGEST_LABEL:
        ending = PurePosixPath(shown).suffix[:10]
        shown = shown[: _LONGEST_LABEL - len(ending)] + ending
    return "_" if shown.strip(".") == "" else shown


_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Control characters and marks that change how a name reads."""


def read_as(one: Item) -> tuple[str, str]:
    """The media type that reading gives, and the ending that its name then needs."""
    return EXPORTS.get(one.media_type, (one.media_type, ""))


def _labelled(items: list[Item]) -> list[tuple[str, Item]]:
    """By name; each of several alike gets a piece of its id, so that none is mistaken for another."""
    labels = [(label(one.name), one) for one in items]
    counts = Counter(text.casefold() for text, _ in labels)
    told = [(text if counts[text.casefold()] == 1 else _marked(text, one), one) for text, one in labels]
    return sorted(told, key=lambda pair: (pair[0].casefold(), pair[1].id))


def _marked(text: str, one: Item) -> str:
    plain = PurePosixPath(text)
    return f"{plain.stem} [{_mark(one)}]{plain.suffix}"


def _mark(one: Item) -> str:
    return hashlib.sha256(one.id.encode()).hexdigest()[:6]


def _table_files(by_path: dict[str, Item]) -> list[TableFile]:
    found: list[tuple[str, str, str, Item]] = []
    for path, one in by_path.items():
        ending = _ending(one)
        if not ending:
            continue
        folders = PurePosixPath(path).parent.parts
        schema = "_".join(_short(label(part)) for part in folders)[:_LONGEST_TABLE].strip("_")
        schema = tables.identifier(schema) if folders else ""
        if schema in tables.TAKEN_SCHEMAS:
            schema = f"{schema}_files"
        found.append((schema, _short(_stem(label(one.name), ending)), path, one))
    counts = Counter((schema, table) for schema, table, _, _ in found)
    return sorted(
        (
            _table_file(schema, table, path, one, alone=counts[schema, table] == 1)
            for schema, table, path, one in found
        ),
        key=lambda file: file.name,
    )


def _table_file(schema: str, table: str, path: str, one: Item, *, alone: bool) -> TableFile:
    name = table if alone else f"{table}_{_mark(one)}"
    local = f"{name}{_ending(one)}"
    return TableFile(one, path, f"{schema}/{local}" if schema else local, schema, name)


def _ending(one: Item) -> str:
    if one.media_type == SHEET:
        return ".xlsx"
    if one.media_type.startswith("application/vnd.google-apps.") or one.size is None:
        return ""
    return tables.ending_of(one.name) or _ENDINGS.get(one.media_type, "")


def _stem(text: str, ending: str) -> str:
    lowered = text.lower()
    return text[: -len(ending)] if lowered.endswith(ending) else Path(text).stem or text


def _short(text: str) -> str:
    name = tables.identifier(text)
    if len(name) <= _LONGEST_TABLE:
        return name
    return f"{name[: _LONGEST_TABLE - 7].rstrip('_')}_{hashlib.sha256(text.encode()).hexdigest()[:6]}"
