"""Bytes sealed piece by piece with a key: what a backup and a kept result have in common.

Each piece is sealed by ChaCha20-Poly1305 with its number and with whether it is the last one, so that
nothing can be changed, swapped or cut off unseen (the STREAM construction of Hoang, Reyhanitabar, Rogaway
and Vizár, as age and Tink have it). All pieces but the last have the same size, so any can be read alone.
"""

import os
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

PIECE = 64 * 1024
TAG = 16
BLOCK = PIECE + TAG
KEY, PREFIX = 32, 7


class Damaged(Exception):
    """A piece that this key did not seal so, at this place."""


class Pieces:
    """Seals and opens. A key with a prefix is for one stream only."""

    def __init__(self, key: bytes, prefix: bytes, purpose: bytes) -> None:
        self._cipher = _cipher(key)
        self._prefix = prefix
        self._purpose = purpose

    def seal(self, number: int, piece: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(number, last=last), piece, self._purpose)

    def open(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """Raises Damaged."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(self._nonce(number, last=last), sealed, self._purpose)
        except (InvalidTag, ValueError) as error:
            raise Damaged from error

    def _nonce(self, number: int, *, last: bool) -> bytes:
        return self._prefix + number.to_bytes(4, "big") + (b"\1" if last else b"\0")


def fresh_secret() -> str:
    """For one file, as text."""
    return secrets.token_hex(KEY + PREFIX)


def _pieces(secret: str, purpose: str) -> Pieces:
    data = bytes.fromhex(secret)
    return Pieces(data[:KEY], data[KEY:], purpose.encode())


class SealedWriter:
    """A new file, readable by its owner alone. Each whole piece is on its way to the disk at once.

    ``close`` may come from another thread while this one writes: it waits for that.
    """

    def __init__(self, file: Path, secret: str, purpose: str) -> None:
        self._pieces = _pieces(secret, purpose)
        self._file = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)
        self._busy = threading.Lock()
        self._number = 0
        self._waiting = bytearray()
        self.size = 0
        """Bytes before sealing."""

    def write(self, data: bytes) -> None:
        """Raises OSError, and ValueError when it is closed."""
        with self._busy:
            self._waiting += data
            self.size += len(data)
            while len(self._waiting) > PIECE:
                self._seal(bytes(self._waiting[:PIECE]), last=False)
                del self._waiting[:PIECE]

    def finish(self) -> None:
        """Whole, and on the disk."""
        with self._busy:
            self._seal(bytes(self._waiting), last=True)
            self._waiting.clear()
            os.fsync(self._file.fileno())
            self._file.close()

    def close(self) -> None:
        """Safe to call more than once."""
        with self._busy:
            self._file.close()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        sealed = memoryview(self._pieces.seal(self._number, piece, last=last))
        while sealed:
            sealed = sealed[self._file.write(sealed) :]
        self._number += 1


class SealedReader:
    """Reads such a file from any place, also while it is being written. ``close`` as the writer's."""

    def __init__(self, file: Path, secret: str, purpose: str) -> None:
        """Raises OSError."""
        self._pieces = _pieces(secret, purpose)
        self._busy = threading.Lock()
        self._file = file.open("rb", buffering=0)

    def whole_pieces(self) -> int:
        """How many pieces are there that are not the last one, for certain."""
        with self._busy:
            return max(os.fstat(self._file.fileno()).st_size - 1, 0) // BLOCK

    def piece(self, number: int, *, last: bool) -> bytes:
        """Raises Damaged, also when it is not there."""
        with self._busy:
            self._file.seek(number * BLOCK)
            sealed = self._file.read(BLOCK)
        if sealed is None or len(sealed) < TAG:
            raise Damaged
        return self._pieces.open(number, sealed, last=last)

    def last_piece(self, number: int) -> bytes:
        return self.piece(number, last=True)

    def close(self) -> None:
        with self._busy:
            self._file.close()


def _cipher(key: bytes) -> "ChaCha20Poly1305":
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return ChaCha20Poly1305(key)
