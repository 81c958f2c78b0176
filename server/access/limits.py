"""How often somebody may call: at most so many in any stretch of time, exactly."""

import math
import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from shared.errors import RateLimited, SettingsInvalid

_WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_MOST_CALLERS = 10_000
_MOST_CALLS = 100_000


class Rate(msgspec.Struct, frozen=True):
    """``calls`` in any ``seconds``."""

    calls: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate | None":
        """``"100/hour"``; None for an empty text. Raises SettingsInvalid."""
        if not text.strip():
            return None
        found = re.fullmatch(r"\s*(\d+)\s*/\s*(second|minute|hour|day)\s*", text)
        if not found or not 1 <= int(found[1]) <= _MOST_CALLS:
            raise SettingsInvalid(
                f"security.rate_limit: {text!r} is not a rate. Write it like 100/hour "
                f"(second, minute, hour or day; at most {_MOST_CALLS})."
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
    """Says in headers and sentences what ``calls`` has counted."""

    def __init__(self, rate: Rate | None, calls: Calls | None = None) -> None:
        self.rate = rate
        self._calls = CallsHere() if calls is None else calls

    def count(self, caller: str) -> dict[str, str]:
        """Counts one call, and says in headers what is left. Raises RateLimited instead of counting."""
        rate = self.rate
        if rate is None:
            return {}
        counted = self._calls.count(caller, rate)
        wait = max(1, math.ceil(counted.oldest + rate.seconds - counted.now))
        if not counted.let_through:
            raise RateLimited(
                f"This is more than {rate.calls} calls in {_said(rate.seconds)}. Try again in {wait} s.",
                retry_after=wait,
            )
        return {
            "ratelimit-limit": str(rate.calls),
            "ratelimit-remaining": str(rate.calls - counted.calls),
            "ratelimit-reset": str(wait),
        }


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
