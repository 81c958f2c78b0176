"""Which kind of file something is, by what is in it and only then by its name. Pure but for a look at the
head."""

import zipfile
from pathlib import PurePath
from typing import BinaryIO

from desktop.files.documents import Kind
from shared.errors import FileUnreadable

HEAD = 4096
_BY_NAME: dict[str, Kind] = {
    ".txt": "text", ".log": "text", ".text": "text", ".ini": "text", ".yaml": "text", ".yml": "text",
    ".xml": "text",
    ".sql": "text", ".html": "text", ".htm": "text", ".eml": "text", ".rst": "text", ".md": "markdown",
    ".markdown": "markdown", ".json": "json", ".jsonl": "text", ".ndjson": "text", ".csv": "csv", ".tsv":
    "csv",
    ".tab": "csv", ".pdf": "pdf", ".docx": "word", ".docm": "word", ".dotx": "word", ".xlsx": "workbook",
    ".xlsm": "workbook", ".xlsb": "workbook", ".xls": "workbook", ".ods": "workbook",
}  # fmt: skip
_OLD_WORD, _SLIDES = (".doc", ".dot"), (".ppt", ".pptx", ".odp")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic", ".svgz", ".ico")
_NAMES: dict[str, str] = {
    "pdf": "a PDF", "word": "a Word document", "workbook": "a workbook", "text": "text", "csv": "text",
    "markdown": "text", "json": "text",
}  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNATURES = (
    (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"GIF8", "a picture"), (b"BM", "a picture"),
    (b"RIFF", "a picture, sound or film"), (b"MZ", "a program"), (b"\x7fELF", "a program"), (b"7z\xbc\xaf",
    "an archive"),
    (b"Rar!", "an archive"), (b"\x1f\x8b", "an archive"), (b"BZh", "an archive"), (b"\xfd7zXZ", "an archive"),
    (b"SQLite format 3", "a database"), (b"PAR1", "a Parquet file"),
)  # fmt: skip
_TEXT = ("text", "markdown", "json", "csv")


def by_name(name: str) -> Kind | None:
    """What the name promises; None for what is not read here."""
    return _BY_NAME.get(PurePath(name).suffix.lower())


def by_content(file: BinaryIO, name: str) -> tuple[Kind, list[str]]:
    """The kind, and a note when the name says another. Raises FileUnreadable for what holds no text."""
    file.seek(0)
    head = file.read(HEAD)
    promised = by_name(name)
    found = _found(file, head, name)
    file.seek(0)
    if found is None:
        return (promised if promised in _TEXT else "text"), _note(promised, "text")
    return found, _note(promised, found)


def _note(promised: Kind | None, found: Kind) -> list[str]:
    if promised is None or promised == found or (promised in _TEXT and found in _TEXT):
        return []
    return [f"Its name says {_NAMES[promised]}, but it holds {_NAMES[found]}; it was read as that."]


def _found(file: BinaryIO, head: bytes, name: str) -> Kind | None:
    """None for what looks like text."""
    if not head:
        raise FileUnreadable("It is empty.")
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _of_archive(file)
    if head.startswith(_OLE):
        return _of_ole(file, name)
    suffix = PurePath(name).suffix.lower()
    if suffix in _SLIDES:
        raise FileUnreadable("Slides are not read here; save them as PDF.")
    for signature, what in _SIGNATURES:
        if head.startswith(signature) and (b"\0" in head or signature not in (b"BM", b"MZ")):
            raise FileUnreadable(f"It is {what}, and holds no text that can be read here.")
    if head.startswith(b"{\\rtf"):
        raise FileUnreadable("Rich text (RTF) is not read here; save it as a Word document or PDF.")
    if by_name(name) in ("pdf", "word", "workbook"):
        raise FileUnreadable(
            f"Its name says {_NAMES[by_name(name) or 'text']}, but it is none, or it is broken."
        )
    return None


def _of_archive(file: BinaryIO) -> Kind:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            kept = archive.read("mimetype")[:80] if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, KeyError) as error:
        raise FileUnreadable("It is broken: it ends too early, or was damaged on the way.") from error
    if any(name.startswith("word/") for name in names):
        return "word"
    if any(name.startswith("xl/") for name in names) or b"opendocument.spreadsheet" in kept:
        return "workbook"
    if any(name.startswith("ppt/") for name in names):
        raise FileUnreadable("Slides are not read here; save them as PDF.")
    if b"opendocument" in kept:
        raise FileUnreadable("This kind of OpenDocument is not read here; save it as a Word document or PDF.")
    raise FileUnreadable("It is an archive of files; unpack it first.")


def _of_ole(file: BinaryIO, name: str) -> Kind:
    """The old containers of Office; new files with a password are kept in one too."""
    file.seek(0)
    names = file.read(4 * 1024 * 1024)
    if "EncryptedPackage".encode("utf-16-le") in names or "EncryptionInfo".encode("utf-16-le") in names:
        raise FileUnreadable("It is protected by a password; save a copy without one to use it here.")
    if "WordDocument".encode("utf-16-le") in names or PurePath(name).suffix.lower() in _OLD_WORD:
        raise FileUnreadable("It is in Word's old format; save it as .docx to use it here.")
    if "PowerPoint Document".encode("utf-16-le") in names:
        raise FileUnreadable("Slides are not read here; save them as PDF.")
    return "workbook"


def is_picture(name: str) -> bool:
    return PurePath(name).suffix.lower() in _PICTURES
