"""Waiting without a task: for what the event loop itself brings in a moment, and in a part of a task that can
be cancelled by itself."""

import asyncio
import contextlib
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Soon(asyncio.Future[T]):
    """Awaited like any future. Between it and the next thing that is awaited, nothing may need a task of its
    own, as :func:`asyncio.timeout` does."""


class Part(Generic[T]):
    """Work that is done where it is awaited. :meth:`cancel` ends it as the end of a task would, and not
    whoever awaits it. ``awaited``: what the work waits for already, when it was begun elsewhere."""

    def __init__(self, work: Coroutine[Any, Any, T], awaited: Any = None) -> None:
        self._work = work
        self._awaited = awaited

    def cancel(self) -> None:
        if self._awaited is not None:
            self._awaited.cancel()

    def __await__(self) -> Generator[Any, Any, T]:
        work = self._work
        told: BaseException | None = None
        try:
            while True:
                if self._awaited is None or told is not None:
                    self._awaited = work.send(None) if told is None else work.throw(told)
                told = None
                try:
                    yield self._awaited
                except BaseException as error:  # noqa: BLE001 - whatever the task is told, the work is told
                    told = error
                else:
                    self._awaited = None
        except StopIteration as ended:
            result: T = ended.value
            return result


_alone: set[asyncio.Future[None]] = set()


def finish(part: Part[Any]) -> None:
    """Does what is left of work whose end nobody waits for any more."""
    task = asyncio.get_running_loop().create_task(_done(part))
    _alone.add(task)
    task.add_done_callback(_alone.discard)


async def _done(part: Part[Any]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await part
