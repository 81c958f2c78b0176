"""What an account may do beyond reading is found out without asking, told with what mends it, and kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.connectors import filesystem
from server.connectors import postgres as postgres_connector
from tests.peers.postgres import SUPERUSER, PostgresServer
from tests.server.running import RunningBackend, lines_of, start, wait_until


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[RunningBackend]:
    running = start(tmp_path / "home", [postgres_connector.KIND, filesystem.KIND])
    yield running
    running.stop()


def _details(home: Path) -> list[str]:
    return [line["detail"] for line in lines_of(home) if line["action"] == "connections.test"]


def made(backend: RunningBackend, name: str, kind: str, params: dict[str, Any]) -> None:
    body = {"name": name, "type": kind, "params": params}
    assert backend.ask("POST", "/api/connections", body).status == 201


def shown(backend: RunningBackend, name: str) -> Any:
    return backend.ask("GET", f"/api/connections/{name}").json


def test_an_account_that_may_too_much_is_told_soon_after_the_connection_is_made(
    backend: RunningBackend, postgres: PostgresServer
) -> None:
    made(backend, "shop", "postgresql", postgres.params(SUPERUSER))
    wait_until(lambda: shown(backend, "shop").get("tested_at"))
    warnings = shown(backend, "shop")["warnings"]
    assert any("superuser" in warning and "NOSUPERUSER" in warning for warning in warnings)
    everything = backend.ask("GET", "/api/connections").json["connections"]
    assert everything[0]["warnings"] == warnings
    # a change of the account is found out anew, and a reading one has no warnings
    assert backend.ask("PUT", "/api/connections/shop", {"params": postgres.params()}).status == 200
    wait_until(lambda: shown(backend, "shop").get("warnings") == [])


def test_a_test_keeps_what_it_found_and_leaves_it_on_record(
    backend: RunningBackend, postgres: PostgresServer, tmp_path: Path
) -> None:
    made(backend, "shop", "postgresql", postgres.params())
    postgres.execute("GRANT INSERT ON stores TO reader")
    try:
        tested = backend.ask("POST", "/api/connections/shop/test").json
    finally:
        postgres.execute("REVOKE INSERT ON stores FROM reader")
    assert "REVOKE INSERT" in tested["warnings"][0]
    wait_until(lambda: _details(tmp_path / "home") == ["1 warnings"])
    pool = shown(backend, "shop")["pool"]
    assert backend.ask("POST", "/api/connections/shop/test").json["warnings"] == []
    assert shown(backend, "shop")["warnings"] == []
    assert shown(backend, "shop")["pool"]["opened"] == pool["opened"]  # the pool goes on


def test_what_cannot_be_reached_is_not_known_and_says_so(backend: RunningBackend, tmp_path: Path) -> None:
    params = {"host": "127.0.0.1", "port": 1, "database": "d", "user": "u", "password": "hidden"}
    made(backend, "away", "postgresql", params)
    (tmp_path / "files").mkdir()
    made(backend, "files", "filesystem", {"root": str(tmp_path / "files")})
    assert backend.ask("POST", "/api/connections/away/test").status == 503
    for name in ("away", "files"):
        found = shown(backend, name)
        assert (found.get("warnings"), found.get("tested_at")) == (None, None)
