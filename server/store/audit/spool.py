"""Lines that are not in the state yet, in files of the process that wrote them: what the system has taken
survives a ``kill -9``. A process that finds the files of one that died puts their lines into the chain.

Two files in turn: while the lines of one go into the state, the other takes the new ones.

What takes long has a file of its own meanwhile, a mark: its line as it stands when it is interrupted.
"""

import contextlib
import os
import secrets
import struct
import time
from collections import Counter
from pathlib import Path

import msgspec

from server.store.audit.line import AuditLine, cleaned
from server.store.lock import Held, hold
from shared.paths import private_folder

_SUFFIX, _LOCK, _MARK = ".spool", ".alive", ".begun"
COMMAND = "command-"
"""What the names of writers begin with that were commands, and are gone on purpose."""
_YOUNG_SECONDS = 86_400
_LENGTH = struct.Struct("<I")

_INTERRUPTED = 1 << 62
"""From here on lines are numbered that were marks: behind all that their writer wrote."""

Numbered = tuple[int, AuditLine]
"""A line with its number among those of its writer."""


class Spool:
    """Those of this process. Not for two threads at once."""

    def __init__(self, folder: Path, kind: str = "") -> None:
        self.folder = private_folder(folder)
        self.writer = kind + secrets.token_hex(8)
        self._alive = _held(self.folder / f"{self.writer}{_LOCK}")
        self._names = [self.folder / f"{self.writer}.{part}{_SUFFIX}" for part in (0, 1)]
        self._files = [_created(name) for name in self._names]
        self._turn = 0
        self._looked = False
        self._marks = 0
        self._encode = msgspec.msgpack.Encoder().encode

    def append(self, number: int, line: AuditLine) -> None:
        """The system has it when this returns. Raises OSError, and has none of it then."""
        data = self._framed(number, line)
        file = self._files[self._turn]
        written = os.write(file, data)
        if written != len(data):
            os.ftruncate(file, os.fstat(file).st_size - written)
            raise OSError("There is no room for a line of the audit trail.")

    def mark(self, line: AuditLine) -> Path:
        """The line stands for what is under way, until the file is unlinked. Raises OSError."""
        self._marks += 1
        name = self.folder / f"{self.writer}.{self._marks}{_MARK}"
        data = self._framed(self._marks, line)
        file = _created(name)
        try:
            if os.write(file, data) != len(data):
                raise OSError("There is no room for a mark of the audit trail.")
        except OSError:
            name.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)
        return name

    def _framed(self, number: int, line: AuditLine) -> bytes:
        try:
            data = self._encode((number, line))
        except UnicodeEncodeError:
            data = self._encode((number, cleaned(line)))
        return _LENGTH.pack(len(data)) + data

    def turn(self) -> int:
        """The part that was written so far; what comes goes to the other one."""
        part = self._turn
        self._turn = 1 - part
        return part

    def settle(self, part: int) -> None:
        """Its lines are in the state."""
        os.ftruncate(self._files[part], 0)

    def close(self, *, settled: bool) -> None:
        """Not ``settled``: its lines are for whoever starts next."""
        for file, name in zip(self._files, self._names, strict=True):
            os.close(file)
            if settled:
                name.unlink(missing_ok=True)
        if self._alive is not None:
            self._alive.close()
        if settled:
            (self.folder / f"{self.writer}{_LOCK}").unlink(missing_ok=True)

    def give_to_whose_state_it_is(self) -> None:
        """An administrator of the machine writes what the account of the backend is to read, and may have
        made the folder that it is to write into."""
        if not hasattr(os, "geteuid") or os.geteuid() != 0:
            return
        owner = self.folder.parent.stat()
        for name in (self.folder, *self._names, self.folder / f"{self.writer}{_LOCK}"):
            os.chown(name, owner.st_uid, owner.st_gid)

    def _begun(self, writer: str) -> tuple[float, str]:
        """So that what several have left, such as commands, is taken in the order of their doing."""
        with contextlib.suppress(OSError):
            return (self.folder / f"{writer}.0{_SUFFIX}").stat().st_mtime, writer
        return 0.0, writer

    def left_by_the_dead(self) -> "list[Left]":
        """Close each. Without such locks in the system everybody else counts as dead once, at the start."""
        first, self._looked = not self._looked, True
        files = [file for suffix in (_SUFFIX, _MARK) for file in self.folder.glob(f"*{suffix}")]
        others = {file.name.partition(".")[0] for file in files} - {self.writer}
        found = []
        for writer in sorted(others, key=self._begun):
            held = _held(self.folder / f"{writer}{_LOCK}")
            if held is not None or (self._alive is None and first):
                found.append(Left(self.folder, writer, held))
        return found


def leave(folder: Path, line: AuditLine) -> None:
    """The one line of a process that ends now, a command: a backend on this folder takes it over within
    seconds, or when it starts. It needs no key for that. Raises OSError."""
    spool = Spool(folder, COMMAND)
    try:
        spool.append(1, line)
        spool.give_to_whose_state_it_is()
    finally:
        spool.close(settled=False)


class Left:
    """What a writer that died has left; nobody else takes it meanwhile."""

    def __init__(self, folder: Path, writer: str, alive: Held | None) -> None:
        self.writer = writer
        self.is_of_a_command = writer.startswith(COMMAND)
        self._alive = alive
        self._names = [folder / f"{writer}.{part}{_SUFFIX}" for part in (0, 1)]
        self._marks = sorted(folder.glob(f"{writer}.*{_MARK}"))
        self._lock_name = folder / f"{writer}{_LOCK}"

    def lines(self) -> list[Numbered]:
        """Those of its marks at the end; but not of one whose own line was written in the last moment."""
        found = [line for name in self._names for line in _read(name)]
        found.sort(key=lambda numbered: numbered[0])
        ended = Counter(_what(line) for _, line in found)
        begun = sorted(line for name in self._marks for line in _read(name))
        for number, line in begun:
            if ended[_what(line)]:
                ended[_what(line)] -= 1
            else:
                found.append((_INTERRUPTED + number, line))
        return found

    def forget(self) -> None:
        """Unless its writer may live after all; then it is looked at again at the next start."""
        if self._alive is None and any(_is_young(name) for name in self._names):
            return
        for name in (*self._marks, *self._names):  # the lines of the second tell which of the first are wrong
            name.unlink(missing_ok=True)
        self._lock_name.unlink(missing_ok=True)

    def close(self) -> None:
        if self._alive is not None:
            self._alive.close()


def _what(line: AuditLine) -> tuple[str, ...]:
    """A line and its mark are about the same call."""
    return line.request_id, line.key_id, line.action, line.query_id


def _held(file: Path) -> Held | None:
    with contextlib.suppress(OSError):
        return hold(file)
    return None


def _is_young(name: Path) -> bool:
    try:
        return time.time() - name.stat().st_mtime < _YOUNG_SECONDS
    except FileNotFoundError:
        return False


def _created(name: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
    return os.open(name, flags | getattr(os, "O_BINARY", 0), 0o600)


def _read(name: Path) -> list[Numbered]:
    """Up to the first that is not whole: its writer died before its answer left."""
    try:
        data = name.read_bytes()
    except FileNotFoundError:
        return []
    decoder = msgspec.msgpack.Decoder(Numbered)
    found: list[Numbered] = []
    at = 0
    while at + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if at + length > len(data):
            break
        try:
            found.append(decoder.decode(data[at : at + length]))
        except msgspec.DecodeError:
            break
        at += length
    return found
