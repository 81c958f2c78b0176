"""The native protocol in front of the engine of clickhouse_engine: revision 54440, without compression."""

import json
import queue
import re
import select
import socketserver
import struct
import threading

from tests.peers.clickhouse import READER
from tests.peers.clickhouse_engine import (
    READS_ROWS,
    USERS,
    Engine,
    by_comment,
    refused_settings,
    with_settings,
)

_REVISION = 54440
_ROWS_OR_NOT = re.compile(r"\s*(select|with|show|describe|exists|explain|kill)\b", re.IGNORECASE)


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


class Native(socketserver.StreamRequestHandler):
    """https://clickhouse.com/docs/native-protocol"""

    disable_nagle_algorithm = True
    wbufsize = 1 << 18
    engine: Engine

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
        if USERS.get(self._user) != password:
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
                if READS_ROWS.match(sql):
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
