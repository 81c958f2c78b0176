"""A lock on a file that ends with its process, however that ends. What it keeps apart is others' business."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
_WAIT_SECONDS = 30.0


def take(opened: int) -> None:
    """Raises OSError, one of ``HELD`` when another process holds it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


def share(file: Path) -> int:
    """Held together with others until what is given back is closed; meanwhile nobody has it alone. Waits as
    ``locked`` does. Without effect on Windows, where an open file cannot be moved away anyway."""
    opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    if sys.platform == "win32":
        return opened
    import fcntl

    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in HELD:
                return opened  # a file system without locks
            if time.monotonic() > deadline:
                os.close(opened)
                raise
            time.sleep(0.05)
        else:
            return opened


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Waits for its turn; a file system without locks lets everybody in. Raises OSError when another process
    holds it for half a minute."""
    opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _WAIT_SECONDS
    try:
        while True:
            try:
                take(opened)
            except OSError as error:
                if error.errno in HELD and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                if error.errno in HELD:
                    raise
            break
        yield
    finally:
        os.close(opened)
