"""A new master key while the backend serves: every secret opens, at every moment, and the old key goes."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from server.app import build
from server.cli import main
from server.rotation import rotate
from server.store.connections import ConnectionRow, ConnectionStore
from server.store.state import now, open_state
from server.vault import Vault, fresh_key, key_in, open_vault
from shared.errors import SettingsInvalid, VaultClosed
from shared.settings import BackendSettings
from tests.server.processes import BackendProcess, run
from tests.server.running import wait_until

COUNT = 5


def purpose(number: int) -> str:
    return f"connection:c{number}"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With a state, a key, and some connections."""
    folder = tmp_path / "home"
    state, backend = build(BackendSettings(), folder)
    backend.audit.close()
    store = ConnectionStore(state)
    for number in range(COUNT):
        sealed = backend.vault.seal(purpose(number), {"password": f"secret {number}"})
        params = {"host": "127.0.0.1", "port": 1, "database": "d", "user": "u"}
        store.add(ConnectionRow(f"c{number}", "postgresql", params, sealed, "", now(), now()))
    state.close()
    return folder


def secrets_in(home: Path, vault: Vault) -> list[str]:
    state = open_state("", home)
    try:
        rows = ConnectionStore(state).everything()
        return [vault.open(purpose(n), rows[f"c{n}"].sealed)["password"] for n in range(COUNT)]
    finally:
        state.close()


def vault_of(home: Path) -> Vault:
    return open_vault(home / ".key", create=False)


def assert_(value: object) -> None:
    assert value


ALL = [f"secret {number}" for number in range(COUNT)]


def test_a_new_key_seals_everything_and_the_old_one_opens_nothing_when_it_is_gone(home: Path) -> None:
    before = key_in(home / ".key")
    old = Vault(before, "the old one")
    first = rotate("", home, {}, wait=lambda _: None)
    assert first.texts >= COUNT + 1
    assert key_in(home / ".key").split()[1:] == before.split()
    assert (home / ".key").stat().st_mode & 0o777 == 0o600
    assert secrets_in(home, vault_of(home)) == ALL
    with pytest.raises(VaultClosed):
        secrets_in(home, old)
    rotate("", home, {}, drop_old=True, wait=lambda _: None)
    assert len(key_in(home / ".key").split()) == 1
    assert secrets_in(home, vault_of(home)) == ALL
    state, backend = build(BackendSettings(), home)  # the mark fits too
    backend.audit.close()
    state.close()


def test_sealed_settings_are_sealed_anew(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMART_HOME", str(home))
    monkeypatch.setattr("server.rotation.SETTLED_SECONDS", 0)
    plain, sealed = tmp_path / "c.yaml", tmp_path / "c.enc"
    plain.write_text("server: {port: 0}")
    assert main(["seal-config", str(plain)]) == 0
    before = sealed.read_bytes()
    assert main(["rotate-key", "--config", str(sealed), "--drop-old"]) == 0
    assert sealed.read_bytes() != before
    assert vault_of(home).open_sealed(sealed) == b"server: {port: 0}"


@pytest.mark.parametrize("spoil", ["lost", "wrong", "malformed", "readable", "link"])
def test_a_key_that_does_not_fit_is_one_sentence_and_changes_nothing(
    home: Path, spoil: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMART_HOME", str(home))
    key = home / ".key"
    good = key.read_bytes()
    match spoil:
        case "lost":
            key.unlink()
        case "wrong":
            key.write_text(fresh_key())
        case "malformed":
            key.write_text("no key")
        case "readable":
            key.chmod(0o644)
        case "link":
            key.rename(home / "elsewhere")
            key.symlink_to(home / "elsewhere")
    kept = key.read_bytes() if key.exists() else None
    assert main(["rotate-key"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "master key" in err
    assert "Traceback" not in err
    assert (key.read_bytes() if key.exists() else None) == kept
    with sqlite3.connect(home / "backend" / "state.db") as connection:
        sealed = [text for (text,) in connection.execute("SELECT sealed FROM connections")]
    assert len([Vault(good, "it").open(purpose(n), text) for n, text in enumerate(sealed)]) == COUNT


def test_a_folder_that_others_may_change_is_refused(home: Path) -> None:
    home.chmod(0o777)
    with pytest.raises(VaultClosed, match=r"folder .* can be changed by others"):
        vault_of(home)
    home.chmod(0o700)


def test_a_key_from_elsewhere_is_rotated_by_whoever_keeps_it(home: Path, tmp_path: Path) -> None:
    old, new = key_in(home / ".key").decode().strip(), fresh_key()
    file = tmp_path / "given"
    file.write_text(old)
    environ = {"VMART_MASTER_KEY_FILE": str(file)}
    with pytest.raises(SettingsInvalid, match="not ours to write"):
        rotate("", home, environ, wait=lambda _: None)
    file.write_text(f"{new}\n{old}\n")
    assert rotate("", home, environ, wait=lambda _: None).texts >= COUNT
    with pytest.raises(SettingsInvalid, match="take the others away"):
        rotate("", home, environ, drop_old=True, wait=lambda _: None)
    assert secrets_in(home, Vault(new.encode(), "the new one")) == ALL


def test_a_credential_of_systemd_is_the_key_when_no_variable_says_otherwise(
    home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "master.key").write_bytes(key_in(home / ".key"))
    (home / ".key").unlink()
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}
    vault = open_vault(home / ".key", create=False, environ=environ)
    assert secrets_in(home, vault) == ALL
    (folder / "master.key").unlink()
    with pytest.raises(VaultClosed, match="is missing"):
        open_vault(home / ".key", create=False, environ=environ)


def test_whoever_has_the_old_key_in_memory_reads_the_new_one_when_it_needs_it(home: Path) -> None:
    worker = vault_of(home)
    rotate("", home, {}, drop_old=True, wait=lambda _: assert_(worker.refresh()))
    assert secrets_in(home, worker) == ALL
    late = vault_of(home)
    rotate("", home, {}, wait=lambda _: None)
    assert secrets_in(home, late) == ALL  # it did not refresh before


def test_what_a_worker_seals_with_the_old_key_meanwhile_is_sealed_anew(home: Path) -> None:
    worker = vault_of(home)

    def seals_late(_seconds: float) -> None:
        state = open_state("", home)
        row = ConnectionStore(state).everything()["c0"]
        late = worker.seal(purpose(0), {"password": "changed"})
        ConnectionStore(state).replace(msgspec.structs.replace(row, sealed=late))
        state.close()

    rotate("", home, {}, drop_old=True, wait=seals_late)
    assert secrets_in(home, vault_of(home)) == ["changed", *ALL[1:]]


def test_a_key_of_another_state_is_not_taken_over_by_who_serves(home: Path) -> None:
    worker = vault_of(home)
    (home / ".key").write_text(fresh_key())
    with pytest.raises(VaultClosed, match="nothing here was sealed with"):
        worker.refresh()
    assert secrets_in(home, worker) == ALL


_AT_ONCE = """
import sys
from pathlib import Path
from server import rotation
from tests.server.killed_at_each_step import run
rotation.SETTLED_SECONDS = 0
print(run(Path(sys.argv[1]), sys.argv[2:]))
"""


def test_killed_at_any_step_every_secret_still_opens(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    folder.mkdir()
    home.rename(folder / "before")
    done = subprocess.run(
        [sys.executable, "-c", _AT_ONCE, str(folder), "rotate-key", "--drop-old"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    steps = int(done.stdout)
    assert steps > 5
    for step in range(1, steps + 1):
        left = folder / f"killed-{step}"
        assert secrets_in(left, vault_of(left)) == ALL, step


def test_four_workers_go_on_serving_while_the_key_is_rotated(tmp_path: Path) -> None:
    backend = BackendProcess(tmp_path / "home", server="{port: 0, workers: 4}")
    params = {"host": "127.0.0.1", "port": 1, "database": "d", "user": "u"}
    made = {"name": "pg", "type": "postgresql", "params": {**params, "password": "p"}}
    backend.ask("POST", "/api/connections", made)
    stop = threading.Event()
    trouble: list[object] = []

    def asks() -> None:
        while not stop.is_set():
            try:
                assert len(backend.ask("GET", "/api/connections")["connections"]) == 1
                backend.ask("PUT", "/api/connections/pg", {"params": {**params, "password": "q"}})
            except Exception as error:  # noqa: BLE001 - told below
                trouble.append(error)

    asking = threading.Thread(target=asks)
    asking.start()

    def rotated() -> bool:
        code, out, err = run(backend.home, "rotate-key", "--drop-old", "--config", str(backend.config))
        if code == 1:  # a worker of a busy machine has not looked at the key for some seconds
            assert "The older keys stay where they are. Run this again." in err
            return False
        assert (code, err) == (0, "")
        assert "The older keys are gone" in out
        return True

    try:
        wait_until(rotated, 180)
    finally:
        stop.set()
        asking.join()
    assert trouble == []
    wait_until(lambda: len([line for line in backend.lines if "Another master key is in use" in line]) >= 4)
    for _ in range(8):  # without a password again, so the kept one is opened
        backend.ask("PUT", "/api/connections/pg", {"params": params})
    assert not any("Traceback" in line for line in backend.lines)
    assert backend.stop() == 0, "".join(backend.lines[-40:])
