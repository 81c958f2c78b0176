"""The whole backend as a process of its own, asked over HTTP with a key: guard, audit and all."""

import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench.measuring import Figures, Process


class Backend:
    """Answers on ``port``; ``key`` is its administrator's."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, key: str) -> None:
        self.process = Process(process.pid)
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def add(self, name: str, kind: str, params: dict[str, Any]) -> None:
        self._post("/api/connections", {"name": name, "type": kind, "params": params}).read()

    def short(self, connection: str, sql: str, times: int) -> Figures:
        """The median of ``times`` calls on one kept-alive connection."""
        return self._repeated(lambda: self.rows(connection, sql), times)

    def rows(self, connection: str, sql: str) -> bytes:
        body = {"connection": connection, "query": sql, "max_rows": 100_000}
        return self._post("/api/query", body).read()

    def schema(self, connection: str) -> bytes:
        return self._get(f"/api/schema/{connection}").read()

    def health(self, times: int) -> Figures:
        """HTTP alone: no query, and the key is not looked at."""
        return self._repeated(lambda: self._get("/health").read(), times)

    def _repeated(self, call: Callable[[], bytes], times: int) -> Figures:
        call()
        seconds: list[float] = []
        cpu = self.process.cpu_seconds()
        for _ in range(times):
            began = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - began)
        used = self.process.cpu_seconds()
        each = None if cpu is None or used is None else (used - cpu) / times
        return Figures(statistics.median(seconds), cpu_seconds=each)

    def long(self, connection: str, sql: str, rows: int) -> Figures:
        """One call, its answer thrown away as it comes."""
        self.process.mark_memory()
        cpu = self.process.cpu_seconds()
        began = time.perf_counter()
        response = self._post("/api/query", {"connection": connection, "query": sql, "max_rows": rows + 1})
        first, end = None, b""
        while piece := response.read1(1 << 18):
            first = first or time.perf_counter() - began
            end = end[-200:] + piece[-200:]
        seconds = time.perf_counter() - began
        used = self.process.cpu_seconds()
        if f'"row_count":{rows},'.encode() not in end:
            raise RuntimeError(f"{sql} did not give {rows} rows: …{end[-200:].decode(errors='replace')}")
        each = None if cpu is None or used is None else used - cpu
        return Figures(seconds, first, each, self.process.growth_mb())

    def _get(self, path: str) -> http.client.HTTPResponse:
        self._http.request("GET", path, headers=self._headers)
        return self._http.getresponse()

    def _post(self, path: str, body: dict[str, Any]) -> http.client.HTTPResponse:
        self._http.request("POST", path, json.dumps(body), self._headers)
        response = self._http.getresponse()
        if response.status >= 300:
            raise RuntimeError(f"{path} answered {response.status}: {response.read().decode()}")
        return response


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Backend]:
    """A fresh backend in ``folder``, as a new installation has it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = folder / "backend_config.yaml"
    config.write_text(f'server: {{host: "127.0.0.1", port: {port}}}\n')
    home = folder / "home"
    log = folder / "backend.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve", "--config", str(config)],
            env={**os.environ, "VMART_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield Backend(process, port, _first_key(home / "administrator.key", process, log))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _first_key(file: Path, process: "subprocess.Popen[bytes]", log: Path) -> str:
    """A new installation writes it when it listens already."""
    give_up = time.monotonic() + 30
    while not (file.exists() and (key := file.read_text().strip())):
        if process.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"The backend did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)
    return key
