"""The one entry of the frozen program. A program that is its own Python has no ``-m``: the first word says
which of our processes this is. Everything after that is the named program's own.
"""

import multiprocessing
import os
import sys


def main() -> int:
    multiprocessing.freeze_support()
    _give_back_library_path()
    match sys.argv[1:]:
        case ["demo-backend", *rest]:
            from server.cli import main as backend

            return backend(["demo", *rest])
        case ["--files-engine"]:
            from server.engine import worker

            worker.main()
            return 0
        case _:
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


if __name__ == "__main__":
    sys.exit(main())
