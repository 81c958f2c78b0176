"""Where the SQL of a caller is judged and rewritten: a short text at once, a long one beside the event loop.

What judging does stays in shared/guard and server/governance.
"""

from collections.abc import Callable
from typing import TypeVar

from server.threads import Worker

T = TypeVar("T")

_LONG = 2_000
"""Characters. Parsing, checking and writing anew take milliseconds up to here, and seconds for some texts of
tens of thousands: in that time a worker would answer nobody."""

_worker = Worker("long-sql")
"""One for the process: whoever sends many long texts waits for their own."""


async def judged(text: str, work: Callable[[], T]) -> T:
    """What ``work`` gives for this text, or raises."""
    return work() if len(text) <= _LONG else await _worker.submit(work)
