"""A real ClickHouse for tests: Debian's clickhouse-server (apt package of that name), gone when the run ends.

It is of 2018, which is as old as a server may be, and starts in a third of a second. What is in it stays in
tests/peers/clickhouse_data; today's engine is in tests/peers/clickhouse_now.
"""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.peers import clickhouse_data
from tests.peers.listening import free_port
from tests.peers.postgres import _dies_with_parent

ADMIN = "default"
READER, READER_PASSWORD = "reader", "reader-Secret-2"
CARELESS, CARELESS_PASSWORD = "careless", "careless-Secret-3"
"""With ``readonly`` 2, which is not enough."""
PASSWORDS = {ADMIN: "", READER: READER_PASSWORD, CARELESS: CARELESS_PASSWORD}

_CONFIG = """<?xml version="1.0"?>
<yandex>
 <logger><level>warning</level><log>{folder}/server.log</log><errorlog>{folder}/errors.log</errorlog></logger>
 <listen_host>127.0.0.1</listen_host><tcp_port>{port}</tcp_port><http_port>{http_port}</http_port>
 <path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path><users_config>{folder}/users.xml</users_config>
 <default_profile>default</default_profile><default_database>default</default_database>
 <mark_cache_size>67108864</mark_cache_size><max_concurrent_queries>50</max_concurrent_queries>
 <timezone>{zone}</timezone><remote_servers></remote_servers>
</yandex>
"""
_USERS = """<?xml version="1.0"?>
<yandex>
 <profiles>
  <default><max_memory_usage>1000000000</max_memory_usage></default>
  <reads><readonly>1</readonly></reads><careless><readonly>2</readonly></careless>
 </profiles>
 <users>
  <default><password></password>{rest}<profile>default</profile></default>
  <reader><password_sha256_hex>{reader}</password_sha256_hex>{rest}<profile>reads</profile></reader>
  <careless><password_sha256_hex>{careless}</password_sha256_hex>{rest}<profile>careless</profile></careless>
 </users>
 <quotas><default><interval><duration>3600</duration><queries>0</queries><errors>0</errors>
  <result_rows>0</result_rows><read_rows>0</read_rows><execution_time>0</execution_time></interval></default></quotas>
</yandex>
"""
_REST = "<networks><ip>127.0.0.1</ip></networks><quota>default</quota>"


class ClickHouseServer:
    """A running server. ``zone`` is its clock's."""

    host = "127.0.0.1"

    def __init__(self, zone: str = "UTC") -> None:
        program = shutil.which("clickhouse-server") or shutil.which("clickhouse-server", path="/usr/sbin")
        if program is None:
            raise FileNotFoundError("clickhouse-server")
        self._program = program
        self.folder = Path(tempfile.mkdtemp(prefix="vmart-clickhouse-"))
        self.port, self.http_port = free_port(), free_port()
        try:
            self._configure(zone)
            self.start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def start(self) -> None:
        """Also after :meth:`stop_server`: the same data on the same ports."""
        with (self.folder / "output.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, f"--config-file={self.folder / 'config.xml'}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                preexec_fn=_dies_with_parent(),  # noqa: PLW1509 - it makes one system call, and takes no lock
            )
        give_up = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                text = (self.folder / "output.log").read_text(errors="replace")
                raise RuntimeError(f"ClickHouse did not start:\n{text}")
            time.sleep(0.02)

    def stop_server(self) -> None:
        """Immediately, as a crash would; :meth:`start` brings it back."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(20)

    def signal(self, number: int) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)

    def remove(self) -> None:
        self.stop_server()
        shutil.rmtree(self.folder, ignore_errors=True)

    def params(self, user: str = READER, *, http: bool = False, **more: Any) -> dict[str, Any]:
        """The params of a ``clickhouse`` connection of ours."""
        found = {"host": self.host, "port": self.port, "user": user, "password": PASSWORDS[user], **more}
        found.setdefault("database", clickhouse_data.SHOP)
        return {**found, "http_port": self.http_port} if http else found

    def execute(self, *statements: str, database: str = "default") -> list[list[str]]:
        """As administrator, over HTTP; the rows of the last one, as text."""
        text = ""
        for statement in statements:
            query = urllib.parse.urlencode({"database": database})
            try:
                with urllib.request.urlopen(
                    f"http://{self.host}:{self.http_port}/?{query}", statement.encode(), timeout=60
                ) as answer:
                    text = answer.read().decode()
            except urllib.error.HTTPError as error:
                raise RuntimeError(f"{statement}: {error.read().decode()}") from error
        return [line.split("\t") for line in text.splitlines()]

    def running(self, like: str) -> int:
        """How many queries with that in their text run now."""
        sql = f"SELECT count() FROM system.processes WHERE query LIKE '%{like}%'"
        sql += " AND query NOT LIKE '%processes%'"
        return int(self.execute(sql)[0][0])

    def _configure(self, zone: str) -> None:
        for name in ("data", "tmp"):
            (self.folder / name).mkdir()
        hashes = {name: hashlib.sha256(word.encode()).hexdigest() for name, word in PASSWORDS.items()}
        places = {"folder": self.folder, "port": self.port, "http_port": self.http_port, "zone": zone}
        (self.folder / "config.xml").write_text(_CONFIG.format(**places))
        (self.folder / "users.xml").write_text(
            _USERS.format(reader=hashes[READER], careless=hashes[CARELESS], rest=_REST)
        )

    def _answers(self) -> bool:
        for port in (self.port, self.http_port):
            try:
                socket.create_connection((self.host, port), 1).close()
            except OSError:
                return False
        return True


@pytest.fixture(scope="session")
def clickhouse() -> Iterator[ClickHouseServer]:
    """The server with the database SHOP, whose clock is India's."""
    try:
        server = ClickHouseServer(zone="Asia/Kolkata")
    except FileNotFoundError:
        if os.environ.get("CI"):
            raise
        pytest.skip("clickhouse-server is not installed: apt install clickhouse-server")
    try:
        server.execute(f"CREATE DATABASE {clickhouse_data.SHOP}")
        server.execute(*clickhouse_data.SHOP_TABLES, database=clickhouse_data.SHOP)
        yield server
    finally:
        server.remove()
