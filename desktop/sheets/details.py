"""What only the XML of a workbook tells: what is hidden, formulas without a value, and those that failed."""

import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

_MOST_BYTES = 150_000_000
"""Of one sheet's XML, unpacked. Larger ones are not looked through."""
_SHEET = re.compile(rb"<sheet\b[^>]*>")
_RELATION = re.compile(rb"<Relationship\b[^>]*>")
_ROW = re.compile(rb"<row\b[^>]*>")
_FORMULA = re.compile(
    rb'<c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v>([^<]*)</v>)?'
)
_ERROR = re.compile(
    rb'<c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*?\bt="e"[^>]*>\s*(?:<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*)?'
    rb"<v>(#[^<]{1,20})</v>"
)
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')


class Details(msgspec.Struct, frozen=True):
    """``hidden_rows`` counts; ``no_value`` are cells (row, column) whose formula was never calculated."""

    hidden_rows: int = 0
    hidden_columns: int = 0
    no_value: frozenset[tuple[int, int]] = frozenset()
    errors: dict[tuple[int, int], str] = {}
    """What Excel shows in cells that failed; calamine has them empty."""


def read(file: BinaryIO) -> dict[str, Details]:
    """By the sheet's name; empty for what is no workbook of XML."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            return dict(_sheets(archive))
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, NotImplementedError, RuntimeError):
        return {}


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, Details]]:
    book = _content(archive, "xl/workbook.xml")
    places = {
        _attribute(tag, "Id"): _attribute(tag, "Target")
        for tag in _RELATION.findall(_content(archive, "xl/_rels/workbook.xml.rels"))
    }
    calculates = b'fullCalcOnLoad="1"' in book
    for tag in _SHEET.findall(book):
        place = places.get(_attribute(tag, "r:id"), "")
        if place:
            path = place.removeprefix("/") if place.startswith("/") else f"xl/{place}"
            yield _attribute(tag, "name"), _details(_content(archive, path), calculates=calculates)


def _content(archive: zipfile.ZipFile, path: str) -> bytes:
    if archive.getinfo(path).file_size > _MOST_BYTES:
        raise ValueError(path)
    return archive.read(path)


def _attribute(tag: bytes, name: str) -> str:
    from html import unescape

    found = re.search(rb'\b%s="([^"]*)"' % re.escape(name.encode()), tag)
    return unescape(found[1].decode("utf-8", "replace")) if found else ""


def _details(xml: bytes, *, calculates: bool) -> Details:
    """``calculates``: the program that wrote the file left the calculating to Excel, so its zeros are
    none."""
    hidden = sum(bool(_HIDDEN.search(tag)) for tag in _ROW.findall(xml))
    columns = 0
    for tag in re.findall(rb"<col\b[^>]*>", xml):
        if _HIDDEN.search(tag):
            first, last = (_attribute(tag, name) for name in ("min", "max"))
            columns += int(last or 0) - int(first or 0) + 1 if int(last or 0) < 16_000 else 0
    cells = frozenset(
        (int(row) - 1, _column(letters))
        for letters, row, value in _FORMULA.findall(xml)
        if not value or (calculates and value == b"0")
    )
    failed = {
        (int(row) - 1, _column(letters)): text.decode("ascii", "replace")
        for letters, row, text in _ERROR.findall(xml)
    }
    return Details(hidden, columns, cells, failed)


def _column(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place - 1
