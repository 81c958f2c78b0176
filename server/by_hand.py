"""What somebody does by a command on the backend's machine, in the audit trail.

The line goes the way of those that a process leaves: a running backend takes it over within seconds, any
other when it starts. So a command needs no master key for it. Lists and what is shown leave no line.
"""

import getpass
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from server.store.audit.line import of_the_backend
from server.store.audit.spool import leave
from shared.errors import AppError, StateTooNew
from shared.paths import home


@contextmanager
def recorded(action: str, target: str = "", fields: str = "", *, refused: bool = True) -> Iterator[None]:
    """What happens within, done or, unless not ``refused``, refused. ``action`` and ``target`` are those of
    the same call over HTTP, ``fields`` names what of it was given, never values. Beside the state of a newer
    version nothing is written."""
    began = time.perf_counter()
    detail = f"by a command: {fields}" if fields else "by a command"
    try:
        yield
    except AppError as error:
        if refused and not isinstance(error, StateTooNew):
            _leave(action, target, detail, error.status, error.code, began)
        raise
    _leave(action, target, detail, 200, "", began)


def _leave(action: str, target: str, detail: str, status: int, code: str, began: float) -> None:
    folder = home() / "backend"
    if not folder.is_dir():
        return  # there is no state yet, and nothing has been done to it
    line = msgspec.structs.replace(
        of_the_backend(action, detail, status),
        key_name=_who(),
        address=socket.gethostname(),
        code=code,
        elapsed_ms=round((time.perf_counter() - began) * 1000, 2),
        target=target,
    )
    try:
        leave(folder / "audit", line)
    except OSError as error:
        print(f"The audit trail could not be told of this: {error.strerror}.", file=sys.stderr)


def _who() -> str:
    """Whom the system knows, not what a variable says; behind sudo also who that was."""
    if not hasattr(os, "getuid"):
        return f"{getpass.getuser()} (command)"
    import pwd

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    by = os.environ.get("SUDO_USER", "") if os.getuid() == 0 else ""
    return f"{name} (command, by sudo of {by})" if by else f"{name} (command)"
