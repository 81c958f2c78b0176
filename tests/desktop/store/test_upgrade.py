"""State of earlier versions is found again; state of a newer one is refused, and left as it is."""

import hashlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.store.conversations import Conversations
from desktop.store.database import Database
from desktop.store.migrations import MIGRATIONS
from desktop.store.preferences import PreferenceStore
from desktop.store.results import Results
from desktop.store.sent import SentStore
from desktop.store.turns import Turns
from desktop.store.version import version_of
from shared.errors import StateTooNew

KEPT = Path(__file__).parent / "kept"
NEWER = len(MIGRATIONS) + 1


def open_kept(version: int, folder: Path) -> Path:
    """The state that a program of that version has left, made again from its text."""
    file = folder / "agent" / "agent.db"
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.executescript((KEPT / f"version_{version}.sql").read_text(encoding="utf-8"))
    connection.close()
    return file


def marks(folder: Path) -> dict[str, str]:
    """Every file with what is in it and how it may be used."""
    return {
        path.name: f"{path.stat().st_mode:o} {path.stat().st_mtime_ns} "
        + hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
    }


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_every_version_that_was_released_has_kept_state(version: int) -> None:
    assert (KEPT / f"version_{version}.sql").exists()


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_conversations_results_and_preferences_of_an_earlier_version_are_found_again(
    version: int, tmp_path: Path
) -> None:
    file = open_kept(version, tmp_path)
    database = Database(file)
    conversations, turns = Conversations(database), Turns(database)
    pinned, other = conversations.list()
    assert (pinned.title, pinned.pinned) == ("Net sales by zone", True)
    assert other.title == "ज़ोन के हिसाब से बिक्री"
    [first, second] = turns.of(pinned.id)
    assert (first.question, first.status, first.rating) == ("Net sales by zone", "answered", "good")
    assert second.question == "only East"
    assert turns.events_of(first.id)
    [result] = Results(database, tmp_path / "results").of_turn(first.id)
    rows = Results(database, tmp_path / "results").rows(result.id)
    assert [row[0] for row in rows] == ["North", "South"]
    assert str(rows[0][1]) == "123456789.50"
    assert [other.title for other in conversations.list("South")] == [pinned.title]
    kept = PreferenceStore(database)
    assert (kept.get().theme, kept.draft()) == ("dark", "sales of kurtis")
    assert SentStore(database).of_conversation(pinned.id).columns == 4
    database.close()
    assert version_of(file) == len(MIGRATIONS)


def test_state_of_a_newer_version_is_refused_and_not_a_byte_of_it_is_touched(tmp_path: Path) -> None:
    file = open_kept(1, tmp_path)
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA user_version = {NEWER}")
    connection.close()
    file.chmod(0o644)
    before = marks(file.parent)
    with pytest.raises(StateTooNew, match="newer version"):
        Database(file)
    assert marks(file.parent) == before


def test_a_newer_version_that_stands_in_the_log_alone_is_seen_as_well(tmp_path: Path) -> None:
    """As after a power cut: the log has not been copied back."""
    file = tmp_path / "live.db"
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for number in range(50):
        connection.execute("INSERT INTO t VALUES (?)", ["x" * 5000 * (number % 3)])
    connection.execute(f"PRAGMA user_version = {NEWER}")
    connection.execute("BEGIN")
    connection.execute("PRAGMA user_version = 77")
    connection.execute("ROLLBACK")
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in tmp_path.glob("live.db*"):
        shutil.copy(path, folder)
    connection.close()
    (folder / "live.db-shm").unlink()
    before = marks(folder)
    assert int.from_bytes((folder / "live.db").read_bytes()[60:64], "big") == 0
    assert version_of(folder / "live.db") == NEWER
    with pytest.raises(StateTooNew):
        Database(folder / "live.db")
    assert marks(folder) == before


def test_a_log_that_was_used_again_tells_of_its_newest_round(tmp_path: Path) -> None:
    file = tmp_path / "live.db"
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA user_version = {NEWER}")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (1)")
    connection.execute("PRAGMA wal_checkpoint(RESTART)")
    connection.execute("PRAGMA user_version = 1")
    assert version_of(file) == 1
    connection.close()
    assert version_of(file) == 1


@pytest.mark.parametrize(
    "content", [b"", b"SQLite format 3\0", b"x" * 4096, b"SQLite format 3\0" + b"\0" * 30]
)
def test_what_is_no_state_has_no_version(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "agent.db"
    assert version_of(file) == 0
    file.write_bytes(content)
    (tmp_path / "agent.db-wal").write_bytes(content)
    assert version_of(file) == 0


def test_a_process_that_was_killed_leaves_a_version_that_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "agent.db"
    code = (
        "import os, sys; from pathlib import Path; from desktop.store.database import Database\n"
        "from desktop.store.conversations import Conversations\n"
        "Conversations(Database(Path(sys.argv[1]))).create(title='kept'); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], check=False)
    assert done.returncode == 9
    assert version_of(file) == len(MIGRATIONS)
    database = Database(file)
    assert [one.title for one in Conversations(database).list()] == ["kept"]
    database.close()
