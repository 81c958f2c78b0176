"""A folder for each person, closed to others; what earlier versions kept for everybody moves in, whole."""

import multiprocessing
import shutil
import sqlite3
from pathlib import Path

import pytest

from desktop import earlier
from desktop.people import LOCAL, People, Person
from desktop.store.conversations import Conversations
from desktop.store.database import Database
from tests.desktop.store.test_upgrade import open_kept

ANITA = Person(id="google-1a2b3c", kind="google", name="Anita Rao", email="anita@vmart.example")
PIECES = ("agent.db-wal", "agent.db-shm", "agent.db", "results", "cache", "backend.json")


def kept_by_an_earlier_version(home: Path) -> None:
    """With a log that was never copied back, as after a kill."""
    open_kept(1, home)
    agent = home / "agent"
    connection = sqlite3.connect(agent / "agent.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("UPDATE preferences SET value = 'only in the log' WHERE name = 'draft'")
    for name in ("agent.db", "agent.db-wal", "agent.db-shm"):
        shutil.copy(agent / name, home / name)
    connection.close()
    for name in ("agent.db", "agent.db-wal", "agent.db-shm"):
        (home / name).replace(agent / name)
    (agent / "results").mkdir()
    (agent / "results" / "r1.json.z").write_bytes(b"rows")
    (agent / "cache").mkdir()
    (agent / "cache" / "backend").write_bytes(b"answers")
    (agent / "backend.json").write_text("{}")
    (agent / "agent.log").write_text("stays")


def draft_in(folder: Path) -> str:
    with sqlite3.connect(folder / "agent.db") as connection:
        [[value]] = connection.execute("SELECT value FROM preferences WHERE name = 'draft'").fetchall()
    connection.close()
    return str(value)


def moved(home: Path) -> Path:
    folder = People(home).folder_of(LOCAL)
    assert sorted(path.name for path in (home / "agent").iterdir()) == ["agent.log", "people"]
    assert (folder / "results" / "r1.json.z").read_bytes() == b"rows"
    assert (folder / "cache" / "backend").read_bytes() == b"answers"
    assert (folder / "backend.json").exists()
    assert draft_in(folder) == "only in the log"
    return folder


def test_what_an_earlier_version_kept_is_the_local_profiles(tmp_path: Path) -> None:
    kept_by_an_earlier_version(tmp_path)
    folder = moved(tmp_path)
    database = Database(folder / "agent.db")
    assert len(Conversations(database).list()) == 2
    database.close()
    assert People(tmp_path).folder_of(LOCAL) == folder


@pytest.mark.parametrize("done", range(1, len(PIECES)))
def test_a_move_that_was_killed_after_any_piece_is_finished_at_the_next_start(
    done: int, tmp_path: Path
) -> None:
    kept_by_an_earlier_version(tmp_path)
    folder = tmp_path / "agent" / "people" / "local"
    folder.mkdir(parents=True)
    for name in PIECES[:done]:
        (tmp_path / "agent" / name).rename(folder / name)
    moved(tmp_path)


def test_the_pieces_are_moved_in_that_order(tmp_path: Path) -> None:
    kept_by_an_earlier_version(tmp_path)
    assert tuple(earlier._waiting(tmp_path / "agent")) == PIECES


def test_state_that_an_older_program_has_made_since_is_left_and_spoils_nothing(tmp_path: Path) -> None:
    kept_by_an_earlier_version(tmp_path)
    folder = moved(tmp_path)
    for name in ("agent.db", "agent.db-wal"):
        (tmp_path / "agent" / name).write_bytes(b"newer than the move")
    assert People(tmp_path).folder_of(LOCAL) == folder
    assert draft_in(folder) == "only in the log"
    assert (tmp_path / "agent" / "agent.db").read_bytes() == b"newer than the move"


def test_several_programs_that_start_at_once_move_it_once(tmp_path: Path) -> None:
    kept_by_an_earlier_version(tmp_path)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        drafts = pool.map(_move_and_read, [tmp_path] * 6)
    assert drafts == ["only in the log"] * 6


def _move_and_read(home: Path) -> str:
    return draft_in(People(home).folder_of(LOCAL))


def test_folders_and_records_are_closed_to_other_users(tmp_path: Path) -> None:
    people = People(tmp_path)
    people.keep(ANITA)
    folder = people.folder_of(ANITA)
    assert [path.stat().st_mode & 0o777 for path in (folder.parent, folder)] == [0o700, 0o700]
    assert (folder / "person.json").stat().st_mode & 0o777 == 0o600
    assert people.find(ANITA.id) == ANITA
    folder.chmod(0o755)
    assert people.folder_of(ANITA).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("person_id", ["", "..", "../local", "google-9", "a/b", "google-1a2b3c\0"])
def test_nobody_is_found_by_a_name_that_is_none(person_id: str, tmp_path: Path) -> None:
    assert People(tmp_path).find(person_id) is None


@pytest.mark.parametrize("record", [b"", b"{", b'{"id":"local","kind":"local"}', b"\xff"])
def test_a_damaged_record_is_nobodys(record: bytes, tmp_path: Path) -> None:
    people = People(tmp_path)
    (people.folder_of(ANITA) / "person.json").write_bytes(record)
    assert people.find(ANITA.id) is None
