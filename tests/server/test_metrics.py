"""Figures for Prometheus: of one process, and of four as one; and whether requests should come here."""

import http.client
import json
import os
import re
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from server.cli import main
from server.figures import Histogram
from server.last_words import LastWords
from server.monitoring.series import FAMILIES, added, exposition, histogram, lasting, series
from shared.settings import BackendSettings
from shared.settings.backend import MetricsSection
from tests.journeys.processes import children_of, runs
from tests.peers.source import Counts, number_kind
from tests.server.processes import BackendProcess
from tests.server.running import RunningBackend, start, wait_until

_LINE = re.compile(
    r'([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? ([0-9.e+-]+)'
)


def parsed(text: str) -> dict[str, float]:
    """Every series of an exposition that keeps to the format: each family once, after its HELP and TYPE."""
    found: dict[str, float] = {}
    family = ""
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            family = line.split()[2]
        elif not line.startswith("#"):
            read = _LINE.fullmatch(line)
            assert read, line
            assert read[1].startswith(family)
            assert f"{read[1]}{read[2] or ''}" not in found
            found[f"{read[1]}{read[2] or ''}"] = float(read[3])
    return found


def scraped(backend: RunningBackend) -> dict[str, float]:
    answer = backend.ask("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return parsed(answer.body.decode())


def test_a_scrape_tells_requests_queries_pools_cache_and_process(backend: RunningBackend) -> None:
    for _ in range(3):
        backend.query("numbers", max_rows=2)
    backend.query("no_such_table")
    backend.ask("GET", "/no/such/path")
    # a connection is given back just behind the answer
    wait_until(lambda: scraped(backend)['vmart_pool_connections{connection="numbers",state="idle"}'] == 1)
    found = scraped(backend)
    assert found['vmart_requests_total{endpoint="query.run",status="200"}'] == 3
    assert found['vmart_requests_total{endpoint="query.run",status="400"}'] == 1
    assert found['vmart_requests_total{endpoint="none",status="404"}'] == 1
    assert found['vmart_request_seconds_count{endpoint="query.run"}'] == 4
    assert found['vmart_request_seconds_bucket{endpoint="query.run",le="+Inf"}'] == 4
    assert found['vmart_errors_total{code="not_found"}'] == 1
    assert found['vmart_query_seconds_count{connection="numbers"}'] >= 1
    assert found['vmart_pool_breaker_open{connection="numbers"}'] == 0
    assert found['vmart_cache_lookups_total{result="hit"}'] == 2
    assert found["vmart_workers"] == 1
    assert found['vmart_resident_bytes{worker="1"}'] > 10_000_000


def test_no_label_is_made_of_what_a_caller_sends(backend: RunningBackend) -> None:
    for word in ("hostile-1", "hostile-2"):
        backend.ask("GET", f"/{word}")
        backend.ask("GET", f"/api/connections/{word}")
        backend.ask("POST", "/api/query", {"connection": word, "query": word}, headers={"X-Request-ID": word})
        backend.ask("GET", "/api/connections", key=word)
    assert "hostile" not in backend.ask("GET", "/metrics").body.decode()


def test_only_an_administrator_and_named_addresses_may_scrape(
    tmp_path: Path, backend: RunningBackend
) -> None:
    assert backend.ask("GET", "/metrics", key="").status == 401
    assert backend.ask("GET", "/metrics", key=backend.key("audit_read")).status == 403
    assert backend.ask("GET", "/metrics", key=backend.key("system_admin")).status == 200
    settings = BackendSettings(metrics=MetricsSection(allowed_ips=["127.0.0.0/8"]))
    opened = start(tmp_path / "opened", [number_kind(Counts())], settings)
    try:
        assert opened.ask("GET", "/metrics", key="").status == 200
        assert opened.ask("GET", "/api/connections", key="").status == 401
        wait_until(lambda: len(opened.audit()) == 1)
    finally:
        opened.stop()


def test_a_histogram_counts_everything_below_each_bound() -> None:
    times = Histogram()
    for seconds in (0.0005, 0.001, 0.3, 1000.0):
        times.observe(seconds)
    found = histogram("t", times)
    assert (found['t_bucket{le="0.001"}'], found['t_bucket{le="0.5"}'], found['t_bucket{le="+Inf"}']) == (
        2,
        3,
        4,
    )
    assert found["t_count"] == 4
    assert found["t_sum"] == pytest.approx(1000.3015)


def test_series_add_up_escape_their_labels_and_keep_what_lasts() -> None:
    hostile = series("vmart_pool_limit", connection='a"b\\c\nd')
    assert parsed(exposition({hostile: 1.0})) == {hostile: 1.0}
    total = added([{"a_total": 1, "b": 2}, {"a_total": 3}])
    assert total == {"a_total": 4, "b": 2}
    assert lasting(total) == {"a_total": 4}
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_a_slot_gives_what_was_written_whole_or_nothing() -> None:
    last_words = LastWords(2, size=4096)
    assert last_words.read(0) == b""
    assert last_words.write(1, b"a" * 1000)
    assert last_words.write(0, b"b")
    assert (last_words.read(0), last_words.read(1)) == (b"b", b"a" * 1000)
    assert not last_words.write(0, b"c" * 4096)
    assert last_words.read(0) == b"b"


class _Killed(Exception):
    pass


class _Breaking(bytearray):
    """Memory whose writer dies before its ``left``-th assignment."""

    left = 1_000

    def __setitem__(self, at: Any, value: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise _Killed
        super().__setitem__(at, value)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_who_is_killed_while_telling_has_the_word_before(after: int) -> None:
    last_words = LastWords(2, size=4096)
    last_words._memory = memory = _Breaking(4 * 4096)  # type: ignore[assignment]
    for number in range(5):
        memory.left = 1_000
        assert last_words.write(1, b"%d" % number * 100)
        memory.left = after
        with pytest.raises(_Killed):
            last_words.write(1, b"torn" * 100)
        assert last_words.read(1) == b"%d" % number * 100
    assert last_words.read(0) == b""


def test_a_backend_is_ready_until_its_state_is_away(
    backend: RunningBackend, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept_open = backend.connect()
    for _ in range(2):
        kept_open.request("GET", "/health/ready")
        answered = kept_open.getresponse()
        assert answered.status == 200
        told = json.loads(answered.read())
        assert told == {"status": "ready", "reasons": [], "sources": 1, "sources_away": 0}
    kept_open.close()
    assert main(["health", "--ready", "--url", backend.url]) == 0
    state = sqlite3.connect(tmp_path / "backend" / "state.db")
    state.execute("ALTER TABLE audit_chain RENAME TO away")
    answer = backend.ask("GET", "/health/ready", key="")
    assert answer.status == 503
    assert answer.json["reasons"] == ["Its own state cannot be read."]
    assert backend.ask("GET", "/health", key="").status == 200
    assert main(["health", "--ready", "--url", backend.url]) == 1
    assert "is unready. Its own state cannot be read." in capsys.readouterr().err
    state.execute("ALTER TABLE away RENAME TO audit_chain")
    state.close()
    backend.serving.backend.connections.drain()
    assert backend.ask("GET", "/health/ready", key="").json["reasons"] == ["It is being stopped."]


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[BackendProcess]:
    running = BackendProcess(
        tmp_path / "home", "{port: 0, workers: 4}", "metrics: {allowed_ips: [127.0.0.1]}\n"
    )
    yield running
    for process in [*children_of(running.process.pid), running.process.pid]:
        if runs(process):
            os.kill(process, signal.SIGKILL)
    running.process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="one process serves there")
def test_one_scrape_tells_the_sum_over_all_workers_also_of_one_that_died(workers: BackendProcess) -> None:
    def call(_: int) -> int:
        with workers.open("GET", "/api/connections") as response:
            return int(response.status)

    def scrape() -> dict[str, float]:
        connection = http.client.HTTPConnection(workers.url.removeprefix("http://"), timeout=30)
        for _ in range(2):  # on one connection, as a scraper does
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        connection.close()
        return parsed(text)

    asked = 'vmart_requests_total{endpoint="connections.show_all",status="200"}'
    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(call, range(80))) == {200: 80}
    found = scrape()
    assert found[asked] == 80
    assert found["vmart_workers"] == 4
    assert len([name for name in found if name.startswith("vmart_resident_bytes")]) == 4
    # All have told their figures just now; the one that takes its place goes on with them.
    os.kill(children_of(workers.process.pid)[0], signal.SIGKILL)
    wait_until(lambda: len(children_of(workers.process.pid)) == 4)
    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(call, range(20))) == {200: 20}
    wait_until(lambda: scrape()[asked] == 100)


def test_a_query_that_runs_for_all_who_ask_the_same_is_one(backend: RunningBackend, counts: Counts) -> None:
    body = {"connection": "numbers", "query": "SELECT n FROM sleeping"}
    running = "vmart_queries_running"
    with ThreadPoolExecutor() as pool:
        first = pool.submit(backend.ask, "POST", "/api/query", {**body, "query_id": _ID.format(1)})
        wait_until(lambda: counts.running == 1)
        assert scraped(backend)[running] == 1
        second = pool.submit(backend.ask, "POST", "/api/query", {**body, "query_id": _ID.format(2)})
        wait_until(lambda: scraped(backend)["vmart_shared_queries_total"] == 1)
        assert (scraped(backend)[running], counts.running) == (1, 1)
        fresh = {"Cache-Control": "no-cache"}
        other = {**body, "query_id": _ID.format(3)}
        third = pool.submit(backend.ask, "POST", "/api/query", other, headers=fresh)
        wait_until(lambda: counts.running == 2)
        assert scraped(backend)[running] == 2
        for number in (1, 2, 3):
            assert backend.ask("DELETE", f"/api/query/{_ID.format(number)}").status == 202
        assert [one.result(30).status for one in (first, second, third)] == [499, 499, 499]
    wait_until(lambda: scraped(backend)[running] == 0)


_ID = "00000000-0000-4000-8000-00000000000{}"
