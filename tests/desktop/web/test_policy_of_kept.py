"""Kept answers end with what allowed them: real backend, real roles."""

from pathlib import Path
from typing import Any

from server.connectors import KINDS
from shared.backend_client import BackendClient
from tests.server.running import start


def seen(rows: str) -> dict[str, Any]:
    return {"connection": "shops", "tables": [{"table": "sales", "rows": rows}]}


def test_what_was_kept_is_forgotten_when_the_role_sees_less_and_only_then(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "sales.csv").write_text("zone,net_amount\nNorth,1\nSouth,2\n", encoding="utf-8")
    backend = start(tmp_path, KINDS.values())
    try:
        made = {"name": "shops", "type": "filesystem", "params": {"root": str(data)}}
        assert backend.ask("POST", "/api/connections", made).status == 201
        role = {"name": "clerk", "permissions": ["db_read"], "policies": [seen("")]}
        assert backend.ask("POST", "/api/roles", role).status == 201
        key = backend.key(roles=["clerk"])
        with BackendClient(backend.url, key, cache_path=tmp_path / "cache") as client:
            client.execute_query("shops", "SELECT * FROM sales")
            assert not client.forget_what_is_hidden_now()
            assert not client.forget_what_is_hidden_now()
            assert client.get_from_cache("shops", "SELECT * FROM sales") is not None
            narrower = {"policies": [seen("zone = 'North'")]}
            answered = backend.ask("PUT", "/api/roles/clerk", narrower)
            assert answered.status < 300, answered.body
            assert client.forget_what_is_hidden_now()
            assert client.get_from_cache("shops", "SELECT * FROM sales") is None
    finally:
        backend.stop()
