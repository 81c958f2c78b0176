"""What a text file is: encoding, separator, where its table begins. Its first bytes decide.

Reading the whole file stays in text_tables; which row is the heading in layout.
"""

import codecs
import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, cast

import msgspec

from shared.engine import layout

HEAD_BYTES = 512 * 1024
LONGEST_LINE = 16 * 1024 * 1024
_SAMPLE_ROWS = 2_000
_SEPARATORS = ",;\t|"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAID = {
    "utf-8-sig": "UTF-8 with a mark",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}
_SEPARATORS_SAID = {",": "", ";": "semicolons", "\t": "tabs", "|": "bars"}


class Form(msgspec.Struct, frozen=True):
    """``skip`` physical lines come before the first row of data; ``sample`` are the first of those rows.
    ``plain`` when DuckDB can read the file as it stands; ``complete`` when ``sample`` is all of it."""

    encoding: str
    separator: str
    skip: int
    layout: layout.Layout
    sample: list[list[str]]
    plain: bool
    complete: bool

    def said(self) -> list[str]:
        """What is worth telling, in a few words each."""
        marks = _SEPARATORS_SAID[self.separator]
        words = [_SAID.get(self.encoding, ""), f"separated by {marks}" if marks else ""]
        if self.layout.titles:
            words.append(f"{_lines(self.layout.titles)} above the heading left out")
        if not self.layout.headed:
            words.append("without a heading")
        return [word for word in words if word]


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def opened(raw: BinaryIO, compression: str) -> BinaryIO:
    """The file's content, uncompressed."""
    if compression == "gzip":
        return cast("BinaryIO", gzip.GzipFile(fileobj=raw))
    if compression == "zstd":
        import zstandard

        return cast("BinaryIO", zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))
    return raw


def unpacking_errors() -> tuple[type[Exception], ...]:
    """What a file raises that is not packed as it should be."""
    import zstandard

    return (gzip.BadGzipFile, zlib.error, EOFError, zstandard.ZstdError)


def form(raw: BinaryIO, *, encoding: str = "") -> Form:
    """How ``raw``, at its beginning, is to be read. Raises ValueError when it is no table of text."""
    head = _read(raw, HEAD_BYTES)
    if not head.strip(b"\0 \t\r\n"):
        raise ValueError("it is empty" if len(head) < HEAD_BYTES else "it holds no text")
    whole = len(head) < HEAD_BYTES
    encoding = encoding or _encoding(head)
    if not whole and not _has_line_end(head, encoding):
        head += _read(raw, LONGEST_LINE)
        if not _has_line_end(head, encoding):
            raise ValueError(f"its first line is longer than {LONGEST_LINE // 1024**2} MB")
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head, final=whole)
    plain = encoding in {"utf-8", "utf-8-sig"} and "\0" not in text and not _old_line_ends(text)
    text = text.replace("\0", "").removeprefix("\ufeff")
    separator, preface = _named_separator(text)
    separator = separator or _separator(text)
    rows = list(_rows(text, separator, whole=whole))
    complete = whole and len(rows) < _SAMPLE_ROWS and "\ufffd" not in text
    rows = rows[preface:]
    found = layout.find([row for _, row in rows])
    if found is None:
        raise ValueError("it is empty")
    first = found.first_row
    skip = rows[first - 1][0] if first else 0
    on_one_line = not any("\n" in cell for _, row in rows[:first] for cell in row)
    return Form(
        encoding=encoding,
        separator=separator,
        skip=skip or (1 if preface else 0),
        layout=found,
        sample=[row for _, row in rows[first:]],
        plain=plain and on_one_line and (skip > 0 or encoding == "utf-8"),
        complete=complete,
    )


def _read(content: BinaryIO, size: int) -> bytes:
    """Up to ``size`` bytes; a compressed stream gives fewer at a time."""
    pieces, left = [], size
    while left and (piece := content.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _encoding(head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    half = len(head[:4096]) // 2
    if half and max(even, odd) > 0.3 * half and min(even, odd) < 0.05 * half:
        return "utf-16-be" if even > odd else "utf-16-le"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return western(head)
    return "utf-8"


def western(data: bytes) -> str:
    """What a text that is no UTF-8 most likely is."""
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _has_line_end(head: bytes, encoding: str) -> bool:
    if encoding.startswith(("utf-16", "utf-32")):
        return b"\n\0" in head or b"\0\n" in head
    return b"\n" in head or b"\r" in head


def _old_line_ends(text: str) -> bool:
    return "\r" in text.replace("\r\n", "")


def _named_separator(text: str) -> tuple[str, int]:
    """``sep=;`` in the first line is Excel's way to say it."""
    first = text[:8].split("\n", maxsplit=1)[0].strip()
    named = len(first) == 5 and first.lower().startswith("sep=") and first[4] in _SEPARATORS
    return (first[4], 1) if named else ("", 0)


def _separator(text: str) -> str:
    """The one that gives most rows the same number of cells; of equals the one with fewer other rows above
    them, then the one with more cells."""
    best, best_key = ",", (0.0, 0, 0)
    for separator in _SEPARATORS:
        counts = [len(row) for _, row in _rows(text[:65_536], separator, whole=len(text) < 65_536)]
        if not counts:
            continue
        width, times = Counter(counts).most_common(1)[0]
        share = round(times / len(counts), 1)
        if width > 1 and share >= 0.4:
            key = (share, -counts.index(width), width)
            if best_key == (0.0, 0, 0) or key > best_key:
                best, best_key = separator, key
    return best


def _rows(text: str, separator: str, *, whole: bool) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, each with the number of the physical line that it ends in."""
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    held: tuple[int, list[str]] | None = None
    count = 0
    try:
        for row in reader:
            if held is not None:
                yield held
                count += 1
            held = (reader.line_num, row) if any(cell.strip() for cell in row) else None
            if count >= _SAMPLE_ROWS:
                return
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num + 1} can not be read ({error})") from error
    if held is not None and (whole or not count):  # otherwise the last one may be cut off
        yield held
