"""The schema of thousands of tables: read from PostgreSQL, given from the cache, searched."""

from pathlib import Path

from tests.bench import backend
from tests.bench.measuring import Figures, Process, compared
from tests.bench.wire import Ask
from tests.bench.workload import Workload
from tests.peers.postgres import SUPERUSER, PostgresServer

_AT_A_TIME = 500
_MAKE = """
DO $$ BEGIN FOR i IN {0}..{1} LOOP
    EXECUTE format('CREATE TABLE %s_%s (id integer PRIMARY KEY, store_id integer, name text,
        net_amount numeric(12, 2), sold_on date, zone text, note text, quantity integer, open boolean,
        changed timestamptz)',
        (array['sales', 'stock', 'returns', 'targets', 'staff', 'bills'])[i % 6 + 1], i);
END LOOP; END $$
"""
_SEARCHES = ("sales", "store id", "net amount 4711", "a", "stcok")


def measured(folder: Path, *, tables: int, rounds: int) -> list[Workload]:
    server = PostgresServer()
    try:
        server.execute("CREATE DATABASE shop", database="postgres")
        for first in range(1, tables + 1, _AT_A_TIME):
            server.execute(_MAKE.format(first, first + _AT_A_TIME - 1))
        server.execute("ANALYZE pg_catalog.pg_class", "ANALYZE pg_catalog.pg_attribute")
        database = Process(server.pid)
        with backend.running(folder, database) as ours:
            ours.add("wide", "postgresql", server.params(user=SUPERUSER))
            ways = {
                "read from PostgreSQL": lambda: ours.long(_ask(ours, "?refresh=1")),
                "from the cache": lambda: ours.short(_ask(ours, ""), 5),
                "searched, a search": lambda: _searched(ours),
            }
            return [Workload(f"schema of {tables:,} tables", compared(ways, rounds))]
    finally:
        server.remove()


def _ask(ours: backend.Backend, query: str) -> Ask:
    return ours.get(f"/api/schema/wide{query}", expected=b'"connection":"wide"')


def _searched(ours: backend.Backend) -> Figures:
    """The slowest of several, since that is what must be quick."""
    asks = [_ask(ours, f"?search={words.replace(' ', '+')}") for words in _SEARCHES]
    return max((ours.short(ask, 5) for ask in asks), key=lambda figures: figures.seconds)
