"""The socket under an ODBC connection, so that whoever waits in the driver can be woken.

No driver shows its socket, and none can be told to use one of ours. It is found as the one socket to the
server's port over which exactly so many bytes left as were just sent, some thousands at random. Where the
system does not count them for us (anything but Linux), or when it fits more than one again and again, there
is no socket, and a thread waits as long as the driver lets it.
"""

import contextlib
import os
import random
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

_DESCRIPTORS = Path("/proc/self/fd")
_ACKED_AT = 120
"""Where ``tcpi_bytes_acked`` stands in Linux's ``struct tcp_info``."""
_LEAST, _MOST = 2_000, 6_000
"""Characters of padding."""
_OVERHEAD = 600
"""Bytes that packets, encryption and the rollback after the batch add at most."""

_TRIES = 4
"""Connections that are opened at the same time may send about as many bytes by chance."""

_looking = threading.Lock()
"""So that nobody meets the passing duplicates of another thread."""


def found_by_sending(batch: str, port: int, send: Callable[[str], object]) -> socket.socket | None:
    """A second handle of the connection on which ``send`` sends a batch and waits for its answer; it is sent
    ``batch``, with a comment, once or some times. Close it in the end."""
    if not sys.platform.startswith("linux"):
        send(batch)
        return None
    for _ in range(_TRIES):
        padding = "-" * random.randint(_LEAST, _MOST)  # noqa: S311 - no secret
        padded = f"{batch} /*{padding}*/"
        with _looking:
            before = _sent_to(port)
        send(padded)
        with _looking:
            after = _sent_to(port)
            fitting = [
                inode
                for inode, (_, count) in after.items()
                if inode in before and 0 <= count - before[inode][1] - 2 * len(padded) <= _OVERHEAD
            ]
            if len(fitting) == 1:
                return _second_handle(after[fitting[0]][0], fitting[0])
    return None


def _sent_to(port: int) -> dict[str, tuple[int, int]]:
    """Each socket of this process that is connected to such a port: its descriptor, and the bytes that have
    arrived there."""
    found: dict[str, tuple[int, int]] = {}
    for entry in _DESCRIPTORS.iterdir():
        with contextlib.suppress(OSError, ValueError):
            inode, descriptor = str(entry.readlink()), int(entry.name)
            if inode.startswith("socket:") and (count := _acked(descriptor, port)) is not None:
                found[inode] = descriptor, count
    return found


def _acked(descriptor: int, port: int) -> int | None:
    with _borrowed(descriptor) as one:
        if one.family not in (socket.AF_INET, socket.AF_INET6) or one.getpeername()[1] != port:
            return None
        told = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return int(struct.unpack_from("=Q", told, _ACKED_AT)[0]) if len(told) >= _ACKED_AT + 8 else None


def _second_handle(descriptor: int, inode: str) -> socket.socket | None:
    with contextlib.suppress(OSError):
        own = _duplicate(descriptor)
        if str((_DESCRIPTORS / str(own.fileno())).readlink()) == inode:
            return own
        own.close()  # the descriptor has become another's meanwhile
    return None


@contextlib.contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    with contextlib.closing(_duplicate(descriptor)) as one:
        yield one


def _duplicate(descriptor: int) -> socket.socket:
    """So that nothing here can close what is the driver's. (``socket.dup`` would make both block.)"""
    own = os.dup(descriptor)
    try:
        return socket.socket(fileno=own)
    except OSError:
        os.close(own)
        raise
