"""Links that open the window in a browser: each good once, for a moment, for this person's programs alone.

A browser is given its link on its command line, which everybody on the machine can read.
"""

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

_GOOD_SECONDS = 120.0
_MOST = 20
_LOOKS = 3
_TABLES = (("/proc/net/tcp", ""), ("/proc/net/tcp6", "0000000000000000FFFF0000"))


class LaunchCodes:
    """Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ends_at: dict[str, float] = {}

    def make(self) -> str:
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._ends_at[code] = self._clock() + _GOOD_SECONDS
            while len(self._ends_at) > _MOST:
                self._ends_at.pop(next(iter(self._ends_at)))
        return code

    def redeem(self, code: str) -> bool:
        """Whether it is good; from now on it is not."""
        with self._lock:
            ends_at = self._ends_at.pop(code, None)
        return ends_at is not None and self._clock() < ends_at


def is_ours(client_port: int, own_port: int) -> bool:
    """Whether the other end of a connection on loopback belongs to this person, or to the system itself.

    Linux tells whose a socket is; elsewhere the command lines of others cannot be read, and everybody is
    taken for this person.
    """
    if sys.platform != "linux":
        return True
    for _ in range(_LOOKS):  # a table that changes while it is read may leave a line out
        try:
            owner = _owner_of(client_port, own_port)
        except OSError:
            return True  # a system that hides the table
        if owner is not None:
            return owner in (os.getuid(), 0)
    return False


def _owner_of(client_port: int, own_port: int) -> int | None:
    """See proc_net_tcp.txt of the kernel: addresses in hexadecimal, the user in the eighth column."""
    for table, before in _TABLES:
        client, own = (f"{before}0100007F:{port:04X}" for port in (client_port, own_port))
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except FileNotFoundError:
            if before:  # a system without IPv6
                continue
            raise
        for line in lines:
            columns = line.split()
            if columns[1:3] == [client, own]:
                return int(columns[7])
    return None
