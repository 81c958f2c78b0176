"""A real backend on a real socket, in a thread; and a client that shows every byte."""

import asyncio
import contextlib
import http.client
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from server.address import bind
from server.connectors.base import Kind
from server.serving import Serving
from server.store.audit.line import of_the_backend
from shared.settings import BackendSettings, DatabaseSection


class Answered(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class RunningBackend:
    """Started by ``start``, stopped by ``stop``."""

    def __init__(self, home: Path, kinds: Mapping[str, Kind], settings: BackendSettings) -> None:
        self.home = home
        self.sock = bind("127.0.0.1", 0)
        self.port = int(self.sock.getsockname()[1])
        self.serving = Serving(settings, home, self.sock, kinds)
        self.admin = self.key(roles=["admin"])
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(60)

    @property
    def url(self) -> str:
        return self.serving.url

    def key(self, *permissions: str, roles: Iterable[str] = ()) -> str:
        return self.serving.backend.keys.create("test", permissions=permissions, roles=roles)[0]

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = 20,
    ) -> Answered:
        """``key`` None is the administrator's, "" is none; ``body`` bytes go out as they are; ``patience``
        is in seconds."""
        connection = self.connect(patience)
        try:
            connection.request(method, path, _encoded(body), self.headers(body, key, headers))
            response = connection.getresponse()
            answered = {name.lower(): value for name, value in response.getheaders()}
            return Answered(response.status, answered, response.read())
        finally:
            connection.close()

    def query(self, table: str, *, key: str | None = None, accept: str = "", **more: Any) -> Answered:
        body = {"connection": "numbers", "query": f"SELECT n FROM {table}", **more}
        return self.ask("POST", "/api/query", body, key=key, headers={"Accept": accept} if accept else None)

    def connect(self, patience: float = 20) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)

    def headers(
        self, body: object = None, key: str | None = None, more: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        shown = self.admin if key is None else key
        headers = {"Authorization": f"Bearer {shown}"} if shown else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers | dict(more or {})

    def audit(self) -> list[dict[str, Any]]:
        """Every line so far, once those that wait are written."""
        return lines_of(self.home)

    def stop(self) -> None:
        self.serving.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        asyncio.run(self.serving.run(self._ready.set))


def start(home: Path, kinds: Iterable[Kind], settings: BackendSettings | None = None) -> RunningBackend:
    chosen = settings or BackendSettings(database=DatabaseSection(max_connections=4, connection_timeout=2))
    return RunningBackend(home, {kind.type: kind for kind in kinds}, chosen)


def lines_of(home: Path) -> list[dict[str, Any]]:
    with sqlite3.connect(home / "backend" / "state.db") as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM audit ORDER BY id")]


def fill_trail(backend: RunningBackend) -> None:
    """With 10 MB of lines, more than a network holds on its way."""
    trail = backend.serving.backend.audit
    for number in range(2_000):
        trail.write_slowly(of_the_backend("filling", f"{number:05000}"))
    with contextlib.closing(sqlite3.connect(backend.home / "backend" / "state.db")) as state:
        counted = "SELECT count(*) FROM audit WHERE action = 'filling'"
        wait_until(lambda: state.execute(counted).fetchone() == (2_000,))


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Until ``condition`` holds; fails loudly when it never does. Long, for a machine that is busy with other
    tests: what comes at once costs nothing."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def _encoded(body: object) -> bytes | None:
    return body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
