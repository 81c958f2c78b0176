"""BackendClient: everything that a program asks of the backend, one method each.

Answers always come from the backend while it can be reached. When it is away, the last answer to
the same question is given instead, marked with the time when it was new. A refusal is an answer:
it is never papered over with an old result.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from shared.backend_client.access import Access
from shared.backend_client.administration import Administration
from shared.backend_client.answers import QueryResult, decode, decode_query
from shared.backend_client.auditing import Auditing
from shared.backend_client.bulk import Bulk
from shared.backend_client.cache import AnswerCache
from shared.backend_client.exploring import Exploring
from shared.backend_client.fallback import Fallback
from shared.backend_client.http import OnSent, Transport, ignore_sent
from shared.backend_client.jobs import Jobs
from shared.backend_client.metrics import Metrics, MetricsSnapshot
from shared.backend_client.questions import ParamValue, analyze_request, query_request
from shared.errors import AppError, NotAuthenticated, NotFound, NotPermitted
from shared.wire import (
    Analysis,
    AnalyzeRequest,
    Health,
    Words,
)
from shared.wire.me import Me

T = TypeVar("T")

_HEALTH_SECONDS = 5.0
_GRACE_SECONDS = 5.0
_SEES = b"/api/me"
_READS = ("/api/query", "/api/ai/analyze", "/api/ai/recommend")
_ANALYSIS_SECONDS = 120.0


class BackendClient(Administration, Access, Auditing, Exploring, Bulk, Jobs):
    """One backend, one key. Thread-safe; close it, or use ``with``.

    ``timeout``: seconds that the backend may be silent, and the deadline of a query that names none.
    ``retry_attempts``: how often a failed request is tried again, when doing it twice does no harm.
    ``cache_ttl``: seconds for which schemas and the list of connections are used without asking.
    ``cache_path``: a file, or a folder for one, in which answers outlive the program; None keeps a
    few in memory. ``verify``: True trusts what this computer trusts, a text is a PEM file.
    ``on_sent`` is told method, path and body of every request with a body that was put on the wire.
    """

    def __init__(  # noqa: PLR0913 - the documented call, and whoever watches what is sent
        self,
        base_url: str,
        api_key: str | None = None,
        timeout: float = 30,
        retry_attempts: int = 3,
        cache_ttl: float = 300,
        cache_path: Path | None = None,
        verify: bool | str = True,
        user_agent: str = "vmart-backend-client",
        *,
        on_sent: OnSent = ignore_sent,
    ) -> None:
        self._metrics = Metrics()
        self._transport = Transport(
            base_url,
            api_key or "",
            timeout=timeout,
            retries=retry_attempts,
            verify=verify,
            user_agent=user_agent,
            metrics=self._metrics,
            on_sent=on_sent,
        )
        self._timeout = timeout
        file = cache_path / "answers.sqlite" if cache_path and not cache_path.suffix else cache_path
        self._cache = AnswerCache(file, base_url=self._transport.base_url, api_key=api_key or "")
        self._kept = Fallback(self._cache, self._metrics, fresh_seconds=cache_ttl)

    def __repr__(self) -> str:
        return f"BackendClient({self._transport.base_url!r})"

    # -- Queries --------------------------------------------------------------------------

    def execute_query(
        self,
        connection: str,
        query: str,
        *,
        params: Mapping[str, ParamValue] | None = None,
        max_rows: int | None = 1000,
        timeout_seconds: float | None = None,
        query_id: str | None = None,
        allow_cached: bool = False,
    ) -> QueryResult:
        """Runs a reading query and waits for all of it.

        ``params`` fill ``:name`` placeholders. Past ``timeout_seconds`` the backend stops the query
        (QueryTimeout). ``allow_cached`` permits an answer from this computer's cache that is younger
        than ``cache_ttl``. Raises an AppError.
        """
        question = _question(connection, query, params, max_rows)
        if allow_cached and (fresh := self._kept.find_fresh(question, decode_query)) is not None:
            return fresh
        seconds = timeout_seconds or self._timeout
        request = query_request(connection, query, params, max_rows, seconds, query_id)
        return self._kept.answered(
            question,
            lambda: self._transport.ask(
                "POST",
                "/api/query",
                msgspec.json.encode(request),
                repeatable=True,
                patience_seconds=max(seconds, 0) + _GRACE_SECONDS,
            ),
            decode_query,
        )

    def get_from_cache(
        self,
        connection: str,
        query: str,
        *,
        params: Mapping[str, ParamValue] | None = None,
        max_rows: int | None = 1000,
    ) -> QueryResult | None:
        """The last answer to this question with its age, however old, without asking; or None."""
        return self._kept.find(_question(connection, query, params, max_rows), decode_query)

    def cancel_query(self, query_id: str) -> bool:
        """Stops a running query. False when there is none of that name (any more)."""
        try:
            self._transport.ask("DELETE", f"/api/query/{quote(query_id, safe='')}", repeatable=True)
        except NotFound:
            return False
        return True

    # -- Insights -------------------------------------------------------------------------

    def analyze_data(  # noqa: PLR0913 - the fields of the message
        self,
        connection: str | None = None,
        query: str | None = None,
        *,
        data: Sequence[Mapping[str, Any]] | None = None,
        question: str | None = None,
        context: str | None = None,
        period: Sequence[str] = (),
        against: Sequence[str] = (),
        forecast_days: int | None = None,
        words: Words = "model",
        query_id: str | None = None,
    ) -> Analysis:
        """Facts, insights and recommendations about a query's result, or about ``data``. ``period`` and
        ``against``, a first and a last day each, ask what a change came from; ``forecast_days`` asks for so
        many days to come; with ``words="templates"`` nothing of it goes to a model of the backend's. By its
        ``query_id`` all of it is cancelled as a query is."""
        request = analyze_request(
            connection,
            query,
            data,
            question,
            context,
            words,
            period=period,
            against=against,
            forecast_days=forecast_days,
            query_id=query_id,
        )
        return self._analysis("/api/ai/analyze", request)

    def recommend(
        self,
        connection: str | None = None,
        query: str | None = None,
        *,
        data: Sequence[Mapping[str, Any]] | None = None,
        question: str | None = None,
        context: str | None = None,
        words: Words = "model",
        query_id: str | None = None,
    ) -> Analysis:
        """Options with what the data says they would have brought: ``recommendations``, each with its
        ``effect`` and ``assumptions``, and the ``insights`` that they rest on."""
        request = analyze_request(connection, query, data, question, context, words, query_id=query_id)
        return self._analysis("/api/ai/recommend", request)

    def _analysis(self, path: str, request: AnalyzeRequest) -> Analysis:
        patience = max(self._timeout, _ANALYSIS_SECONDS)
        body = self._transport.ask(
            "POST", path, msgspec.json.encode(request), repeatable=True, patience_seconds=patience
        )
        return decode(body, Analysis)

    # -- How the backend and the client are -----------------------------------------------

    def health(self) -> Health:
        """Asked once, and not for long. Raises an AppError."""
        seconds = min(self._timeout, _HEALTH_SECONDS)
        body = self._transport.ask(
            "GET", "/health", repeatable=True, patience_seconds=seconds, retries=0, though_offline=True
        )
        return decode(body, Health)

    def health_check(self) -> bool:
        """Whether the backend answers. Never raises what the network may do."""
        try:
            self.health()
        except AppError:
            return False
        return True

    def retry_request(self, method: str, path: str, json: Any = None) -> Any:
        """Any request, tried again with growing pauses while that does no harm; the decoded answer.

        A request that changes something is tried again only as long as it has not left.
        """
        method = method.upper()
        body = None if json is None else msgspec.json.encode(json)
        repeatable = method in ("GET", "HEAD") or (method == "POST" and path in _READS)
        answer = self._transport.ask(method, path, body, repeatable=repeatable)
        return decode(answer, object) if answer.strip() else None

    def forget_what_is_hidden_now(self) -> bool:
        """Asks what this key may do and see; when that has changed, or the key is refused, everything that
        was kept for it is forgotten. True when it was. Raises an AppError when nobody answers."""
        try:
            body = self._transport.ask("GET", "/api/me", repeatable=True, retries=0, though_offline=True)
        except (NotAuthenticated, NotPermitted):
            self._cache.forget_all()
            return True
        except NotFound:
            return False  # an older backend, which does not tell
        me = decode(body, Me)
        before = self._cache.find(_SEES)
        changed = before is not None and before.body != me.sees.encode()
        if changed:
            self._cache.forget_all()
        self._cache.keep(_SEES, me.sees.encode())
        return changed

    @property
    def offline(self) -> bool:
        """Set by a program that watches the backend: as long as it is true only the health is asked for,
        kept answers come at once, and what is not kept fails at once instead of after a time-out."""
        return self._transport.offline

    @offline.setter
    def offline(self, offline: bool) -> None:
        self._transport.offline = offline

    @property
    def metrics(self) -> MetricsSnapshot:
        return self._metrics.snapshot()

    def close(self) -> None:
        """Ends waiting between tries, gives connections back and closes the cache."""
        self._transport.close()
        self._cache.close()

    def __enter__(self) -> "BackendClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _question(
    connection: str, query: str, params: Mapping[str, ParamValue] | None, max_rows: int | None
) -> bytes:
    """What makes two queries the same one, as the name of their answer."""
    return msgspec.json.encode([connection, query, sorted((params or {}).items()), max_rows])
