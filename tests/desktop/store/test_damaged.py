"""A damaged state is put aside, never deleted; what can still be read is carried over, the rest told."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.events import TextChunk
from desktop.store.conversations import Conversations
from desktop.store.database import Database
from desktop.store.preferences import Preferences, PreferenceStore
from desktop.store.rescue import mend
from desktop.store.turns import TurnEnd, Turns
from shared.errors import StateDamaged, StateTooNew, StateUnusable
from tests.desktop.running import RetailPeer, RunningAgent
from tests.desktop.store.test_upgrade import open_kept

_CONVERSATIONS = 300
_PAGE = 4096


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A state of several hundred pages, whole in one file."""
    file = tmp_path_factory.mktemp("sound") / "agent.db"
    database = Database(file)
    with database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO conversations (id, title, created_at, updated_at) "
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "SELECT 'c' || i, 'Sales of day ' || i, '2026-01-01', '2026-01-01' FROM n",
            (_CONVERSATIONS - 1,),
        )
    turns = Turns(database)
    turn = turns.start("c0", "sales by zone")
    turns.add_event(turn.id, 0, TextChunk(html="<p>हाँ</p>" * 20_000))
    turns.finish(turn.id, TurnEnd(status="answered", answer="North leads."))
    PreferenceStore(database).keep(Preferences(theme="dark", never_send_cells=True))
    database.close()
    return file.read_bytes()


def _garbage(file: Path, _: bytes) -> None:
    file.write_bytes(bytes(range(256)) * 40)


def _text(file: Path, _: bytes) -> None:
    file.write_text("dear diary")


def _magic_alone(file: Path, sound: bytes) -> None:
    file.write_bytes(sound[:16])


def _first_page(file: Path, sound: bytes) -> None:
    file.write_bytes(sound[:100] + b"\xee" * (_PAGE - 100) + sound[_PAGE:])


def _other_program(file: Path, _: bytes) -> None:
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE songs (name)")
    other.close()


def _pipe(file: Path, _: bytes) -> None:
    os.mkfifo(file)


def _folder(file: Path, _: bytes) -> None:
    file.mkdir()
    (file / "kept").write_text("x")


def _with_logs(file: Path, sound: bytes) -> None:
    _garbage(file, sound)
    for ending in ("-wal", "-shm"):
        file.with_name(file.name + ending).write_bytes(b"log" * 999)


@pytest.mark.parametrize(
    "damage", [_garbage, _text, _magic_alone, _first_page, _other_program, _pipe, _folder, _with_logs]
)
def test_what_cannot_be_read_is_put_aside_as_it_is_and_a_fresh_state_is_begun(
    damage: Callable[[Path, bytes], None], sound: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "agent.db"
    damage(file, sound)
    before = {path.name: path.lstat().st_ino for path in tmp_path.iterdir()}
    says = mend(file)
    [aside] = [path for path in tmp_path.iterdir() if "damaged" in path.name and path.suffix == ".db"]
    assert aside.lstat().st_ino == before["agent.db"]
    assert "none of them could be read" in says
    assert f"kept as {aside}." in says
    if "agent.db-wal" in before:
        assert aside.with_name(f"{aside.name}-wal").stat().st_ino == before["agent.db-wal"]
    database = Database(file)
    assert Conversations(database).list() == []
    assert PreferenceStore(database).notice() == says
    assert file.stat().st_mode & 0o777 == 0o600
    assert mend(file) == ""


def _cut(sound: bytes) -> bytes:
    return sound[: len(sound) - 10 * _PAGE - 77]


def _hole(sound: bytes) -> bytes:
    """In the page that holds the middle of the conversations."""
    at = sound.index(b"Sales of day 150") // _PAGE * _PAGE
    return sound[:at] + b"\xee" * _PAGE + sound[at + _PAGE :]


@pytest.mark.parametrize("damage", [_cut, _hole])
def test_what_can_still_be_read_is_carried_over(
    damage: Callable[[bytes], bytes], sound: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "agent.db"
    file.write_bytes(damage(sound))
    says = mend(file)
    database = Database(file)
    left = Conversations(database).list()
    assert 50 < len(left) <= _CONVERSATIONS
    assert f": {len(left)} conversations could be read from it and are here" in says
    titles = {line.title for line in left}
    assert "Sales of day 3" in titles
    if damage is _hole:
        assert "Sales of day 299" in titles
        assert "Sales of day 150" not in titles
    [turn] = Turns(database).of("c0")
    assert turn.question == "sales by zone"
    assert PreferenceStore(database).get().never_send_cells
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_a_table_that_is_missing_is_made_again_and_the_others_are_kept(sound: bytes, tmp_path: Path) -> None:
    file = tmp_path / "agent.db"
    file.write_bytes(sound)
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE tasks")
    connection.close()
    assert f"{_CONVERSATIONS} conversations could be read" in mend(file)
    assert len(Conversations(Database(file)).list()) == _CONVERSATIONS


def test_a_damaged_state_of_an_earlier_version_is_brought_up_to_this_one(tmp_path: Path) -> None:
    file = open_kept(1, tmp_path)
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE events")
    connection.close()
    assert "2 conversations could be read" in mend(file)
    assert {line.title for line in Conversations(Database(file)).list()} >= {"Net sales by zone"}


def test_a_sound_state_and_one_that_is_not_there_are_left_alone(sound: bytes, tmp_path: Path) -> None:
    file = tmp_path / "agent.db"
    assert mend(file) == ""
    file.write_bytes(b"")  # a program that was killed before it wrote a byte
    assert mend(file) == ""
    file.write_bytes(sound)
    assert mend(file) == ""
    assert file.read_bytes() == sound
    assert not [path for path in tmp_path.iterdir() if "damaged" in path.name]


def test_a_newer_state_is_never_put_aside(tmp_path: Path) -> None:
    file = open_kept(1, tmp_path)
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE events")
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StateTooNew):
        mend(file)
    assert [path.name for path in file.parent.glob("*damaged*")] == []


def test_a_link_that_leads_nowhere_is_told_and_left(tmp_path: Path) -> None:
    file = tmp_path / "agent.db"
    file.symlink_to(tmp_path / "disk" / "agent.db")
    with pytest.raises(StateUnusable, match=r"is a link to .*disk/agent\.db, which is not there"):
        mend(file)
    assert file.is_symlink()


def test_a_second_damage_on_the_same_day_gets_a_name_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "agent.db"
    for _ in range(2):
        file.write_text("garbage")
        mend(file)
    asides = list(tmp_path.glob("*damaged*.db"))
    assert [path.read_text() for path in asides] == ["garbage"] * 2


def test_a_start_that_was_killed_between_the_two_renames_is_finished_by_the_next(
    sound: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "agent.db"
    (tmp_path / "agent.db.fresh").write_bytes(sound)
    (tmp_path / "agent.db-wal").write_bytes(b"the damaged one's")
    assert mend(file) == ""
    assert file.read_bytes() == sound
    [log] = tmp_path.glob("*damaged*-wal")
    assert log.read_bytes() == b"the damaged one's"


def test_a_disk_without_room_for_what_can_be_read_leaves_the_damaged_file_in_its_place(
    sound: bytes, tmp_path: Path
) -> None:
    """No file may grow beyond 64 KB, and twice as much can be read."""
    file = tmp_path / "agent.db"
    file.write_bytes(_cut(sound))
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom desktop.store.rescue import mend\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\nmend(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "StateUnusable" in done.stderr
    assert "See to the room on the disk" in done.stderr
    assert file.read_bytes() == _cut(sound)
    assert mend(file)


def test_damage_and_a_full_disk_are_told_in_a_sentence_while_it_runs(sound: bytes, tmp_path: Path) -> None:
    file = tmp_path / "agent.db"
    file.write_bytes(_hole(sound))
    database = Database(file)
    with pytest.raises(StateDamaged, match="Start V-Mart AI Agent again"):
        Conversations(database).list()
    full = Database(tmp_path / "full" / "agent.db")
    with full.read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(StateUnusable, match=r"The disk is full: .*agent\.db cannot be written"):
        Conversations(full).create(title="x" * 1_000_000)


def test_the_window_says_what_happened_until_it_was_read(tmp_path: Path) -> None:
    folder = tmp_path / "agent" / "people" / "local"
    folder.mkdir(parents=True)
    (folder / "agent.db").write_text("garbage")
    with RetailPeer() as peer, RunningAgent(tmp_path, backend_url=peer.url) as agent:
        [aside] = folder.glob("*damaged*.db")
        assert str(aside) in agent.json("GET", "/api/state")["notice"]
        agent.json("DELETE", "/api/notice")
        assert agent.json("GET", "/api/state")["notice"] == ""
