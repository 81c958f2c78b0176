"""What was worked out of texts, for when they come again: of the latest ones, bounded by how long they are
together. A count alone bounds nothing when one text may be a thousand times as long as another."""

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_EACH = 200
"""Characters for which each text counts more than it has."""


def latest(characters: int) -> Callable[[Callable[[str, str], T]], Callable[[str, str], T]]:
    """For functions of a text and its dialect, on any thread. What raises is not kept."""

    def keeping(work: Callable[[str, str], T]) -> Callable[[str, str], T]:
        kept: OrderedDict[tuple[str, str], T] = OrderedDict()
        lock = threading.Lock()
        held = 0

        @functools.wraps(work)
        def found(text: str, dialect: str) -> T:
            nonlocal held
            key = text, dialect
            with lock:
                if key in kept:
                    kept.move_to_end(key)
                    return kept[key]
            result = work(text, dialect)
            weight = len(text) + _EACH
            if weight > characters:
                return result
            with lock:
                if key not in kept:
                    kept[key] = result
                    held += weight
                while held > characters:
                    (oldest, _), _ = kept.popitem(last=False)
                    held -= len(oldest) + _EACH
            return result

        return found

    return keeping
