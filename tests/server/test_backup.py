"""Backup and restore by their commands: a backend goes on with what it had, or nothing has changed."""

import os
import pty
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from server.access.keyring import open_keyring
from server.access.keys import Keys
from server.app import build
from server.cli import main
from server.store.migrations import MIGRATIONS
from shared.settings import BackendSettings
from tests.peers.postgres import SUPERUSER, PostgresServer, password_of
from tests.server.processes import BackendProcess, run
from tests.server.running import lines_of

Command = Callable[..., tuple[int, str, str]]

PASSPHRASE = "correct horse battery staple"
QUERY = {"connection": "shop", "query": "SELECT 41 + 1 AS n"}


@pytest.fixture
def passphrase_file(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    return file


@pytest.fixture
def used(tmp_path: Path, postgres: PostgresServer) -> Iterator[BackendProcess]:
    """A backend that runs, with a sealed connection and some audit."""
    backend = BackendProcess(tmp_path / "old")
    body = {"name": "shop", "type": "postgresql", "params": postgres.params()}
    backend.ask("POST", "/api/connections", body)
    assert backend.ask("POST", "/api/query", QUERY)["rows"] == [[42]]
    yield backend
    if backend.process.poll() is None:
        backend.stop(signal.SIGKILL)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """A command in this process: exit code, standard output, standard error."""

    def run_here(home: Path, *words: str) -> tuple[int, str, str]:
        monkeypatch.setenv("VMART_HOME", str(home))
        capsys.readouterr()
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_here


def home_with_a_key(home: Path, name: str) -> str:
    """A state that has one key, and no backend that runs on it."""
    home.mkdir(exist_ok=True)
    with open_keyring(BackendSettings(), home) as keyring:
        return Keys(keyring).create(name, roles=["admin"])[0]


def names_in(home: Path) -> list[str]:
    with open_keyring(BackendSettings(), home) as keyring:
        return sorted(row.name for row in keyring.rows())


@pytest.mark.parametrize("sealed", [False, True])
def test_what_was_saved_while_it_ran_goes_on_in_a_new_folder(
    tmp_path: Path, used: BackendProcess, passphrase_file: Path, sealed: bool
) -> None:
    words = ["--passphrase-file", str(passphrase_file)] if sealed else []
    file = tmp_path / "saved"
    code, out, err = run(used.home, "backup", "--to", str(file), *words)
    assert (code, err) == (0, "")
    assert str(file) in out
    assert ("as it is" in out) is not sealed
    assert file.stat().st_mode & 0o777 == 0o600
    assert (used.home / ".key").read_bytes().strip() in file.read_bytes() or sealed
    assert not list((used.home / "backend").glob(".backup-*"))
    assert used.ask("POST", "/api/query", QUERY)["rows"] == [[42]]
    key = used.key
    assert used.stop() == 0

    fresh = tmp_path / "new"
    code, out, err = run(fresh, "restore", "--from", str(file), *words)
    assert (code, err) == (0, "")
    assert (fresh / ".key").stat().st_mode & 0o777 == 0o600
    assert (fresh / "backend" / "state.db").stat().st_mode & 0o777 == 0o600
    (fresh / "administrator.key").write_text(key)
    again = BackendProcess(fresh)
    try:
        assert again.ask("POST", "/api/query", QUERY)["rows"] == [[42]]
        assert [known["name"] for known in again.ask("GET", "/api/keys")["keys"]] == ["administrator"]
        assert "connections.create" in {line["action"] for line in lines_of(fresh)}
    finally:
        again.stop()


def test_a_backup_amid_writing_is_one_moment_of_it(
    tmp_path: Path, command: Command, used: BackendProcess
) -> None:
    going = threading.Event()

    def write() -> None:
        while not going.is_set():
            used.ask("GET", "/api/connections")

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        for number in range(3):
            code, _, err = command(used.home, "backup", "--to", str(tmp_path / f"saved-{number}"))
            assert (code, err) == (0, "")
    finally:
        going.set()
        for writer in writers:
            writer.join()
    code, _, err = command(tmp_path / "new", "restore", "--from", str(tmp_path / "saved-2"))
    assert (code, err) == (0, "")
    ids = [line["id"] for line in lines_of(tmp_path / "new")]
    assert ids == list(range(1, len(ids) + 1))


def test_nothing_is_restored_under_a_backend_that_runs(
    tmp_path: Path, command: Command, used: BackendProcess
) -> None:
    file = tmp_path / "saved"
    command(used.home, "backup", "--to", str(file))
    before = (used.home / "backend" / "state.db").read_bytes()
    code, out, err = command(used.home, "restore", "--from", str(file), "--replace")
    assert (code, out) == (1, "")
    assert "Stop it first" in err
    assert (used.home / "backend" / "state.db").read_bytes() == before
    assert used.ask("POST", "/api/query", QUERY)["rows"] == [[42]]


def test_a_state_is_replaced_only_when_that_is_said_and_then_kept(tmp_path: Path, command: Command) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home_with_a_key(home, "old")
    home_with_a_key(other, "new")
    assert command(other, "backup", "--to", str(tmp_path / "saved"))[0] == 0
    code, _, err = command(home, "restore", "--from", str(tmp_path / "saved"))
    assert (code, len(err.strip().splitlines())) == (1, 1)
    assert "--replace" in err
    assert names_in(home) == ["old"]
    code, out, err = command(home, "restore", "--from", str(tmp_path / "saved"), "--replace")
    assert (code, err) == (0, "")
    assert names_in(home) == ["new"]
    (aside,) = home.glob("before-restore-*")
    assert str(aside) in out
    assert aside.stat().st_mode & 0o777 == 0o700
    (tmp_path / "back" / "backend").mkdir(parents=True)
    shutil.copy(aside / "state.db", tmp_path / "back" / "backend" / "state.db")
    assert names_in(tmp_path / "back") == ["old"]


def test_what_lay_in_the_log_of_a_killed_backend_is_put_aside_whole(
    tmp_path: Path, command: Command, used: BackendProcess
) -> None:
    key = used.key
    used.stop(signal.SIGKILL)
    assert (used.home / "backend" / "state.db-wal").stat().st_size
    home_with_a_key(tmp_path / "other", "new")
    assert command(tmp_path / "other", "backup", "--to", str(tmp_path / "saved"))[0] == 0
    code, _, err = command(used.home, "restore", "--from", str(tmp_path / "saved"), "--replace")
    assert (code, err) == (0, "")
    assert names_in(used.home) == ["new"]
    (aside,) = used.home.glob("before-restore-*")
    back = tmp_path / "back"
    (back / "backend").mkdir(parents=True)
    shutil.copy(aside / "state.db", back / "backend" / "state.db")
    shutil.copy(aside / "key", back / ".key")
    (back / "administrator.key").write_text(key)
    again = BackendProcess(back)
    try:
        assert again.ask("POST", "/api/query", QUERY)["rows"] == [[42]]
    finally:
        again.stop()


def test_a_state_that_is_broken_is_put_aside_with_all_that_lies_beside_it(
    tmp_path: Path, command: Command
) -> None:
    home = tmp_path / "home"
    (home / "backend").mkdir(parents=True)
    for name in ("state.db", "state.db-wal"):
        (home / "backend" / name).write_text(f"rubble of {name}")
    (home / ".key").write_text("rubble")
    home_with_a_key(tmp_path / "other", "new")
    assert command(tmp_path / "other", "backup", "--to", str(tmp_path / "saved"))[0] == 0
    code, _, err = command(home, "restore", "--from", str(tmp_path / "saved"), "--replace")
    assert (code, err) == (0, "")
    assert names_in(home) == ["new"]
    (aside,) = home.glob("before-restore-*")
    assert sorted(file.name for file in aside.iterdir()) == ["key", "state.db", "state.db-wal"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backup", "--to", "{old}"], "exists already"),
        (["backup", "--to", "{tmp}/nowhere/saved"], "no folder"),
        (["backup", "--to", "{tmp}/saved", "--seal"], "--passphrase-file"),
        (["backup", "--to", "{tmp}/saved", "--passphrase-file", "{tmp}/short"], "at least 12"),
        (["backup", "--to", "{tmp}/saved", "--passphrase-file", "{tmp}/empty"], "empty first line"),
        (["backup", "--to", "{tmp}/saved", "--passphrase-file", "{tmp}/nowhere"], "nowhere"),
        (["restore", "--from", "{tmp}/nowhere"], "no backup"),
        (["restore", "--from", "{tmp}"], "no backup"),
        (["restore", "--from", "{tmp}/short", "--replace"], "not a backup"),
        (["restore", "--from", "{tmp}/empty", "--replace"], "cut off"),
    ],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(
    tmp_path: Path, command: Command, words: list[str], said: str
) -> None:
    home_with_a_key(tmp_path / "home", "old")
    (tmp_path / "old").write_text("an older backup")
    (tmp_path / "short").write_text("abc\n" * 600)
    (tmp_path / "empty").write_text("")
    before = sorted(tmp_path.rglob("*"))
    words = [word.format(tmp=tmp_path, old=tmp_path / "old") for word in words]
    code, out, err = command(tmp_path / "home", *words)
    assert (code, out) == (1, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "old").read_text() == "an older backup"
    assert names_in(tmp_path / "home") == ["old"]


def test_folders_of_a_person_beside_the_state_are_left_alone(tmp_path: Path, command: Command) -> None:
    home = tmp_path / "home"
    home_with_a_key(home, "old")
    for name in ("backup-of-last-year", "restore-me"):
        (home / "backend" / name).mkdir()
        os.utime(home / "backend" / name, (0, 0))
    for name in (".backup-at-work-abc", ".restore-at-work-abc"):
        (home / "backend" / name).mkdir()
        os.utime(home / "backend" / name, (0, 0))
    assert command(home, "backup", "--to", str(tmp_path / "saved"))[0] == 0
    assert command(home, "restore", "--from", str(tmp_path / "saved"), "--replace")[0] == 0
    left = {path.name for path in (home / "backend").iterdir() if path.is_dir()}
    assert left == {"audit", "backup-of-last-year", "restore-me"}


def test_a_home_without_a_state_has_nothing_to_save(tmp_path: Path, command: Command) -> None:
    code, _, err = command(tmp_path / "home", "backup", "--to", str(tmp_path / "saved"))
    assert (code, len(err.strip().splitlines())) == (1, 1)
    assert "no state" in err
    assert not (tmp_path / "saved").exists()


def test_a_state_whose_key_is_lost_is_not_saved_as_if_it_were_whole(
    tmp_path: Path, command: Command, used: BackendProcess
) -> None:
    used.stop()
    (used.home / ".key").rename(tmp_path / "key")
    code, _, err = command(used.home, "backup", "--to", str(tmp_path / "saved"))
    assert (code, len(err.strip().splitlines())) == (1, 1)
    assert "missing" in err
    assert not (tmp_path / "saved").exists()


def test_the_key_alone_is_saved_when_the_state_lies_in_a_database(
    tmp_path: Path, command: Command, postgres: PostgresServer
) -> None:
    postgres.execute("CREATE DATABASE backup_state", database="postgres")
    address = f"{postgres.host}:{postgres.port}/backup_state"
    url = f"postgresql+pg8000://{SUPERUSER}:{password_of(SUPERUSER)}@{address}"
    config = tmp_path / "backend_config.yaml"
    config.write_text(f"server: {{port: 0}}\nstore: {{url: '{url}'}}\n")
    home = tmp_path / "home"
    code, _, err = command(home, "backup", "--to", str(tmp_path / "saved"), "--config", str(config))
    assert code == 1
    assert "missing" in err
    home.mkdir(exist_ok=True)
    (home / ".key").write_bytes(b"bm90LWEtc2VjcmV0LW5vdC1hLXNlY3JldC1ub3QtYS0=\n")
    (home / ".key").chmod(0o600)
    code, out, err = command(home, "backup", "--to", str(tmp_path / "saved"), "--config", str(config))
    assert (code, err) == (0, "")
    assert "pg_dump" in out
    assert password_of(SUPERUSER) not in out
    fresh = tmp_path / "fresh"
    code, _, err = command(fresh, "restore", "--from", str(tmp_path / "saved"))
    assert code == 1
    assert "store.url" in err
    code, _, err = command(fresh, "restore", "--from", str(tmp_path / "saved"), "--config", str(config))
    assert (code, err) == (0, "")
    assert (fresh / ".key").read_bytes() == (home / ".key").read_bytes()
    home_with_a_key(tmp_path / "other", "new")
    assert command(tmp_path / "other", "backup", "--to", str(tmp_path / "whole"))[0] == 0
    code, _, err = command(fresh, "restore", "--from", str(tmp_path / "whole"), "--config", str(config))
    assert code == 1
    assert "store.url" in err


MASTER_KEYS = [
    "bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0aGUgdGVzdHM=",
    "bm90LWEtc2VjcmV0LW5vdC1hLXNlY3JldC1ub3QtYS0=",
]


def test_a_key_that_somebody_else_keeps_is_saved_and_not_written_to_our_folder(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("VMART_MASTER_KEY", MASTER_KEYS[0])
    sealed_state(home)
    assert not (home / ".key").exists()
    assert command(home, "backup", "--to", str(tmp_path / "saved"))[0] == 0
    assert command(tmp_path / "same", "restore", "--from", str(tmp_path / "saved"))[0] == 0
    assert not (tmp_path / "same" / ".key").exists()
    sealed_state(tmp_path / "same")

    monkeypatch.setenv("VMART_MASTER_KEY", MASTER_KEYS[1])
    code, _, err = command(tmp_path / "wrong", "restore", "--from", str(tmp_path / "saved"))
    assert (code, len(err.strip().splitlines())) == (1, 1)
    assert "VMART_MASTER_KEY" in err
    assert MASTER_KEYS[1] not in err
    assert not (tmp_path / "wrong" / "backend" / "state.db").exists()

    monkeypatch.delenv("VMART_MASTER_KEY")
    assert command(tmp_path / "none", "restore", "--from", str(tmp_path / "saved"))[0] == 0
    assert (tmp_path / "none" / ".key").read_text().strip() == MASTER_KEYS[0]
    sealed_state(tmp_path / "none")


def sealed_state(home: Path) -> None:
    """Opens it as a backend does, which makes it when there is none."""
    state, backend = build(BackendSettings(), home)
    backend.audit.close()
    state.close()


def test_a_backup_of_a_newer_state_is_refused(tmp_path: Path, command: Command) -> None:
    home_with_a_key(tmp_path / "newer", "new")
    assert command(tmp_path / "newer", "backup", "--to", str(tmp_path / "saved"))[0] == 0
    with tarfile.open(tmp_path / "saved") as opened:
        opened.extract("state.db", tmp_path, filter="data")
    with sqlite3.connect(tmp_path / "newer" / "backend" / "state.db") as state:
        state.execute("INSERT INTO migrations VALUES (?, '')", [len(MIGRATIONS) + 1])
    state.close()
    code, _, err = command(tmp_path / "newer", "backup", "--to", str(tmp_path / "other"))
    assert (code, len(err.strip().splitlines())) == (1, 1)
    assert "newer version" in err
    assert not (tmp_path / "other").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only the superuser can do it for others")
def test_what_the_superuser_restores_belongs_to_the_service(tmp_path: Path, command: Command) -> None:
    nobody = 65_534
    home, fresh = tmp_path / "home", tmp_path / "fresh"
    sealed_state(home)
    assert command(home, "backup", "--to", str(tmp_path / "saved"))[0] == 0
    fresh.mkdir()
    for path in (fresh, home, *home.rglob("*")):
        os.chown(path, nobody, nobody)
    code, _, err = command(home, "backup", "--to", str(tmp_path / "other"))
    assert (code, len(err.strip().splitlines())) == (1, 1)
    assert "another user" in err
    assert command(fresh, "restore", "--from", str(tmp_path / "saved"))[0] == 0
    assert command(home, "restore", "--from", str(tmp_path / "saved"), "--replace")[0] == 0
    for path in (*home.rglob("*"), *fresh.rglob("*")):
        assert path.stat().st_uid == nobody, path


def test_a_passphrase_is_asked_for_on_a_terminal_and_not_shown(tmp_path: Path) -> None:
    home_with_a_key(tmp_path / "home", "old")
    words = ["backup", "--to", str(tmp_path / "saved"), "--seal"]
    shown, code = on_a_terminal(tmp_path / "home", words, PASSPHRASE, PASSPHRASE)
    assert (code, PASSPHRASE in shown) == (0, False), shown
    words = ["restore", "--from", str(tmp_path / "saved")]
    shown, code = on_a_terminal(tmp_path / "fresh", words, PASSPHRASE)
    assert (code, PASSPHRASE in shown) == (0, False), shown
    assert names_in(tmp_path / "fresh") == ["old"]
    words = ["backup", "--to", str(tmp_path / "other"), "--seal"]
    shown, code = on_a_terminal(tmp_path / "home", words, PASSPHRASE, "something else")
    assert code == 1
    assert "not the same" in shown
    assert not (tmp_path / "other").exists()


def on_a_terminal(home: Path, words: list[str], *answers: str) -> tuple[str, int]:
    """What a person sees, and the exit code."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "server", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=os.environ | {"VMART_HOME": str(home)},
    )
    os.close(theirs)
    shown, asked = b"", 0
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # Linux says so when the other side has closed it
            break
        if not piece:
            break
        shown += piece
        while shown.count(b": ") > asked and asked < len(answers):
            os.write(ours, answers[asked].encode() + b"\n")
            asked += 1
    os.close(ours)
    return shown.decode(), process.wait(30)


@pytest.mark.parametrize("sealed", [False, True])
def test_a_backup_goes_through_a_pipe(tmp_path: Path, passphrase_file: Path, sealed: bool) -> None:
    home, fresh = tmp_path / "home", tmp_path / "fresh"
    home_with_a_key(home, "old")
    words = ["--passphrase-file", str(passphrase_file)] if sealed else []
    piped = through_a_pipe(home, "backup", "--to", "-", *words)
    assert piped.returncode == 0, piped.stderr
    assert (b"as it is" in piped.stderr) is not sealed
    half = through_a_pipe(fresh, "restore", "--from", "-", *words, data=piped.stdout[:-1])
    assert (half.returncode, len(half.stderr.splitlines())) == (1, 1)
    assert not (fresh / "backend" / "state.db").exists()
    whole = through_a_pipe(fresh, "restore", "--from", "-", *words, data=piped.stdout)
    assert whole.returncode == 0, whole.stderr
    assert names_in(fresh) == ["old"]
    with Path("/dev/full").open("wb") as full:
        failed = through_a_pipe(home, "backup", "--to", "-", *words, out=full)
    assert (failed.returncode, len(failed.stderr.splitlines())) == (1, 1), failed.stderr


def through_a_pipe(
    home: Path, *words: str, data: bytes = b"", out: int | BinaryIO = subprocess.PIPE
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "server", *words],
        env=os.environ | {"VMART_HOME": str(home)},
        input=data,
        stdout=out,
        stderr=subprocess.PIPE,
        check=False,
    )


def test_a_full_disk_leaves_no_half_backup_and_no_half_state(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home_with_a_key(home, "old")
    assert run(home, "backup", "--to", str(tmp_path / "saved"))[0] == 0
    before = sorted(tmp_path.rglob("*"))

    def narrow() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    for words in (
        ["backup", "--to", tmp_path / "other"],
        ["restore", "--from", tmp_path / "saved", "--replace"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "server", *map(str, words)],
            env=os.environ | {"VMART_HOME": str(home)},
            preexec_fn=narrow,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert sorted(tmp_path.rglob("*")) == before
    assert names_in(home) == ["old"]
