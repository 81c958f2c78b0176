"""Text, Markdown and JSON from an open file: a part at a time, so that size does not matter."""

import codecs
import json
import re
from typing import BinaryIO

from desktop.files.documents import PART_CHARACTERS, Document, Kind, Read
from shared.errors import FileUnreadable

_COUNTED = 64 * 1024 * 1024
_PARSED = 16 * 1024 * 1024
_MOST_OUTLINE = 60
_LINE_AHEAD = 4096
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$", re.MULTILINE)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def read(file: BinaryIO, size: int, wanted: Read, kind: Kind) -> Document:
    """Raises FileUnreadable for a file without text, and for a part that it does not have."""
    head = file.read(4096)
    encoding, notes = encoding_of(file, head)
    if wanted.whole:
        file.seek(0)
        data = file.read(wanted.most_characters * 2)
        return Document(kind, _decoded(data, encoding)[: wanted.most_characters], cut=len(data) < size)
    parts = max(1, -(-size // PART_CHARACTERS))
    if wanted.part > parts:
        raise FileUnreadable(f"It has {parts} parts, so there is no part {wanted.part}.")
    text = _part(file, wanted.part, encoding)
    outline: list[str] = []
    if kind == "markdown":
        outline = [f"{'  ' * (len(marks) - 1)}{words}" for marks, words in _HEADING.findall(text)]
    elif kind == "json":
        outline, found = _of_json(file, size, encoding)
        notes += found
    words, lines = _counts(file, size, encoding)
    return Document(
        kind, text, wanted.part, parts, cut=parts > 1, outline=outline[:_MOST_OUTLINE], notes=notes,
        words=words, lines=lines,
    )  # fmt: skip


def encoding_of(file: BinaryIO, head: bytes) -> tuple[str, list[str]]:
    """By its mark, else UTF-8 where that fits, else Windows' of western Europe, with a note."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, []
    if b"\0" in head:
        raise FileUnreadable("It holds no text that can be read here.")
    file.seek(0)
    sample = file.read(1024 * 1024)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "cp1252", ["The text is not in UTF-8; it was read as Windows-1252."]
    return "utf-8", []


def _part(file: BinaryIO, number: int, encoding: str) -> str:
    start = _boundary(file, (number - 1) * PART_CHARACTERS, encoding)
    end = _boundary(file, number * PART_CHARACTERS, encoding)
    file.seek(start)
    return _decoded(file.read(end - start), encoding)


def _boundary(file: BinaryIO, near: int, encoding: str) -> int:
    """Where a part begins: after the end of a line soon behind ``near``, else between two characters. Two
    parts that meet there share nothing and leave nothing out."""
    if near == 0 or encoding.startswith("utf-16"):
        return near
    file.seek(near)
    ahead = file.read(_LINE_AHEAD)
    end = ahead.find(b"\n")
    if end >= 0:
        return near + end + 1
    inside = 0
    while encoding.startswith("utf-8") and inside < min(3, len(ahead)) and ahead[inside] & 0xC0 == 0x80:
        inside += 1
    return near + inside


def _decoded(data: bytes, encoding: str) -> str:
    return data.decode(encoding, "replace").removeprefix("\ufeff").replace("\r\n", "\n")


def _counts(file: BinaryIO, size: int, encoding: str) -> tuple[int | None, int | None]:
    if size > _COUNTED or encoding.startswith("utf-16"):
        return None, None
    file.seek(0)
    words = lines = 0
    last = b""
    while block := file.read(1024 * 1024):
        words += len(block.split())
        lines += block.count(b"\n")
        last = block[-1:]
    return words, lines + (last not in (b"", b"\n"))


def _of_json(file: BinaryIO, size: int, encoding: str) -> tuple[list[str], list[str]]:
    if size > _PARSED:
        return [], ["It is too large to be looked through as JSON; it is shown as text."]
    file.seek(0)
    try:
        found = json.loads(_decoded(file.read(), encoding))
    except RecursionError:
        return [], ["It is nested too deeply to be looked through; it is shown as text."]
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        return [], [f"It is no valid JSON{where}; it is shown as text."]
    match found:
        case dict():
            return [f"{key}: {_shape(value)}" for key, value in list(found.items())[:_MOST_OUTLINE]], []
        case list():
            return [
                f"a list of {len(found)}",
                *({_shape(value): None for value in found[:_MOST_OUTLINE]}),
            ], []
        case _:
            return [_shape(found)], []


def _shape(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(map(str, list(value)[:12])) + "}"
        case list():
            return f"a list of {len(value)}"
        case bool():
            return "yes or no"
        case int() | float():
            return "a number"
        case None:
            return "nothing"
        case _:
            return "a text"
