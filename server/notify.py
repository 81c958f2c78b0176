"""Words to the service manager over its datagram socket (``sd_notify``). When to say what is in reporting.

The protocol is a few lines of ``NAME=value`` in one datagram to the address in ``NOTIFY_SOCKET``;
see sd_notify(3). Nothing happens where no manager listens.
"""

import contextlib
import os
import socket
import time
from collections.abc import Mapping

_TEXT_BYTES = 2000
"""More than anybody reads in a status line; a datagram has a limit of its own."""


class Notifier:
    """``address`` is a path, or ``@name`` in the abstract namespace; empty for nobody."""

    def __init__(self, address: str = "", watchdog_seconds: float | None = None) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_seconds = watchdog_seconds
        """A process that says nothing for so long is killed; None when nobody waits for that."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Notifier":
        """The one that this process was started with."""
        meant_for_us = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environ.get("WATCHDOG_USEC", "") if meant_for_us else ""
        seconds = int(microseconds) / 1e6 if microseconds.isdecimal() and int(microseconds) else None
        address = environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
            return cls()
        return cls(address, seconds)

    def ready(self, status: str) -> None:
        self._tell("READY=1", _status(status))

    def reloading(self) -> None:
        """Followed by :meth:`ready` in any case."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={microseconds}")

    def alive(self, status: str) -> None:
        self._tell("WATCHDOG=1", _status(status))

    def status(self, status: str) -> None:
        self._tell(_status(status))

    def stopping(self, status: str) -> None:
        self._tell("STOPPING=1", _status(status))

    def _tell(self, *lines: str) -> None:
        """A manager that is away, or busy, is no reason to fail."""
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto("\n".join(lines).encode(), self._address)


def _status(text: str) -> str:
    one_line = " ".join(text.split())
    return "STATUS=" + one_line.encode()[:_TEXT_BYTES].decode(errors="ignore")
