"""A Word document from an open file: paragraphs, headings, tables. Pictures, macros and links stay where
they are.

Read from its XML as a stream: a library that builds the whole tree needs ten times the memory, and follows
what an attacker wrote into it.
"""

from typing import BinaryIO

from desktop.files import archives
from desktop.files.documents import PART_CHARACTERS, Document, Read
from shared.errors import FileUnreadable

_BODY = "word/document.xml"
_MOST_OUTLINE = 60
_COUNTED = 4_000_000
"""Characters that are walked through to count words and parts; a document with more is cut there."""


def read(file: BinaryIO, wanted: Read) -> Document:
    """Raises FileUnreadable."""
    with archives.opened(file) as archive:
        notes = ["It holds macros. They are not run."] if archives.has_macros(archive) else []
        found = _Body(wanted.most_characters if wanted.whole else _COUNTED)
        archives.walk_xml(
            archive, _BODY, start=found.start, end=found.end, text=found.text, enough=lambda: found.full
        )
    whole = found.told()
    if not whole.strip():
        raise FileUnreadable("It holds no text; what is in it are pictures, if anything.")
    if wanted.whole:
        return Document("word", whole[: wanted.most_characters], cut=found.full)
    parts = max(1, -(-len(whole) // PART_CHARACTERS))
    if wanted.part > parts:
        raise FileUnreadable(f"It has {parts} parts, so there is no part {wanted.part}.")
    text = whole[(wanted.part - 1) * PART_CHARACTERS : wanted.part * PART_CHARACTERS]
    return Document(
        "word", text, wanted.part, parts, cut=parts > 1, outline=found.outline[:_MOST_OUTLINE], notes=notes,
        words=None if found.full else len(whole.split()),
    )  # fmt: skip


class _Body:
    """Gathers text while the elements go by."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lines: list[str] = []
        self._line: list[str] = []
        self._cells: list[str] = []
        self._size = 0
        self._in_text = False
        self._tables = 0
        self._level = 0
        self.outline: list[str] = []

    @property
    def full(self) -> bool:
        return self._size > self._most

    def told(self) -> str:
        return "\n".join(self._lines)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "t":
                self._in_text = True
            case "tab":
                self._line.append("\t")
            case "br" | "cr":
                self._line.append("\n")
            case "tbl":
                self._tables += 1
            case "p":
                self._level = 0
            case "pStyle":
                self._level = _level(next(iter(attributes.values()), ""))

    def end(self, name: str) -> None:
        match name:
            case "t":
                self._in_text = False
            case "tbl":
                self._tables -= 1
            case "p" if self._tables:
                self._line.append(" ")
            case "p":
                self._close("".join(self._line))
            case "tc":
                self._cells.append(" ".join("".join(self._line).split()))
                self._line = []
            case "tr":
                self._close(" | ".join(self._cells))
                self._cells = []

    def text(self, text: str) -> None:
        if self._in_text:
            self._line.append(text)
            self._size += len(text)

    def _close(self, line: str) -> None:
        self._line = []
        if line.strip():
            self._lines.append(line)
            self._size += 1
            if self._level:
                self.outline.append("  " * (self._level - 1) + line.strip()[:200])


def _level(style: str) -> int:
    """``Heading2`` is 2, ``Title`` 1, anything else 0."""
    plain = style.replace(" ", "").casefold()
    if plain == "title":
        return 1
    head, number = plain[:-1], plain[-1:]
    return int(number) if head.endswith(("heading", "berschrift", "titre")) and number in "123456789" else 0
