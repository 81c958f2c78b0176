"""Nothing that was shown as finished is lost, whenever the program is killed."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop.store.conversations import Conversations
from desktop.store.database import Database
from desktop.store.results import Results
from desktop.store.turns import Turns
from desktop.store.waiting import WaitingTurns
from tests.desktop.running import RetailPeer
from tests.peers.backend import BackendPeer, Reply

KILLS = 20
LONGEST_SECONDS = 120


@contextmanager
def that_comes_and_goes(peer: BackendPeer) -> Iterator[None]:
    """A backend that is away every other moment, so that questions wait and are asked again."""
    answer, over = peer.answer, threading.Event()

    def turn() -> None:
        away = False
        while not over.wait(0.35):
            away = not away
            peer.answer = (lambda _: Reply(cut=True, raw=[b""])) if away else answer

    changing = threading.Thread(target=turn)
    changing.start()
    try:
        yield
    finally:
        over.set()
        changing.join()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="It forks.")
def test_what_was_shown_to_the_end_is_there_after_twenty_kills_at_random_moments(tmp_path: Path) -> None:
    with RetailPeer() as peer, that_comes_and_goes(peer):
        words = ["tests.desktop.killed_at_random", str(tmp_path), peer.url, str(KILLS), "7"]
        done = subprocess.run(
            [sys.executable, "-m", *words],
            stdout=subprocess.PIPE,
            timeout=LONGEST_SECONDS,
            check=True,
        )
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(shown) > KILLS
    with sqlite3.connect(tmp_path / "agent.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database = Database(tmp_path / "agent.db")
    turns, results, waiting = Turns(database), Results(database, tmp_path / "results"), WaitingTurns(database)
    waiting.recover()
    conversations = Conversations(database)
    for answer in shown:
        turn_id, last = answer["turn_id"], answer["events"][-1]
        turn = turns.get(turn_id)
        stored = [json.loads(bytes(event)) for event in turns.events_of(turn_id)]
        if last["status"] == "queued" or any(event["event"] == "queued" for event in answer["events"]):
            # it waits still, or was answered since; the one or the other, and whole
            assert waiting.find(turn_id) is not None or turn.status != "queued"
            assert stored[-1]["event"] == "turn_finished"
        else:
            assert (turn.status, stored[-1]) == (last["status"], last)
            assert [e for e in stored if e["event"] == "result"] == [
                e for e in answer["events"] if e["event"] == "result"
            ]
        cards = [event for event in stored if event["event"] == "result"]
        assert [len(results.rows(card["result_id"])) for card in cards] == [
            card["row_count"] for card in cards
        ]
        assert conversations.get(answer["conversation_id"]).draft.startswith("draft after ")
    database.close()
