"""A restore that is killed before any single step of it leaves the old state or the new one, whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.app import build
from server.backup import back_up
from server.restore import restore
from shared.settings import BackendSettings
from tests.server.processes import BackendProcess

ROOT = Path(__file__).parents[2]
SETTINGS = BackendSettings()


def made(home: Path, name: str) -> None:
    """A state with a vault, one key and one sealed thing."""
    state, backend = build(SETTINGS, home)
    backend.keys.create(name, roles=["admin"])
    backend.audit.close()
    state.close()


def names_in(home: Path) -> list[str]:
    """Opens the state and its vault as a backend does."""
    state, backend = build(SETTINGS, home)
    try:
        return [row.name for row in backend.keyring.rows()]
    finally:
        backend.audit.close()
        state.close()


def killed(folder: Path, *words: str) -> list[Path]:
    script = ROOT / "tests" / "server" / "killed_at_each_step.py"
    done = subprocess.run(
        [sys.executable, str(script), str(folder), *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    return [folder / f"killed-{step}" for step in range(1, int(done.stdout) + 1)]


@pytest.mark.skipif(sys.platform == "win32", reason="it forks and sends SIGKILL")
@pytest.mark.parametrize("running", [False, True])
def test_a_restore_killed_at_any_step_leaves_the_old_state_or_the_new(tmp_path: Path, running: bool) -> None:
    """``running``: the old state was left by a backend that was killed, with its log beside it."""
    before, other = tmp_path / "before", tmp_path / "other"
    made(before, "old")
    made(other, "new")
    back_up(SETTINGS, other, tmp_path / "saved", None)
    old = ["old"]
    if running:
        backend = BackendProcess(before)
        (before / "administrator.key").write_text(new_key(before))
        backend.ask("GET", "/api/connections")
        backend.stop(9)
        assert (before / "backend" / "state.db-wal").stat().st_size
        old = ["old", "late"]
    homes = killed(tmp_path, "restore", "--from", str(tmp_path / "saved"), "--replace")
    assert len(homes) > 20
    found = [names_in(home) for home in homes]
    assert all(names in (old, ["new"]) for names in found), found
    assert found[0] == old
    assert found[-1] == ["new"]
    for home in homes:
        restore(SETTINGS, home, tmp_path / "saved", str, replace=True)
        assert names_in(home) == ["new"]
        assert (home / ".key").read_bytes() == (other / ".key").read_bytes()
        assert not list((home / "backend").glob(".*-at-work-*"))


def new_key(home: Path) -> str:
    """Made beside the backend that runs: it lies in the log when that is killed."""
    words = ["generate-key", "--name", "late", "--roles", "admin"]
    done = subprocess.run(
        [sys.executable, "-m", "server", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        env={"PYTHONPATH": str(ROOT), "VMART_HOME": str(home)},
    )
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="it forks and sends SIGKILL")
def test_a_backup_killed_at_any_step_leaves_no_half_file(tmp_path: Path) -> None:
    made(tmp_path / "before", "old")
    homes = killed(tmp_path, "backup", "--to", "HOME/saved")
    assert len(homes) > 5
    for home in homes:
        assert names_in(home) == ["old"]
        if (home / "saved").exists():
            restore(SETTINGS, home / "new", home / "saved", str, replace=False)
            assert names_in(home / "new") == ["old"]
    assert not (homes[0] / "saved").exists()
    assert (homes[-1] / "saved").exists()
