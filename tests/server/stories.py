"""Stories on an event loop of their own, and waiting in them for what must become true."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor


def run(story: Callable[[], Coroutine[None, None, None]]) -> None:
    # in a thread of its own: a test of the page may have left its browser's loop running in this one
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(story())).result()


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    for _ in range(int(seconds * 100)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")
