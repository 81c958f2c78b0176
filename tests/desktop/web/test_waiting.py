"""Questions asked while the backend is away: they wait, survive, run in their order, and say what changed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.peers.backend import BackendPeer, Reply, query_answer
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Turn, call, text

NEWER = query_answer(
    [("zone", "text"), ("net_sales", "decimal")], b'[["North",123456790.00],["East",7000.00]]', 2
)
COUNT = query_answer([("sales", "integer")], b"[[2]]", 1)
QUERY = call("query", sql="SELECT zone, sum(net_amount) FROM sales GROUP BY zone", title="Net sales by zone")
SECONDS = 30


def away(peer: BackendPeer) -> Callable[[], None]:
    """As good as gone; the answer brings it back."""
    answer = peer.answer
    peer.answer = lambda _: Reply(cut=True, raw=[b""])

    def back() -> None:
        peer.answer = answer

    return back


def until(
    agent: RunningAgent, what: Callable[[dict[str, Any]], bool], conversation_id: str
) -> dict[str, Any]:
    """The last turn of the conversation, when it is as wanted."""
    end = time.monotonic() + SECONDS
    while True:
        turn: dict[str, Any] = agent.json("GET", f"/api/conversations/{conversation_id}")["turns"][-1]
        if what(turn):
            return turn
        assert time.monotonic() < end, turn
        agent.json("POST", "/api/backend/look", {})
        time.sleep(0.05)


def answered(turn: dict[str, Any]) -> bool:
    waits = [event for event in turn["events"] if event["event"] == "queued"]
    return turn["status"] == "answered" and not waits


def compared(turn: dict[str, Any]) -> bool:
    return answered(turn) and "changed" in [event["event"] for event in turn["events"]]


def test_a_question_asked_while_the_backend_is_away_waits_and_runs_when_it_is_back(tmp_path: Path) -> None:
    peer = RetailPeer()
    with peer, RunningAgent(tmp_path, backend_url=peer.url) as agent:
        agent.ask("total net amount by zone")
        back = away(peer)
        new = agent.ask("number of sales")
        assert (new[-1]["status"], only(new, "queued")["kept_at"]) == ("queued", None)
        assert agent.json("GET", "/api/state")["queue"]["count"] == 1
        peer.query = COUNT
        back()
        turn = until(agent, answered, new[0]["conversation_id"])
        assert only(turn["events"], "result")["cached_at"] is None
        assert agent.json("GET", "/api/state")["queue"]["count"] == 0


def test_a_kept_answer_stands_until_the_new_one_says_what_changed(tmp_path: Path) -> None:
    peer = RetailPeer()
    with peer, RunningAgent(tmp_path, backend_url=peer.url) as agent:
        first = agent.ask("total net amount by zone")
        back = away(peer)
        kept = agent.ask("total net amount by zone")
        card = only(kept, "result")
        assert kept[-1]["status"] == "answered"
        assert only(kept, "queued")["kept_at"] == card["cached_at"] == card["ran_at"]
        peer.query = NEWER
        back()
        turn = until(agent, answered, kept[0]["conversation_id"])
        changed = only(turn["events"], "changed")
        result = only(turn["events"], "result")
        assert changed["result_id"] == result["result_id"]
        assert changed["kept_at"] == card["cached_at"]
        assert changed["cells"] == [{"row": 0, "column": 1, "before": 123456789.5}]
        assert (changed["added"], changed["removed"]) == ([1], [["South", 4500000.0]])
        assert only(first, "result")["rows"][0] == ["North", 123456789.5]


def test_waiting_questions_survive_the_end_of_the_program_and_keep_their_order(tmp_path: Path) -> None:
    script: list[Turn] = [QUERY, QUERY, text("First."), QUERY, text("Second.")]
    peer = RetailPeer()
    with GeminiPeer(script) as gemini, peer:
        with RunningAgent(tmp_path, backend_url=peer.url, gemini_url=gemini.url) as agent:
            agent.json("GET", "/api/schema?connection=retail")
            back = away(peer)
            first = agent.ask("total net amount by zone")
            conversation_id = first[0]["conversation_id"]
            second = agent.ask("and again", conversation_id=conversation_id)
            assert [first[-1]["status"], second[-1]["status"]] == ["queued", "queued"]
            assert len(gemini.requests) == 1  # the second waits behind the first, whose answer it builds on
        with RunningAgent(tmp_path, backend_url=peer.url, gemini_url=gemini.url) as agent:
            assert agent.json("GET", "/api/state")["queue"]["count"] == 2
            back()
            last = until(agent, answered, conversation_id)
            turns = agent.json("GET", f"/api/conversations/{conversation_id}")["turns"]
            texts = [only(turn["events"], "text")["html"] for turn in turns]
            assert ["First." in texts[0], "Second." in texts[1]] == [True, True]
            assert last["question"] == "and again"


def test_a_waiting_question_can_be_called_off(tmp_path: Path) -> None:
    peer = RetailPeer()
    with peer, RunningAgent(tmp_path, backend_url=peer.url) as agent:
        agent.ask("total net amount by zone")
        back = away(peer)
        new = agent.ask("number of sales")
        kept = agent.ask("total net amount by zone")
        for turn in (new, kept):
            agent.json("POST", f"/api/turns/{turn[0]['turn_id']}/stop", {})
        back()
        for asked, status in ((new, "stopped"), (kept, "answered")):
            [turn] = agent.json("GET", f"/api/conversations/{asked[0]['conversation_id']}")["turns"]
            names = [event["event"] for event in turn["events"]]
            assert (turn["status"], turn["events"][-1]["status"]) == (status, status)
            assert "queued" not in names
        assert agent.json("GET", "/api/state")["queue"]["count"] == 0
        agent.json("POST", f"/api/turns/{kept[0]['turn_id']}/again", {})
        until(agent, lambda turn: "changed" in [event["event"] for event in turn["events"]], turn_of(kept))


def test_only_an_answer_of_earlier_can_be_asked_again_in_its_place_and_own_sql_stays_sql(
    tmp_path: Path,
) -> None:
    peer = RetailPeer()
    with peer, RunningAgent(tmp_path, backend_url=peer.url) as agent:
        fresh = agent.ask("total net amount by zone")
        status, _, body = agent.http("POST", f"/api/turns/{fresh[0]['turn_id']}/again", {})
        assert (status, b"no answer of earlier" in body) == (409, True)
        path = f"/api/results/{only(fresh, 'result')['result_id']}/rerun"
        list(agent.stream(path, {"sql": "SELECT 2 FROM sales", "title": "Two"}))
        back = away(peer)
        kept = list(agent.stream(path, {"sql": "SELECT 2 FROM sales", "title": "Two"}))
        assert only(kept, "result")["cached_at"]
        agent.json("POST", f"/api/turns/{kept[0]['turn_id']}/stop", {})
        agent.json("POST", f"/api/turns/{kept[0]['turn_id']}/again", {})
        back()
        turn = until(agent, compared, turn_of(kept))
        assert only(turn["events"], "result")["sql"] == "SELECT 2 FROM sales"


def turn_of(events: list[dict[str, Any]]) -> str:
    return str(events[0]["conversation_id"])


def test_an_answer_that_is_refused_later_leaves_the_kept_one_and_says_why(tmp_path: Path) -> None:
    peer = RetailPeer()
    with peer, RunningAgent(tmp_path, backend_url=peer.url) as agent:
        agent.ask("total net amount by zone")
        back = away(peer)
        kept = agent.ask("total net amount by zone")
        peer.query = Reply(
            status=403,
            body=b'{"error": "Your key may not read sales.", "code": "not_permitted"}',
            headers={"Content-Type": "application/json"},
        )
        back()
        turn = until(agent, lambda turn: "turn_failed" in str(turn["events"]), turn_of(kept))
        assert only(turn["events"], "turn_failed")["code"] == "not_permitted"
        assert only(turn["events"], "result")["rows"] == only(kept, "result")["rows"]


def test_a_question_whose_backend_is_replaced_waits_for_its_own(tmp_path: Path) -> None:
    other, peer = RetailPeer(), RetailPeer()
    with other, peer:
        with RunningAgent(tmp_path, backend_url=peer.url) as agent:
            agent.json("GET", "/api/schema?connection=retail")
            away(peer)
            new = agent.ask("total net amount by zone")
            assert new[-1]["status"] == "queued"
        with RunningAgent(tmp_path, backend_url=other.url) as agent:
            agent.ask("total net amount by zone")
            [turn] = agent.json("GET", f"/api/conversations/{turn_of(new)}")["turns"]
            assert turn["status"] == "queued"
