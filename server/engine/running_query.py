"""One query in the engine's process, from its order to its last frame: deadline, cancel, what an end means.

Asking and answering for a whole folder stays in folder.
"""

import threading
import time
from collections.abc import Iterator

from server.engine import messages
from server.engine.process import EngineProcess
from shared.errors import AppError, QueryCancelled, QueryFailed, QueryRefused, QueryTimeout, SourceUnavailable
from shared.results import Batch, JsonRows, Result

LOOK_SECONDS = 15.0
"""How long the folder may take to be looked at, until it counts as gone."""
HANGS = "The folder of this connection does not answer; is the drive still there?"


class RunningQuery:
    """Used by one thread; :meth:`stop` may come from any."""

    def __init__(self, engine: EngineProcess, order: int, seconds: float, whole_seconds: float) -> None:
        self.over = self._gone = False
        self._engine, self._order = engine, order
        self._why = ""
        self._lock = threading.Lock()
        self._whole_seconds = whole_seconds
        self._until = time.monotonic() + max(seconds, 0.01)
        self._looked = False
        self._timers: list[threading.Timer] = []
        self._wake_after(min(seconds, LOOK_SECONDS))  # one thread for both deadlines: each costs 0.1 ms

    def _wake_after(self, seconds: float) -> None:
        timer = threading.Timer(max(seconds, 0.01), self._late)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _late(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0.01:
            self.stop("timeout")
        elif not self._looked:
            self.stop("hangs")
        else:
            with self._lock:
                if not self.over:
                    self._wake_after(left)

    def receive(
        self,
    ) -> messages.Head | messages.Rows | messages.End | messages.Looked | messages.Missing | None:
        """The next frame; None when the process is gone for no reason of ours."""
        frame = self._engine.receive()
        if isinstance(frame, messages.Head | messages.Rows):
            return frame
        if isinstance(frame, messages.Looked):
            self._looked = True
            return frame
        if isinstance(frame, messages.Missing) and not frame.first:
            return frame
        self._end()
        self._gone = frame is None
        match frame:
            case messages.End() | messages.Missing():
                return frame
            case messages.Failure("source", message) if not self._why:
                raise SourceUnavailable(message)
            case messages.Failure("query", message) if not self._why:
                raise QueryFailed(message or "The query failed.")
            case messages.Failure("refused", message):
                raise QueryRefused(message)
        if self._why == "hangs":
            raise SourceUnavailable(HANGS)
        if self._why == "timeout":
            raise QueryTimeout(
                f"The query took longer than {round(self._whole_seconds, 1):g} seconds and was stopped."
            )
        if self._why:
            raise QueryCancelled("The query was cancelled.")
        return None

    def batches(self, result: Result, crashed: str) -> Iterator[Batch]:
        """The rest; ``result`` is told whether it was cut. ``crashed`` is said when the engine is gone."""
        while not self.over:
            match self.receive():
                case messages.Rows(count, data):
                    yield JsonRows(data, count)
                case messages.End(truncated):
                    result.truncated = truncated
                case _:
                    raise SourceUnavailable(crashed)

    def stop(self, why: str) -> None:
        """From any thread."""
        with self._lock:
            if self.over or self._why:
                return
            self._why = why
            self._timers.append(self._engine.stop(self._order))

    def finish(self) -> bool:
        """Stops what is left of the query. False when the process can not be used any more."""
        self.stop("closed")
        while not self.over:
            try:
                if self.receive() is None:
                    break
            except AppError:
                break
        return not self._gone

    def _end(self) -> None:
        with self._lock:
            self.over = True
            for timer in self._timers:
                timer.cancel()
