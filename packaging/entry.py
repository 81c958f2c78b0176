"""The one entry of the frozen program. A program that is its own Python has no ``-m``: the first word says
which of our processes this is. Everything after that is the named program's own.
"""

import multiprocessing
import os
import sys
from pathlib import Path


def main() -> int:
    multiprocessing.freeze_support()
    _give_back_library_path()
    match sys.argv[1:]:
        case ["demo-backend", *rest]:
            from server.cli import main as backend

            return backend(["demo", *rest])
        case ["files-engine"]:
            from server.engine import worker

            worker.main()
            return 0
        case ["files-worker", *words]:
            from desktop.files import worker_process

            worker_process.main(words)
            return 0
        case _:
            _end_with_launcher()
            from desktop.__main__ import console

            return console()


def _give_back_library_path() -> None:
    """The loader points the variable at our own libraries. This process has read it by now; the browser, or
    WebKit's own processes, must find the system's."""
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if before is not None:
        os.environ["LD_LIBRARY_PATH"] = before
    elif getattr(sys, "frozen", False):
        os.environ.pop("LD_LIBRARY_PATH", None)


def _end_with_launcher() -> None:
    """A program of one file is two processes: one that unpacked it and waits, and this one. Whoever kills the
    first means both. Not for our other processes: they end with their standard input."""
    unpacked = Path(getattr(sys, "_MEIPASS", ""))
    if not getattr(sys, "frozen", False) or sys.platform != "linux":
        return
    if unpacked.parent == Path(sys.executable).resolve().parent:
        return
    import ctypes
    import signal

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
