"""Starting, speaking to and killing the engine's process. What is said is in messages.

:func:`start` is the only place that knows how the process comes to life; a frozen program starts
itself with ``files-engine`` and calls ``server.engine.worker.main`` when it sees that.
"""

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from typing import BinaryIO, cast

from server.engine import messages
from server.engine.messages import Reply, Request, Rows
from shared import child_process

FROZEN_WORD = "files-engine"
_GRACE_SECONDS = 2.0
"""How long a cancelled query may go on before its process is killed."""


def start() -> "subprocess.Popen[bytes]":
    """The process, with pipes on its standard input and output."""
    return subprocess.Popen(
        child_process.command("server.engine.worker", FROZEN_WORD),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=child_process.environment(),
    )


class EngineProcess:
    """One running process. Used by one caller at a time, but :meth:`stop` may come from any thread."""

    def __init__(self) -> None:
        self._process = start()
        self._inbox = cast("BinaryIO", self._process.stdin)
        self._outbox = cast("BinaryIO", self._process.stdout)
        self._sending = threading.Lock()

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, message: Request) -> None:
        """A process that is gone is noticed when its answer is read."""
        with self._sending, contextlib.suppress(OSError, ValueError):
            messages.send(self._inbox, message)

    def send_rows(self, part: int, data: bytes) -> None:
        """From any thread; waits when the engine is slower. Raises OSError when it is gone."""
        with self._sending:
            messages.send_rows(self._inbox, part, data)

    def receive(self) -> Reply | Rows | None:
        """Waits. None when the process has ended."""
        try:
            return messages.receive_reply(self._outbox)
        except (OSError, ValueError):
            return None

    def stop(self, order: int) -> threading.Timer:
        """Interrupts the query ``order`` and kills the process if it goes on; cancel the timer when the
        query has ended."""
        self.send(messages.Cancel(order))
        timer = threading.Timer(_GRACE_SECONDS, self._process.kill)
        timer.daemon = True
        timer.start()
        return timer

    def kill(self) -> None:
        """From any thread; whoever waits for an answer gets none."""
        self._process.kill()

    @contextlib.contextmanager
    def killed_after(self, seconds: float) -> Iterator[threading.Event]:
        """What is asked inside may take so long; the event tells that it did not do."""
        late = threading.Event()

        def kill() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            yield late
        finally:
            timer.cancel()

    def end(self) -> None:
        """Kills, waits, closes the pipes. Safe to call more than once."""
        self._process.kill()
        try:
            self._process.wait(_GRACE_SECONDS)
        except (
            subprocess.TimeoutExpired
        ):  # it hangs in the system, on a drive that is gone, and cannot die yet
            threading.Thread(target=self._process.wait, name="reap", daemon=True).start()
        for pipe in (self._inbox, self._outbox):
            with contextlib.suppress(OSError):
                pipe.close()
