"""ClickHouse through the backend, by HTTP and by the native protocol, beside the driver."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.bench import backend, bare
from tests.bench.measuring import Way, compared
from tests.bench.workload import Workload
from tests.peers.clickhouse import ADMIN, ClickHouseServer

_TABLE = """
CREATE TABLE lines ENGINE = MergeTree ORDER BY line_id AS SELECT toInt64(number) AS line_id,
    toDate('2024-04-01') + number % 730 AS sold_on, toInt32(number % 400) AS store_id,
    concat('Item ', toString(number % 5000)) AS item, toInt32(number % 7) AS quantity,
    toDecimal64(number * 37 % 1000000, 2) / 100 AS net, number * 0.25 AS discount FROM numbers({rows})
"""
_ALL = "SELECT * FROM lines"


def measured(folder: Path, *, rows: int, rounds: int) -> tuple[list[Workload], list[str]]:
    """And why it was left out, if it was."""
    try:
        server = ClickHouseServer()
    except FileNotFoundError:
        return [], ["ClickHouse is left out: clickhouse-server is not installed."]
    with contextlib.closing(_Removed(server)):
        server.execute(_TABLE.format(rows=rows))
        params = server.params(ADMIN, database="default")
        with backend.running(folder) as ours, _drivers(params) as (whole, alone):
            ours.add("native", "clickhouse", params)
            ours.add("http", "clickhouse", {**params, "http_port": server.http_port})
            end = f'"row_count":{rows},'.encode()
            by_http = ours.ask("http", _ALL, max_rows=rows + 1, expected=end)
            natively = ours.ask("native", _ALL, max_rows=rows + 1, expected=end)
            ways: dict[str, Way] = {
                "backend, HTTP port open": lambda: ours.long(by_http),
                "backend, native protocol only": lambda: ours.long(natively),
                "clickhouse-driver + msgspec": lambda: whole.ask(_ALL, 1),
                "clickhouse-driver, rows thrown away": lambda: alone.ask(_ALL, 1),
            }
            large = Workload(f"ClickHouse: {rows:,} rows × 7", compared(ways, rounds))
            one = "SELECT * FROM lines WHERE line_id = {}"
            small: dict[str, Way] = {
                "backend": lambda: ours.short(ours.ask("http", one.format(":id"), id="%d"), 100),
                "clickhouse-driver + msgspec": lambda: whole.ask(one.format(4711), 100),
            }
            return [large, Workload("ClickHouse: 1 row × 7", compared(small, rounds))], []


class _Removed:
    def __init__(self, server: ClickHouseServer) -> None:
        self.close = server.remove


@contextlib.contextmanager
def _drivers(params: dict[str, object]) -> Iterator[tuple[bare.Bare, bare.Bare]]:
    with bare.running("clickhouse", params) as whole, bare.running("clickhouse-read", params) as alone:
        yield whole, alone
