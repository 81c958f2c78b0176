"""Several worker processes that serve as one backend, as a person starts them."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from shared.backend_client import BackendClient
from shared.errors import AppError, QueryCancelled
from tests.journeys.processes import children_of, runs
from tests.peers.postgres import SUPERUSER, PostgresServer, password_of
from tests.server.processes import BackendProcess
from tests.server.running import lines_of, wait_until
from tests.server.service_manager import ServiceManager

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="one process serves there")

WORKERS = 3
ROOT = Path(__file__).parents[2]
SLOW = "SELECT count(*) AS n FROM numbers a, numbers b, numbers c, numbers d, numbers e WHERE a.n + e.n > b.n"
IN_USE = re.compile(rb'\nvmart_pool_connections\{[^}]*state="in_use"[^}]*\} [1-9]')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    (data / "numbers.csv").write_text("n\n" + "\n".join(str(number) for number in range(1000)) + "\n")
    return data


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[BackendProcess]:
    more = "security: {rate_limit: 300/hour}\n"
    running = BackendProcess(tmp_path / "home", f"{{port: 0, workers: {WORKERS}}}", more)
    yield running
    for worker in [*children_of(running.process.pid), running.process.pid]:
        if runs(worker):
            os.kill(worker, signal.SIGKILL)
    running.process.wait()


def workers_of(backend: BackendProcess) -> list[int]:
    return children_of(backend.process.pid)


def status_of(backend: BackendProcess, path: str, key: str | None = None) -> int:
    """Each call on a connection of its own, so that any worker may take it."""
    try:
        with backend.open("GET", path, key=key) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def connect(backend: BackendProcess, folder: Path) -> None:
    params = {"root": str(folder)}
    backend.ask("POST", "/api/connections", {"name": "files", "type": "filesystem", "params": params})


def test_the_rate_is_one_count_over_all_workers(backend: BackendProcess) -> None:
    key = backend.ask("POST", "/api/keys", {"name": "till", "permissions": ["connections_read"]})["key"]
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda _: status_of(backend, "/api/connections", key), range(330)))
    assert (found.count(200), found.count(429)) == (300, 30)
    # Nobody but this client counts under its key.
    assert status_of(backend, "/api/connections") == 200


def test_wrong_keys_are_one_count_over_all_workers(backend: BackendProcess) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: status_of(backend, "/api/connections", "nonsense"), range(40)))
    assert (found.count(401), found.count(429)) == (30, 10)


def test_what_one_worker_changes_all_know_at_once(backend: BackendProcess, folder: Path) -> None:
    made = backend.ask("POST", "/api/keys", {"name": "till", "roles": ["analyst"]})
    assert {status_of(backend, "/api/connections", made["key"]) for _ in range(12)} == {200}
    connect(backend, folder)
    assert {status_of(backend, "/api/connections/files") for _ in range(12)} == {200}
    backend.ask("DELETE", f"/api/keys/{made['info']['id']}")
    assert {status_of(backend, "/api/connections", made["key"]) for _ in range(12)} == {401}


def test_any_worker_answers_for_a_job(backend: BackendProcess, folder: Path) -> None:
    connect(backend, folder)

    def state(job_id: str) -> str:
        return str(backend.ask("GET", f"/api/jobs/{job_id}")["state"])

    job = {"connection": "files", "query": "SELECT n FROM numbers", "format": "csv"}
    done = backend.ask("POST", "/api/jobs", job)["id"]
    wait_until(lambda: state(done) == "done")
    for _ in range(9):
        with backend.open("GET", f"/api/jobs/{done}/result") as response:
            assert response.read().count(b"\r\n") == 1001
    slow = backend.ask("POST", "/api/jobs", {"connection": "files", "query": SLOW})["id"]
    wait_until(lambda: state(slow) == "running")
    assert status_of(backend, f"/api/jobs/{slow}") == 200
    backend.ask("DELETE", f"/api/jobs/{slow}")
    assert {state(slow) for _ in range(9)} == {"cancelled"}
    killed = backend.ask("POST", "/api/jobs", {"connection": "files", "query": SLOW})["id"]
    wait_until(lambda: state(killed) == "running")
    for worker in workers_of(backend):
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: _told(backend, killed) == "failed")


def _told(backend: BackendProcess, job_id: str) -> str:
    """Workers that were killed cannot say anything until others stand in for them."""
    try:
        return str(backend.ask("GET", f"/api/jobs/{job_id}")["state"])
    except OSError:
        return ""


def test_a_query_is_cancelled_whichever_worker_runs_it(backend: BackendProcess, folder: Path) -> None:
    connect(backend, folder)
    for _ in range(4):
        query_id = str(uuid4())
        failures: list[AppError] = []

        def ask(query_id: str = query_id, failures: list[AppError] = failures) -> None:
            client = BackendClient(backend.url, backend.key, timeout=60, retry_attempts=0)
            try:
                client.execute_query("files", SLOW, query_id=query_id)
            except AppError as error:
                failures.append(error)

        asking = threading.Thread(target=ask)
        asking.start()
        wait_until(lambda query_id=query_id: cancelled(backend, query_id))  # type: ignore[misc]
        asking.join(60)
        assert isinstance(failures[0], QueryCancelled)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        backend.ask("DELETE", f"/api/query/{uuid4()}")


def cancelled(backend: BackendProcess, query_id: str) -> bool:
    """False as long as no worker has heard of the query."""
    try:
        backend.ask("DELETE", f"/api/query/{query_id}")
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 404:
            return False
        raise
    return True


def test_a_worker_that_is_killed_is_replaced_while_the_others_serve(backend: BackendProcess) -> None:
    before = workers_of(backend)
    assert len(before) == WORKERS
    os.kill(before[0], signal.SIGKILL)
    assert {status_of(backend, "/health") for _ in range(10)} == {200}
    wait_until(lambda: len(set(workers_of(backend)) - set(before)) == 1)
    wait_until(lambda: any("SIGKILL" in line for line in backend.lines))
    assert status_of(backend, "/api/keys") == 200
    assert backend.stop() == 0


def read_again(backend: BackendProcess, settings: str) -> None:
    before = len([line for line in backend.lines if "Read the settings" in line])
    backend.configure(settings)
    backend.process.send_signal(signal.SIGHUP)
    wait_until(
        lambda: len([line for line in backend.lines if "Read the settings" in line]) == before + WORKERS, 20
    )


def test_settings_read_again_hold_in_every_worker(backend: BackendProcess) -> None:
    read_again(backend, 'security: {allowed_ips: ["10.9.9.9"]}')
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: status_of(backend, "/api/connections"), range(40)))
    assert set(found) == {403}
    assert backend.stop() == 0


def test_a_rate_that_is_read_again_is_one_count_over_all_workers_too(backend: BackendProcess) -> None:
    key = backend.ask("POST", "/api/keys", {"name": "till", "permissions": ["connections_read"]})["key"]

    def let_through(calls: int) -> int:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: status_of(backend, "/api/connections", key), range(calls)))
        assert set(found) <= {200, 429}
        return found.count(200)

    read_again(backend, "security: {rate_limit: 17/hour}")
    assert let_through(40) == 17
    read_again(backend, "security: {rate_limit: 50/hour, rate_limit_per_address: 2000/hour}")
    assert let_through(60) == 50 - 17
    read_again(backend, "security: {rate_limit_per_address: 23/hour}")
    assert let_through(20) == 20
    assert let_through(20) == 3
    assert backend.stop() == 0


def test_the_manager_hears_of_all_workers_from_their_parent_and_one_that_hangs_is_replaced(
    tmp_path: Path,
) -> None:
    with ServiceManager(str(tmp_path / "notify")) as manager:
        environment = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000"}
        backend = BackendProcess(
            tmp_path / "home", f"{{port: 0, workers: {WORKERS}}}", environment=environment
        )
        try:
            wait_until(lambda: manager.count("WATCHDOG=1") >= 2)
            assert manager.count("READY=1") == 1
            assert manager.status() == f"Serving at {backend.url} with {WORKERS} workers"
            hanging = workers_of(backend)[0]
            os.kill(hanging, signal.SIGSTOP)
            wait_until(lambda: any("is silent and is killed" in line for line in backend.lines))
            wait_until(lambda: hanging not in workers_of(backend))
            wait_until(lambda: len(workers_of(backend)) == WORKERS)
            assert backend.stop() == 0
            assert manager.count("STOPPING=1") == 1
        finally:
            for worker in [*workers_of(backend), backend.process.pid]:
                if runs(worker):
                    os.kill(worker, signal.SIGKILL)
            backend.process.wait()


def test_a_running_query_ends_before_all_workers_do(backend: BackendProcess, folder: Path) -> None:
    connect(backend, folder)
    client = BackendClient(backend.url, backend.key, timeout=60, retry_attempts=0)
    client.execute_query("files", "SELECT n FROM numbers")
    answers: list[int] = []
    # some seconds of counting
    sql = "SELECT count(*) AS n FROM numbers a, numbers b, numbers c WHERE a.n < 600 AND a.n + b.n > c.n"
    asking = threading.Thread(
        target=lambda: answers.append(next(iter(client.execute_query("files", sql).rows))[0])
    )
    asking.start()

    def is_counting() -> bool:
        time.sleep(0.1)  # of 300 calls an hour
        with backend.open("GET", "/metrics") as response:
            return IN_USE.search(response.read()) is not None

    wait_until(is_counting)
    workers = workers_of(backend)
    assert backend.stop() == 0
    asking.join(60)
    assert answers
    assert answers[0] > 0
    assert not any(runs(worker) for worker in workers)
    with pytest.raises(urllib.error.URLError):
        backend.ask("GET", "/health")


def test_a_parent_that_is_killed_leaves_nothing_behind(backend: BackendProcess, folder: Path) -> None:
    connect(backend, folder)
    backend.ask("POST", "/api/query", {"connection": "files", "query": "SELECT n FROM numbers"})
    workers = workers_of(backend)
    below = [child for worker in workers for child in children_of(worker)]
    assert below  # the engine of the files
    backend.stop(signal.SIGKILL)
    wait_until(lambda: not any(runs(pid) for pid in [*workers, *below]))


def test_no_call_is_missing_in_the_audit_trail(backend: BackendProcess) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: status_of(backend, "/api/connections"), range(200))) == {200}
    assert backend.stop() == 0
    lines = lines_of(backend.home)
    assert len(lines) == 200
    assert len({line["request_id"] for line in lines}) == 200


def test_health_tells_the_same_from_every_worker(backend: BackendProcess, folder: Path) -> None:
    connect(backend, folder)
    told = [backend.ask("GET", "/health") for _ in range(12)]
    assert {health["connections"] for health in told} == {1}
    os.kill(workers_of(backend)[0], signal.SIGKILL)
    wait_until(lambda: len(workers_of(backend)) == WORKERS)
    later = [backend.ask("GET", "/health")["uptime"] for _ in range(12)]
    assert min(later) >= max(health["uptime"] for health in told)


def test_workers_may_keep_their_state_in_postgresql(
    tmp_path: Path, folder: Path, postgres: PostgresServer
) -> None:
    postgres.execute("CREATE DATABASE workers_state", database="postgres")
    secret = tmp_path / "password"
    secret.write_text(password_of(SUPERUSER) + "\n")
    address = f"{SUPERUSER}:${{file:{secret}}}@{postgres.host}:{postgres.port}/workers_state"
    backend = BackendProcess(
        tmp_path / "home", "{port: 0, workers: 2}", f"store: {{url: 'postgresql+pg8000://{address}'}}\n"
    )
    try:
        connect(backend, folder)
        assert {status_of(backend, "/api/connections/files") for _ in range(8)} == {200}
        made = backend.ask("POST", "/api/keys", {"name": "till", "roles": ["viewer"]})
        backend.ask("DELETE", f"/api/keys/{made['info']['id']}")
        assert {status_of(backend, "/api/connections", made["key"]) for _ in range(8)} == {401}
        assert backend.stop() == 0
        rows = postgres.execute("SELECT count(*) FROM audit", database="workers_state")
        assert rows == [[8 + 8 + 3]]
    finally:
        backend.process.kill()
        backend.process.wait()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("server: {workers: 0}", "server.workers"),
        ("server: {workers: 1000}", "server.workers"),
        ("server: {workers: 4}\ndatabase: {max_connections: 3}", "max_connections"),
    ],
)
def test_a_number_of_workers_that_cannot_be_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: str, said: str
) -> None:
    from server.cli import main

    config = tmp_path / "backend_config.yaml"
    config.write_text(settings)
    assert main(["check-config", "--config", str(config)]) == 1
    err = capsys.readouterr().err
    assert said in err
    assert len(err.strip().splitlines()) == 1


CREW = """
import logging, os, signal, sys, time
from server.workers import Workers

logging.basicConfig(format="%(message)s")
stopping = []
workers = Workers(
    2, on_ready=lambda: print("ready", 1 / (not stopping), flush=True), on_stop=lambda: stopping.append(1)
)
seat = workers.run()
if isinstance(seat, int):
    sys.exit(seat)
{work}
"""


def crew(work: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CREW.replace("{work}", work)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_workers_that_end_before_they_serve_end_the_backend_with_a_sentence() -> None:
    started = crew("sys.exit(3)")
    _, err = started.communicate(timeout=30)
    assert started.returncode == 1
    assert "giving up" in err
    assert "Traceback" not in err


def test_sighup_reaches_every_worker() -> None:
    started = crew(
        "signal.signal(signal.SIGHUP, lambda *_: os.write(1, b'told %d\\n' % seat.number))\n"
        "seat.beat()\n"
        "while True: time.sleep(1)"
    )
    assert started.stdout is not None
    assert started.stdout.readline().startswith("ready")
    started.send_signal(signal.SIGHUP)
    assert {started.stdout.readline() for _ in range(2)} == {"told 0\n", "told 1\n"}
    started.send_signal(signal.SIGTERM)
    _, err = started.communicate(timeout=30)
    assert "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("after", ["0", "0.1", "0.3"])
def test_workers_that_are_told_to_stop_while_they_start_end_well(number: int, after: str) -> None:
    """The workers are ready just when, or just after, their parent was told to stop."""
    started = crew(
        "import threading\n"
        "stopped = threading.Event()\n"
        "signal.signal(signal.SIGTERM, lambda *_: stopped.set())\n"
        "os.write(1, b'started\\n')\n"
        f"time.sleep({after})\n"
        "seat.beat()\n"
        "while not stopped.is_set(): time.sleep(0.01)"
    )
    assert started.stdout is not None
    assert [started.stdout.readline() for _ in range(2)] == ["started\n"] * 2
    time.sleep(0.1)
    started.send_signal(number)
    _, err = started.communicate(timeout=30)
    assert (started.returncode, "Traceback" in err) == (0, False), err


def test_a_worker_that_dies_again_and_again_is_started_after_growing_pauses() -> None:
    started = crew(
        "seat.beat()\nif seat.number == 1:\n    time.sleep(0.05); sys.exit(1)\nwhile True: time.sleep(1)"
    )
    assert started.stderr is not None
    lines = [started.stderr.readline() for _ in range(3)]
    assert "starting another one\n" in lines[0]
    assert "starting another one in 2 s" in lines[1]
    assert "starting another one in 4 s" in lines[2]
    started.send_signal(signal.SIGTERM)
    started.communicate(timeout=30)
