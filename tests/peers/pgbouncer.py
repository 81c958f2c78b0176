"""PgBouncer in transaction mode before a PostgreSQL, as many companies have it: statements prepared on one
server connection are gone on the next. Debian's package."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.peers.listening import free_port
from tests.peers.postgres import SHOP, SUPERUSER, SUPERUSER_PASSWORD, PostgresServer

_CONFIG = """
[databases]
{database} = host=127.0.0.1 port={server_port} dbname={database} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = {ignored}
"""
_IGNORED = (
    "default_transaction_read_only,extra_float_digits,bytea_output,IntervalStyle,standard_conforming_strings"
)


@contextlib.contextmanager
def pooled(server: PostgresServer, folder: Path) -> Iterator[dict[str, Any]]:
    """The params of a connection through the pooler, which runs until the block ends."""
    program = shutil.which("pgbouncer", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
    if program is None:
        if os.environ.get("CI") == "true":
            raise RuntimeError("PgBouncer is not installed: apt-get install pgbouncer.")
        pytest.skip("PgBouncer is not installed (apt-get install pgbouncer)")
    port = free_port()
    config = server.folder / "pgbouncer.ini"
    config.write_text(
        _CONFIG.format(
            database=SHOP,
            server_port=server.port,
            user=SUPERUSER,
            password=SUPERUSER_PASSWORD,
            port=port,
            ignored=_IGNORED,
        )
    )
    config.chmod(0o644)
    command = [program, "-q", str(config)]
    if os.geteuid() == 0:
        command[1:1] = ["-u", "nobody"]
    with (folder / "pgbouncer.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_for(process, port, folder / "pgbouncer.log")
        yield {**server.params(user=SUPERUSER), "port": port, "sslmode": "prefer"}
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    give_up = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"PgBouncer did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)
