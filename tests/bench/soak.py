"""A long time of everything at once: many clients that ask, cancel and leave, over a line that fails.

What counts is what is left when they have gone: pools, threads, files and memory as they were, and
no answer that was short without saying so.
"""

import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.bench import backend
from tests.bench.measuring import Process
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.peers.postgres import SUPERUSER, PostgresServer

CLIENTS = 24
_SETTINGS = "database: {max_connections: 12, connection_timeout: 2, idle_timeout: 5, max_age: 20}\n"
_MOST_GROWTH_MB = 32.0
_ROWS = 20_000
_LONG = "SELECT g AS n, repeat('x', 40) AS t FROM generate_series(1, {}) AS g"
_SLOW = "SELECT count(*) AS n FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
_FAULTS = (
    Fault(refuse=True),
    Fault(black_hole=True),
    Fault(latency_seconds=0.05),
    Fault(cut_after_bytes=700),
    Fault(cut_after_bytes=60_000, reset=True),
    Fault(silent_after_bytes=2_000),
    Fault(slice_bytes=16),
)
_EXPECTED = frozenset(
    {"source_unavailable", "source_busy", "query_timeout", "query_cancelled", "query_failed"}
)


class State(msgspec.Struct, frozen=True):
    """Of the backend when nobody asks. ``idle`` connections have a thread and a socket each, which count
    as theirs."""

    memory_mb: float
    threads: int
    files: int
    idle: int
    in_use: int
    opening: int
    ending: int
    waiting: int

    @property
    def busy(self) -> int:
        return self.in_use + self.opening + self.ending + self.waiting


class _Soak:
    def __init__(self, ours: backend.Backend, proxy: FaultProxy, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._ours, self._proxy, self._seed = ours, proxy, seed
        self._headers = {
            "Authorization": f"Bearer {ours.key}",
            "Content-Type": "application/json",
            "Cache-Control": "no-cache",
        }
        self._over = threading.Event()

    def run(self, seconds: float) -> None:
        self._over.clear()
        threads = [threading.Thread(target=self._client, args=[number]) for number in range(CLIENTS)]
        threads.append(threading.Thread(target=self._bad_line))
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self._over.set()
        for thread in threads:
            thread.join(120)
            if thread.is_alive():
                self.wrong.append("a client never got an answer")

    def state(self) -> State:
        """Once the line is good and nothing is on its way."""
        give_up = time.monotonic() + 60
        while True:
            pool = self._pool()
            busy = {what: int(pool[what]) for what in ("in_use", "opening", "ending", "waiting")}
            if not any(busy.values()):
                break
            if time.monotonic() > give_up:
                os.kill(self._ours.pid, signal.SIGUSR1)  # its log then tells what hangs, and where
                time.sleep(2)
                break
            time.sleep(0.2)
        process = Path(f"/proc/{self._ours.pid}")
        return State(
            Process(self._ours.pid).memory_mb(),
            len(list((process / "task").iterdir())) - pool["idle"],
            len(list((process / "fd").iterdir())) - pool["idle"],
            pool["idle"],
            **busy,
        )

    def answers(self) -> bool:
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, _ = self._call("POST", "/api/query", _body("SELECT 1 AS n"))
                if status == 200:
                    return True
            time.sleep(0.2)
        return False

    def _pool(self) -> dict[str, Any]:
        _, body = self._call("GET", "/api/connections/shop")
        pool: dict[str, Any] = json.loads(body)["pool"]
        return pool

    def _client(self, number: int) -> None:
        dice = random.Random(f"{self._seed} {number}")
        acts: list[Callable[[random.Random], str]] = [self._short, self._short, self._long, self._left]
        acts += [self._short, self._short, self._long, self._cancelled, self._late, self._mistaken]
        while not self._over.is_set():
            try:
                self.counts[dice.choice(acts)(dice)] += 1
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(f"the backend broke off: {error!r}")
                time.sleep(0.1)

    def _bad_line(self) -> None:
        dice = random.Random(f"{self._seed} line")
        while not self._over.wait(dice.uniform(0.5, 4)):
            self._proxy.fault = dice.choice(_FAULTS)
            if dice.random() < 0.5:
                self._proxy.cut_all()
            self._proxy.held = dice.random() < 0.2
            self._over.wait(dice.uniform(0.2, 2))
            self._proxy.fault, self._proxy.held = Fault(), False
        self._proxy.fault, self._proxy.held = Fault(), False

    def _short(self, dice: random.Random) -> str:
        return self._told(_body(f"SELECT {dice.randrange(1000)} AS n"), 1)

    def _long(self, dice: random.Random) -> str:
        rows = dice.randrange(1, _ROWS)
        return self._told(_body(_LONG.format(rows)), rows)

    def _late(self, dice: random.Random) -> str:
        return self._told(_body(_SLOW, timeout_seconds=dice.uniform(0.05, 1)), 1)

    def _mistaken(self, _dice: random.Random) -> str:
        return self._told(_body("SELECT nothing FROM nowhere"), 1)

    def _left(self, dice: random.Random) -> str:
        connection = self._connect()
        connection.request("POST", "/api/query", _body(_LONG.format(500_000)), self._headers)
        time.sleep(dice.uniform(0, 0.3))
        connection.close()
        return "left before the end"

    def _cancelled(self, dice: random.Random) -> str:
        query_id = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        timer = threading.Timer(dice.uniform(0, 0.5), self._call, ["DELETE", f"/api/query/{query_id}"])
        timer.start()
        try:
            return self._told(_body(_SLOW, timeout_seconds=2, query_id=query_id), 1)
        finally:
            timer.join()

    def _told(self, body: bytes, rows: int) -> str:
        status, data = self._call("POST", "/api/query", body)
        try:
            answer = json.loads(data)
        except ValueError:
            self.wrong.append(f"not JSON: …{data[-80:]!r}")
            return "not JSON"
        error = answer if status != 200 else answer.get("error")
        if error is None:
            if answer["row_count"] != rows or len(answer["rows"]) != rows:
                self.wrong.append(f"{len(answer['rows'])} rows in place of {rows}")
            return "answered"
        if error["code"] not in _EXPECTED:
            self.wrong.append(f"{status} {error}")
        return f"{error['code']}{' in mid-answer' if status == 200 else ''}"

    def _call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = self._connect()
        try:
            connection.request(method, path, body, self._headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._ours.port, timeout=60)


def _body(sql: str, **more: object) -> bytes:
    body = {"connection": "shop", "query": sql, "max_rows": 1_000_000, "timeout_seconds": 10, **more}
    return json.dumps(body).encode()


def soaked(folder: Path, seconds: float) -> tuple[list[State], _Soak]:
    """The states when a tenth of the time has warmed everything up, in the middle, and after all of it."""
    server = PostgresServer()
    try:
        server.execute("CREATE DATABASE shop", database="postgres")
        observed = backend.running(folder, more=_SETTINGS, module="tests.bench.observed")
        with FaultProxy(server.port) as proxy, observed as ours:
            params = {**server.params(user=SUPERUSER), "port": proxy.port}
            ours.add("shop", "postgresql", params)
            soak = _Soak(ours, proxy, seed=int(time.time()))
            states = []
            for share in (0.1, 0.4, 0.5):
                soak.run(max(seconds * share, 5.0))
                if not soak.answers():
                    soak.wrong.append("the source is back, and the backend does not see it")
                states.append(soak.state())
            return states, soak
    finally:
        server.remove()


def troubles(states: list[State], soak: _Soak) -> list[str]:
    """What is not as it was, or not as it should be."""
    before, middle, after = states
    found = sorted(set(soak.wrong))
    if after.busy:
        found.append(
            f"{after.in_use} connections in use, {after.opening} opening, {after.ending} ending and "
            f"{after.waiting} callers waiting never ended"
        )
    if after.threads > before.threads + 2:
        found.append(f"threads grew from {before.threads} to {after.threads}")
    if after.files > before.files + 4:
        found.append(f"open files grew from {before.files} to {after.files}")
    # What fills up to its bound has done so in the first half; a leak goes on.
    if after.memory_mb > middle.memory_mb + _MOST_GROWTH_MB:
        found.append(f"half-way there were {middle.memory_mb:.0f} MB, at the end {after.memory_mb:.0f}")
    return found


def main(seconds: int) -> int:
    folder = Path(tempfile.mkdtemp(prefix="vmart-soak-"))
    states, soak = soaked(folder, seconds)
    print(f"{CLIENTS} clients, {seconds} s, {sum(soak.counts.values()):,} calls.\n")
    print("| what became of a call | how often |\n| --- | ---: |")
    for outcome, count in soak.counts.most_common():
        print(f"| {outcome} | {count:,} |")
    print("\n| when nobody asks | warmed up | half-way | at the end |\n| --- | ---: | ---: | ---: |")
    for name in State.__struct_fields__:
        cells = " | ".join(f"{getattr(state, name):.0f}" for state in states)
        print(f"| {name.replace('_', ' ').replace(' mb', ' MB')} | {cells} |")
    found = troubles(states, soak)
    for sentence in found[:20]:
        print(f"\n{sentence}", file=sys.stderr)
    if not found:
        shutil.rmtree(folder)
        return 0
    print(f"\nThe backend's log: {folder / 'backend.log'}", file=sys.stderr)
    return 1
