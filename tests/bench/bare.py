"""A bare process that asks a driver and writes JSON, and does nothing else: what the backend is measured by.

``python -m tests.bench.bare pg8000 '{"host": …}'``; then a line of JSON in, a line of JSON out.
"""

import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.measuring import Figures, Meter, Process

Rows = Callable[[str], Any]


class Bare:
    """The process, seen from the one that measures. ``behind``: whose CPU is counted too."""

    def __init__(self, process: "subprocess.Popen[str]", *behind: Process) -> None:
        self._process = process
        self._figures = Process(process.pid)
        self._meter = Meter(self._figures, *behind)

    def ask(self, sql: str, times: int) -> Figures:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("The process has no pipes.")
        self._figures.mark_memory()
        cpu = self._meter.read()
        self._process.stdin.write(json.dumps({"sql": sql, "times": times}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        each = self._meter.since(cpu, times=times)
        seconds = msgspec.json.decode(answer, type=float)
        return Figures(seconds, seconds, each, self._figures.growth_mb())


@contextlib.contextmanager
def running(driver: str, params: dict[str, Any], *behind: Process) -> Iterator[Bare]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare", driver, json.dumps(params)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Bare(process, *behind)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait(60)


def _pg8000(params: dict[str, Any]) -> Rows:
    import pg8000.native

    connection = pg8000.native.Connection(**params)
    return connection.run  # type: ignore[no-any-return]


def _duckdb(params: dict[str, Any]) -> Rows:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    for file in sorted(Path(params["root"]).glob("*.parquet")):
        connection.execute(f"CREATE VIEW {file.stem} AS SELECT * FROM read_parquet('{file}')")
    for file in sorted(Path(params["root"]).glob("*.csv")):
        connection.execute(f"CREATE VIEW {file.stem} AS SELECT * FROM read_csv('{file}')")
    return lambda sql: connection.execute(sql).fetchall()


def _clickhouse(params: dict[str, Any]) -> Rows:
    """The number of bytes: written block by block, for all rows at once would take gigabytes."""
    from clickhouse_driver import Client

    encoder = msgspec.json.Encoder(decimal_format="number")
    client = Client(**params)

    def written(sql: str) -> int:
        blocks = client.execute_iter(sql, {"max_block_size": 65536}, chunk_size=65536)
        return sum(len(encoder.encode(block)) for block in blocks)

    return written


def _clickhouse_read(params: dict[str, Any]) -> Rows:
    from clickhouse_driver import Client

    client = Client(**params)
    return lambda sql: sum(map(len, client.execute_iter(sql, {"max_block_size": 65536}, chunk_size=65536)))


def _answer(rows: Rows, sql: str, times: int) -> float:
    """The median seconds of asking and writing JSON."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        json.dumps(rows(sql), default=str).encode()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _main(driver: str, params: str) -> None:
    drivers = {
        "clickhouse": _clickhouse,
        "clickhouse-read": _clickhouse_read,
        "duckdb": _duckdb,
        "pg8000": _pg8000,
    }
    rows = drivers[driver](json.loads(params))
    for line in sys.stdin:
        wish = json.loads(line)
        print(json.dumps(_answer(rows, wish["sql"], wish["times"])), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
