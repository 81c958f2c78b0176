"""PostgreSQL through the backend, beside the plain driver and psql."""

import os
import subprocess
import time
from pathlib import Path

from tests.bench import backend, bare
from tests.bench.measuring import Figures, Way, compared
from tests.bench.workload import Workload
from tests.peers.postgres import SUPERUSER, SUPERUSER_PASSWORD, PostgresServer

_TABLE = """
CREATE TABLE lines AS SELECT i::int AS line_id, date '2024-04-01' + i % 730 AS sold_on, i % 400 AS store_id,
    'Item ' || i % 5000 AS item, i % 7 AS quantity, (i * 37 % 1000000 / 100.0)::numeric(12, 2) AS net,
    i * 0.25::float8 AS discount
FROM generate_series(1, {rows}) i
"""


def measured(folder: Path, *, rows: int, rounds: int) -> list[Workload]:
    server = PostgresServer()
    try:
        server.execute("CREATE DATABASE shop", database="postgres")
        server.execute(_TABLE.format(rows=rows), "ALTER TABLE lines ADD PRIMARY KEY (line_id)", "ANALYZE")
        params = server.params(user=SUPERUSER)
        with backend.running(folder) as ours, bare.running("pg8000", params) as driver:
            ours.add("bench", "postgresql", params)
            return [
                _one_row(ours, driver, rounds),
                _thousand(ours, driver, rounds),
                _all(ours, driver, server, rows, rounds),
            ]
    finally:
        server.remove()


def _one_row(ours: backend.Backend, driver: bare.Bare, rounds: int) -> Workload:
    sql = "SELECT * FROM lines WHERE line_id = 4711"
    ways: dict[str, Way] = {
        "backend": lambda: ours.short("bench", sql, 150),
        "GET /health": lambda: ours.health(150),
        "pg8000 + json": lambda: driver.ask(sql, 150),
    }
    return Workload("1 row × 7", compared(ways, rounds))


def _thousand(ours: backend.Backend, driver: bare.Bare, rounds: int) -> Workload:
    sql = "SELECT * FROM lines WHERE line_id <= 1000"
    ways: dict[str, Way] = {
        "backend": lambda: ours.short("bench", sql, 40),
        "pg8000 + json": lambda: driver.ask(sql, 15),
    }
    return Workload("1,000 rows × 7", compared(ways, rounds))


def _all(
    ours: backend.Backend, driver: bare.Bare, server: PostgresServer, rows: int, rounds: int
) -> Workload:
    sql = "SELECT * FROM lines"
    ways: dict[str, Way] = {
        "backend": lambda: ours.long("bench", sql, rows),
        "psql COPY": lambda: _psql(server, f"COPY ({sql}) TO STDOUT"),
        "pg8000 + json (a tenth of it, times 10)": lambda: _ten_times(
            driver.ask(f"{sql} LIMIT {rows // 10}", 1)
        ),
    }
    return Workload(f"{rows:,} rows × 7", compared(ways, rounds))


def _ten_times(figures: Figures) -> Figures:
    """A driver that makes an object of every cell takes too long, and too much memory, for all of it."""

    def ten(value: float | None) -> float | None:
        return None if value is None else value * 10

    seconds = figures.seconds * 10
    return Figures(seconds, seconds, ten(figures.cpu_seconds), ten(figures.growth_mb))


def _psql(server: PostgresServer, sql: str) -> Figures:
    command = [
        str(server.tool("psql")),
        "-h",
        server.host,
        "-p",
        str(server.port),
        "-U",
        SUPERUSER,
        "-qAtc",
        sql,
    ]
    environment = {**os.environ, "PGPASSWORD": SUPERUSER_PASSWORD}
    began = time.perf_counter()
    subprocess.run([*command, "shop"], env=environment, stdout=subprocess.DEVNULL, check=True)
    return Figures(time.perf_counter() - began)
