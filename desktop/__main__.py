"""``python -m desktop``, and what an installed ``vmart-agent`` runs."""

import os
import sys

from desktop.cli import main


def console() -> int:
    """The installed program: started from a terminal, or by a double click without one."""
    terminal = sys.stderr is not None and (sys.stderr.isatty() or not getattr(sys, "frozen", False))
    _mend_streams()
    return main(sys.argv[1:], program="vmart-agent", terminal=terminal)


def _mend_streams() -> None:
    """A program without a console may have no standard streams at all; one with an old code page must not
    fail at a rupee sign."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - as long as the program
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    terminal = sys.stderr is not None
    _mend_streams()
    sys.exit(main(sys.argv[1:], terminal=terminal))
