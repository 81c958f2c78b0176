"""What an earlier version kept goes on with this one; what a later one kept is left as it is.

``data/state_version_1.sql`` is the state of a backend of version 0.1.0, with keys, connections and audit.
A migration that is added gets a dump of the version before it beside that one, and a line in ``KEPT``.
"""

import hashlib
import signal
import sqlite3
from pathlib import Path

import pytest

from server.store.migrations import MIGRATIONS
from tests.peers.postgres import SHOP, SUPERUSER, PostgresServer, password_of
from tests.server.processes import BackendProcess, run
from tests.server.running import lines_of

DATA = Path(__file__).parent / "data"
KEPT = ["state_version_1.sql", "state_version_2.sql", "state_version_3.sql"]

MASTER_KEY = "bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0aGUgdGVzdHM="
ADMINISTRATOR = "vmart_not-a-secret-the-administrator-of-the-testsAqXyvg"
TILL = "vmart_not-a-secret-a-viewer-of-the-tests-upgradesYQvNfg"
REVOKED = "vmart_not-a-secret-a-key-that-has-been-revoked---CE0Wtw"


def kept(home: Path, dump: str, port: int = 5432) -> Path:
    """A home as the earlier version left it; its connection ``shop`` leads to ``port``."""
    (home / "backend").mkdir(parents=True)
    file = home / "backend" / "state.db"
    with sqlite3.connect(file) as state:
        state.executescript((DATA / dump).read_text(encoding="utf-8"))
        state.execute(
            "UPDATE connections SET params = json_set(params, '$.port', ?) WHERE name = 'shop'", [port]
        )
    state.close()
    file.chmod(0o600)
    (home / ".key").write_text(f"{MASTER_KEY}\n")
    (home / ".key").chmod(0o600)
    (home / "administrator.key").write_text(ADMINISTRATOR)
    return file


@pytest.mark.parametrize("dump", KEPT)
def test_keys_connections_and_audit_of_an_earlier_version_go_on(
    tmp_path: Path, postgres: PostgresServer, dump: str
) -> None:
    kept(tmp_path / "home", dump, postgres.port)
    assert SHOP == "shop"
    backend = BackendProcess(tmp_path / "home")
    try:
        keys = {known["name"]: known for known in backend.ask("GET", "/api/keys")["keys"]}
        assert set(keys) >= {"administrator", "till 5"}
        assert keys["till 5"]["permissions"] == ["connections_read", "db_read"]
        assert keys["till 5"]["expires_at"].startswith("2099-03-31")
        connections = {
            known["name"]: known for known in backend.ask("GET", "/api/connections")["connections"]
        }
        assert set(connections) == {"files", "shop"}
        assert connections["shop"]["description"] == "The shop of the tests"
        # The password of the connection was sealed by the earlier version.
        query = {"connection": "shop", "query": "SELECT 41 + 1 AS n"}
        assert backend.ask("POST", "/api/query", query)["rows"] == [[42]]
        assert backend.status("GET", "/api/connections", TILL) == 200
        assert backend.status("GET", "/api/keys", TILL) == 403
        assert backend.status("GET", "/api/connections", REVOKED) == 401
    finally:
        assert backend.stop() == 0
    lines = lines_of(tmp_path / "home")
    assert [line["id"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[1]["sql_text"] == "SELECT '₹; it''s'; DROP"
    assert lines[-1]["status"] == 401
    with sqlite3.connect(tmp_path / "home" / "backend" / "state.db") as state:
        assert state.execute("SELECT max(number) FROM migrations").fetchone() == (len(MIGRATIONS),)
    state.close()


def test_there_is_a_dump_of_every_earlier_version() -> None:
    versions = range(1, max(len(MIGRATIONS), 2))
    assert [f"state_version_{number}.sql" for number in versions] == KEPT


@pytest.mark.parametrize("left", ["stopped", "killed", "running", "without its index"])
def test_what_a_newer_version_left_is_refused_and_not_one_byte_changes(tmp_path: Path, left: str) -> None:
    """However the newer version ended: the state, its log and the log's index stay as they are."""
    home = tmp_path / "home"
    file = kept(home, KEPT[-1])
    backend = BackendProcess(home)
    newer = sqlite3.connect(file, isolation_level=None)
    newer.execute("INSERT INTO migrations VALUES (?, '2027-01-01')", [len(MIGRATIONS) + 1])
    newer.execute("CREATE TABLE unheard_of (thing TEXT)")
    if left == "stopped":
        newer.close()
    backend.stop(signal.SIGTERM if left == "stopped" else signal.SIGKILL)
    if left in ("killed", "without its index"):
        forget(newer, file)
    if left == "stopped":
        last = sqlite3.connect(file)  # whoever closes the state last puts its log away
        last.execute("SELECT number FROM migrations").fetchall()
        last.close()
    log, index = (file.with_name(file.name + ending) for ending in ("-wal", "-shm"))
    assert log.exists() is (left != "stopped")
    if left == "without its index":
        index.unlink()
    before = contents(home)
    config = tmp_path / "backend_config.yaml"
    config.write_text("server: {port: 0}\n")
    for words in (["serve"], ["generate-key", "--name", "a", "--roles", "viewer"], ["backup"]):
        more = ["--to", str(tmp_path / "saved")] if words == ["backup"] else []
        code, _, err = run(home, *words, *more, "--config", str(config))
        assert (code, len(err.strip().splitlines())) == (1, 1)
        assert "newer version" in err
    after = contents(home)
    if left == "without its index":  # SQLite can only read a log with one, and makes it; it holds no data
        after.pop("backend/state.db-shm", None)
    assert after == before
    assert not (tmp_path / "saved").exists()
    newer.close()


def forget(connection: sqlite3.Connection, file: Path) -> None:
    """Leaves the log where a killed process leaves it: closing would take it into the state."""
    kept_files = {
        other: other.read_bytes() for other in file.parent.iterdir() if other.name.startswith(file.name)
    }
    connection.close()
    for other, data in kept_files.items():
        other.write_bytes(data)


def contents(home: Path) -> dict[str, str]:
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def test_a_newer_state_in_postgresql_is_refused_too(tmp_path: Path, postgres: PostgresServer) -> None:
    postgres.execute("CREATE DATABASE newer_state", database="postgres")
    address = f"{postgres.host}:{postgres.port}/newer_state"
    url = f"postgresql+pg8000://{SUPERUSER}:{password_of(SUPERUSER)}@{address}"
    config = tmp_path / "backend_config.yaml"
    config.write_text(f"server: {{port: 0}}\nstore: {{url: '{url}'}}\n")
    words = ["generate-key", "--name", "a", "--roles", "viewer", "--config", str(config)]
    assert run(tmp_path / "home", *words)[0] == 0
    newer = f"INSERT INTO migrations VALUES ({len(MIGRATIONS) + 1}, '2027-01-01')"
    postgres.execute(newer, database="newer_state")
    code, _, err = run(tmp_path / "home", *words)
    assert (code, len(err.strip().splitlines())) == (1, 1)
    assert "newer version" in err
    assert postgres.execute("SELECT count(*) FROM api_keys", database="newer_state") == [[1]]
