"""A file sealed with a passphrase, written and read as a stream. What is in it stays outside.

The key comes from scrypt; each piece of 64 KiB is sealed by ChaCha20-Poly1305 with its number and
with whether it is the last one, so that nothing can be changed, swapped or cut off unseen (the
STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, as age and Tink have it). The cost of
scrypt is fixed, never read from the file: a file from elsewhere must not choose how much memory we take.
"""

import hashlib
import os
from typing import TYPE_CHECKING

from server.archive import Readable, Writable
from shared.errors import BackupInvalid, InvalidRequest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

FIRST_BYTES = b"vmart-sealed-1\n"
SHORTEST = 12

_PIECE = 64 * 1024
_TAG = 16
_SALT = 16
_PREFIX = 7
_COST = 2**16
"""64 MiB and a fifth of a second for each try."""


def check_passphrase(passphrase: str) -> None:
    """Raises InvalidRequest for one that a machine would guess."""
    if len(passphrase) < SHORTEST:
        raise InvalidRequest(f"A passphrase has at least {SHORTEST} characters; several words are best.")


class SealingWriter:
    """Bytes in, sealed bytes out to ``to``. Not whole before :meth:`finish`."""

    def __init__(self, to: Writable, passphrase: str) -> None:
        salt, self._prefix = os.urandom(_SALT), os.urandom(_PREFIX)
        self._cipher = _cipher(passphrase, salt)
        self._to = to
        self._number = 0
        self._waiting = bytearray()
        to.write(FIRST_BYTES + salt + self._prefix)

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) > _PIECE:
            self._seal(bytes(self._waiting[:_PIECE]), last=False)
            del self._waiting[:_PIECE]
        return len(data)

    def finish(self) -> None:
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._to.write(
            self._cipher.encrypt(_nonce(self._prefix, self._number, last=last), piece, FIRST_BYTES)
        )
        self._number += 1


class OpeningReader:
    """The other way round; ``read`` raises BackupInvalid when a piece does not open."""

    def __init__(self, file: Readable, passphrase: str) -> None:
        head = file.read(len(FIRST_BYTES) + _SALT + _PREFIX)
        if not head.startswith(FIRST_BYTES) or len(head) != len(FIRST_BYTES) + _SALT + _PREFIX:
            raise BackupInvalid("This is not a sealed backup of ours.")
        salt, self._prefix = head[len(FIRST_BYTES) : -_PREFIX], head[-_PREFIX:]
        self._cipher = _cipher(passphrase, salt)
        self._file = file
        self._number = 0
        self._ready = bytearray()
        self._next = file.read(_PIECE + _TAG)
        self._ended = False

    def read(self, size: int) -> bytes:
        """Fewer bytes than ``size`` only at the end."""
        while len(self._ready) < size and not self._ended:
            self._open()
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken

    def _open(self) -> None:
        from cryptography.exceptions import InvalidTag

        piece, self._next = self._next, self._file.read(_PIECE + _TAG)
        self._ended = not self._next
        try:
            nonce = _nonce(self._prefix, self._number, last=self._ended)
            self._ready += self._cipher.decrypt(nonce, piece, FIRST_BYTES)
        except (InvalidTag, ValueError) as error:
            raise BackupInvalid(
                "This is not the passphrase that sealed the backup."
                if self._number == 0
                else "The sealed backup is damaged or cut off.",
                details="Or its beginning is damaged." if self._number == 0 else "",
            ) from error
        self._number += 1


def _cipher(passphrase: str, salt: bytes) -> "ChaCha20Poly1305":
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    text = passphrase.encode("utf-8", "surrogateescape")
    return ChaCha20Poly1305(hashlib.scrypt(text, salt=salt, n=_COST, r=8, p=1, maxmem=2**27, dklen=32))


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\1" if last else b"\0")
