"""The whole backend as a process of its own, asked over HTTP with a key: guard, audit and all."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.bench import started
from tests.bench.measuring import Figures, Process
from tests.bench.wire import Ask, Server, post


class Backend(Server):
    """``key`` is its administrator's."""

    def __init__(self, pid: int, port: int, key: str, *behind: Process) -> None:
        super().__init__(pid, port, *behind)
        self.pid, self.key, self._behind = pid, key, behind
        self._headers = {"Authorization": f"Bearer {key}"}

    def add(self, name: str, kind: str, params: dict[str, Any]) -> None:
        self.call(post("/api/connections", {"name": name, "type": kind, "params": params}, self._headers))

    def ask(
        self,
        connection: str,
        sql: str,
        *,
        max_rows: int = 100_000,
        expected: bytes = b'"row_count":',
        from_cache: bool = False,
        accept: str = "application/json",
        **params: object,
    ) -> Ask:
        """A value ``"%d"`` among the params is the number that changes."""
        body = {"connection": connection, "query": sql, "max_rows": max_rows, "params": params}
        headers = {**self._headers, "Accept": accept}
        if not from_cache:
            headers["Cache-Control"] = "no-cache"
        return post("/api/query", body, headers, expected)

    def as_caller(self, key: str) -> "Backend":
        """The same backend, asked with another key."""
        return Backend(self.pid, self.port, key, *self._behind)

    def make(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Something new of the API."""
        made: dict[str, Any] = msgspec.json.decode(self.call(post(path, body, self._headers)))
        return made

    def analysis(self, connection: str, sql: str) -> Ask:
        """All facts of the query's rows."""
        body = {"connection": connection, "query": sql}
        return post("/api/ai/analyze", body, self._headers, expected=b'"summary":')

    def rows(self, connection: str, sql: str) -> bytes:
        return self.call(self.ask(connection, sql))

    def get(self, path: str, *, expected: bytes = b"") -> Ask:
        return Ask(path, headers=self._headers, expected=expected)

    def schema(self, connection: str) -> bytes:
        return self.call(self.get(f"/api/schema/{connection}"))

    def health(self, times: int) -> Figures:
        """HTTP alone: no query, and the key is not looked at."""
        return self.short(Ask("/health"), times)


@contextlib.contextmanager
def running(
    folder: Path, *behind: Process, workers: int = 1, more: str = "", module: str = "server"
) -> Iterator[Backend]:
    """A fresh backend in ``folder``, as a new installation has it. ``behind``: whose CPU is counted too;
    ``more``: further lines of its settings; ``module``: what is run."""
    folder.mkdir(parents=True, exist_ok=True)
    port = started.free_port()
    config = folder / "backend_config.yaml"
    config.write_text(f'server: {{host: "127.0.0.1", port: {port}, workers: {workers}}}\n{more}')
    home = folder / "home"
    command = [sys.executable, "-m", module, "serve", "--config", str(config)]
    log = folder / "backend.log"
    with started.process(command, log, port, {"VMART_HOME": str(home)}) as process:
        yield Backend(process.pid, port, _first_key(home / "administrator.key"), *behind)


def _first_key(file: Path) -> str:
    """A new installation writes it when it listens already."""
    give_up = time.monotonic() + 30
    while not (file.exists() and (key := file.read_text().strip())):
        if time.monotonic() > give_up:
            raise RuntimeError("The backend wrote no first key.")
        time.sleep(0.02)
    return key
