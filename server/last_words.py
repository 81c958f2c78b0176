"""The last word of each worker, in memory that all of them share, so that one can speak for all, also for
those that have died. What the words mean is not here."""

import mmap
import struct
import sys
import zlib

_HEAD = struct.Struct("=IIQ")
"""Length, checksum, and which word it is, counted from 1."""


class LastWords:
    """Made before the workers part. Each writes its own, and reads any.

    Every worker has two places and writes into the older one: whoever is killed while writing, or is read
    meanwhile, has its word before that one.
    """

    def __init__(self, count: int, size: int = 1024 * 1024) -> None:
        self.count = count
        self._size = size
        flags = {} if sys.platform == "win32" else {"flags": mmap.MAP_SHARED | mmap.MAP_ANONYMOUS}
        self._memory = mmap.mmap(-1, 2 * count * size, **flags)

    def write(self, number: int, data: bytes) -> bool:
        """False, and nothing changes, when it is too long."""
        if len(data) > self._size - _HEAD.size:
            return False
        which = max(found for found, _ in self._words(number)) + 1
        begin = self._place(number, which)
        self._memory[begin : begin + _HEAD.size] = bytes(_HEAD.size)
        self._memory[begin + _HEAD.size : begin + _HEAD.size + len(data)] = data
        self._memory[begin : begin + _HEAD.size] = _HEAD.pack(len(data), _checksum(which, data), which)
        return True

    def read(self, number: int) -> bytes:
        """Empty when there is none."""
        return max(self._words(number))[1]

    def _words(self, number: int) -> list[tuple[int, bytes]]:
        """Those of both places that are whole; (0, nothing) in place of one that is not."""
        words = []
        for place in (0, 1):
            begin = self._place(number, place)
            length, checksum, which = _HEAD.unpack_from(self._memory, begin)
            data = self._memory[begin + _HEAD.size : begin + _HEAD.size + min(length, self._size)]
            words.append((which, data) if which and _checksum(which, data) == checksum else (0, b""))
        return words

    def _place(self, number: int, which: int) -> int:
        return (2 * number + which % 2) * self._size


def _checksum(which: int, data: bytes) -> int:
    return zlib.crc32(data, which & 0xFFFFFFFF)
