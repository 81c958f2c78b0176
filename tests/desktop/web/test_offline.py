"""When the backend goes away: a clear failure, kept answers with their age, and back again."""

from pathlib import Path

import pytest

from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.peers.backend import BackendPeer, Reply, query_answer
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Turn, call, text

QUERY = call("query", sql="SELECT zone, sum(net_amount) FROM sales GROUP BY zone", title="Net sales by zone")
OTHER = call("query", sql="SELECT count(*) FROM sales", title="Lines")


def test_a_repeated_question_is_answered_from_this_computer_with_its_age(tmp_path: Path) -> None:
    script: list[Turn] = [QUERY, text("North leads.")] * 2
    script += [OTHER, text("Never said.")]
    peer = RetailPeer()
    with (
        GeminiPeer(script) as gemini,
        peer,
        RunningAgent(tmp_path, backend_url=peer.url, gemini_url=gemini.url, cache_ttl=0) as agent,
    ):
        first = agent.ask("net sales by zone")
        assert only(first, "result")["cached_at"] is None
        peer.answer = lambda _: Reply(cut=True, raw=[b""])  # as good as gone
        again = agent.ask("net sales by zone")
        assert again[-1]["status"] == "answered"
        card = only(again, "result")
        assert card["cached_at"]
        assert card["rows"] == only(first, "result")["rows"]
        receipt = agent.json("GET", f"/api/results/{card['result_id']}/receipt")
        assert receipt["cached_at"] == card["cached_at"]
        for kind in ("csv", "xlsx", "json"):
            _, headers, _ = agent.http("GET", f"/api/results/{card['result_id']}/export?format={kind}")
            assert "as of 20" in headers["content-disposition"]
        markdown = f"/api/conversations/{again[0]['conversation_id']}/export"
        assert b"from the answers kept on this PC" in agent.http("GET", markdown)[2]
        new = agent.ask("how many lines")
        assert (new[-1]["status"], only(new, "queued")["kept_at"]) == ("queued", None)


def test_whoever_starts_to_listen_hears_the_state_at_once(tmp_path: Path) -> None:
    with RetailPeer() as peer, RunningAgent(tmp_path, backend_url=peer.url) as agent:
        assert "state" in next(agent.stream("/api/events", method="GET"))


def test_the_window_hears_that_the_backend_went_and_came_back(tmp_path: Path) -> None:
    peer = RetailPeer()
    with peer, RunningAgent(tmp_path, backend_url=peer.url) as agent:
        news = agent.stream("/api/events", method="GET")
        answer = peer.answer
        wanted = ["online", "offline", "online"]
        if agent.json("GET", "/api/state")["backend"]["state"] == "online":
            wanted = wanted[1:]
        seen: list[str] = []
        while seen != wanted:
            if wanted[len(seen)] == "offline":
                peer.answer = lambda _: Reply(status=502, body=b"gateway")
            else:
                peer.answer = answer
            agent.json("POST", "/api/backend/look", {})
            event = next(news)
            if event.get("state") == wanted[len(seen)]:
                seen.append(event["state"])


def test_an_answer_of_another_query_is_told_and_not_shown(tmp_path: Path) -> None:
    with RetailPeer() as peer, RunningAgent(tmp_path, backend_url=peer.url) as agent:
        peer.query = query_answer([("zone", "text")], b'[["North"]]', 1)
        events = agent.ask("total net amount by zone")
        assert only(events, "turn_failed")["code"] == "backend_protocol"
        assert not [event for event in events if event["event"] == "result"]


@pytest.mark.parametrize("name", ["results", "turns", "conversations"])
def test_what_is_not_there_is_said_in_one_sentence(tmp_path: Path, name: str) -> None:
    with (
        BackendPeer(lambda _: Reply(status=503)) as peer,
        RunningAgent(tmp_path, backend_url=peer.url) as agent,
    ):
        path = {"turns": "/api/turns/zz/events"}.get(name, f"/api/{name}/zz")
        status, _, body = agent.http("GET", path)
        assert (status, b'"not_found"' in body) == (404, True)
