"""Which version a state file has, read from its bytes: SQLite itself writes beside a file, and into it,
as soon as it opens it.

The number (``user_version``) stands at byte 60 of the first page, big-endian. As long as a write-ahead
log has not been copied back, the newest first page may be in there: see sqlite.org/fileformat2.html.
"""

import struct
from pathlib import Path
from typing import BinaryIO

_AT = 60
_MAGIC = b"SQLite format 3\0"
_LOG_MAGIC = (0x377F0682, 0x377F0683)
_LOG_HEAD, _FRAME_HEAD = 32, 24


def version_of(file: Path) -> int:
    """0 for a file that is not there, or is none of SQLite's: opening it will tell what is wrong."""
    try:
        with file.open("rb") as opened:
            head = opened.read(100)
    except OSError:
        return 0
    if len(head) < 100 or not head.startswith(_MAGIC):
        return 0
    in_file = _number(head, _AT)
    in_log = _of_log(file.with_name(f"{file.name}-wal"))
    return in_file if in_log is None else in_log


def is_sqlite(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(_MAGIC)) == _MAGIC


def _of_log(log: Path) -> int | None:
    """Of the last first page that a finished transaction has left in the log."""
    try:
        with log.open("rb") as opened:
            return _newest(opened)
    except OSError:
        return None


def _newest(log: BinaryIO) -> int | None:
    head = log.read(_LOG_HEAD)
    if len(head) < _LOG_HEAD or _number(head, 0) not in _LOG_MAGIC:
        return None
    page_size, salts = _number(head, 8), head[16:24]
    found: int | None = None
    waiting: int | None = None
    while True:
        frame = log.read(_FRAME_HEAD)
        if len(frame) < _FRAME_HEAD or frame[8:16] != salts:
            return found  # what follows is left over from an earlier round
        page, committed = struct.unpack(">II", frame[:8])
        if page == 1:
            start = log.read(_AT + 4)
            if len(start) < _AT + 4:
                return found
            waiting = _number(start, _AT)
            log.seek(page_size - len(start), 1)
        else:
            log.seek(page_size, 1)
        if committed and waiting is not None:
            found = waiting


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
