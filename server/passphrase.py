"""A file sealed with a passphrase, written and read as a stream. What is in it stays outside.

The key comes from scrypt; how the pieces are sealed with it is in sealed.py. The cost of scrypt is fixed,
never read from the file: a file from elsewhere must not choose how much memory we take.
"""

import hashlib
import os

from server.archive import Readable, Writable
from server.sealed import BLOCK, KEY, PIECE, PREFIX, Damaged, Pieces
from shared.errors import BackupInvalid, InvalidRequest

FIRST_BYTES = b"vmart-sealed-1\n"
SHORTEST = 12

_SALT = 16
_COST = 2**16
"""64 MiB and a fifth of a second for each try."""


def check_passphrase(passphrase: str) -> None:
    """Raises InvalidRequest for one that a machine would guess."""
    if len(passphrase) < SHORTEST:
        raise InvalidRequest(f"A passphrase has at least {SHORTEST} characters; several words are best.")


class SealingWriter:
    """Bytes in, sealed bytes out to ``to``. Not whole before :meth:`finish`."""

    def __init__(self, to: Writable, passphrase: str) -> None:
        salt, prefix = os.urandom(_SALT), os.urandom(PREFIX)
        self._pieces = _pieces(passphrase, salt, prefix)
        self._to = to
        self._number = 0
        self._waiting = bytearray()
        to.write(FIRST_BYTES + salt + prefix)

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) > PIECE:
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(data)

    def finish(self) -> None:
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._to.write(self._pieces.seal(self._number, piece, last=last))
        self._number += 1


class OpeningReader:
    """The other way round; ``read`` raises BackupInvalid when a piece does not open."""

    def __init__(self, file: Readable, passphrase: str) -> None:
        head = file.read(len(FIRST_BYTES) + _SALT + PREFIX)
        if not head.startswith(FIRST_BYTES) or len(head) != len(FIRST_BYTES) + _SALT + PREFIX:
            raise BackupInvalid("This is not a sealed backup of ours.")
        self._pieces = _pieces(passphrase, head[len(FIRST_BYTES) : -PREFIX], head[-PREFIX:])
        self._file = file
        self._number = 0
        self._ready = bytearray()
        self._next = file.read(BLOCK)
        self._ended = False

    def read(self, size: int) -> bytes:
        """Fewer bytes than ``size`` only at the end."""
        while len(self._ready) < size and not self._ended:
            self._open()
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken

    def _open(self) -> None:
        piece, self._next = self._next, self._file.read(BLOCK)
        self._ended = not self._next
        try:
            self._ready += self._pieces.open(self._number, piece, last=self._ended)
        except Damaged as error:
            raise BackupInvalid(
                "This is not the passphrase that sealed the backup."
                if self._number == 0
                else "The sealed backup is damaged or cut off.",
                details="Or its beginning is damaged." if self._number == 0 else "",
            ) from error
        self._number += 1


def _pieces(passphrase: str, salt: bytes, prefix: bytes) -> Pieces:
    text = passphrase.encode("utf-8", "surrogateescape")
    key = hashlib.scrypt(text, salt=salt, n=_COST, r=8, p=1, maxmem=2**27, dklen=KEY)
    return Pieces(key, prefix, FIRST_BYTES)
