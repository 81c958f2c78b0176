"""One thread that runs blocking work for the event loop, one piece after the other.

A thread of our own, not the interpreter's pool: a source that never answers must neither use up
threads that others need nor keep the process from ending.
"""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """Started by the first piece of work, ended by :meth:`stop`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._started = False

    def submit(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """The future's result is what ``work`` gives; work goes on when the future is cancelled."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
                _hand_over(loop, _set_exception, future, error)
            else:
                _hand_over(loop, _set_result, future, result)

        self._waiting.put(run)
        if not self._started:
            self._started = True
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return future

    def stop(self) -> None:
        """After what waits already. From the event loop or from any thread."""
        self._waiting.put(None)

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            work()


def _hand_over(loop: asyncio.AbstractEventLoop, deliver: Callable[..., None], *arguments: object) -> None:
    try:
        loop.call_soon_threadsafe(deliver, *arguments)
    except RuntimeError:
        return  # the loop has closed: nobody waits for this any more


def _set_result(future: "asyncio.Future[T]", result: T) -> None:
    if not future.done():
        future.set_result(result)


def _set_exception(future: "asyncio.Future[object]", error: BaseException) -> None:
    if future.done():
        return
    if isinstance(error, StopIteration | KeyboardInterrupt | SystemExit):
        error = RuntimeError(f"{type(error).__name__} in a worker")
    future.set_exception(error)
