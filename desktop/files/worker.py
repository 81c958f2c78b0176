"""A process of its own for work on files: ended when it is late, when it takes too much memory, when the
person stops it. What it does is its program's; a file reaches it open already, so it needs no path of its
own.

The parent's side. The child's is in worker_process.
"""

import contextlib
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from desktop.files import opening
from shared import child_process
from shared.errors import AppError, FileUnreadable, by_code

FROZEN_WORD = "files-worker"
"""What a packaged program is called with to become a worker; its entry knows it too."""

PROGRAMS = {"reading": "desktop.files.reading", "sheets": "desktop.sheets.program"}
"""What a worker can be. The module has ``answer(request, files, say) -> bytes``."""

TOO_MUCH_MEMORY = 77
"""What a worker leaves with when it has passed its bound."""

HANDS_OVER = sys.platform != "win32"
_LOOK_SECONDS = 0.1
_END_SECONDS = 2.0


class Bounds(msgspec.Struct, frozen=True):
    """``memory_mb`` is of the whole process. ``may_write`` allows files, below ``scratch`` by agreement."""

    memory_mb: int = 512
    may_write: bool = False


class Handed(msgspec.Struct, frozen=True):
    """One open file on its way. On Windows the child opens it by its path and compares."""

    path: str
    identity: opening.Identity


class Order(msgspec.Struct, frozen=True, tag=True):
    request: bytes
    files: list[Handed]


class Said(msgspec.Struct, frozen=True, tag=True):
    """On the way: progress, or a part of the answer."""

    data: bytes


class Answered(msgspec.Struct, frozen=True, tag=True):
    data: bytes


class Failed(msgspec.Struct, frozen=True, tag=True):
    code: str
    message: str
    details: str = ""


Frame = Said | Answered | Failed
encoder = msgspec.msgpack.Encoder()
_frames = msgspec.msgpack.Decoder(Frame)


class Worker:
    """Starts its process when it is first asked, and again after one was ended. One question at a time;
    others wait for their turn within their own deadline."""

    def __init__(self, program: str, bounds: Bounds | None = None) -> None:
        self._program = program
        self._bounds = bounds or Bounds()
        self._turn = threading.Lock()
        self._process: _Process | None = None
        self._closed = False

    def ask(
        self,
        request: bytes,
        files: Sequence[BinaryIO] = (),
        *,
        deadline_seconds: float,
        cancelled: Callable[[], None] = lambda: None,
        heard: Callable[[bytes], None] = lambda _: None,
    ) -> bytes:
        """The program's answer. ``cancelled`` raises when the person pressed stop; ``heard`` gets what the
        program says on the way. Raises what the program raised, or FileUnreadable when it had to be ended."""
        until = time.monotonic() + deadline_seconds
        while not self._turn.acquire(timeout=_LOOK_SECONDS):
            cancelled()
            if time.monotonic() > until:
                raise FileUnreadable("Another file is being read for too long. Try again.")
        try:
            return self._asked(request, files, until, cancelled, heard)
        finally:
            self._turn.release()

    def close(self) -> None:
        """Ends the process, also in the middle of a question."""
        self._closed = True
        process = self._process
        if process is not None:
            process.end()

    def _asked(
        self,
        request: bytes,
        files: Sequence[BinaryIO],
        until: float,
        cancelled: Callable[[], None],
        heard: Callable[[bytes], None],
    ) -> bytes:
        process = self._running()
        try:
            process.send(request, files)
            while True:
                cancelled()
                left = until - time.monotonic()
                if left <= 0:
                    raise FileUnreadable("The file takes too long to read, and was put aside.")
                match process.receive(min(left, _LOOK_SECONDS)):
                    case Said(data):
                        heard(data)
                    case Answered(data):
                        return data
                    case Failed() as failed:
                        raise _error(failed)
                    case "gone":
                        raise FileUnreadable(process.last_words())
                    case _:
                        continue
        except BaseException as error:
            if not isinstance(error, _Told):
                process.end()
                self._process = None
                raise
            raise error.error from None

    def _running(self) -> "_Process":
        if self._closed:
            raise FileUnreadable("The program is closing.")
        if self._process is None or not self._process.alive:
            if self._process is not None:
                self._process.end()
            self._process = _Process(self._program, self._bounds)
        return self._process


class _Told(Exception):
    """The program itself failed in words, and goes on."""

    def __init__(self, error: AppError) -> None:
        self.error = error


def _error(failed: Failed) -> _Told:
    kind = by_code().get(failed.code, FileUnreadable)
    return _Told(kind(failed.message, details=failed.details))


class _Process:
    """One running process, its pipes, and the socket that open files go through."""

    def __init__(self, program: str, bounds: Bounds) -> None:
        self._bounds = bounds
        ours, theirs = socket.socketpair() if HANDS_OVER else (None, None)
        self._files = ours
        try:
            self._process = subprocess.Popen(
                _command(program, bounds, theirs.fileno() if theirs else -1),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=child_process.environment() | {"OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[theirs.fileno()] if theirs else (),
                start_new_session=HANDS_OVER,  # Ctrl-C in the terminal is ours to pass on
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            if ours is not None:
                ours.close()
            raise FileUnreadable("The part of the program that reads files could not be started.") from error
        finally:
            if theirs is not None:
                theirs.close()
        self._in = cast("BinaryIO", self._process.stdin)
        self._out = cast("BinaryIO", self._process.stdout)
        self._frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="files-worker", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, request: bytes, files: Sequence[BinaryIO]) -> None:
        handed = [_handed(file.fileno()) for file in files]
        data = encoder.encode(Order(request, handed))
        # a process that is gone is noticed when its answer is waited for
        with contextlib.suppress(OSError, ValueError):
            self._in.write(len(data).to_bytes(4, "big") + data)
            self._in.flush()
            if self._files is not None and files:
                socket.send_fds(self._files, [b"f"], [file.fileno() for file in files])

    def receive(self, seconds: float) -> "Frame | str | None":
        """None when nothing came in time, ``gone`` when nothing will."""
        try:
            return self._frames.get(timeout=seconds) or "gone"
        except queue.Empty:
            return None

    def last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self._process.wait(_END_SECONDS) == TOO_MUCH_MEMORY:
                return "The file needs more memory than reading one may take, and was put aside."
        return "The file broke the program that reads it, and was put aside."

    def end(self) -> None:
        """Safe to call more than once, from any thread."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        for pipe in (self._in, self._files):
            with contextlib.suppress(OSError, AttributeError):
                pipe.close()  # type: ignore[union-attr]  # None on Windows

    def _listen(self) -> None:
        try:
            while True:
                head = self._out.read(4)
                if len(head) < 4:
                    break
                self._frames.put(_frames.decode(self._out.read(int.from_bytes(head, "big"))))
        except (OSError, ValueError, msgspec.MsgspecError):
            pass
        finally:
            self._frames.put(None)
            self._out.close()


def _handed(descriptor: int) -> Handed:
    path = "" if HANDS_OVER else str(opening.final_path(descriptor, Path()))
    return Handed(path, opening.Identity.of(os.fstat(descriptor)))


def _command(program: str, bounds: Bounds, files: int) -> list[str]:
    words = [program, str(bounds.memory_mb), str(int(bounds.may_write)), str(files)]
    return child_process.command("desktop.files.worker_process", FROZEN_WORD, words)
