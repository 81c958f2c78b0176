"""A future for what the event loop itself brings in a moment: whoever waits for it needs no task."""

import asyncio
from typing import TypeVar

T = TypeVar("T")


class Soon(asyncio.Future[T]):
    """Awaited like any future. Between it and the next thing that is awaited, nothing may need a task of its
    own, as :func:`asyncio.timeout` does."""
