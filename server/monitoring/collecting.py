"""The figures of this process, read from its parts; and those of all workers, each of which tells its own."""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from server.connections import Connections
from server.figures import Figures
from server.jobs import Jobs
from server.last_words import LastWords
from server.monitoring.series import Series, added, histogram, lasting, series
from server.queries import Queries
from server.sharing import Sharing
from server.siblings import Siblings
from server.store.audit import AuditTrail
from server.store.audit.searching import AuditSearch
from shared.llm.figures import ModelFigures

_TELL_SECONDS = 5.0
_PATIENCE_SECONDS = 3.0

_decoder = msgspec.msgpack.Decoder(dict[str, float])


@dataclass(frozen=True)
class Parts:
    """Where figures are read."""

    connections: Connections
    queries: Queries
    sharing: Sharing
    jobs: Jobs
    audit: AuditTrail
    search: AuditSearch
    model: ModelFigures | None
    """Of the model that words insights; None without one."""


class Monitoring:
    """Lives on the event loop. ``place`` is this worker's number; alone it is the only one."""

    def __init__(self, parts: Parts, siblings: Siblings, last_words: LastWords | None) -> None:
        self.requests = Figures()
        self._parts = parts
        self._siblings, self._last_words = siblings, last_words
        self._next_telling = 0.0
        self._looking: asyncio.Future[bool] | None = None
        # A worker that takes the place of one that died goes on where that one ended: counters never fall.
        self._before = {} if last_words is None else lasting(_decoded(last_words.read(siblings.number)))

    def tell(self) -> None:
        """Where the other workers can read it, whatever becomes of this one."""
        if self._last_words is not None:
            self._last_words.write(self._siblings.number, msgspec.msgpack.encode(self.here()))

    def tell_now_and_then(self) -> None:
        """To be called often."""
        if time.monotonic() >= self._next_telling:
            self._next_telling = time.monotonic() + _TELL_SECONDS
            self.tell()

    async def state_is_there(self) -> bool:
        """Whether the state can be read, within a few seconds. Whoever asks meanwhile waits for the same
        answer: a state that hangs must not take a thread for each of them."""
        if self._looking is None:
            self._looking = asyncio.ensure_future(asyncio.to_thread(self._parts.search.is_there))
            self._looking.add_done_callback(self._looked)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await asyncio.shield(self._looking)
        except TimeoutError:
            return False

    def _looked(self, _done: "asyncio.Future[bool]") -> None:
        self._looking = None

    async def everywhere(self) -> Series:
        """Added up over all workers, as they are now."""
        if self._last_words is None:
            return self.here()
        await self._siblings.tell_figures()
        self.tell()  # what was scraped once is never less later, also when this worker dies now
        others = [number for number in range(self._last_words.count) if number != self._siblings.number]
        return added([self.here(), *(_decoded(self._last_words.read(number)) for number in others)])

    def here(self) -> Series:
        """Of this process, with what its forerunners counted."""
        return added(
            [self._before, self._requests(), self._sources(), self._rest(), self._model(), self._process()]
        )

    def _requests(self) -> Series:
        found: Series = {}
        for endpoint, requests in self.requests.requests.items():
            if not requests.statuses:
                continue
            for status, count in requests.statuses.items():
                found[series("vmart_requests_total", endpoint=endpoint, status=str(status))] = count
            found |= histogram("vmart_request_seconds", requests.times, endpoint=endpoint)
        for code, count in self.requests.errors.items():
            found[series("vmart_errors_total", code=code)] = count
        return found

    def _sources(self) -> Series:
        found: Series = {}
        for name, times in self._parts.connections.times().items():
            found |= histogram("vmart_query_seconds", times, connection=name)
        for name, pool in self._parts.connections.figures().items():
            for state, count in (
                ("in_use", pool.in_use),
                ("idle", pool.idle),
                ("opening", pool.opening),
                ("ending", pool.ending),
            ):
                found[series("vmart_pool_connections", connection=name, state=state)] = count
            for result, count in (("opened", pool.opened), ("failed", pool.failed)):
                found[series("vmart_pool_opened_total", connection=name, result=result)] = count
            found[series("vmart_pool_limit", connection=name)] = pool.max_connections
            found[series("vmart_pool_waiting", connection=name)] = pool.waiting
            found[series("vmart_pool_breaker_open", connection=name)] = pool.breaker != "closed"
        return found

    def _rest(self) -> Series:
        sharing = self._parts.sharing
        return {
            "vmart_workers": 1,
            "vmart_queries_running": len(self._parts.queries),
            "vmart_cache_answers": len(sharing),
            "vmart_cache_bytes": sharing.bytes,
            series("vmart_cache_lookups_total", result="hit"): sharing.hits,
            series("vmart_cache_lookups_total", result="miss"): sharing.misses,
            "vmart_shared_queries_total": sharing.joined,
            "vmart_jobs": len(self._parts.jobs),
            "vmart_audit_waiting_lines": self._parts.audit.waiting,
        }

    def _model(self) -> Series:
        if self._parts.model is None:
            return {}
        seen = self._parts.model.snapshot()
        calls, tokens = "vmart_model_calls_total", "vmart_model_tokens_total"
        return {
            series(calls, result="answered"): seen.calls - seen.failures,
            series(calls, result="failed"): seen.failures,
            series(tokens, direction="in"): seen.input_tokens,
            series(tokens, direction="out"): seen.output_tokens,
        }

    def _process(self) -> Series:
        worker = str(self._siblings.number + 1)
        found: Series = {series("vmart_cpu_seconds_total", worker=worker): time.process_time()}
        try:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            found[series("vmart_resident_bytes", worker=worker)] = pages * os.sysconf("SC_PAGE_SIZE")
            found[series("vmart_open_files", worker=worker)] = len(list(Path("/proc/self/fd").iterdir()))
        except (OSError, ValueError):  # only Linux tells it so
            pass
        return found


def _decoded(data: bytes) -> Series:
    return _decoder.decode(data) if data else {}
