"""Reading one open file, in the worker's process: which reader suits it. Which file is decided in grants."""

import logging
import os
from collections.abc import Callable, Sequence
from typing import BinaryIO

import msgspec

from desktop.files import kinds
from desktop.files.documents import Document, Read, Unread
from shared.errors import AppError

_requests = msgspec.json.Decoder(list[Read])
_encoder = msgspec.json.Encoder()


def answer(request: bytes, files: Sequence[BinaryIO], say: Callable[[bytes], None]) -> bytes:  # noqa: ARG001
    """A list of ``Read`` in, one of ``Document`` or ``Unread`` out, as JSON."""
    return _encoder.encode([_told(*pair) for pair in zip(files, _requests.decode(request), strict=True)])


def _told(file: BinaryIO, wanted: Read) -> Document | Unread:
    try:
        return read(file, wanted)
    except AppError as error:
        return Unread(error.message)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - parsers meet what nobody wrote on purpose; its text stays here
        logging.getLogger(__name__).warning("A reader failed: %s", type(error).__name__)
        return Unread("It is broken, or not what its name says.")


def read(file: BinaryIO, wanted: Read) -> Document:
    """Raises FileUnreadable with what is wrong with the file."""
    kind, notes = kinds.by_content(file, wanted.name)
    size = os.fstat(file.fileno()).st_size
    match kind:
        case "pdf":
            from desktop.files import read_pdf

            document = read_pdf.read(file, wanted)
        case "word":
            from desktop.files import read_word

            document = read_word.read(file, wanted)
        case "workbook":
            from desktop.files import read_tables

            document = read_tables.read_workbook(file, wanted)
        case "csv":
            from desktop.files import read_tables

            document = read_tables.read_csv(file, size, wanted)
        case _:
            from desktop.files import read_text

            document = read_text.read(file, size, wanted, kind)
    return msgspec.structs.replace(document, notes=[*notes, *document.notes])
