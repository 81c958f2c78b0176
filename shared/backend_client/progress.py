"""How far something is that takes a while, as a callback is told."""

from collections.abc import Callable

import msgspec


class Progress(msgspec.Struct, frozen=True):
    """``rows`` and ``bytes`` so far; ``percent`` is None when nobody knows how much there is to come."""

    rows: int
    bytes: int
    percent: float | None = None


Watch = Callable[[Progress], None]
"""Called on the thread that works; what it raises ends the work."""
