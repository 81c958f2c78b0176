"""Several processes that serve on one socket: started, watched, replaced, stopped. What they do is not here.

The parent forks them and stays small and single-threaded. A worker that ends is replaced, after a
growing pause when that happens again and again; when they end before the first of them could serve,
it gives up. A parent that is killed leaves nothing behind: its workers see the pipe from it close.
"""

import contextlib
import gc
import logging
import os
import select
import signal
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

from server.notify import Notifier
from shared.errors import SettingsInvalid

_log = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS = 30.0
_SHORT_LIFE_SECONDS = 10.0
_MOST_FAILURES = 6
"""In a row, with no worker that serves, before the parent gives up."""
_STOP_SECONDS = 45.0
"""More than a worker takes to let its calls end; what is still there then is killed."""

_MOST_WORKERS = 64

_PID = struct.Struct("=i")
_TOLD_TO_STOP = (signal.SIGTERM, signal.SIGINT)
_SIGNALS = (*_TOLD_TO_STOP, signal.SIGHUP, signal.SIGCHLD)


def check_count(count: int, max_connections: int) -> None:
    """Raises SettingsInvalid for a number of workers that this machine or these settings do not allow."""
    if not 1 <= count <= _MOST_WORKERS:
        raise SettingsInvalid(f"server.workers is a number from 1 to {_MOST_WORKERS}.")
    if count > 1 and not hasattr(os, "fork"):
        raise SettingsInvalid(
            "server.workers: this system has no way to serve with more than 1. Set it to 1."
        )
    if 0 < max_connections < count:
        raise SettingsInvalid(
            f"server.workers is {count}, and each of them needs a connection to each source: set "
            f"database.max_connections, which is {max_connections}, to at least {count}."
        )


class Seat(msgspec.Struct, frozen=True):
    """What a worker is given: its place among the others, and the ends of the pipes to its parent."""

    number: int
    ready_fd: int
    parent_fd: int

    def beat(self) -> None:
        """Tells the parent that this worker serves, and later that it still does."""
        with contextlib.suppress(OSError):
            os.write(self.ready_fd, _PID.pack(os.getpid()))

    def stop_with_parent(self, stop: Callable[[], None]) -> None:
        """``stop`` is called, on a thread of its own, when the parent has ended however it did."""

        def wait() -> None:
            while os.read(self.parent_fd, 1):
                pass
            stop()

        threading.Thread(target=wait, name="parent", daemon=True).start()


class Pulse(Notifier):
    """What a worker tells of itself goes to its parent, which alone speaks to the service manager."""

    def __init__(self, seat: Seat, watchdog_seconds: float | None) -> None:
        super().__init__("", watchdog_seconds)
        self._seat = seat

    def alive(self, status: str) -> None:  # noqa: ARG002 - the parent has a status of its own
        self._seat.beat()


class _Worker(msgspec.Struct):
    """One place. ``pid`` 0 while nobody sits there, and somebody may from ``due`` on; ``heard`` is when it
    last told that it serves."""

    number: int
    pid: int = 0
    started: float = 0.0
    due: float = 0.0
    heard: float = 0.0
    ready: bool = False


class Workers:
    """``run`` returns in the parent when it is all over, and in each worker at once."""

    def __init__(
        self,
        count: int,
        *,
        on_ready: Callable[[], None],
        on_stop: Callable[[], None] = lambda: None,
        on_alive: Callable[[], None] = lambda: None,
        patience: float | None = None,
        hangup_ends: Callable[[], bool] = lambda: False,
    ) -> None:
        """``on_ready`` is called when all serve for the first time, ``on_stop`` before they are stopped.
        With ``patience``, a worker that was not heard of for so many seconds is killed and replaced, and
        ``on_alive`` is called more often than that. ``hangup_ends``: whether a SIGHUP means stop."""
        self._workers = [_Worker(number) for number in range(count)]
        self._on_ready = on_ready
        self._on_stop = on_stop
        self._on_alive = on_alive
        self._patience = patience
        self._hangup_ends = hangup_ends
        self._next_look = 0.0
        self._ready_in, self._ready_out = os.pipe()
        self._parent_in, self._parent_out = os.pipe()
        self._wake_in, self._wake_out = os.pipe()
        for end in (self._ready_in, self._wake_in, self._wake_out):
            os.set_blocking(end, False)
        self._stop_by = 0.0
        self._gave_up = False
        self._served = False
        self._failures = 0
        self._before: dict[signal.Signals, Any] = {}

    def run(self) -> Seat | int:
        """A seat in a worker; in the parent the exit code, 0 when it was told to stop and all ended well."""
        gc.collect()
        gc.freeze()  # what was imported stays in pages that the workers share
        self._take_signals()
        clean = True
        while self._stop_by == 0 or any(worker.pid for worker in self._workers):
            for worker in self._workers:
                if worker.pid == 0 and self._stop_by == 0 and worker.due <= time.monotonic():
                    seat = self._start(worker)
                    if seat is not None:
                        return seat
            self._wait()
            clean = self._bury() and clean
            self._note_ready()
            self._obey()
            self._look()
        self._leave_signals()
        return 0 if clean and not self._gave_up else 1

    def _start(self, worker: _Worker) -> Seat | None:
        """The seat in the new worker, None in the parent."""
        # Held back until the worker has handlers of its own: none must be lost in those of the parent.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                self._leave_signals()
                for end in (self._ready_in, self._parent_out, self._wake_in, self._wake_out):
                    os.close(end)
                return Seat(worker.number, self._ready_out, self._parent_in)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
        worker.pid, worker.started, worker.ready = pid, time.monotonic(), False
        return None

    def _wait(self) -> None:
        now = time.monotonic()
        times = [worker.due for worker in self._workers if worker.pid == 0]
        times += [self._stop_by] if self._stop_by else []
        times += [self._next_look] if self._patience else []
        seconds = max(0.0, min(times) - now) if times else None
        select.select([self._wake_in, self._ready_in], [], [], seconds)

    def _bury(self) -> bool:
        """Takes note of every process that ended; as the first process of a container also of strangers.
        False when a worker that was told to stop did not end well."""
        well = True
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                for worker in self._workers:
                    if worker.pid == pid:
                        code = os.waitstatus_to_exitcode(status)
                        well = self._ended(worker, code) and well
        return well

    def _ended(self, worker: _Worker, code: int) -> bool:
        lived = time.monotonic() - worker.started
        pid, worker.pid = worker.pid, 0
        if self._stop_by:
            well = code == 0 or (code == -signal.SIGTERM and not worker.ready)
            if not well:
                _log.error("Worker %d (process %d) %s while stopping", worker.number + 1, pid, _said(code))
            return well
        self._failures = 0 if worker.ready and lived > _SHORT_LIFE_SECONDS else self._failures + 1
        some_serve = any(other.pid and other.ready for other in self._workers)
        if not some_serve and (not self._served or self._failures >= _MOST_FAILURES):
            _log.error(
                "Worker %d (process %d) %s before it could serve; giving up. The lines above say why",
                worker.number + 1,
                pid,
                _said(code),
            )
            self._gave_up = True
            self._stop()
            return False
        pause = 0.0 if self._failures <= 1 else min(_LONGEST_PAUSE_SECONDS, 0.5 * 2.0**self._failures)
        worker.due = time.monotonic() + pause
        _log.error(
            "Worker %d (process %d) %s unexpectedly; starting another one%s",
            worker.number + 1,
            pid,
            _said(code),
            f" in {pause:g} s" if pause else "",
        )
        return True

    def _note_ready(self) -> None:
        try:
            found = os.read(self._ready_in, 64 * _PID.size)
        except BlockingIOError:
            return
        pids = {pid for (pid,) in _PID.iter_unpack(found)}
        for worker in self._workers:
            if worker.pid in pids:
                worker.ready, worker.heard = True, time.monotonic()
        if not self._served and not self._stop_by and all(worker.ready for worker in self._workers):
            self._served = True
            self._on_ready()

    def _obey(self) -> None:
        try:
            numbers = os.read(self._wake_in, 1024)
        except BlockingIOError:
            numbers = b""
        hung_up = signal.SIGHUP in numbers
        if any(number in _TOLD_TO_STOP for number in numbers) or (hung_up and self._hangup_ends()):
            self._stop()
        elif hung_up:
            self._tell_all(signal.SIGHUP)
        if self._stop_by and time.monotonic() > self._stop_by:
            self._tell_all(signal.SIGKILL)
            self._stop_by += 1

    def _look(self) -> None:
        """Kills who is silent: a process that hangs does not end by itself."""
        now = time.monotonic()
        if not self._patience or now < self._next_look or self._stop_by:
            return
        self._next_look = now + self._patience / 3
        for worker in self._workers:
            if worker.pid and worker.ready and now - worker.heard > self._patience:
                _log.error("Worker %d (process %d) is silent and is killed", worker.number + 1, worker.pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)
        self._on_alive()

    def _stop(self) -> None:
        if not self._stop_by:
            self._stop_by = time.monotonic() + _STOP_SECONDS
            self._on_stop()
        self._tell_all(signal.SIGTERM)

    def _tell_all(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if worker.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, number)

    def _take_signals(self) -> None:
        """From here on a signal is a byte in a pipe."""
        signal.set_wakeup_fd(self._wake_out, warn_on_full_buffer=False)
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, lambda *_: None)

    def _leave_signals(self) -> None:
        """In a worker SIGHUP does nothing until somebody gives it a meaning."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _said(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
