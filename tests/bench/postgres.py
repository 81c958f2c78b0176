"""PostgreSQL through the backend, beside other query servers, the plain driver and psql."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench import backend, bare, datasette, floor, governed, idle, load, toolbox
from tests.bench.installing import Unavailable
from tests.bench.measuring import Figures, Process, Way, compared
from tests.bench.wire import Ask, Server
from tests.bench.workload import Workload
from tests.peers.postgres import SUPERUSER, SUPERUSER_PASSWORD, PostgresServer

_TABLE = """
CREATE TABLE lines AS SELECT i::int AS line_id, date '2024-04-01' + i % 730 AS sold_on, i % 400 AS store_id,
    'Item ' || i % 5000 AS item, i % 7 AS quantity, (i * 37 % 1000000 / 100.0)::numeric(12, 2) AS net,
    i * 0.25::float8 AS discount
FROM generate_series(1, {rows}) i
"""
_ONE = "SELECT * FROM lines WHERE line_id = {}"
_THOUSAND = "SELECT * FROM lines WHERE line_id BETWEEN {0} AND {0} + 999"
_ALL = "SELECT * FROM lines"
_WORKERS = 2


class _Contest:
    """The servers under measure. ``toolbox`` and ``datasette`` are None where they cannot be had."""

    def __init__(self, server: PostgresServer, folder: Path, rows: int, rounds: int) -> None:
        self.server, self.folder, self.rows, self.rounds = server, folder, rows, rounds
        self.ours: backend.Backend
        self.several: backend.Backend
        self.governed: backend.Backend
        self.driver: bare.Bare
        self.floor: Server
        self.toolbox: Server | None = None
        self.datasette: Server | None = None
        self.skipped: list[str] = []

    @contextlib.contextmanager
    def everybody(self) -> Iterator[None]:
        params = self.server.params(user=SUPERUSER)
        database = Process(self.server.pid)
        with contextlib.ExitStack() as open_ones:
            enter = open_ones.enter_context
            self.ours = enter(backend.running(self.folder / "one", database))
            self.several = enter(backend.running(self.folder / "several", database, workers=_WORKERS))
            strict = enter(
                backend.running(self.folder / "strict", database, workers=_WORKERS, more=governed.SETTINGS)
            )
            for ours in (self.ours, self.several, strict):
                ours.add("bench", "postgresql", params)
            self.governed = governed.caller_of(strict)
            self.driver = enter(bare.running("pg8000", params, database))
            self.floor = enter(floor.running(self.folder, params, _ONE.format("$1"), database))
            statements = {"one": _ONE.format("$1"), "thousand": _THOUSAND.format("$1"), "all": _ALL}
            try:
                self.toolbox = enter(toolbox.running(self.folder, params, statements, database))
            except Unavailable as reason:
                self.skipped.append(f"MCP Toolbox is left out: {reason}.")
            try:
                self.datasette = enter(datasette.running(self.folder, self.rows))
            except Unavailable as reason:
                self.skipped.append(f"Datasette is left out: {reason}.")
            yield

    def one_row(self) -> Workload:
        ways: dict[str, Way] = {"backend": lambda: self.ours.short(self._one(self.ours), 400)}
        if (google := self.toolbox) is not None:
            ways["MCP Toolbox"] = lambda: google.short(toolbox.ask("one", id="%d"), 400)
        if (simon := self.datasette) is not None:
            ways["Datasette"] = lambda: simon.short(datasette.ask(_ONE.format(":id")), 200)
        ways["pg8000 + json"] = lambda: self.driver.ask(_ONE.format(4711), 400)
        ways["GET /health"] = lambda: self.ours.health(400)
        ways["uvloop and the same batch, no work between"] = lambda: self.floor.short(floor.ASK, 400)
        return Workload("1 row × 7", compared(ways, self.rounds))

    def governance(self) -> Workload:
        """Addresses, rates that two workers count, a user's row filter and mask; and an administrator's key
        without any of that."""
        ways: dict[str, Way] = {
            "backend, all switched on": lambda: self.governed.short(self._one(self.governed), 400),
            "backend, none of it": lambda: self.several.short(self._one(self.several), 400),
        }
        return Workload("1 row, governed", compared(ways, max(self.rounds, 3)))

    def thousand(self) -> Workload:
        ask = self.ours.ask("bench", _THOUSAND.format(":id"), id="%d")
        ways: dict[str, Way] = {"backend": lambda: self.ours.short(ask, 60)}
        if (google := self.toolbox) is not None:
            ways["MCP Toolbox"] = lambda: google.short(toolbox.ask("thousand", id="%d"), 40)
        if (simon := self.datasette) is not None:
            ways["Datasette"] = lambda: simon.short(datasette.ask(_THOUSAND.format(":id")), 40)
        ways["pg8000 + json"] = lambda: self.driver.ask(_THOUSAND.format(1), 15)
        return Workload("1,000 rows × 7", compared(ways, self.rounds))

    def all_rows(self) -> Workload:
        ask = self.ours.ask(
            "bench", _ALL, max_rows=self.rows + 1, expected=f'"row_count":{self.rows},'.encode()
        )
        ways: dict[str, Way] = {
            "backend": lambda: self.ours.long(ask),
            "psql COPY": lambda: _psql(self.server, f"COPY ({_ALL}) TO STDOUT"),
        }
        if (google := self.toolbox) is not None:
            ways["MCP Toolbox"] = lambda: google.long(toolbox.ask("all"))
        if (simon := self.datasette) is not None:
            ways["Datasette"] = lambda: simon.long(datasette.ask(_ALL))
        ways["pg8000 + json (a tenth of it, times 10)"] = lambda: _ten_times(
            self.driver.ask(f"{_ALL} LIMIT {self.rows // 10}", 1)
        )
        return Workload(f"{self.rows:,} rows × 7", compared(ways, self.rounds))

    def formats(self) -> Workload:
        """The same rows as files; NDJSON, which passes through, is what the others are measured by."""
        types = {
            "NDJSON": ("application/x-ndjson", b'"row_count":'),
            "CSV": ("text/csv", f"{self.rows},".encode()),
            "Arrow": ("application/vnd.apache.arrow.stream", b"row_count"),
            "Parquet": ("application/vnd.apache.parquet", b"PAR1"),
        }
        asks = {
            f"backend, {name}": self.ours.ask(
                "bench",
                f"{_ALL} ORDER BY line_id",
                max_rows=self.rows + 1,
                expected=expected,
                accept=media_type,
            )
            for name, (media_type, expected) in types.items()
        }
        ways: dict[str, Way] = {
            name: lambda ask=ask: self.ours.long(ask)  # type: ignore[misc]
            for name, ask in asks.items()
        }
        for ask in asks.values():  # the packages are loaded when they are first needed
            self.ours.long(ask)
        return Workload(f"{self.rows:,} rows × 7, as a file", compared(ways, self.rounds))

    def crowd(self, name: str, most: int) -> Workload:
        """64 clients ask for one row of the first ``most``."""
        seconds = 4 if self.rounds > 1 else 2

        def put_on(server: Server, ask: Ask) -> Way:
            load.warm_up(server, ask, self.folder)
            return lambda: load.put_on(server, ask, self.folder, most=most, seconds=seconds)

        same = most == 1
        ways = {
            f"backend, {_WORKERS} workers": put_on(self.several, self._one(self.several, from_cache=same))
        }
        if self.toolbox is not None:
            ways["MCP Toolbox"] = put_on(self.toolbox, toolbox.ask("one", id="%d"))
        if self.datasette is not None and not same:
            ways["Datasette"] = put_on(self.datasette, datasette.ask(_ONE.format(":id")))
        ways["backend, 1 worker"] = put_on(self.ours, self._one(self.ours, from_cache=same))
        return Workload(name, compared(ways, min(self.rounds, 3)))

    def idle_agents(self) -> Workload:
        seconds = 15 if self.rounds > 1 else 5
        ways: dict[str, Way] = {"backend": lambda: idle.watched(self.ours, seconds=seconds)}
        return Workload(f"{idle.AGENTS:,} idle agents (CPU of 1 s; all memory)", compared(ways, 1))

    def _one(self, ours: backend.Backend, *, from_cache: bool = False) -> Ask:
        return ours.ask("bench", _ONE.format(":id"), from_cache=from_cache, id="%d")


def measured(folder: Path, *, rows: int, rounds: int) -> tuple[list[Workload], list[str]]:
    """And what was left out, a sentence each."""
    server = PostgresServer()
    try:
        server.execute("CREATE DATABASE shop", database="postgres")
        server.execute(_TABLE.format(rows=rows), "ALTER TABLE lines ADD PRIMARY KEY (line_id)")
        server.execute("VACUUM ANALYZE lines")
        contest = _Contest(server, folder, rows, rounds)
        with contest.everybody():
            found = [contest.one_row(), contest.governance(), contest.thousand()]
            found += [contest.all_rows(), contest.formats()]
            try:
                found.append(contest.crowd("64 clients, 1 row each", rows))
                found.append(contest.crowd("64 clients, the same question", 1))
            except Unavailable as reason:
                contest.skipped.append(f"64 clients are left out: {reason}.")
            found.append(contest.idle_agents())
        return found, contest.skipped
    finally:
        server.remove()


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
    database = Process(server.pid)
    cpu, own = database.cpu_seconds(), os.times()
    began = time.perf_counter()
    subprocess.run([*command, "shop"], env=environment, stdout=subprocess.DEVNULL, check=True)
    seconds = time.perf_counter() - began
    used, after = database.cpu_seconds(), os.times()
    if cpu is None or used is None:
        return Figures(seconds)
    client = after.children_user + after.children_system - own.children_user - own.children_system
    return Figures(seconds, cpu_seconds=used - cpu + client)
