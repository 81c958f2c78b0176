"""The files of results that are kept: sealed, one a job, in a folder of ours. Who has one stays in jobs.py.

Each process that writes there holds a lock with its name, so that others see when it has died.
"""

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from server.sealed import PIECE, Damaged, SealedReader, SealedWriter
from server.store.lock import Held, hold
from shared.paths import private_folder

_SUFFIX, _LOCK = ".sealed", ".alive"
_NODE = "node"
_POLL_SECONDS = 0.2
_PIECES_AT_ONCE = 4


class Kept:
    """The folder, as one process sees it. ``node`` is the same for all that share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)
        self.node = self._named()
        self.runner = secrets.token_hex(8)
        self._alive = self._held(self.runner)

    def close(self) -> None:
        if self._alive is not None:
            self._lock_of(self.runner).unlink(missing_ok=True)
            self._alive.close()

    def is_alive(self, runner: str) -> bool | None:
        """Whether that process lives; None when this cannot be told."""
        file = self._lock_of(runner)
        if runner == self.runner:
            return True
        if not file.exists():
            return False if self._alive is not None else None
        held = self._held(runner)
        if held is None:
            return True if self._alive is not None else None
        file.unlink(missing_ok=True)
        held.close()
        return False

    def forget_the_dead(self) -> None:
        """Takes away the locks of processes that were killed."""
        for file in self._folder.glob(f"*{_LOCK}"):
            self.is_alive(file.name.removesuffix(_LOCK))

    def create(self, job_id: str, secret: str) -> SealedWriter:
        """Raises OSError."""
        return SealedWriter(self._file(job_id), secret, job_id)

    def open(self, job_id: str, secret: str) -> SealedReader:
        """Raises OSError."""
        return SealedReader(self._file(job_id), secret, job_id)

    def exists(self, job_id: str) -> bool:
        return self._file(job_id).exists()

    def delete(self, job_id: str) -> None:
        self._file(job_id).unlink(missing_ok=True)

    def names(self) -> set[str]:
        """The jobs that have a file here."""
        return {file.name.removesuffix(_SUFFIX) for file in self._folder.glob(f"*{_SUFFIX}")}

    def _file(self, job_id: str) -> Path:
        return self._folder / f"{job_id}{_SUFFIX}"

    def _lock_of(self, runner: str) -> Path:
        return self._folder / f"{runner}{_LOCK}"

    def _held(self, runner: str) -> Held | None:
        with contextlib.suppress(OSError):
            return hold(self._lock_of(runner))
        return None

    def _named(self) -> str:
        """Made once, by whichever process comes first."""
        file, name = self._folder / _NODE, secrets.token_hex(8)
        if not file.exists():
            fresh = self._folder / f"{_NODE}.{name}"
            fresh.write_text(name, encoding="ascii")
            with contextlib.suppress(FileExistsError):
                os.link(fresh, file)
            fresh.unlink()
        return file.read_text(encoding="ascii")


async def pieces(
    reader: SealedReader, first: int, size: Callable[[], Awaitable[int | None]]
) -> AsyncIterator[bytes]:
    """From piece number ``first`` to the end, also while it is being written.

    ``size`` tells how long the result is when it is whole, and None as long as it grows; it raises when there
    will be no whole one. Raises Damaged.
    """
    number = first
    while True:
        whole = await asyncio.to_thread(reader.whole_pieces)
        if number < whole:
            until = min(whole, number + _PIECES_AT_ONCE)
            yield await asyncio.to_thread(_joined, reader, number, until)
            number = until
        elif (total := await size()) is None:
            await asyncio.sleep(_POLL_SECONDS)
        elif number == max(total - 1, 0) // PIECE:
            last = await asyncio.to_thread(reader.last_piece, number)
            if number * PIECE + len(last) != total:
                raise Damaged
            yield last
            return
        elif number >= await asyncio.to_thread(reader.whole_pieces):
            raise Damaged


def _joined(reader: SealedReader, first: int, until: int) -> bytes:
    return b"".join([reader.piece(number, last=False) for number in range(first, until)])
