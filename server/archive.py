"""The file that a backup is: a plain tar of a manifest and the parts that it lists, read without trust.

A reader takes no name, link, mode or place from the file: it expects the manifest first, then exactly
the parts of the closed list that the manifest names, each a plain file of the size and hash that stand
there, and nothing else. Nothing is compressed, so a small file can not become a large one.
"""

import hashlib
import os
import tarfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Protocol

import msgspec

from shared.errors import BackupInvalid

STATE = "state.db"
KEY = "master.key"
FORMAT = 1

_MANIFEST = "manifest.json"
_BLOCK = tarfile.BLOCKSIZE
_LARGEST_MANIFEST = 64 * 1024
_PIECE = 1024 * 1024


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    size: Annotated[int, msgspec.Meta(ge=0)]
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``state_elsewhere`` is true when the state lies in the database of ``store.url``."""

    format: int
    made_at: datetime
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.+-]{1,40}$")]
    state_elsewhere: bool
    parts: list[Part]


class _Format(msgspec.Struct):
    format: int


class Writable(Protocol):
    def write(self, data: bytes, /) -> int: ...


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def write(
    to: Writable, parts: Mapping[str, Path], *, made_at: datetime, version: str, state_elsewhere: bool
) -> Manifest:
    """``parts`` by their names; they must not change meanwhile."""
    listed = [Part(name, file.stat().st_size, _hash_of(file)) for name, file in parts.items()]
    manifest = Manifest(FORMAT, made_at, version, state_elsewhere, listed)
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    _begin(to, _MANIFEST, len(text))
    to.write(text + bytes(-len(text) % _BLOCK))
    for part in listed:
        _begin(to, part.name, part.size)
        with parts[part.name].open("rb") as opened:
            while piece := opened.read(_PIECE):
                to.write(piece)
        to.write(bytes(-part.size % _BLOCK))
    to.write(bytes(2 * _BLOCK))
    return manifest


def read(source: Readable, folder: Path) -> Manifest:
    """Its parts as files in ``folder``, which is empty. Raises BackupInvalid before it trusts anything."""
    manifest = _manifest(source)
    for part in manifest.parts:
        if _member(source, part.name) != part.size:
            raise BackupInvalid(f"This backup's {part.name} has another size than its list says.")
        descriptor = os.open(folder / part.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            if _copied(source, part.size, opened) != part.sha256:
                raise BackupInvalid(
                    f"This backup's {part.name} is damaged: its hash is not the one in its list."
                )
    if _exactly(source, 2 * _BLOCK).strip(b"\0") or source.read(1):
        raise BackupInvalid("This backup holds more than its list says.")
    return manifest


def _manifest(source: Readable) -> Manifest:
    size = _member(source, _MANIFEST)
    if size > _LARGEST_MANIFEST:
        raise BackupInvalid("This is not a backup of ours: its list is too long.")
    text = _exactly(source, size + -size % _BLOCK)[:size]
    try:
        number = msgspec.json.decode(text, type=_Format).format
        if number > FORMAT:
            raise BackupInvalid("This backup was made by a newer version. Restore it with that one.")
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise BackupInvalid("This is not a backup of ours: its list cannot be read.") from error
    names = [part.name for part in manifest.parts]
    if names not in ([STATE, KEY], [STATE], [KEY]):
        raise BackupInvalid(
            "This is not a backup of ours: its list names other things than a state and a key."
        )
    return manifest


def _begin(to: Writable, name: str, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
    to.write(entry.tobuf(tarfile.GNU_FORMAT))


def _member(source: Readable, name: str) -> int:
    """The size of the next member, which must be a plain file called ``name``."""
    try:
        entry = tarfile.TarInfo.frombuf(_exactly(source, _BLOCK), "utf-8", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise BackupInvalid("This is not a backup of ours, or it is damaged.") from error
    if entry.name != name or entry.type != tarfile.REGTYPE or entry.size < 0:
        raise BackupInvalid(f"This is not a backup of ours: where {name} should be, it holds something else.")
    return entry.size


def _copied(source: Readable, size: int, to: BinaryIO) -> str:
    digest = hashlib.sha256()
    left = size
    while left:
        piece = _exactly(source, min(left, _PIECE))
        to.write(piece)
        digest.update(piece)
        left -= len(piece)
    _exactly(source, -size % _BLOCK)
    return digest.hexdigest()


def _exactly(source: Readable, size: int) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise BackupInvalid("This backup is cut off.")
    return data


def _hash_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
