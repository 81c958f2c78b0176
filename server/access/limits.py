"""How often somebody may call: at most so many in any stretch of time, exactly."""

import math
import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable

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


class Limiter:
    """Remembers when each caller called last; the longest-silent callers are forgotten first."""

    def __init__(self, rate: Rate | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._calls: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, caller: str) -> dict[str, str]:
        """Counts one call, and says in headers what is left. Raises RateLimited instead of counting."""
        rate = self.rate
        if rate is None:
            return {}
        now = self._clock()
        calls = self._calls_of(caller, now, rate)
        if len(calls) >= rate.calls:
            wait = max(1, math.ceil(calls[0] + rate.seconds - now))
            raise RateLimited(
                f"This is more than {rate.calls} calls in {_said(rate.seconds)}. Try again in {wait} s.",
                retry_after=wait,
            )
        calls.append(now)
        reset = max(1, math.ceil(calls[0] + rate.seconds - now))
        return {
            "ratelimit-limit": str(rate.calls),
            "ratelimit-remaining": str(rate.calls - len(calls)),
            "ratelimit-reset": str(reset),
        }

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
