"""Having files converted beside the queries: who waits for what, and what becomes of one that takes too long.

Large files have a process, small ones a few of them when there are many; each is there while there is
something to do. A file that kills its process, or does not end in time, is put on the shelf as broken, so
that nobody tries it again at once. What the process does is in converter.
"""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from server.engine import messages
from server.engine.process import EngineProcess
from server.engine.shelf import Kept, Shelf
from server.engine.tables import File

LARGE_BYTES = 64_000_000
PATIENCE_SECONDS = 120.0
"""For any file; and for large ones as long as a slow disk takes."""
_SLOWEST_BYTES_A_SECOND = 2_000_000
_IDLE_SECONDS = 2.0
_MOST_PROCESSES = 4
_FILES_A_PROCESS = 50
"""So many small files must wait before another process is worth its start."""
_TRY_AGAIN_SECONDS = 600.0


class Conversions:
    """Of one folder. Any thread may ask and wait. Close it in the end."""

    def __init__(self, order: messages.OpenConverter) -> None:
        shelf = Shelf(Path(order.cache), Path(order.root))
        most = max(1, min(order.threads, _MOST_PROCESSES))
        one_of_them = msgspec.structs.replace(order, threads=max(1, order.threads // most))
        self._lanes = (_Lane(one_of_them, shelf, most), _Lane(order, shelf, 1))

    def ask(self, files: Sequence[File]) -> None:
        """Has them converted; does not wait."""
        small = [file for file in files if file.size < LARGE_BYTES]
        large = [file for file in files if file.size >= LARGE_BYTES]
        for lane, wanted in zip(self._lanes, (small, large), strict=True):
            if wanted:
                lane.ask(wanted)

    def wait(self, files: Sequence[File], seconds: float, stopped: threading.Event) -> bool:
        """Whether all of them were done in time. The shelf says what became of them, unless :meth:`problem`
        does. ``stopped`` ends the waiting."""
        until = time.monotonic() + seconds
        return all(lane.wait(files, until, stopped) for lane in self._lanes)

    def problem(self) -> str:
        """Why nothing can be converted at all; empty when it can."""
        return next((lane.problem for lane in self._lanes if lane.problem), "")

    def close(self) -> None:
        """What is small ends now; a large file that is under way is brought to its end, so that the work of
        minutes is not lost to a connection that happens to be closed."""
        small, large = self._lanes
        small.close(now=True)
        large.close(now=False)


class _Lane:
    """One file after the other, in the order of asking, in up to ``most`` processes."""

    def __init__(self, order: messages.OpenConverter, shelf: Shelf, most: int) -> None:
        self.problem = ""
        self._order, self._shelf, self._most = order, shelf, most
        self._changed = threading.Condition()
        self._waiting: dict[File, None] = {}
        self._current: set[File] = set()
        self._threads = 0
        self._processes: set[EngineProcess] = set()
        self._closed = False

    def ask(self, files: Sequence[File]) -> None:
        with self._changed:
            if self._closed:
                return
            for file in files:
                if file not in self._current:
                    self._waiting.setdefault(file)
            while self._waiting and self._threads < min(
                self._most, 1 + len(self._waiting) // _FILES_A_PROCESS
            ):
                threading.Thread(target=self._work, name="convert-files", daemon=True).start()
                self._threads += 1
            self._changed.notify_all()

    def wait(self, files: Sequence[File], until: float, stopped: threading.Event) -> bool:
        with self._changed:
            for file in files:
                while file in self._waiting or file in self._current:
                    left = until - time.monotonic()
                    if left <= 0 or stopped.is_set() or self._closed:
                        return False
                    self._changed.wait(min(left, 0.1))
        return True

    def close(self, *, now: bool) -> None:
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
            for process in self._processes if now else ():
                process.kill()

    def _work(self) -> None:
        """In a thread of its own, until there was nothing to do for a moment."""
        process: EngineProcess | None = None
        while (file := self._next()) is not None:
            try:
                process = self._ready(process)
                if process is not None and not self._convert(file, process):
                    self._end(process)
                    process = None
            except OSError as error:
                self.problem = f"What reads the files can not be started ({error.strerror})."
            with self._changed:
                self._current.discard(file)
                self._changed.notify_all()
        if process is not None:
            self._end(process)

    def _next(self) -> File | None:
        with self._changed:
            if not self._waiting and not self._closed:
                self._changed.wait_for(lambda: self._waiting or self._closed, _IDLE_SECONDS)
            if self._closed or not self._waiting:
                self._threads -= 1  # the next to ask starts another
                return None
            file = next(iter(self._waiting))
            del self._waiting[file]
            self._current.add(file)
            return file

    def _convert(self, file: File, process: EngineProcess) -> bool:
        """Whether the process can go on."""
        seconds = PATIENCE_SECONDS + file.size / _SLOWEST_BYTES_A_SECOND
        with process.killed_after(seconds) as late:
            process.send(messages.Convert(file))
            reply = process.receive()
        if isinstance(reply, messages.Converted):
            self.problem = reply.problem
            return True
        if not self._closed:
            why = f"reading it took more than {seconds:.0f} seconds" if late.is_set() else _CRASHED
            try:
                self._shelf.put(file, Kept(broken=why, retry_at=time.time() + _TRY_AGAIN_SECONDS))
            except OSError as error:
                self.problem = f"The folder for converted files can not be written ({error.strerror})."
        return False

    def _ready(self, process: EngineProcess | None) -> EngineProcess | None:
        if process is not None and not process.alive():
            self._end(process)
            process = None
        with self._changed:
            if self._closed:
                return process
            if process is None:
                process = EngineProcess()
                self._processes.add(process)
                process.send(self._order)
            return process

    def _end(self, process: EngineProcess) -> None:
        with self._changed:
            self._processes.discard(process)
        process.end()


_CRASHED = "it needs more memory than it may use, or is made to break its reader"
