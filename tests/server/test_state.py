"""Our own state and its key: made once, refused when wrong, never touched when newer."""

import os
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from server.app import build
from server.store.audit import AuditLine, open_trail
from server.store.lock import take_alone
from server.store.migrations import MIGRATIONS
from server.store.state import State, open_state
from server.vault import open_vault
from shared.errors import Conflict, SettingsInvalid, StateTooNew, VaultClosed
from shared.settings import BackendSettings
from tests.peers.postgres import SUPERUSER, PostgresServer, password_of
from tests.server.running import lines_of

KEY = b"k" * 32


def _build(home: Path) -> None:
    state, backend = build(BackendSettings(), home)
    backend.audit.close()
    state.close()


def test_the_first_start_makes_a_key_and_a_state_that_only_we_can_read(tmp_path: Path) -> None:
    _build(tmp_path)
    assert (tmp_path / ".key").stat().st_mode & 0o777 == 0o600
    for file in (tmp_path / "backend").iterdir():
        assert file.stat().st_mode & 0o077 == 0
    _build(tmp_path)


def test_a_state_from_a_newer_version_is_left_byte_for_byte(tmp_path: Path) -> None:
    _build(tmp_path)
    file = tmp_path / "backend" / "state.db"
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO migrations VALUES (?, '')", [len(MIGRATIONS) + 1])
    connection.close()
    before = file.read_bytes()
    with pytest.raises(StateTooNew, match="newer version"):
        _build(tmp_path)
    assert file.read_bytes() == before


def test_a_file_that_is_not_a_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "state.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(SettingsInvalid, match="not a state"):
        _build(tmp_path)


def test_a_backend_does_not_start_while_its_state_is_restored_nor_is_it_restored_while_one_runs(
    tmp_path: Path,
) -> None:
    state, backend = build(BackendSettings(), tmp_path)
    with pytest.raises(Conflict, match="Stop it first"):
        take_alone(tmp_path / "backend")
    backend.audit.close()
    state.close()
    alone = take_alone(tmp_path / "backend")
    with pytest.raises(Conflict, match="being restored"):
        _build(tmp_path)
    alone.close()
    _build(tmp_path)


def test_two_first_starts_at_once_agree(tmp_path: Path) -> None:
    problems: list[Exception] = []

    def start() -> None:
        try:
            _build(tmp_path)
        except Exception as error:  # noqa: BLE001 - it is what the test looks for
            problems.append(error)

    starts = [threading.Thread(target=start) for _ in range(4)]
    for one in starts:
        one.start()
    for one in starts:
        one.join()
    assert not problems
    _build(tmp_path)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    _build(tmp_path)
    (tmp_path / ".key").chmod(0o640)
    with pytest.raises(VaultClosed, match="chmod 600"):
        _build(tmp_path)


def test_a_lost_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    _build(tmp_path)
    (tmp_path / ".key").unlink()
    with pytest.raises(VaultClosed, match="missing"):
        _build(tmp_path)
    assert not (tmp_path / ".key").exists()


@pytest.mark.parametrize("text", [b"", b"nonsense\n", b"A" * 44])
def test_a_damaged_key_is_one_sentence(tmp_path: Path, text: bytes) -> None:
    _build(tmp_path)
    (tmp_path / ".key").write_bytes(text)
    with pytest.raises(VaultClosed):
        _build(tmp_path)


def test_another_key_does_not_open_the_state(tmp_path: Path) -> None:
    _build(tmp_path / "one")
    _build(tmp_path / "two")
    (tmp_path / "one" / ".key").write_bytes((tmp_path / "two" / ".key").read_bytes())
    with pytest.raises(VaultClosed, match="not the one that sealed"):
        _build(tmp_path / "one")


def test_what_an_older_key_sealed_stays_readable_beside_a_newer_one(tmp_path: Path) -> None:
    old = open_vault(tmp_path / "old", create=True)
    sealed = old.seal("till", {"password": "secret"})
    open_vault(tmp_path / "new", create=True)
    both = tmp_path / "both"
    both.write_bytes((tmp_path / "new").read_bytes() + (tmp_path / "old").read_bytes())
    both.chmod(0o600)
    assert open_vault(both, create=False).open("till", sealed) == {"password": "secret"}


def test_what_was_sealed_for_one_connection_does_not_open_for_another(tmp_path: Path) -> None:
    vault = open_vault(tmp_path / ".key", create=True)
    sealed = vault.seal("connection:a", {"password": "secret"})
    with pytest.raises(VaultClosed, match="something else"):
        vault.open("connection:b", sealed)


def test_audit_lines_wait_for_a_state_that_is_locked(tmp_path: Path) -> None:
    state = open_state("", tmp_path)
    trail = open_trail(state, tmp_path / "audit", KEY)
    lock = sqlite3.connect(tmp_path / "backend" / "state.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        assert trail.write(_line())
    lock.execute("ROLLBACK")
    lock.close()
    trail.close()
    state.close()
    assert len(lines_of(tmp_path)) == 3


def test_a_line_with_a_nul_does_not_hold_up_the_others_in_postgresql(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    postgres.execute("CREATE DATABASE audit_state", database="postgres")
    password = password_of(SUPERUSER)
    url = f"postgresql+pg8000://{SUPERUSER}:{password}@{postgres.host}:{postgres.port}/audit_state"
    state = open_state(url, tmp_path)
    trail = open_trail(state, tmp_path / "audit", KEY)
    trail.write(msgspec.structs.replace(_line(), sql_text="SELECT '\0'", connection="a\0b"))
    trail.write(_line())
    trail.close()
    state.close()
    written = postgres.execute("SELECT connection FROM audit ORDER BY id", database="audit_state")
    assert written == [["a\N{REPLACEMENT CHARACTER}b"], ["c"]]


def test_a_full_queue_says_so_instead_of_dropping_lines(tmp_path: Path) -> None:
    state = _Stuck(open_state("", tmp_path))
    trail = open_trail(state, tmp_path / "audit", KEY, waiting_lines=2)
    written = 0
    while trail.write(_line()):
        written += 1
    state.go.set()
    trail.write_slowly(_line())
    trail.close()
    state.close()
    assert len(lines_of(tmp_path)) == written + 1


class _Stuck(State):
    """A state whose transactions wait."""

    def __init__(self, state: State) -> None:
        super().__init__(state._engine)
        self.go = threading.Event()

    def begin(self):  # type: ignore[no-untyped-def]
        self.go.wait(10)
        return super().begin()


def _line() -> AuditLine:
    return AuditLine(
        "2026-11-23", "r", "k", "n", "a", "query.run", "c", "q", "SELECT 1", "t", 1, 200, "", 1.0
    )


def _sound(file: Path) -> bytes:
    _build(file.parent.parent)
    return file.read_bytes()


def _cut(file: Path) -> None:
    file.write_bytes(_sound(file)[:50_000])


def _without_a_table(file: Path) -> None:
    _build(file.parent.parent)
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE api_keys")
    connection.close()


def _of_another_program(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE users (name)")
    connection.close()


def _nowhere(file: Path) -> None:
    file.symlink_to(file.parent / "disk" / "state.db")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_cut, r"state\.db is damaged, or not a state that we wrote\. Restore it from a backup"),
        (_without_a_table, "it lacks api_keys. Restore it from a backup"),
        (_of_another_program, r"state\.db is damaged, or a database of another program"),
        (os.mkfifo, r"state\.db is no file\. Move it away"),
        (os.mkdir, r"state\.db is no file\. Move it away"),
        (_nowhere, r"state\.db is a link to .*, which is not there"),
    ],
)
def test_a_state_that_cannot_be_used_is_told_with_what_to_do(
    damage: Callable[[Path], None], says: str, tmp_path: Path
) -> None:
    (tmp_path / "backend").mkdir()
    damage(tmp_path / "backend" / "state.db")
    with pytest.raises(SettingsInvalid, match=says):
        _build(tmp_path)


def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path) -> None:
    """No file may grow beyond 4 KB, which the state does."""
    done = subprocess.run(
        [sys.executable, "-m", "server", "generate-key", "--name", "x", "--permissions", "db_read"],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"VMART_HOME": str(tmp_path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "state.db" in done.stderr
    assert "Make room" in done.stderr
    assert "Traceback" not in done.stderr
