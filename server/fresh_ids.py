"""Ids that every call gets: never the same twice, and cheap, for the system is asked for many at once."""

import os
import time

_AT_ONCE = 256
_drawn: list[str] = []
"""Sixteen random bytes each, as hexadecimal digits."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drawn.clear)  # or two workers would give the same ids

_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


def request_id() -> str:
    """Twenty-four digits, of which the first eleven are the time, so that the index of the audit trail grows
    at its end: among ids without an order each line would write a page of its own, the dearer the longer
    the trail is."""
    return f"{time.time_ns() // 1_000_000:011x}{_random()[:13]}"


def query_id() -> str:
    """A UUID of version 4, in a fraction of the time that uuid.uuid4 takes."""
    h = _random()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:]}"


def _random() -> str:
    try:
        return _drawn.pop()
    except IndexError:
        digits = os.urandom(16 * _AT_ONCE).hex()
        _drawn.extend([digits[at : at + 32] for at in range(32, len(digits), 32)])
        return digits[:32]
