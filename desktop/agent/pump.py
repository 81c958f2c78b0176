"""Blocking work in threads of its own, so that stop is felt at once. What the work is stays outside."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextvars import copy_context
from queue import SimpleQueue
from typing import TypeVar

from desktop.agent.stop import Stop

T = TypeVar("T")


class _End:
    """A source came to its end."""


class _Pressed:
    """Stop was pressed."""


def pumped(source: Generator[T, None, None] | Iterator[T], stop: Stop) -> Iterator[T]:
    """The items of ``source``, which runs in another thread; raises Cancelled as soon as stop is pressed.

    A source that is left behind is closed when it yields next.
    """
    for _, item in merged([source], stop):
        yield item


def merged(sources: Sequence[Iterator[T]], stop: Stop) -> Iterator[tuple[int, T]]:
    """The items of all sources as they come, each with the number of its source. The first failure of
    any is raised here."""
    queue: SimpleQueue[tuple[int, T] | _End | _Pressed | BaseException] = SimpleQueue()
    left = threading.Event()
    forget = stop.when_pressed(lambda: queue.put(_Pressed()))
    try:
        for number, source in enumerate(sources):
            work = _worker(number, source, queue.put, left)
            inherited = copy_context()  # what leaves from there belongs to this turn
            threading.Thread(target=inherited.run, args=(work,), name="turn-work", daemon=True).start()
        running = len(sources)
        while running:
            match queue.get():
                case _End():
                    running -= 1
                case _Pressed():
                    stop.check()
                case BaseException() as error:
                    raise error
                case item:
                    stop.check()
                    yield item
    finally:
        left.set()
        forget()


def _worker(
    number: int,
    source: Iterator[T],
    put: Callable[[tuple[int, T] | _End | BaseException], None],
    left: threading.Event,
) -> Callable[[], None]:
    def work() -> None:
        try:
            for item in source:
                if left.is_set():
                    break
                put((number, item))
            if isinstance(source, Generator):
                source.close()
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits
            put(error)
        else:
            put(_End())

    return work
