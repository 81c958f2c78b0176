"""The agent's state: nothing finished is lost, nothing deleted is gone at once."""

import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from desktop.events import Counted, TextChunk
from desktop.meter import Parcel
from desktop.store.conversations import Conversations, title_of
from desktop.store.database import Database
from desktop.store.preferences import Preferences, PreferenceStore
from desktop.store.results import Results, StoredResult
from desktop.store.sent import SentStore
from desktop.store.turns import TurnEnd, Turns
from shared.errors import NotFound, StateTooNew
from shared.results import Column, ColumnType


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "agent.db")


def test_a_conversation_is_found_by_its_title_and_by_the_text_of_its_answers(database: Database) -> None:
    conversations, turns = Conversations(database), Turns(database)
    sales = conversations.create(title="Sales by zone")
    other = conversations.create(title="Stock in Patna")
    turn = turns.start(other.id, "how many shirts are left")
    turns.finish(turn.id, TurnEnd(status="answered", answer="There are 100% of the kurtas left."))
    assert [line.id for line in conversations.list("zone")] == [sales.id]
    found = conversations.list("KURTAS")
    assert [line.id for line in found] == [other.id]
    assert "kurtas" in found[0].snippet
    assert [line.id for line in conversations.list("100%")] == [other.id]
    assert conversations.list("%zzz%") == []
    assert [line.id for line in conversations.list("left shirts")] == [other.id]  # in any order
    assert conversations.list("shirts zone") == []


def test_pinned_conversations_come_first_and_a_deleted_one_can_be_brought_back(database: Database) -> None:
    conversations = Conversations(database)
    first = conversations.create(title="first")
    second = conversations.create(title="second")
    conversations.pin(first.id, pinned=True)
    assert [line.title for line in conversations.list()] == ["first", "second"]
    conversations.delete(second.id)
    assert [line.title for line in conversations.list()] == ["first"]
    with pytest.raises(NotFound):
        conversations.get(second.id)
    conversations.restore(second.id)
    assert conversations.get(second.id).title == "second"


def test_a_replaced_turn_and_the_later_ones_leave_the_conversation_but_still_count_as_sent(
    database: Database,
) -> None:
    conversation = Conversations(database).create(title="c")
    turns = Turns(database)
    kept, replaced, later = (turns.start(conversation.id, q) for q in ("a", "b", "c"))
    turns.finish(later.id, TurnEnd(status="answered"))
    sent = SentStore(database)
    sent.add(Parcel(turn_id=later.id, destination="model", what="Gemini", body=b"x" * 40, columns=2, rows=3))
    turns.drop_from(replaced.id)
    assert [turn.id for turn in turns.of(conversation.id)] == [kept.id]
    assert sent.of_conversation(conversation.id) == Counted(columns=2, rows=3, bytes=40)


def test_events_come_back_as_they_were_sent(database: Database) -> None:
    conversation = Conversations(database).create(title="c")
    turns = Turns(database)
    turn = turns.start(conversation.id, "q")
    turns.add_event(turn.id, 0, TextChunk(html="<p>हाँ</p>"))
    assert bytes(turns.events_of(turn.id)[0]).decode() == '{"event":"text","html":"<p>हाँ</p>"}'


@pytest.mark.parametrize("count", [3, 200_000])
def test_rows_keep_every_digit_whether_they_are_few_or_become_a_file(tmp_path: Path, count: int) -> None:
    database = Database(tmp_path / "agent.db")
    turn = Turns(database).start(Conversations(database).create(title="c").id, "q")
    rows = [[i * 7919 % 1_000_003, Decimal(f"{i}.123456789012345678"), None, "₹"] for i in range(count)]
    stored = StoredResult(
        id="r1",
        turn_id=turn.id,
        title="t",
        connection="c",
        connection_type="filesystem",
        sql="SELECT 1",
        columns=[Column(name="n", type=ColumnType.INTEGER)],
        formats=["number"],
        row_count=count,
        truncated=False,
        elapsed_ms=1,
        ran_at="2026-11-23T00:00:00Z",
        content_hash="h",
        query_id="q",
    )
    Results(database, tmp_path / "results").add(stored, rows)
    again = Results(database, tmp_path / "results")
    assert again.rows("r1") == rows
    assert again.get("r1") == stored
    assert (tmp_path / "results" / "r1.json.z").exists() == (count > 3)


def test_preferences_stay_as_chosen(database: Database) -> None:
    store = PreferenceStore(database)
    assert store.get() == Preferences()
    store.keep(Preferences(theme="dark"))
    store.keep_draft("half a questi")
    assert store.get().theme == "dark"
    assert store.draft() == "half a questi"


def test_a_file_of_a_newer_version_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "agent.db"
    database = Database(file)
    with database.write() as connection:
        connection.exec_driver_sql("PRAGMA user_version = 999")
    database.close()
    before = file.read_bytes()
    with pytest.raises(StateTooNew, match="newer version"):
        Database(file)
    assert file.read_bytes() == before


def test_others_on_the_machine_cannot_read_the_file(tmp_path: Path) -> None:
    Database(tmp_path / "sub" / "agent.db")
    assert (tmp_path / "sub" / "agent.db").stat().st_mode & 0o077 == 0


_KILLED = """
import sys
from pathlib import Path
from desktop.store.database import Database
from desktop.store.conversations import Conversations
from desktop.store.turns import Turns, TurnEnd
database = Database(Path(sys.argv[1]))
conversation = Conversations(database).create(title="kept")
turns = Turns(database)
n = 0
while True:
    turn = turns.start(conversation.id, f"question {n}")
    turns.finish(turn.id, TurnEnd(status="answered", answer=f"answer {n}"))
    print(n, flush=True)
    n += 1
"""


def test_what_was_finished_survives_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "agent.db"
    child = subprocess.Popen([sys.executable, "-c", _KILLED, str(file)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    finished = 0
    while finished < 25:
        finished = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    rest = [int(line) for line in child.stdout.read().split()]
    finished = rest[-1] if rest else finished
    database = Database(file)
    turns = Turns(database).of(Conversations(database).list()[0].id)
    answers = [turn.answer for turn in turns if turn.status == "answered"]
    assert answers[: finished + 1] == [f"answer {n}" for n in range(finished + 1)]


def test_a_title_is_cut_between_words() -> None:
    assert title_of("  net sales \n by zone ") == "net sales by zone"
    assert len(title_of("word " * 40)) <= 61
