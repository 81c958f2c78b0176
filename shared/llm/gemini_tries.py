"""How often Gemini is asked before its failure is told; the same behind either of Google's packages."""

import time
from collections.abc import Callable, Iterator

from shared.errors import ModelError, ModelRateLimited, ModelUnavailable
from shared.llm.base import ModelEvent
from shared.llm.gemini_failures import Garbled

_TRIES = 3
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 5.0
_LONGEST_TRY_SECONDS = 20.0
"""A try that failed after so long ran into a deadline; the next would too, and somebody waits."""


def patiently(
    once: Callable[[], Iterator[ModelEvent]], *, longest_try_seconds: float = _LONGEST_TRY_SECONDS
) -> Iterator[ModelEvent]:
    """One reply. A failure before the first event is tried again, unless it took ``longest_try_seconds`` to
    come; afterwards it is raised."""
    for tried in range(1, _TRIES + 1):
        begun, began = False, time.monotonic()
        try:
            for event in once():
                begun = True
                yield event
        except (ModelUnavailable, ModelRateLimited) as error:
            slow = time.monotonic() - began >= longest_try_seconds
            wait = None if begun or slow or tried == _TRIES else _wait(error, tried)
            if wait is None:
                raise
            time.sleep(wait)
        else:
            return


def _wait(error: ModelError, tried: int) -> float | None:
    """Seconds before the next try; None when the provider asks for more than a person would wait."""
    if isinstance(error, Garbled):
        return 0.0
    if error.retry_after is not None:
        return float(error.retry_after) if error.retry_after <= _LONGEST_WAIT_SECONDS else None
    if isinstance(error, ModelRateLimited):
        return None
    return float(_FIRST_WAIT_SECONDS * 2 ** (tried - 1))
