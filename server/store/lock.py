"""Who uses the state in our folder: whoever reads and writes it shares it, a restore has it alone.

An advisory lock on a file beside the state, let go by the system when its process ends, however it
ends. Windows has no such lock; there the system itself keeps an open state from being replaced.
"""

import errno
import os
import sys
from pathlib import Path

from shared.errors import Conflict

NAME = "state.lock"

_CANNOT = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
"""A file system without such locks, as some of those in a network. The state must still open there."""


class Held:
    """A lock, until it is closed."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def share(folder: Path) -> Held:
    """For everybody who opens the state in ``folder``. Raises Conflict while it is being restored."""
    return _locked(
        folder, alone=False, refusal=f"The state in {folder} is just being restored. Try again soon."
    )


def take_alone(folder: Path) -> Held:
    """For whoever replaces the state. Raises Conflict while a backend, or a command of it, has it open."""
    refusal = f"A backend, or one of its commands, uses the state in {folder}. Stop it first."
    return _locked(folder, alone=True, refusal=refusal)


def hold(file: Path) -> Held | None:
    """A lock that says "I am alive": None when another process holds it. Raises OSError where there are no
    such locks."""
    if sys.platform == "win32":
        raise OSError(errno.ENOSYS, "no such locks here")
    import fcntl

    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return Held(descriptor)


def _locked(folder: Path, *, alone: bool, refusal: str) -> Held:
    if sys.platform == "win32":
        return Held()
    import fcntl

    descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if os.geteuid() == 0:  # the superuser's visit must not lock out the service
            owner = folder.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Conflict(refusal) from error
    except OSError as error:
        os.close(descriptor)
        if error.errno not in _CANNOT:
            raise
        return Held()
    return Held(descriptor)
