"""The last word of each worker, in memory that all of them share, so that one can speak for all, also for
those that have died. What the words mean is not here."""

import mmap
import struct
import sys
import zlib

_HEAD = struct.Struct("=II")
_TRIES = 5


class LastWords:
    """Made before the workers part. Each writes its own, and reads any."""

    def __init__(self, count: int, size: int = 1024 * 1024) -> None:
        self.count = count
        self._size = size
        flags = {} if sys.platform == "win32" else {"flags": mmap.MAP_SHARED | mmap.MAP_ANONYMOUS}
        self._memory = mmap.mmap(-1, count * size, **flags)

    def write(self, number: int, data: bytes) -> bool:
        """False, and nothing changes, when it is too long."""
        if len(data) > self._size - _HEAD.size:
            return False
        begin = number * self._size
        self._memory[begin + _HEAD.size : begin + _HEAD.size + len(data)] = data
        self._memory[begin : begin + _HEAD.size] = _HEAD.pack(len(data), zlib.crc32(data))
        return True

    def read(self, number: int) -> bytes:
        """Empty when there is none. Somebody who writes meanwhile is waited for by reading again."""
        begin = number * self._size
        for _ in range(_TRIES):
            length, checksum = _HEAD.unpack_from(self._memory, begin)
            data = self._memory[begin + _HEAD.size : begin + _HEAD.size + min(length, self._size)]
            if length and zlib.crc32(data) == checksum:
                return data
        return b""
