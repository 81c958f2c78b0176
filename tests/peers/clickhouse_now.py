"""Today's ClickHouse for tests: its native protocol and its HTTP interface in front of the engine in chdb.

Parser, types, functions, errors, KILL QUERY and formats are ClickHouse's own; only the two wire shells are
written here (revision 54440, without compression). It runs as a process of its own:
``python -m tests.peers.clickhouse_now PORT HTTP_PORT FOLDER``. What it has of accounts is in ``_USERS``:
``readonly`` 1 is enforced here as a server does it, by refusing settings and by the engine for the rest.
"""

import contextlib
import http.server
import importlib
import json
import os
import queue
import re
import select
import socketserver
import struct
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
from tests.peers.clickhouse import ADMIN, PASSWORDS, READER
from tests.peers.postgres import _dies_with_parent, _free_port

_REVISION = 54440
_USERS = {name: PASSWORDS[name] for name in (ADMIN, READER)}
_READS_ROWS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
_ROWS_OR_NOT = re.compile(r"\s*(select|with|show|describe|exists|explain|kill)\b", re.IGNORECASE)
_FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE)


class ClickHouseNow:
    """The process, seen from the tests."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.port, self.http_port = _free_port(), _free_port()
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
        found = {"host": self.host, "port": self.port, "user": user, "password": _USERS[user], **more}
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


class _Engine:
    """chdb's engine, of which a process has one; a connection for every client."""

    def __init__(self, folder: str) -> None:
        chdb: Any = importlib.import_module("chdb")
        self._connect = chdb.connect
        self.path = str(Path(folder, "data"))
        self._first = self._connect(self.path)
        self.version = self.text("SELECT version()")
        self.zone = self.text("SELECT timezone()")
        self._first.query(f"CREATE DATABASE {clickhouse_data.SHOP}")
        self._first.query(f"USE {clickhouse_data.SHOP}")
        for statement in (*clickhouse_data.SHOP_TABLES, *clickhouse_data.NEW_TABLES):
            self._first.query(statement)

    def connect(self, database: str) -> Any:
        connection = self._connect(self.path)
        if database:
            connection.query(f"USE {database}")
        return connection

    def text(self, sql: str) -> str:
        return self._first.query(sql, "TSVRaw").bytes().decode().strip()  # type: ignore[no-any-return]

    def kill(self, query_id: str) -> None:
        """From any thread, by a connection of its own."""
        with contextlib.suppress(RuntimeError):
            self.connect("").query(by_comment(f"KILL QUERY WHERE query_id = '{query_id}' ASYNC"))


def by_comment(sql: str) -> str:
    """The engine numbers its queries itself; the id that a client gives travels as a comment."""
    return sql.replace("query_id = '", "Settings['log_comment'] = '")


def refused_settings(user: str, settings: dict[str, str]) -> str:
    if user != READER or not settings:
        return ""
    name = next(iter(settings))
    return f"Code: 164. DB::Exception: Cannot modify '{name}' setting in readonly mode. (READONLY)"


def with_settings(sql: str, user: str, query_id: str, settings: dict[str, str]) -> str:
    if not _READS_ROWS.match(sql):
        return by_comment(sql)
    own = {"log_comment": query_id, **settings}
    if user == READER:
        own["readonly"] = "1"
    listed = ", ".join(f"{name} = '{value}'" for name, value in own.items())
    return f"{by_comment(sql)}\nSETTINGS {listed}"


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _string(text: str) -> bytes:
    data = text.encode()
    return _varint(len(data)) + data


_BLOCK_HEAD = _varint(1) + _string("") + _varint(1) + b"\0" + _varint(2) + struct.pack("<i", -1) + _varint(0)


def _named(column: tuple[str, str]) -> bytes:
    return _string(column[0]) + _string(column[1])


def _with_zones(block: bytes, described: list[tuple[str, str]]) -> bytes:
    """The format leaves the zone of a DateTime out, for clients older than any; the protocol does not."""
    for name, kind in described:
        if kind.startswith("DateTime("):
            block = block.replace(_named((name, "DateTime")), _named((name, kind)), 1)
    return block


class _Native(socketserver.StreamRequestHandler):
    """https://clickhouse.com/docs/native-protocol"""

    disable_nagle_algorithm = True
    wbufsize = 1 << 18
    engine: _Engine

    def handle(self) -> None:
        try:
            if self._number() == 0:
                self._session()
        except (EOFError, ConnectionError):
            pass

    def _session(self) -> None:
        self._text()
        self._number(), self._number(), self._number()
        database, self._user, password = self._text(), self._text(), self._text()
        if _USERS.get(self._user) != password:
            self._fail(
                f"Code: 516. DB::Exception: {self._user}: Authentication failed. (AUTHENTICATION_FAILED)"
            )
            return
        try:
            self._chdb = self.engine.connect(database)
        except Exception as error:  # noqa: BLE001 - whatever the engine says goes to the client
            self._fail(str(error))
            return
        major, minor, patch = (int(part) for part in self.engine.version.split(".")[:3])
        hello = _varint(0) + _string("ClickHouse") + _varint(major) + _varint(minor) + _varint(_REVISION)
        self._send(hello + _string(self.engine.zone) + _string("now") + _varint(patch))
        while True:
            match self._number():
                case 4:
                    self._send(_varint(4))
                case 1:
                    self._query()
                case 3:
                    pass  # a cancel that came after the end
                case other:
                    raise EOFError(other)

    def _query(self) -> None:
        query_id = self._text()
        if self._exactly(1)[0]:
            self._text(), self._text(), self._text()
            self._exactly(1)
            self._text(), self._text(), self._text()
            self._number(), self._number(), self._number()
            self._text()
            self._number()
        settings: dict[str, str] = {}
        while name := self._text():
            self._number()
            settings[name] = self._text()
        self._number(), self._number()
        sql = self._text()
        self._no_external_table()
        if refused := refused_settings(self._user, settings):
            self._fail(refused)
            return
        if not _ROWS_OR_NOT.match(sql) and self._user == READER:
            self._fail("Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)")
            return
        self._run(sql, query_id, settings)

    def _no_external_table(self) -> None:
        self._number()
        self._text()
        while field := self._number():
            self._exactly(1 if field == 1 else 4)
        self._number(), self._number()

    def _run(self, sql: str, query_id: str, settings: dict[str, str]) -> None:
        blocks: queue.Queue[bytes | Exception | None] = queue.Queue(maxsize=4)

        def work() -> None:
            text = with_settings(sql, self._user, query_id, settings)
            try:
                if _READS_ROWS.match(sql):
                    described = self._described(sql)
                    blocks.put(_varint(len(described)) + _varint(0) + b"".join(map(_named, described)))
                    for chunk in self._chdb.send_query(text, "Native"):
                        if data := chunk.bytes():
                            blocks.put(_with_zones(data, described))
                elif data := self._chdb.query(text, "Native").bytes():
                    blocks.put(data)
                blocks.put(None)
            except Exception as error:  # noqa: BLE001 - whatever the engine says goes to the client
                blocks.put(error)

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        self._pass_on(blocks, query_id)
        worker.join()

    def _pass_on(self, blocks: "queue.Queue[bytes | Exception | None]", query_id: str) -> None:
        told, stopped = (0, 0, 0), False
        while True:
            if not stopped and self._is_cancelled():
                stopped = True
                self.engine.kill(query_id)
            try:
                block = blocks.get(timeout=0.1)
            except queue.Empty:
                told = self._tell_progress(query_id, told)
                continue
            if block is None or (stopped and isinstance(block, Exception)):
                self._send(_varint(5))
                return
            if isinstance(block, Exception):
                self._fail(str(block))
                return
            if not stopped:
                self._send(_BLOCK_HEAD + block)

    def _tell_progress(self, query_id: str, told: tuple[int, int, int]) -> tuple[int, int, int]:
        sql = "SELECT read_rows, read_bytes, total_rows_approx FROM system.processes"
        sql += f" WHERE query_id = '{query_id}'"
        row = self.engine.connect("").query(by_comment(sql), "TSVRaw").bytes().decode().split()
        if len(row) != 3:
            return told
        now = (int(row[0]), int(row[1]), int(row[2]))
        more = [max(after - before, 0) for after, before in zip(now, told, strict=True)]
        self._send(_varint(3) + b"".join(map(_varint, more)) + _varint(0) + _varint(0))
        return now

    def _described(self, sql: str) -> list[tuple[str, str]]:
        names, types = json.loads(self._chdb.query(f"DESCRIBE ({sql}\n)", "JSONCompactColumns").bytes())[:2]
        return list(zip(names, types, strict=True))

    def _is_cancelled(self) -> bool:
        ready, _, _ = select.select([self.connection], [], [], 0)
        return bool(ready) and self._number() == 3

    def _fail(self, text: str) -> None:
        found = re.search(r"Code: (\d+)\. (.*)", text, re.DOTALL)
        code, said = (int(found[1]), found[2]) if found else (1002, text)
        body = struct.pack("<i", code) + _string("DB::Exception") + _string(said) + _string("") + b"\0"
        self._send(_varint(2) + body)

    def _send(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def _exactly(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def _number(self) -> int:
        number = shift = 0
        while True:
            byte = self._exactly(1)[0]
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def _text(self) -> str:
        return self._exactly(self._number()).decode("utf-8", "replace")


class _Http(http.server.BaseHTTPRequestHandler):
    engine: _Engine

    def do_POST(self) -> None:
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
        user, password = self.headers.get("X-ClickHouse-User", ""), self.headers.get("X-ClickHouse-Key", "")
        database, query_id = asked.pop("database", ""), asked.pop("query_id", "")
        if _USERS.get(user) != password:
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
    _Native.engine = _Http.engine = _Engine(folder)
    web = http.server.ThreadingHTTPServer(("127.0.0.1", int(http_port)), _Http)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    with _Server(("127.0.0.1", int(port)), _Native) as native:
        print("listening", flush=True)
        native.serve_forever()


if __name__ == "__main__":
    _main(*sys.argv[1:])
