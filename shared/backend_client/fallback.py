"""When an answer that was kept may stand in for one from the backend. How it is kept is cache.py's."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from shared.backend_client.cache import AnswerCache
from shared.backend_client.metrics import Metrics
from shared.errors import BackendError, NotAuthenticated, NotFound, NotPermitted

T = TypeVar("T")
Make = Callable[[bytes, datetime | None], T]


class Fallback:
    """``fresh_seconds`` is how long an answer may be used without asking, where that is allowed."""

    def __init__(self, cache: AnswerCache, metrics: Metrics, *, fresh_seconds: float) -> None:
        self._cache = cache
        self._metrics = metrics
        self._fresh_seconds = fresh_seconds

    def find(self, question: bytes, make: Make[T]) -> T | None:
        """The kept answer, however old."""
        found = self._cache.find(question)
        self._metrics.looked_up(found=found is not None)
        return None if found is None else make(found.body, found.stored_at)

    def find_fresh(self, question: bytes, make: Make[T]) -> T | None:
        """The kept answer when it is young enough to be used without asking."""
        found = self._cache.find(question) if self._fresh_seconds > 0 else None
        if found is not None and found.age_seconds > self._fresh_seconds:
            found = None
        self._metrics.looked_up(found=found is not None)
        return None if found is None else make(found.body, found.stored_at)

    def answered(self, question: bytes, ask: Callable[[], bytes], make: Make[T]) -> T:
        """The backend's answer, kept; or, when the backend is away, the one that was kept before.

        A refusal is an answer, and takes what it refuses out of the cache.
        """
        try:
            body = ask()
            answer = make(body, None)
        except NotAuthenticated:
            self._cache.forget_all()
            raise
        except (NotPermitted, NotFound):
            self._cache.forget(question)
            raise
        except BackendError as error:
            kept = self.find(question, make) if error.away else None
            if kept is None:
                raise
            return kept
        self._cache.keep(question, body)
        return answer
