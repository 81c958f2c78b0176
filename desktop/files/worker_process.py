"""The child's side of a worker: ``python -m desktop.files.worker_process PROGRAM MEMORY_MB MAY_WRITE FILES``.

It bounds itself, takes orders from its standard input one by one, and ends with its parent. What an order
means is its program's.
"""

import contextlib
import importlib
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from desktop.files.opening import Identity
from desktop.files.worker import (
    HANDS_OVER,
    PROGRAMS,
    TOO_MUCH_MEMORY,
    Answered,
    Failed,
    Frame,
    Handed,
    Order,
    Said,
    encoder,
)
from shared import child_process
from shared.errors import AppError, FileUnreadable

_orders = msgspec.msgpack.Decoder(Order)
_LOOK_SECONDS = 0.05
_HEADROOM_MB = 1_024
"""Of address space beyond the bound, which libraries reserve and never touch."""


class Program(Protocol):
    """What the module of a program has."""

    def answer(self, request: bytes, files: Sequence[BinaryIO], say: Callable[[bytes], None]) -> bytes: ...


def main(words: Sequence[str]) -> None:
    program, memory_mb, may_write, files_at = words
    inbox, out = child_process.take_streams()
    _bound(int(memory_mb), may_write=may_write == "1")
    orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(inbox, orders), daemon=True).start()
    channel = socket.socket(fileno=int(files_at)) if HANDS_OVER else None
    answer = importlib.import_module(PROGRAMS[program]).answer

    def send(frame: Frame) -> None:
        data = encoder.encode(frame)
        out.write(len(data).to_bytes(4, "big") + data)
        out.flush()

    while True:
        send(_answered(answer, orders.get(), channel, lambda data: send(Said(data))))


def _answered(
    answer: Callable[[bytes, Sequence[BinaryIO], Callable[[bytes], None]], bytes],
    order: Order,
    channel: socket.socket | None,
    say: Callable[[bytes], None],
) -> Frame:
    with contextlib.ExitStack() as opened:
        try:
            files = [opened.enter_context(file) for file in _received(order.files, channel)]
            return Answered(answer(order.request, files, say))
        except AppError as error:
            return Failed(error.code, error.message, error.details)
        except MemoryError:
            os._exit(TOO_MUCH_MEMORY)
        except Exception as error:  # noqa: BLE001 - the outer edge of this process
            print(f"files-worker: {type(error).__name__}", file=sys.stderr)  # noqa: T201 - to the parent's log
            return Failed("file_unreadable", "The file is broken, or not what its name says.")


def _received(handed: Sequence[Handed], channel: socket.socket | None) -> list[BinaryIO]:
    if not handed:
        return []
    if channel is not None:
        _, descriptors, _, _ = socket.recv_fds(channel, 1, len(handed))
        return [os.fdopen(descriptor, "rb") for descriptor in descriptors]
    return [_reopened(each) for each in handed]


def _reopened(handed: Handed) -> BinaryIO:
    file = Path(handed.path).open("rb")  # noqa: SIM115 - closed by whoever asked
    if Identity.of(os.fstat(file.fileno())) != handed.identity:
        file.close()
        raise FileUnreadable("The file was changed while it was opened. Try again.")
    return file


def _listen(inbox: BinaryIO, orders: "queue.SimpleQueue[Order]") -> None:
    while len(head := inbox.read(4)) == 4:
        orders.put(_orders.decode(inbox.read(int.from_bytes(head, "big"))))
    os._exit(0)  # the parent is gone, and a file may be being read


def _bound(memory_mb: int, *, may_write: bool) -> None:
    """The system's own bounds where it has them, and a look at ourselves where it does not."""
    child_process.end_first()
    child_process.limit_address_space(memory_mb + _HEADROOM_MB)
    threading.Thread(target=_watch, args=(memory_mb,), daemon=True).start()
    try:
        import resource
    except ImportError:  # Windows
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not may_write:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _watch(memory_mb: int) -> None:
    while True:
        if _memory_mb() > memory_mb:
            os._exit(TOO_MUCH_MEMORY)
        time.sleep(_LOOK_SECONDS)


def _memory_mb() -> float:
    """What the process takes of the machine's memory now; at its peak where only that is known."""
    if sys.platform == "win32":
        return _windows_memory_mb()
    with contextlib.suppress(OSError, IndexError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024  # macOS counts bytes


if sys.platform == "win32":

    def _windows_memory_mb() -> float:
        import ctypes
        from ctypes import wintypes

        class Counters(ctypes.Structure):
            _fields_ = (
                ("cb", wintypes.DWORD),
                ("faults", wintypes.DWORD),
                *(
                    (name, ctypes.c_size_t)
                    for name in ["peak", "now", "a", "b", "c", "d", "paged", "peak_paged"]
                ),
            )

        counters = Counters()
        counters.cb = ctypes.sizeof(Counters)
        kernel = ctypes.windll.kernel32
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        kernel.K32GetProcessMemoryInfo.argtypes = [wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD]
        if not kernel.K32GetProcessMemoryInfo(
            kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb
        ):
            return 0
        return float(counters.paged) / 1024 / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
