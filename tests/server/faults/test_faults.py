"""Every bad line, for every source that is reached over one: the answer is right or says that it is not, in
time; the pool recovers by itself; and nothing is left behind."""

import contextlib
import gc
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server import guard
from server.connectors import KINDS
from server.connectors.base import Abortable, Limits, SqlConnector
from shared.errors import AppError
from shared.settings import BackendSettings, DatabaseSection
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.server.faults.sources import ROWS_BESIDE, SOURCES, Source
from tests.server.running import Answered, RunningBackend, start, wait_until

CONNECT_SECONDS = 1.5
QUERY_SECONDS = 3.0
WARM_SECONDS = 60.0
LONGEST_SECONDS = 20.0
"""Query and grace, and the rest for a machine that is busy with other things."""

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

    def ask(self, sql: str, patience: float = QUERY_SECONDS) -> tuple[Answered, float]:
        began = time.monotonic()
        body = {"connection": self._name, "query": sql, "max_rows": 100_000, "timeout_seconds": patience}
        answered = self._backend.ask("POST", "/api/query", body, headers={"Cache-Control": "no-cache"})
        return answered, time.monotonic() - began

    def short(self) -> tuple[Answered, float]:
        return self.ask(self._source.short)

    def long(self) -> tuple[Answered, float]:
        return self.ask(self._source.long)

    def figures(self) -> dict[str, Any]:
        pool: dict[str, Any] = self._backend.ask("GET", f"/api/connections/{self._name}").json["pool"]
        return pool

    def recovers(self) -> None:
        """By itself, once the line is good again."""
        wait_until(lambda: _is_right(self.short()[0], 1), LONGEST_SECONDS)
        busy = ("in_use", "opening", "ending", "waiting")
        wait_until(lambda: not any(self.figures()[what] for what in busy), LONGEST_SECONDS)
        assert self.figures()["breaker"] == "closed"


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[RunningBackend]:
    section = DatabaseSection(max_connections=4, connection_timeout=CONNECT_SECONDS, query_timeout=60)
    running = start(tmp_path, KINDS.values(), BackendSettings(database=section))
    yield running
    running.stop()


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
    backend: RunningBackend, any_line: tuple[Source, Any]
) -> None:
    source, peer = any_line
    with line(backend, source, peer, "warm up", Fault()) as good:  # what is imported once, and the peer's own
        for sql, rows in ((source.short, 1), (source.long, source.rows)):
            assert _is_right(good.ask(sql, WARM_SECONDS)[0], rows)
    before = _held()

    def bad_from_the_start(name: str, fault: Fault, sql: str) -> None:
        with line(backend, source, peer, name, fault) as bad:
            answered, seconds = bad.ask(sql, 15.0 if name in KEEPS_WORKING else QUERY_SECONDS)
            rows = source.rows if sql == source.long else 1
            assert seconds < LONGEST_SECONDS, name
            if name in KEEPS_WORKING:
                assert _is_right(answered, rows), (name, answered)
            else:
                assert _is_right(answered, rows) or _says_so(answered), (name, answered)
            if name in NOBODY or name == "black hole":
                assert answered.status in (503, 504), (name, answered)
                assert answered.json["code"] in ("source_unavailable", "query_timeout"), (name, answered)
            bad.proxy.fault = Fault()
            bad.recovers()

    cases = [(name, fault, source.short) for name, fault in (KEEPS_WORKING | NOBODY).items()]
    cases += [(name, fault, source.long) for name, fault in (CUTS | SILENCES).items()]
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(bad_from_the_start, *case) for case in cases]:
            done.result()
    if source.peer_is_here:
        gc.collect()  # what the peer left; ours must not wait for it
    try:
        wait_until(lambda: _no_more_than(before), LONGEST_SECONDS)
    except AssertionError:
        raise AssertionError(f"left behind: {before} became {_held()}") from None


@pytest.mark.parametrize("name", ["postgresql", "clickhouse", "oracle", "clickhouse over http"])
def test_an_abort_frees_whoever_waits(name: str, request: pytest.FixtureRequest) -> None:
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
        waiting.join(LONGEST_SECONDS)
        assert not waiting.is_alive()
        assert len(ended) == 1
        connector.close()


def test_a_source_that_goes_down_or_silent_is_answered_for_and_used_again(
    backend: RunningBackend, source: Source, peer: Any
) -> None:
    with line(backend, source, peer, "shop", Fault()) as shop:
        with ThreadPoolExecutor(4) as threads:  # so that several connections lie idle
            assert all(_is_right(done, 1) for done, _ in threads.map(lambda _: shop.short(), range(8)))
        shop.proxy.fault = Fault(refuse=True)
        shop.proxy.cut_all()
        for _ in range(5):
            answered, seconds = shop.short()
            assert (answered.status, answered.json["code"]) == (503, "source_unavailable"), answered
            assert seconds < LONGEST_SECONDS
        assert answered.json["retry_after"] == int(answered.headers["retry-after"]) > 0
        assert shop.figures()["breaker"] in ("open", "half_open")
        shop.proxy.fault = Fault()
        shop.recovers()
        shop.proxy.held = True
        answered, seconds = shop.short()
        assert (answered.status, answered.json["code"]) in (
            (503, "source_unavailable"),
            (504, "query_timeout"),
        )
        assert seconds < LONGEST_SECONDS
        shop.proxy.held = False
        shop.recovers()


def test_a_dead_source_does_not_slow_another(backend: RunningBackend, source: Source, peer: Any) -> None:
    with (
        line(backend, source, peer, "dead", Fault(black_hole=True)) as dead,
        line(backend, source, peer, "healthy", Fault()) as healthy,
    ):
        assert _is_right(healthy.short()[0], 1)
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
            for _ in range(100):
                answered, seconds = healthy.short()
                assert _is_right(answered, 1)
                assert seconds < CONNECT_SECONDS, "it waited for the dead one"
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
