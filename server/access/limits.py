"""How often somebody may call: at most so many in any stretch of time, exactly.

The headers are those of draft-ietf-httpapi-ratelimit-headers-11 (``RateLimit-Policy``, ``RateLimit``), and
the three of its older versions.
"""

import math
import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from shared.errors import RateLimited, SettingsInvalid

_ROUNDING = 1e-6
"""Seconds: what sums of times are wrong by, at most."""

_WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_MOST_CALLERS = 10_000
MOST_CALLS = 100_000


class Rate(msgspec.Struct, frozen=True):
    """``calls`` in any ``seconds``."""

    calls: int
    seconds: int

    @classmethod
    def parse(cls, text: str, where: str = "security.rate_limit") -> "Rate | None":
        """``"100/hour"``; None for an empty text. ``where`` is the setting. Raises SettingsInvalid."""
        if not text.strip():
            return None
        found = re.fullmatch(r"\s*(\d{1,12})\s*/\s*(second|minute|hour|day)\s*", text)
        if not found or not 1 <= int(found[1]) <= MOST_CALLS:
            raise SettingsInvalid(
                f"{where}: {text!r} is not a rate. Write it like 100/hour "
                f"(second, minute, hour or day; at most {MOST_CALLS})."
            )
        return cls(int(found[1]), _WINDOWS[found[2]])


class Counted(msgspec.Struct, frozen=True):
    """``calls`` stand in the stretch that ends ``now``, the first of them at ``oldest``."""

    let_through: bool
    calls: int
    oldest: float
    now: float


class Calls(Protocol):
    """When each caller called last."""

    def count(self, caller: str, rate: Rate) -> Counted: ...


class Limiter:
    """Says in headers and sentences what ``calls`` has counted. ``name`` tells its policy from others."""

    def __init__(self, rate: Rate | None, calls: Calls | None = None, *, name: str = "key") -> None:
        self.rate = rate
        self._calls = CallsHere() if calls is None else calls
        self._name = name

    def count(self, caller: str, headers: dict[str, str], own: Rate | None = None) -> None:
        """Counts one call, and adds to ``headers`` what is left. ``own``: this caller has a rate of its own.
        Raises RateLimited instead of counting; the headers are there then too."""
        rate = own or self.rate
        if rate is None:
            return
        counted = self._calls.count(caller, rate)
        wait = max(1, math.ceil(counted.oldest + rate.seconds - counted.now - _ROUNDING))
        left = max(0, rate.calls - counted.calls)
        policy, remaining = (
            f'"{self._name}";q={rate.calls};w={rate.seconds}',
            f'"{self._name}";r={left};t={wait}',
        )
        if "ratelimit" in headers:
            policy = f"{headers['ratelimit-policy']}, {policy}"
            remaining = f"{headers['ratelimit']}, {remaining}"
        headers["ratelimit-policy"], headers["ratelimit"] = policy, remaining
        # as the draft had it before: many clients know these
        headers["ratelimit-limit"] = str(rate.calls)
        headers["ratelimit-remaining"] = str(left)
        headers["ratelimit-reset"] = str(wait)
        if not counted.let_through:
            raise RateLimited(
                f"This is more than {rate.calls} calls in {_said(rate.seconds)}. Try again in {wait} s.",
                retry_after=wait,
            )


class CallsHere:
    """In this process alone; the longest-silent callers are forgotten first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, caller: str, rate: Rate) -> Counted:
        now = self._clock()
        calls = self._calls_of(caller, now, rate)
        let_through = len(calls) < rate.calls
        if let_through:
            calls.append(now)
        return Counted(let_through, len(calls), calls[0], now)

    def _calls_of(self, caller: str, now: float, rate: Rate) -> deque[float]:
        calls = self._calls.get(caller)
        if calls is None:
            calls = self._calls[caller] = deque()
            if len(self._calls) > _MOST_CALLERS:
                self._calls.popitem(last=False)
        else:
            self._calls.move_to_end(caller)
        while calls and calls[0] <= now - rate.seconds:
            calls.popleft()
        return calls


def _said(seconds: int) -> str:
    return next(f"a {name}" for name, length in _WINDOWS.items() if length == seconds).replace(
        "a hour", "an hour"
    )
