"""When a failed request is tried again, and how long to wait before. Pure, but for the clock and chance."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 10.0


class Failure(Exception):
    """One failed try. ``error`` is what the caller sees when there is no further one.

    ``sent`` says that the request may have reached the backend; ``transient`` that the same
    request may succeed later.
    """

    def __init__(
        self, error: Exception, *, sent: bool, transient: bool, wait_seconds: float | None = None
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.sent = sent
        self.transient = transient
        self.wait_seconds = wait_seconds


class RetryPolicy(msgspec.Struct, frozen=True):
    """``retries`` further tries after the first, none of which begins after ``within_seconds``."""

    retries: int
    within_seconds: float

    def wait_before(
        self, retry: int, failure: Failure, *, repeatable: bool, elapsed_seconds: float
    ) -> float | None:
        """Seconds to wait before the given retry (from 1), or None when there should be none.

        A wait that the backend asks for is kept; when it is longer than we are willing to wait,
        asking earlier would only be rude, so there is no further try.
        """
        if retry > self.retries or not failure.transient or (failure.sent and not repeatable):
            return None
        wait = failure.wait_seconds
        if wait is None:
            ceiling = min(FIRST_WAIT_SECONDS * 2 ** (retry - 1), LONGEST_WAIT_SECONDS)
            wait = random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreads load, hides nothing
        elif wait > LONGEST_WAIT_SECONDS:
            return None
        return wait if elapsed_seconds + wait <= self.within_seconds else None


def parse_retry_after(text: str | None, *, now: datetime | None = None) -> int | None:
    """Whole seconds from a ``Retry-After`` header, which holds seconds or a date (RFC 9110, 10.2.3)."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), 10**9)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, round((moment - (now or datetime.now(UTC))).total_seconds()))
