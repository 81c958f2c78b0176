"""What the backend and the engine's process say to each other, and how it is framed.

A frame is four bytes of length, one letter, and a body: ``M`` is one of the structs below as
MessagePack, ``R`` is four bytes with a count of rows and then the rows as JSON (shared.results.JsonRows).
To the engine, the four bytes of ``R`` are the number of the part that the rows belong to.
"""

import struct
from queue import Queue
from typing import BinaryIO

import msgspec

from server.engine.tables import File, Rule
from shared.results import Column
from shared.wire import TableInfo


class Open(msgspec.Struct, tag=True, frozen=True):
    """First of all: be the engine that answers queries. ``cache`` is a private folder; ``memory_mb`` caps the
    engine. A text file of ``direct_bytes`` or more is read as it is until its converted copy is there."""

    root: str
    cache: str
    memory_mb: int
    threads: int
    rules: list[Rule] = []
    direct_bytes: int = 64_000_000


class OpenConverter(msgspec.Struct, tag=True, frozen=True):
    """First of all: be a process that converts files. ``cache_bytes`` is what the copies may take."""

    root: str
    cache: str
    memory_mb: int
    threads: int
    cache_bytes: int


class Convert(msgspec.Struct, tag=True, frozen=True):
    """Makes the shelf know what becomes of the file; answered with Converted."""

    file: File


class Look(msgspec.Struct, tag=True, frozen=True):
    """Asks whether the folder can be read; ``thoroughly``: and which files are no tables; ``at_once``: also
    when it was looked at a moment ago."""

    id: int
    thoroughly: bool = False
    at_once: bool = False


class Query(msgspec.Struct, tag=True, frozen=True):
    id: int
    sql: str
    max_rows: int


class Profile(msgspec.Struct, tag=True, frozen=True):
    """Asks for the tables with their columns, samples and keys. ``whole`` False: without those that are not
    converted yet."""

    id: int
    whole: bool = True


class Cancel(msgspec.Struct, tag=True, frozen=True):
    id: int


class Gather(msgspec.Struct, tag=True, frozen=True):
    """First of all, in place of Open: an engine without files, for what is gathered from several sources.
    ``spill`` is a private folder."""

    spill: str
    memory_mb: int
    disk_mb: int
    threads: int


class Part(msgspec.Struct, tag=True, frozen=True):
    """A table to be filled. ``columns`` may be more than what its rows bring (see Filled); ``paths`` are
    the names under which SQL finds it: a catalog, a schema and a table."""

    number: int
    paths: list[tuple[str, str, str]]
    columns: list[Column]


class Prepare(msgspec.Struct, tag=True, frozen=True):
    """Forgets everything, makes the parts, empty, and says whether ``sql`` could run on them."""

    id: int
    sql: str
    parts: list[Part]


class Begin(msgspec.Struct, tag=True, frozen=True):
    """What the rows of a part will look like: a first time, or again from nothing."""

    number: int
    columns: list[Column]


class Settle(msgspec.Struct, tag=True, frozen=True):
    """All rows of these parts are there. ``keys``: of which columns of theirs the values are wanted, as
    (part, column), each when it has at most ``most_keys`` different ones."""

    id: int
    numbers: list[int]
    keys: list[tuple[int, str]] = []
    most_keys: int = 0


class Ready(msgspec.Struct, tag=True, frozen=True):
    """It can be asked. ``broken``: the files that are no tables, a sentence each."""

    broken: list[str]


class Looked(msgspec.Struct, tag=True, frozen=True):
    """The folder answers; comes before all else that an order is answered with."""


class Missing(msgspec.Struct, tag=True, frozen=True):
    """These files are to be converted. ``first``: before the order can be answered, which is over with this;
    otherwise after the answer, which follows, so that the next one will be faster."""

    files: list[File]
    first: bool


class Converted(msgspec.Struct, tag=True, frozen=True):
    """The shelf knows what became of the file, unless ``problem`` says why not."""

    problem: str = ""


class Head(msgspec.Struct, tag=True, frozen=True):
    columns: list[Column]


class End(msgspec.Struct, tag=True, frozen=True):
    truncated: bool


class Tables(msgspec.Struct, tag=True, frozen=True):
    """``waiting``: so many files are not converted yet, and their tables missing. ``hurried``: of so many
    tables there was no time to find more than their columns."""

    tables: list[TableInfo]
    waiting: int = 0
    hurried: int = 0


class Prepared(msgspec.Struct, tag=True, frozen=True):
    pass


class Settled(msgspec.Struct, tag=True, frozen=True):
    """``keys``: an entry for each that was asked for; None when there are too many."""

    keys: list[list[str | int] | None]


class Failure(msgspec.Struct, tag=True, frozen=True):
    """``kind`` is ``query``, ``refused``, ``interrupted`` or ``source``."""

    kind: str
    message: str


class Rows(msgspec.Struct, frozen=True):
    """Not MessagePack: see above."""

    count: int
    data: bytes


class PartRows(msgspec.Struct, frozen=True):
    """Not MessagePack either: the same frame on its way to the engine."""

    number: int
    data: bytes


Request = Open | OpenConverter | Gather | Query | Profile | Look | Convert | Cancel | Prepare | Begin | Settle
Reply = Ready | Looked | Missing | Converted | Head | End | Tables | Failure | Prepared | Settled

Orders = Queue[Request | PartRows]
"""What waits to be done in the process."""

_decode_request = msgspec.msgpack.Decoder(Request).decode
_decode_reply = msgspec.msgpack.Decoder(Reply).decode
_encode = msgspec.msgpack.Encoder().encode


def send(out: BinaryIO, message: Request | Reply) -> None:
    body = _encode(message)
    out.write(struct.pack("<Ic", len(body), b"M") + body)
    out.flush()


def send_rows(out: BinaryIO, count: int, data: bytes) -> None:
    """``count`` to the backend; to the engine, the number of the part."""
    out.write(struct.pack("<IcI", len(data) + 4, b"R", count))
    out.write(data)
    out.flush()


def receive_request(source: BinaryIO) -> Request | PartRows | None:
    """None when the other side is gone."""
    frame = _frame(source)
    if frame is None:
        return None
    letter, body = frame
    if letter == b"R":
        return PartRows(int.from_bytes(body[:4], "little"), body[4:])
    request: Request = _decode_request(body)
    return request


def receive_reply(source: BinaryIO) -> Reply | Rows | None:
    """None when the other side is gone."""
    frame = _frame(source)
    if frame is None:
        return None
    letter, body = frame
    if letter == b"R":
        return Rows(int.from_bytes(body[:4], "little"), body[4:])
    reply: Reply = _decode_reply(body)
    return reply


def _frame(source: BinaryIO) -> tuple[bytes, bytes] | None:
    head = source.read(5)
    if len(head) < 5:
        return None
    length, letter = struct.unpack("<Ic", head)
    body = source.read(length)
    return (letter, body) if len(body) == length else None
