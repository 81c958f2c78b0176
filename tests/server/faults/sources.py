"""The sources that stand behind a bad line: one entry for each connector that speaks over a network."""

from collections.abc import Callable
from typing import Any

import msgspec


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
    """The field, and the peer's attribute, of the line that is bad."""

    def port_of(self, peer: Any) -> int:
        return int(getattr(peer, self.port))

    def params(self, peer: Any, port: int) -> dict[str, Any]:
        params: Callable[..., dict[str, Any]] = peer.params
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
}

ROWS_BESIDE = {
    "clickhouse over http": msgspec.structs.replace(SOURCES["clickhouse"], port="http_port"),
}
"""Here the connection itself stays good; only the rows come over the bad line."""
