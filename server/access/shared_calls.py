"""When each caller called last, in memory that several workers share. What "too often" means is in limits.

A table of rings of times. A caller's place is looked for in one bucket of places, and that bucket is
locked meanwhile: the kernel takes the lock back from a worker that dies, and what such a one leaves
half done is at most one call not counted. A count costs a few microseconds (tests/bench measures it).
"""

import mmap
import os
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable

from server.access.limits import MOST_CALLS, Counted, Rate
from shared.errors import SettingsInvalid

if sys.platform != "win32":
    import fcntl

_PLACES = 32
"""In one bucket: when it is full, the longest-silent caller of that bucket is forgotten."""

_MOST_BYTES = 1024**3
"""Of address space, in one table; above some 13,000 calls it leaves room for fewer callers. Memory is taken
only for calls that were made: 8 bytes each."""

_SIZES = (1_000, 10_000, MOST_CALLS)

_WITHOUT_RESERVING = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)


class SharedCalls:
    """Made before the workers part. In each of them, only one thread may count."""

    def __init__(
        self, most_calls: int, callers: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Raises SettingsInvalid when this machine gives no memory for it."""
        self._ring = most_calls
        self._clock = clock
        bucket_bytes = 8 * _PLACES * (3 + most_calls)
        self._buckets = max(1, min(-(-callers // _PLACES), _MOST_BYTES // bucket_bytes))
        places = self._buckets * _PLACES
        flags = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | _WITHOUT_RESERVING
        try:
            self._memory = memoryview(mmap.mmap(-1, self._buckets * bucket_bytes, flags=flags))
        except OSError as error:
            raise SettingsInvalid(
                "server.workers: there is no room here to count the calls of each caller for all workers "
                "together. Set it to 1."
            ) from error
        whole_numbers, times = self._memory.cast("q"), self._memory.cast("d")
        self._ids = whole_numbers[:places]
        self._totals = whole_numbers[places : 2 * places]
        """How many calls of the caller were let through; the ring holds the times of the last ones."""
        self._seen = times[2 * places : 3 * places]
        self._times = times[3 * places :]
        self._lock_file = _nameless_file()

    def count(self, caller: str, rate: Rate) -> Counted:
        """Counts one call unless there are too many. A rate above ``most_calls`` counts as that many."""
        # The same text has the same hash in every worker, for they are forks of one process.
        caller_id = hash(caller) or 1
        bucket = caller_id % self._buckets
        most = min(rate.calls, self._ring)
        fcntl.lockf(self._lock_file, fcntl.LOCK_EX, 1, bucket)
        try:
            now = self._clock()
            place = self._place(caller_id, bucket * _PLACES)
            self._seen[place] = now
            start, total = place * self._ring, self._totals[place]
            held = range(total - min(total, most), total)
            first = held.start + bisect_right(held, now - rate.seconds, key=self._time_in(start))
            if total - first >= most:
                return Counted(False, total - first, self._times[start + first % self._ring], now)
            self._times[start + total % self._ring] = now
            self._totals[place] = total + 1
            return Counted(True, total + 1 - first, self._times[start + first % self._ring], now)
        finally:
            fcntl.lockf(self._lock_file, fcntl.LOCK_UN, 1, bucket)

    def _time_in(self, start: int) -> Callable[[int], float]:
        times, ring = self._times, self._ring
        return lambda number: times[start + number % ring]

    def _place(self, caller_id: int, begin: int) -> int:
        ids = self._ids[begin : begin + _PLACES].tolist()
        if caller_id in ids:
            return begin + ids.index(caller_id)
        seen = self._seen[begin : begin + _PLACES].tolist()
        place = begin + seen.index(min(seen))
        self._totals[place] = 0
        self._ids[place] = caller_id
        return place


class AnyRate:
    """Rates of all sizes, also new ones while they serve: a caller is counted in the smallest table that has
    room for its rate. When a rate becomes so different that the table changes, its count begins anew."""

    def __init__(self) -> None:
        """Raises SettingsInvalid when this machine gives no memory for it."""
        self._tables = [SharedCalls(size) for size in _SIZES]

    def count(self, caller: str, rate: Rate) -> Counted:
        for size, table in zip(_SIZES, self._tables, strict=True):
            if rate.calls <= size:
                return table.count(caller, rate)
        return self._tables[-1].count(caller, rate)


def _nameless_file() -> int:
    """Something to lock that no folder shows and that ends with us."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("calls")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
