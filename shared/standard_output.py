"""What a command prints when whoever reads it has left, as ``| head`` does. No failure, and no traceback."""

import os
import sys

GONE = 141
"""The exit code of a program that SIGPIPE ended, which is what a shell expects then."""


def flush() -> None:
    """Raises BrokenPipeError here rather than when the process ends, where nobody could take it."""
    if sys.stdout is not None:  # a program without a terminal on Windows has none
        sys.stdout.flush()


def lead_nowhere() -> int:
    """So that what is still to be written fails no more. Gives the exit code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return GONE
