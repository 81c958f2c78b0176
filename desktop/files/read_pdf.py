"""The text of a PDF, page by page, from an open file. Pictures are not looked at: a scan has no text."""

import logging
from typing import BinaryIO

from desktop.files.documents import Document, Read
from shared.errors import AppError, FileUnreadable

_MOST_OUTLINE = 60
_BROKEN = "It is broken: it ends too early, or was damaged on the way."
_LOCKED = "It is protected by a password; save a copy without one to use it here."


def read(file: BinaryIO, wanted: Read) -> Document:
    """One page, or as much as is wanted of all. Raises FileUnreadable."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    import pypdf
    from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

    try:
        reader = pypdf.PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileUnreadable(_LOCKED)
        pages = len(reader.pages)
        if not pages:
            raise FileUnreadable("It has no pages.")
        if wanted.whole:
            return _whole(reader, pages, wanted.most_characters)
        if wanted.part > pages:
            raise FileUnreadable(f"It has {pages} pages, so there is no page {wanted.part}.")
        text = _text(reader, wanted.part - 1)
        notes = (
            []
            if text.strip()
            else ["This page has no text: it is a picture or a scan, which is not read here."]
        )
        return Document(
            "pdf", text[: wanted.most_characters], wanted.part, pages, "page", cut=pages > 1,
            outline=_bookmarks(reader), notes=notes,
        )  # fmt: skip
    except AppError:
        raise
    except (DependencyError, FileNotDecryptedError) as error:
        raise FileUnreadable(_LOCKED) from error
    except MemoryError:
        raise
    except (PyPdfError, RecursionError, OSError, ArithmeticError, LookupError, TypeError, ValueError,
            AttributeError, AssertionError, NotImplementedError) as error:  # fmt: skip
        # what the library meets in files that nobody wrote on purpose
        raise FileUnreadable(_BROKEN) from error


def _whole(reader: "object", pages: int, most: int) -> Document:
    texts: list[str] = []
    size = 0
    for number in range(pages):
        texts.append(_text(reader, number))
        size += len(texts[-1])
        if size > most:
            break
    return Document("pdf", "\n".join(texts)[:most], cut=size > most or len(texts) < pages)


def _text(reader: "object", number: int) -> str:
    return str(reader.pages[number].extract_text())  # type: ignore[attr-defined]  # pypdf's reader


def _bookmarks(reader: "object") -> list[str]:
    """Its own table of contents; many PDFs have none, and some a broken one."""
    try:
        return _titles(reader.outline, 0)[:_MOST_OUTLINE]  # type: ignore[attr-defined]
    except (RecursionError, LookupError, TypeError, ValueError, AttributeError, AssertionError):
        return []


def _titles(entries: "object", depth: int) -> list[str]:
    found: list[str] = []
    if not isinstance(entries, list) or depth > 8:
        return found
    for entry in entries:
        if isinstance(entry, list):
            found += _titles(entry, depth + 1)
        else:
            found.append("  " * depth + str(getattr(entry, "title", ""))[:200])
        if len(found) >= _MOST_OUTLINE:
            break
    return found
