"""Having files converted beside the queries: who waits for what, and what becomes of one that takes too long.

Small files and large ones have a process each, which is there while there is something to do. A file that
kills its process, or does not end in time, is put on the shelf as broken, so that nobody tries it again at
once. What the process does is in converter.
"""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from server.engine import messages
from server.engine.process import EngineProcess
from server.engine.shelf import Kept, Shelf
from server.engine.tables import File

LARGE_BYTES = 64_000_000
PATIENCE_SECONDS = 120.0
"""For any file; and for large ones as long as a slow disk takes."""
_SLOWEST_BYTES_A_SECOND = 2_000_000
_IDLE_SECONDS = 2.0
_TRY_AGAIN_SECONDS = 600.0


class Conversions:
    """Of one folder. Any thread may ask and wait. Close it in the end."""

    def __init__(self, order: messages.OpenConverter) -> None:
        shelf = Shelf(Path(order.cache), Path(order.root))
        self._lanes = (_Lane(order, shelf), _Lane(order, shelf))

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
    """One file after the other, in the order of asking."""

    def __init__(self, order: messages.OpenConverter, shelf: Shelf) -> None:
        self.problem = ""
        self._order, self._shelf = order, shelf
        self._changed = threading.Condition()
        self._waiting: dict[File, None] = {}
        self._current: File | None = None
        self._thread: threading.Thread | None = None
        self._process: EngineProcess | None = None
        self._closed = False

    def ask(self, files: Sequence[File]) -> None:
        with self._changed:
            if self._closed:
                return
            for file in files:
                if file != self._current:
                    self._waiting.setdefault(file)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="convert-files", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait(self, files: Sequence[File], until: float, stopped: threading.Event) -> bool:
        with self._changed:
            while any(file in self._waiting or file == self._current for file in files):
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
            if now and self._process is not None:
                self._process.kill()

    def _work(self) -> None:
        """In a thread of its own, until there was nothing to do for a moment."""
        try:
            while (file := self._next()) is not None:
                self._convert(file)
                with self._changed:
                    self._current = None
                    self._changed.notify_all()
        finally:
            with self._changed:
                process, self._process, self._current, self._thread = self._process, None, None, None
                self._changed.notify_all()
            if process is not None:
                process.end()

    def _next(self) -> File | None:
        with self._changed:
            if not self._waiting and not self._closed:
                self._changed.wait_for(lambda: self._waiting or self._closed, _IDLE_SECONDS)
            if self._closed or not self._waiting:
                self._thread = None  # the next to ask starts another
                return None
            self._current = next(iter(self._waiting))
            del self._waiting[self._current]
            return self._current

    def _convert(self, file: File) -> None:
        process = self._ready()
        if process is None:
            return
        seconds = PATIENCE_SECONDS + file.size / _SLOWEST_BYTES_A_SECOND
        with process.killed_after(seconds) as late:
            process.send(messages.Convert(file))
            reply = process.receive()
        if isinstance(reply, messages.Converted):
            self.problem = reply.problem
            return
        with self._changed:
            self._process = None
        process.end()
        if not self._closed:
            why = f"reading it took more than {seconds:.0f} seconds" if late.is_set() else _CRASHED
            try:
                self._shelf.put(file, Kept(broken=why, retry_at=time.time() + _TRY_AGAIN_SECONDS))
            except OSError as error:
                self.problem = f"The folder for converted files can not be written ({error.strerror})."

    def _ready(self) -> EngineProcess | None:
        with self._changed:
            if self._closed:
                return None
            if self._process is None or not self._process.alive():
                self._process = EngineProcess()
                self._process.send(self._order)
            return self._process


_CRASHED = "it needs more memory than it may use, or is made to break its reader"
