"""Bounds on what comes out of Office files, which are archives: how large, how many, and no XML that
grows."""

import zipfile
from collections.abc import Callable
from typing import BinaryIO
from xml.parsers import expat

from shared.errors import FileUnreadable

_MOST_MEMBERS = 20_000
_MOST_BYTES = 1024 * 1024 * 1024
_MOST_RATIO = 400
_SUSPECT = 16 * 1024 * 1024
_MOST_DEPTH = 512
_BLOCK = 256 * 1024

Start = Callable[[str, dict[str, str]], None]


def opened(file: BinaryIO) -> zipfile.ZipFile:
    """Raises FileUnreadable when it is broken, locked or would fill the machine."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileUnreadable("It is broken: it ends too early, or was damaged on the way.") from error
    members = archive.infolist()
    size = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    if (
        len(members) > _MOST_MEMBERS
        or size > _MOST_BYTES
        or (size > _SUSPECT and size / packed > _MOST_RATIO)
    ):
        raise FileUnreadable("Unpacked it would be far larger than it looks; it was put aside.")
    if any(member.flag_bits & 1 for member in members):
        raise FileUnreadable("It is protected by a password; save a copy without one to use it here.")
    return archive


def has_macros(archive: zipfile.ZipFile) -> bool:
    return any(name.casefold().endswith("vbaproject.bin") for name in archive.namelist())


def walk_xml(
    archive: zipfile.ZipFile,
    member: str,
    *,
    start: Start,
    end: Callable[[str], None],
    text: Callable[[str], None],
    enough: Callable[[], bool],
) -> None:
    """The elements of one member, as a stream, until ``enough``. Definitions of types and entities are
    refused: Office writes none, and they are how XML is made to grow or to fetch files."""
    depth = 0

    def refused(*_: object) -> int:
        raise FileUnreadable("Its XML defines entities, which no Office program writes; it was put aside.")

    def began(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise FileUnreadable("It is nested too deeply; it was put aside.")
        start(_local(name), attributes)

    def ended(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(_local(name))

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refused
    parser.EntityDeclHandler = refused
    parser.ExternalEntityRefHandler = refused
    parser.StartElementHandler = began
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = text
    left = _MOST_BYTES
    try:
        with archive.open(member) as content:
            while (block := content.read(_BLOCK)) and not enough():
                left -= len(block)  # the directory of an archive may lie about sizes
                if left < 0:
                    raise FileUnreadable("Unpacked it would be far larger than it looks; it was put aside.")
                parser.Parse(block, False)
            if not enough():
                parser.Parse(b"", True)
    except (
        expat.ExpatError,
        zipfile.BadZipFile,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise FileUnreadable("It is broken: a part of it is damaged.") from error
    except KeyError as error:
        raise FileUnreadable("It is broken: a part of it is missing.") from error


def _local(name: str) -> str:
    return name.rpartition(":")[2]
