"""Whatever the line or the model does, everything that the window waits for ends with a sentence."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.peers.backend import Reply
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Turn, call, text

LONGEST_SECONDS = 25  # of a wait here; the agent's time-outs are set to a few seconds below
QUERY = call("query", sql="SELECT zone, sum(net_amount) FROM sales GROUP BY zone", title="Net sales by zone")
FAULTS = {
    "accepts and never answers": Fault(black_hole=True),
    "drips": Fault(bytes_per_second=4, slice_bytes=1),
    "falls silent in the answer": Fault(silent_after_bytes=40),
    "resets in the answer": Fault(cut_after_bytes=40, reset=True),
    "refuses": Fault(refuse=True),
}


@pytest.fixture
def line(tmp_path: Path) -> Iterator[FaultProxy]:
    with RetailPeer() as peer, FaultProxy(urlsplit(peer.url).port or 0) as proxy:
        yield proxy


def impatient(home: Path, url: str, gemini_url: str = "") -> RunningAgent:
    return RunningAgent(home, backend_url=url, gemini_url=gemini_url, timeout=2, cache_ttl=0)


def in_time(agent: RunningAgent, method: str, path: str, body: Any = None) -> int:
    began = time.monotonic()
    status, _, _ = agent.http(method, path, body)
    assert time.monotonic() - began < LONGEST_SECONDS, path
    return status


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=name, marks=[] if fault.reset or fault.refuse else pytest.mark.slow)
        for name, fault in FAULTS.items()
    ],
)
def test_a_faulty_line_ends_every_wait_and_a_question_asked_then_runs_later(
    fault: Fault, line: FaultProxy, tmp_path: Path
) -> None:
    with impatient(tmp_path, line.url) as agent:
        first = agent.ask("total net amount by zone")
        card = only(first, "result")
        line.fault = fault
        line.cut_all()
        began = time.monotonic()
        kept = agent.ask("total net amount by zone")
        assert (kept[-1]["status"], bool(only(kept, "result")["cached_at"])) == ("answered", True)
        new = agent.ask("average net amount by zone")
        assert new[-1]["status"] == "queued"
        assert time.monotonic() - began < 2 * LONGEST_SECONDS
        assert in_time(agent, "GET", "/api/state") == 200
        assert in_time(agent, "GET", "/api/schema?connection=retail") == 200
        assert in_time(agent, "GET", "/api/starters?connection=retail") == 200
        assert in_time(agent, "POST", f"/api/results/{card['result_id']}/verify", {}) == 200
        assert in_time(agent, "GET", f"/api/results/{card['result_id']}?offset=0&limit=10") == 200
        assert in_time(agent, "GET", f"/api/results/{card['result_id']}/export?format=xlsx") == 200


def test_an_agent_that_starts_on_a_dead_line_shows_its_window_at_once(
    line: FaultProxy, tmp_path: Path
) -> None:
    with impatient(tmp_path, line.url) as agent:
        agent.ask("total net amount by zone")
    line.fault = Fault(black_hole=True)
    line.cut_all()
    with impatient(tmp_path, line.url) as agent:
        assert in_time(agent, "GET", "/api/state") == 200
        kept = agent.ask("total net amount by zone")
        assert kept[-1]["status"] == "answered"


@pytest.mark.slow
def test_a_name_that_is_looked_up_for_ever_counts_as_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = socket.getaddrinfo

    def hanging(host: Any, *more: Any, **options: Any) -> Any:
        if host == "hangs.example":
            time.sleep(60)  # as a resolver whose servers do not answer
        return known(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    with impatient(tmp_path, "http://hangs.example:5000") as agent:
        began = time.monotonic()
        while agent.json("GET", "/api/state")["backend"]["state"] != "offline":
            assert time.monotonic() - began < LONGEST_SECONDS
            time.sleep(0.1)
        new = agent.ask("total net amount by zone")
        assert new[-1]["status"] == "queued"
        assert time.monotonic() - began < 2 * LONGEST_SECONDS


@pytest.mark.slow
def test_a_model_that_never_answers_is_stood_in_for(tmp_path: Path) -> None:
    with RetailPeer() as peer, GeminiPeer() as gemini, FaultProxy(urlsplit(gemini.url).port or 0) as proxy:
        proxy.fault = Fault(black_hole=True)
        agent = impatient(tmp_path, peer.url, proxy.url)
        with agent:
            began = time.monotonic()
            events = agent.ask("total net amount by zone")
            assert time.monotonic() - began < LONGEST_SECONDS
            assert (only(events, "stepped_in")["action"], events[-1]["status"]) == ("retry", "answered")


def test_a_backend_that_goes_in_the_middle_of_a_model_s_turn_makes_it_wait_and_it_is_answered_later(
    tmp_path: Path,
) -> None:
    script: list[Turn] = [QUERY, QUERY, text("North leads.")]
    peer = RetailPeer()
    with (
        peer,
        GeminiPeer(script) as gemini,
        RunningAgent(tmp_path, backend_url=peer.url, gemini_url=gemini.url) as agent,
    ):
        answer = peer.answer

        def gone_at_the_query(asked: Any) -> Reply:
            if asked.path == "/api/query":
                peer.answer = lambda _: Reply(cut=True, raw=[b""])
                return Reply(cut=True, raw=[b""])
            return answer(asked)

        peer.answer = gone_at_the_query
        new = agent.ask("net sales by zone")
        assert new[-1]["status"] == "queued"
        peer.answer = answer
        end = time.monotonic() + LONGEST_SECONDS
        while True:
            agent.json("POST", "/api/backend/look", {})
            [turn] = agent.json("GET", f"/api/conversations/{new[0]['conversation_id']}")["turns"]
            if turn["status"] == "answered":
                break
            assert time.monotonic() < end, turn["status"]
            time.sleep(0.1)
        assert "North leads." in only(turn["events"], "text")["html"]
