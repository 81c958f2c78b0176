"""The command line opens the state of a window that runs: what the window is at must not be disturbed."""

import os
import time
from pathlib import Path

from desktop.agent.failures import interrupted
from desktop.files.desk import FileDesk
from desktop.files.grants import Grants
from desktop.store.conversations import Conversations
from desktop.store.database import Database
from desktop.store.grants import GrantStore
from desktop.store.turns import Turns
from desktop.store.waiting import Waiting, WaitingTurns


def desk(folder: Path) -> FileDesk:
    return FileDesk(Grants(GrantStore(Database(folder / "agent.db")), folder), folder)


def test_a_copy_that_is_coming_and_what_was_taken_away_stay_while_another_process_opens(
    tmp_path: Path,
) -> None:
    window = desk(tmp_path)
    gone = window.dropping.begin("old.txt", 1)
    window.dropping.add(gone, 0, b"x")
    removal = window.dropping.remove(window.dropping.finish(gone).path)
    coming = window.dropping.begin("sales.csv", 4)
    window.dropping.add(coming, 0, b"zo")
    desk(tmp_path).close()
    window.dropping.add(coming, 2, b"ne")
    assert window.dropping.finish(coming).name == "sales.csv"
    assert window.dropping.bring_back(removal).name == "old.txt"
    window.close()


def test_what_stopped_coming_long_ago_is_thrown_away(tmp_path: Path) -> None:
    window = desk(tmp_path)
    window.dropping.begin("sales.csv", 4)
    [left] = (tmp_path / "files" / "coming").iterdir()
    an_hour_ago = time.time() - 3_700
    os.utime(left, (an_hour_ago, an_hour_ago))
    desk(tmp_path).close()
    assert not left.exists()
    window.close()


def test_a_question_that_is_being_asked_again_goes_on_while_another_process_opens(tmp_path: Path) -> None:
    database = Database(tmp_path / "agent.db")
    turns, waiting = Turns(database), WaitingTurns(database)
    conversation = Conversations(database).create(title="Sales", connection=None)
    turn = turns.start(conversation.id, "Sales by zone")
    turns.add_event(turn.id, 0, interrupted())
    waiting.add(Waiting(turn_id=turn.id, backend="https://backend.example"))
    position = waiting.begin(turn.id)
    turns.add_event(turn.id, position, interrupted())
    WaitingTurns(Database(tmp_path / "agent.db"))
    assert len(turns.events_of(turn.id)) == 2
    waiting.recover()
    assert len(turns.events_of(turn.id)) == 1
