"""The sources that stand behind a bad line: one entry for each connector that speaks over a network."""

from collections.abc import Callable
from typing import Any

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """How long things may take, in seconds. ``longest``: query and grace, and the rest for a machine that is
    busy with other things. ``dozens``: how many dozens of questions are asked in a row; ``thin``: of the
    faults in mid-answer every so manieth is tried; ``at_once``: so many bad lines side by side."""

    connect: float = 1.5
    query: float = 3.0
    longest: float = 20.0
    dozens: int = 8
    at_once: int = 8
    thin: int = 1


_WITH_AN_ENGINE = Limits(connect=10.0, query=10.0, longest=60.0, dozens=1, at_once=3, thin=3)
"""Each connection starts a process that reads files, and another one that converts them."""


class Source(msgspec.Struct, frozen=True):
    """``peer`` is the fixture with ``port`` and ``params()``. ``short`` gives the row ``[1]``, ``long`` gives
    ``rows`` rows, the numbers from 1 in any order and a text, and takes some hundred kilobytes.
    ``peer_is_here``: it runs in the test's own process."""

    kind: str
    peer: str
    short: str
    long: str
    rows: int
    peer_is_here: bool = False
    port: str = "port"
    """The peer's attribute of the line that is bad, and the field, unless there is a ``url``."""
    limits: Limits = Limits()
    login: dict[str, str] = {}
    """In place of the peer's usual one."""
    rows_beside: bool = False
    """Rows come over a line of their own; when nobody answers there, over the first one."""

    def port_of(self, peer: Any) -> int:
        return int(getattr(peer, self.port))

    def params(self, peer: Any, port: int) -> dict[str, Any]:
        params: Callable[..., dict[str, Any]] = peer.params
        if "url" in params():
            return params(url=f"http://127.0.0.1:{port}", **self.login)
        return {**params(), self.port: port}


_NUMBERS = "SELECT i AS n, 'some text that fills the line' AS t FROM numbers WHERE i <= 20000"

SOURCES = {
    "postgresql": Source(
        "postgresql",
        "postgres",
        "SELECT 1 AS n",
        "SELECT g AS n, repeat('x', 20) AS t FROM generate_series(1, 20000) AS g",
        20_000,
    ),
    "clickhouse": Source(
        "clickhouse",
        "clickhouse",
        "SELECT 1 AS n",
        "SELECT number + 1 AS n, hex(sipHash64(number)) AS t FROM system.numbers LIMIT 20000",
        20_000,
    ),
    "oracle": Source("oracle", "oracle", "SELECT 1 AS n FROM dual", _NUMBERS, 20_000, peer_is_here=True),
    "sqlserver": Source("sqlserver", "sqlserver", "SELECT 1 AS n", _NUMBERS, 20_000, peer_is_here=True),
    "tableau": Source(
        "tableau",
        "tableau",
        "SELECT n FROM numbers.one",
        "SELECT n, t FROM numbers.many",
        20_000,
        peer_is_here=True,
        limits=_WITH_AN_ENGINE,
        # a token has one session at a time, which all lines would take from each other
        login={"token_name": "", "token_secret": "", "user": "asha", "password": "hush-word"},
    ),
    "google_drive": Source(
        "google_drive",
        "google_drive",
        "SELECT n FROM one",
        "SELECT n, t FROM many",
        20_000,
        peer_is_here=True,
        limits=_WITH_AN_ENGINE,
    ),
}

ROWS_BESIDE = {
    "clickhouse over http": msgspec.structs.replace(
        SOURCES["clickhouse"], port="http_port", rows_beside=True
    ),
}
"""Here the connection itself stays good; only the rows come over the bad line."""
