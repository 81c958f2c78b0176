"""Reading one open file, in the worker's process: which reader suits it. Which file is decided in grants."""

import os
from collections.abc import Callable, Sequence
from typing import BinaryIO

import msgspec

from desktop.files import kinds
from desktop.files.documents import Document, Read

_requests = msgspec.json.Decoder(Read)
_encoder = msgspec.json.Encoder()


def answer(request: bytes, files: Sequence[BinaryIO], say: Callable[[bytes], None]) -> bytes:  # noqa: ARG001
    """``Read`` in, ``Document`` out, as JSON. Raises FileUnreadable with what is wrong with the file."""
    wanted = _requests.decode(request)
    [file] = files
    return _encoder.encode(read(file, wanted))


def read(file: BinaryIO, wanted: Read) -> Document:
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
