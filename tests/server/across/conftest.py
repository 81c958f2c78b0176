"""A backend with PostgreSQL's shop and a folder of files, for queries across the two."""

from collections.abc import Callable, Iterator

import pytest

from server.connectors import KINDS
from shared.settings import BackendSettings, DatabaseSection, JoinsSection
from tests.peers.postgres import PostgresServer
from tests.server.running import Answered, RunningBackend, start

Ask = Callable[..., Answered]

_FILES = {
    "zones.csv": "zone,manager,target\nEast,Asha,1000.50\nWest,Vikram,2000.25\nNorth,,\nPole,Nobody,0.00\n",
    "hr/people.csv": "person_id,store_id,name,joined\n1,1,Ram,2026-01-05\n2,9,Om,2025-03-07\n",
}


@pytest.fixture(scope="package")
def backend(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[RunningBackend]:
    home = tmp_path_factory.mktemp("across")
    folder = home / "files"
    for name, text in _FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    settings = BackendSettings(
        database=DatabaseSection(max_connections=4, connection_timeout=10),
        joins=JoinsSection(max_rows=15_000, memory_mb=512, disk_mb=256, max_running=2),
    )
    running = start(home, KINDS.values(), settings)
    for name, kind, params in (
        ("shop", "postgresql", postgres.params()),
        ("files", "filesystem", {"root": str(folder)}),
    ):
        made = running.ask("POST", "/api/connections", {"name": name, "type": kind, "params": params})
        assert made.status == 201, made.body
    yield running
    running.stop()


@pytest.fixture(scope="package")
def ask(backend: RunningBackend) -> Ask:
    def asked(
        sql: str, *, key: str | None = None, accept: str = "application/json", **more: object
    ) -> Answered:
        body = {"connection": "*", "query": sql, **more}
        return backend.ask(
            "POST", "/api/query", body, key=key, headers={"Accept": accept, "Cache-Control": "no-cache"}
        )

    return asked
