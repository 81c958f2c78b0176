"""Every bad line, for every source that is reached over one: the answer is right or says that it is not, in
time; the pool recovers by itself; and nothing is left behind."""

import contextlib
import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.connectors import KINDS
from server.connectors.base import Abortable, Limits, SqlConnector
from shared import guard
from shared.errors import AppError
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.server.faults.sources import ROWS_BESIDE, SOURCES, Source
from tests.server.running import Answered, RunningBackend, wait_until

WARM_SECONDS = 60.0

BackendFor = Callable[[Source], RunningBackend]

KEEPS_WORKING = {
    "latency": Fault(latency_seconds=0.02),
    "bandwidth": Fault(bytes_per_second=60_000, slice_bytes=500),
    "single bytes": Fault(slice_bytes=1),
}
CUTS = {
    f"{'reset' if reset else 'cut'} after {bytes_}": Fault(cut_after_bytes=bytes_, reset=reset)
    for bytes_ in (0, 1, 50, 700, 20_000, 150_000)
    for reset in (False, True)
}
SILENCES = {"black hole": Fault(black_hole=True)} | {
    f"silent after {bytes_}": Fault(silent_after_bytes=bytes_) for bytes_ in (1, 300, 1_500, 100_000)
}
NOBODY = {"refused": Fault(refuse=True)}


class Line:
    """A backend's connection over a bad line."""

    def __init__(self, backend: RunningBackend, source: Source, name: str, proxy: FaultProxy) -> None:
        self._backend, self._source, self._name, self.proxy = backend, source, name, proxy

    def ask(self, sql: str, patience: float | None = None) -> tuple[Answered, float]:
        """In time, whatever comes of it."""
        limits = self._source.limits
        seconds = patience or limits.query
        body = {"connection": self._name, "query": sql, "max_rows": 100_000, "timeout_seconds": seconds}
        fresh = {"Cache-Control": "no-cache"}
        began = time.monotonic()
        answered = self._backend.ask("POST", "/api/query", body, headers=fresh, patience=WARM_SECONDS * 2)
        took = time.monotonic() - began
        assert took < max(limits.longest, seconds + limits.longest / 2), (self._name, answered)
        return answered, took

    def short(self) -> tuple[Answered, float]:
        return self.ask(self._source.short)

    def long(self) -> tuple[Answered, float]:
        return self.ask(self._source.long)

    def figures(self) -> dict[str, Any]:
        pool: dict[str, Any] = self._backend.ask("GET", f"/api/connections/{self._name}").json["pool"]
        return pool

    def recovers(self) -> None:
        """By itself, once the line is good again."""
        longest = self._source.limits.longest
        wait_until(lambda: _is_right(self.short()[0], 1), longest)
        busy = ("in_use", "opening", "ending", "waiting")
        wait_until(lambda: not any(self.figures()[what] for what in busy), longest)
        assert self.figures()["breaker"] == "closed"


@contextlib.contextmanager
def line(backend: RunningBackend, source: Source, peer: Any, name: str, fault: Fault) -> Iterator[Line]:
    safe = name.replace(" ", "-")
    with FaultProxy(source.port_of(peer), fault) as proxy:
        body = {"name": safe, "type": source.kind, "params": source.params(peer, proxy.port)}
        assert backend.ask("POST", "/api/connections", body).status == 201
        yield Line(backend, source, safe, proxy)
        assert backend.ask("DELETE", f"/api/connections/{safe}").status == 204


@pytest.mark.slow
def test_every_fault_ends_in_time_and_in_the_right_way(
    backend_for: BackendFor, any_line: tuple[Source, Any]
) -> None:
    source, peer = any_line
    backend = backend_for(source)
    with line(backend, source, peer, "warm up", Fault()) as good:  # what is imported once, and the peer's own
        for sql, rows in ((source.short, 1), (source.long, source.rows)):
            assert _is_right(good.ask(sql, WARM_SECONDS)[0], rows)
    before = _held()

    def bad_from_the_start(name: str, fault: Fault, sql: str) -> None:
        with line(backend, source, peer, name, fault) as bad:
            answered, _ = bad.ask(sql, source.limits.query * 4 + 3 if name in KEEPS_WORKING else None)
            rows = source.rows if sql == source.long else 1
            if name in KEEPS_WORKING:
                assert _is_right(answered, rows), (name, answered)
            else:
                assert _is_right(answered, rows) or _says_so(answered), (name, answered)
            if (name in NOBODY and not source.rows_beside) or name == "black hole":
                assert answered.status in (503, 504), (name, answered)
                assert answered.json["code"] in ("source_unavailable", "query_timeout"), (name, answered)
            bad.proxy.fault = Fault()
            bad.recovers()

    cases = [(name, fault, source.short) for name, fault in (KEEPS_WORKING | NOBODY).items()]
    in_mid_answer = [(name, fault, source.long) for name, fault in (CUTS | SILENCES).items()]
    cases += in_mid_answer[:: source.limits.thin]
    with ThreadPoolExecutor(source.limits.at_once) as threads:
        for done in [threads.submit(bad_from_the_start, *case) for case in cases]:
            done.result()
    if source.peer_is_here:
        gc.collect()  # what the peer left; ours must not wait for it
    try:
        wait_until(lambda: _no_more_than(before), source.limits.longest)
    except AssertionError:
        raise AssertionError(f"left behind: {before} became {_held()}") from None


@pytest.mark.parametrize("name", [*SOURCES, *ROWS_BESIDE])
def test_an_abort_frees_whoever_waits(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMART_HOME", str(tmp_path))
    source = (SOURCES | ROWS_BESIDE)[name]
    peer = request.getfixturevalue(source.peer)
    with FaultProxy(source.port_of(peer)) as proxy:
        kind = KINDS[source.kind]
        connector = kind.open(source.params(peer, proxy.port), 20)
        assert isinstance(connector, SqlConnector)
        assert isinstance(connector, Abortable)
        sql = guard.check(source.long, connector.dialect)
        proxy.held = True
        ended: list[AppError] = []

        def wait() -> None:
            try:
                with connector.query(sql, {}, Limits(100_000, 100)) as result:
                    list(result.batches())
            except AppError as error:
                ended.append(error)

        sent = proxy.sent_to_server
        waiting = threading.Thread(target=wait)
        waiting.start()
        wait_until(lambda: proxy.sent_to_server > sent)
        connector.abort()
        waiting.join(60)
        assert not waiting.is_alive()
        assert len(ended) == 1
        connector.close()


def test_a_source_that_goes_down_or_silent_is_answered_for_and_used_again(
    backend_for: BackendFor, source: Source, peer: Any
) -> None:
    with line(backend_for(source), source, peer, "shop", Fault()) as shop:
        assert _is_right(shop.ask(source.short, WARM_SECONDS)[0], 1)
        with ThreadPoolExecutor(4) as threads:  # so that several connections lie idle
            asked = threads.map(lambda _: shop.ask(source.short, WARM_SECONDS), range(8))
            assert all(_is_right(answered, 1) for answered, _ in asked)
        shop.proxy.fault = Fault(refuse=True)
        shop.proxy.cut_all()
        for _ in range(5):
            answered, _ = shop.short()
            assert (answered.status, answered.json["code"]) == (503, "source_unavailable"), answered
        assert answered.json["retry_after"] == int(answered.headers["retry-after"]) > 0
        assert shop.figures()["breaker"] in ("open", "half_open")
        shop.proxy.fault = Fault()
        shop.recovers()
        shop.proxy.held = True
        answered, _ = shop.short()
        assert (answered.status, answered.json["code"]) in (
            (503, "source_unavailable"),
            (504, "query_timeout"),
        )
        shop.proxy.held = False
        shop.recovers()


def test_a_dead_source_does_not_slow_another(backend_for: BackendFor, source: Source, peer: Any) -> None:
    backend = backend_for(source)
    with (
        line(backend, source, peer, "dead", Fault(black_hole=True)) as dead,
        line(backend, source, peer, "healthy", Fault()) as healthy,
    ):
        assert _is_right(healthy.ask(source.short, WARM_SECONDS)[0], 1)
        asking = threading.Event()
        ended: list[Answered] = []

        def hang() -> None:
            while not asking.is_set():
                ended.append(dead.short()[0])

        hanging = [threading.Thread(target=hang) for _ in range(12)]
        for thread in hanging:
            thread.start()
        try:
            wait_until(lambda: dead.figures()["opening"] == 3)
            for _ in range(source.limits.dozens * 12):
                answered, seconds = healthy.short()
                assert _is_right(answered, 1)
                assert seconds < source.limits.query, "it waited for the dead one"
        finally:
            asking.set()
            for thread in hanging:
                thread.join()
        assert {answered.status for answered in ended} <= {503, 504}
        dead.proxy.fault = Fault()
        dead.proxy.cut_all()
        dead.recovers()


def _is_right(answered: Answered, rows: int) -> bool:
    if answered.status != 200:
        return False
    answer = answered.json
    numbers = sorted(int(row[0]) for row in answer["rows"])
    return "error" not in answer and answer["row_count"] == rows and numbers == list(range(1, rows + 1))


def _says_so(answered: Answered) -> bool:
    """An error that is meant for such a case, before the answer or at its end."""
    try:
        answer = answered.json
    except msgspec.DecodeError:
        return False
    error = answer.get("error") if answered.status == 200 else answer
    if not isinstance(error, dict) or error["code"] not in ("source_unavailable", "query_timeout"):
        return False
    return answered.status in (200, 503 if error["code"] == "source_unavailable" else 504)


def _held() -> tuple[list[str], list[str]]:
    """Threads, sockets and pipes of this process, in which the backend runs; without the event loop's own
    threads and the state's files, which come as they are needed, up to a fixed number."""
    threads = [thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
    files = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            files.append(str(descriptor.readlink()))
    return threads, [file for file in files if not file.startswith("/")]


def _no_more_than(before: tuple[list[str], list[str]]) -> bool:
    return all(len(now) <= len(then) for now, then in zip(_held(), before, strict=True))
