"""Today's ClickHouse for tests: its native protocol and its HTTP interface in front of the engine in chdb.

Parser, types, functions, errors, KILL QUERY and formats are ClickHouse's own; only the two wire shells are
written here and in clickhouse_native. It runs as a process of its own:
``python -m tests.peers.clickhouse_now PORT HTTP_PORT FOLDER``. What it has of accounts is in ``USERS``:
``readonly`` 1 is enforced here as a server does it, by refusing settings and by the engine for the rest.
"""

import http.server
import os
import re
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.peers import clickhouse_data
from tests.peers.clickhouse import READER
from tests.peers.clickhouse_engine import USERS, Engine, refused_settings, with_settings
from tests.peers.clickhouse_native import Native
from tests.peers.listening import free_port
from tests.peers.postgres import _dies_with_parent

_FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE)


class ClickHouseNow:
    """The process, seen from the tests."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.port, self.http_port = free_port(), free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="vmart-clickhouse-now-", ignore_cleanup_errors=True)
        log = Path(self._folder.name, "log")
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(self.port), str(self.http_port), self._folder.name],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "TZ": "Asia/Kolkata"},
                preexec_fn=_dies_with_parent(),  # noqa: PLW1509 - it makes one system call, and takes no lock
            )
        give_up = time.monotonic() + 120
        while b"listening" not in log.read_bytes():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"ClickHouse did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.05)

    def params(self, user: str = READER, *, http: bool = False, **more: Any) -> dict[str, Any]:
        """The params of a ``clickhouse`` connection of ours."""
        found = {"host": self.host, "port": self.port, "user": user, "password": USERS[user], **more}
        found.setdefault("database", clickhouse_data.SHOP)
        return {**found, "http_port": self.http_port} if http else found

    def remove(self) -> None:
        self._process.kill()
        self._process.wait(20)
        self._folder.cleanup()


@pytest.fixture(scope="session")
def clickhouse_now() -> Iterator[ClickHouseNow]:
    """The engine with the database SHOP."""
    pytest.importorskip("chdb", reason="pip install chdb")
    server = ClickHouseNow()
    yield server
    server.remove()


# -- The process itself -------------------------------------------------------------------


class _Http(http.server.BaseHTTPRequestHandler):
    engine: Engine

    def do_POST(self) -> None:
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
        user, password = self.headers.get("X-ClickHouse-User", ""), self.headers.get("X-ClickHouse-Key", "")
        database, query_id = asked.pop("database", ""), asked.pop("query_id", "")
        if USERS.get(user) != password:
            self._answer(
                403, f"Code: 516. DB::Exception: {user}: Authentication failed. (AUTHENTICATION_FAILED)"
            )
            return
        if refused := refused_settings(user, asked):
            self._answer(500, refused)
            return
        written = _FORMAT.search(sql)
        sql, form = (sql[: written.start()], written[1]) if written else (sql, "TSV")
        try:
            chdb = self.engine.connect(database)
            data = chdb.query(with_settings(sql, user, query_id, asked), form).bytes()
        except Exception as error:  # noqa: BLE001 - whatever the engine says goes to the client
            self._answer(500, str(error))
            return
        self._answer(200, data)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name
        """Says nothing."""

    def _answer(self, status: int, body: bytes | str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode() if isinstance(body, str) else body)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


def _main(port: str, http_port: str, folder: str) -> None:
    Native.engine = _Http.engine = Engine(folder)
    web = http.server.ThreadingHTTPServer(("127.0.0.1", int(http_port)), _Http)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    with _Server(("127.0.0.1", int(port)), Native) as native:
        print("listening", flush=True)
        native.serve_forever()


if __name__ == "__main__":
    _main(*sys.argv[1:])
