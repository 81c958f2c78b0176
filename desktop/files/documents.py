"""What is told about a file and its text: between the worker's process, the window and the tools. No
reading here."""

from typing import Literal

import msgspec

Kind = Literal["text", "markdown", "json", "csv", "pdf", "word", "workbook"]

PART_CHARACTERS = 20_000
"""Of text in one part at most: what is shown, and what one call of a tool gets."""


class Read(msgspec.Struct, frozen=True):
    """``name`` only says which kind the person takes it for. ``part`` counts from 1. With ``whole`` the
    text is all of it, as far as ``most_characters``, for searching."""

    name: str
    part: int = 1
    whole: bool = False
    most_characters: int = PART_CHARACTERS


class Sheet(msgspec.Struct, frozen=True):
    """``rows`` without the row of names; None when they were not counted."""

    name: str
    columns: list[str]
    rows: int | None = None


class Document(msgspec.Struct, frozen=True, tag="document"):
    """``unit`` is what a part is: ``page part sheet``. ``outline`` holds headings, keys or bookmarks,
    ``notes`` whole sentences about what is odd in the file. ``words`` is None when they were not counted."""

    kind: Kind
    text: str
    part: int = 1
    parts: int = 1
    unit: str = "part"
    cut: bool = False
    outline: list[str] = []
    sheets: list[Sheet] = []
    notes: list[str] = []
    words: int | None = None
    lines: int | None = None


class Unread(msgspec.Struct, frozen=True, tag="unread"):
    """What is wrong with a file, as whole sentences."""

    why: str
