"""What the meter says has left this machine is what the model and the backend saw come in, byte for byte."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from desktop.meter import Parcel
from desktop.store.database import Database
from desktop.store.sent import SentStore
from shared.errors import NotFound
from tests.desktop.running import RetailPeer, RunningAgent
from tests.peers.backend import Asked, BackendPeer, json_reply
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Answer, Calls, Fail, Text, Turn, call, text
from tests.peers.openai import OpenAiPeer

SQL = "SELECT zone, sum(net_amount) AS net_sales FROM sales GROUP BY zone"
QUERY = call("query", sql=SQL, title="Net sales by zone")
BOTH = Calls(
    [("schema", {"tables": ["sales"]}), ("query", {"sql": SQL, "title": "₹ t"})], text="Let me look."
)
Wire = tuple[RunningAgent, RetailPeer, GeminiPeer | OpenAiPeer]


@contextmanager
def metered(home: Path, library: str, script: Sequence[Turn]) -> Iterator[Wire]:
    backend = RetailPeer()
    with backend:
        if library == "google-genai":
            with GeminiPeer(script) as gemini, running(home, backend, gemini_url=gemini.url) as agent:
                yield agent, backend, gemini
        else:
            with OpenAiPeer(script) as openai, running(home, backend, openai_url=openai.url) as agent:
                yield agent, backend, openai


def running(home: Path, backend: BackendPeer, *, gemini_url: str = "", openai_url: str = "") -> RunningAgent:
    return RunningAgent(home, backend_url=backend.url, gemini_url=gemini_url, openai_url=openai_url)


def bodies(asked: Sequence[Asked]) -> list[bytes]:
    return [each.body for each in asked if each.body]


def kept(agent: RunningAgent, destination: str) -> list[bytes]:
    """Every body of that destination as the agent keeps it, oldest first."""
    turns = agent.json("GET", "/api/sent")["turns"]
    found = sorted(
        (body for turn in turns for body in turn["bodies"] if body["destination"] == destination),
        key=lambda body: body["id"],
    )
    return [agent.json("GET", f"/api/sent/{body['id']}")["text"].encode() for body in found]


@pytest.mark.parametrize("library", ["google-genai", "openai"])
def test_what_is_metered_is_what_arrived_for_every_request_of_a_conversation(
    tmp_path: Path, library: str
) -> None:
    """Several tools at once, a slip that goes back, a second question that carries the first along."""
    slip = call("query", sql="SELECT nonsense", title="t")
    script: list[Turn] = [BOTH, slip, text("North: ₹12.35 crore. उत्तर."), QUERY, text("Still.")]
    with metered(tmp_path, library, script) as (agent, backend, model):
        first = agent.ask("net sales by zone, “quoted” \U0001f600")
        conversation = first[0]["conversation_id"]
        second = agent.ask("and now?", conversation_id=conversation)
        assert [events[-1]["status"] for events in (first, second)] == ["answered", "answered"]
        assert len(model.asked) == 5
        assert kept(agent, "model") == bodies(model.asked)
        assert kept(agent, "backend") == bodies(backend.asked)
        sizes = sum(map(len, bodies(model.asked))), sum(map(len, bodies(backend.asked)))
        total = agent.json("GET", f"/api/meter?conversation_id={conversation}")
        assert (total["bytes"], total["backend_bytes"]) == sizes
        told = [event for event in second if event["event"] == "sent"][-1]
        assert (told["bytes"], told["backend_bytes"]) == sizes
        assert (told["columns"], told["rows"]) == (6, 6)
        page = agent.json("GET", f"/api/sent?conversation_id={conversation}")
        assert page["total"] == total
        later, earlier = page["turns"]
        assert (earlier["question"], later["question"]) == (first[0]["title"], "and now?")
        assert sum(turn["total"]["bytes"] for turn in page["turns"]) == total["bytes"]


def test_each_further_try_counts_and_one_that_reached_nobody_does_not(tmp_path: Path) -> None:
    script: list[Turn] = [Fail(503, "overloaded"), QUERY, text("Done.")]
    with metered(tmp_path, "google-genai", script) as (agent, _backend, model):
        assert agent.ask("q")[-1]["status"] == "answered"
        assert len(model.asked) == 3
        assert kept(agent, "model") == bodies(model.asked)
    with RetailPeer() as backend, running(tmp_path, backend, gemini_url="http://127.0.0.1:9") as agent:
        before = agent.json("GET", "/api/meter")
        assert agent.ask("q")[-1]["status"] == "failed"
        after = agent.json("GET", "/api/meter")
        assert after["bytes"] == before["bytes"]


@pytest.mark.parametrize("library", ["google-genai", "openai"])
def test_an_answer_that_breaks_off_or_is_stopped_was_sent_all_the_same(tmp_path: Path, library: str) -> None:
    slow = Text(["First words. ", *["more "] * 100], pause_seconds=0.1)
    with metered(tmp_path, library, [Text(["North"], cut=True), slow]) as (agent, _backend, model):
        assert agent.ask("q")[-1]["status"] == "failed"
        for event in agent.stream("/api/ask", {"question": "q"}):
            if event["event"] == "turn_started":
                turn_id = event["turn_id"]
            if event["event"] == "text":
                agent.json("POST", f"/api/turns/{turn_id}/stop", {})
        assert kept(agent, "model") == bodies(model.asked)


def test_the_built_in_analyst_sends_nothing_to_a_model_and_its_queries_count(tmp_path: Path) -> None:
    with RetailPeer() as backend, RunningAgent(tmp_path, backend_url=backend.url) as agent:
        events = agent.ask("total net amount by zone")
        assert events[-1]["status"] == "answered"
        told = [event for event in events if event["event"] == "sent"][-1]
        assert (told["columns"], told["rows"], told["bytes"]) == (0, 0, 0)
        assert kept(agent, "backend") == bodies(backend.asked)
        assert told["backend_bytes"] > 0


def test_what_no_question_asked_for_is_shown_beside_them(tmp_path: Path) -> None:
    with RetailPeer() as backend, RunningAgent(tmp_path, backend_url=backend.url) as agent:
        agent.json("GET", "/api/starters")
        assert kept(agent, "backend") == bodies(backend.asked)
        for turn in agent.json("GET", "/api/sent")["turns"]:
            assert (turn["turn_id"], turn["question"]) == (None, "")


def test_the_texts_can_be_forgotten_and_the_count_stays(tmp_path: Path) -> None:
    with metered(tmp_path, "openai", [text("Done.")]) as (agent, _backend, _model):
        agent.ask("q")
        total = agent.json("GET", "/api/meter")
        [turn] = agent.json("GET", "/api/sent")["turns"]
        agent.json("DELETE", "/api/sent/texts", {})
        assert agent.json("GET", "/api/meter") == total
        [after] = agent.json("GET", "/api/sent")["turns"]
        assert [body["kept"] for body in after["bodies"]] == [False] * len(turn["bodies"])
        status, _, data = agent.http("GET", f"/api/sent/{turn['bodies'][0]['id']}")
        assert status == 404
        assert "no longer kept" in json.loads(data)["error"]


def test_the_oldest_texts_make_room_and_a_huge_one_says_what_is_not_kept(tmp_path: Path) -> None:
    database = Database(tmp_path / "agent.db")
    store = SentStore(database, most_kept=2_000)

    def parcel(number: int, size: int = 0) -> Parcel:
        noise = "".join(chr(33 + (number * 7919 + at * at * 31) % 90) for at in range(300)).encode()
        return Parcel(turn_id=None, destination="backend", what="POST", body=noise + b"x" * size)

    for number in range(40):
        store.add(parcel(number))
    [beside] = store.turns()
    kept = [body.kept for body in beside.bodies]
    assert len(kept) == 40
    assert not kept[0]
    assert kept[-1]
    assert kept == sorted(kept)
    with pytest.raises(NotFound):
        store.text(1)
    store.add(parcel(1, 5_000_000))
    assert store.text(41).left_out == 1_000_300
    assert store.everywhere().backend_bytes == 41 * 300 + 5_000_000
    database.close()


def test_a_failure_of_the_backend_is_metered_too(tmp_path: Path) -> None:
    with metered(tmp_path, "google-genai", [QUERY, text("No.")]) as (agent, backend, model):
        backend.query = json_reply({"error": "There is no column.", "code": "query_failed"}, status=400)
        agent.ask("q")
        assert kept(agent, "backend") == bodies(backend.asked)
        assert kept(agent, "model") == bodies(model.asked)


def test_of_questions_at_once_each_has_its_own_bodies(tmp_path: Path) -> None:
    def by_question(request: dict[str, Any]) -> Answer:
        return text("Done.") if "functionResponse" in str(request) else QUERY

    backend = RetailPeer()
    with (
        backend,
        GeminiPeer(otherwise=by_question) as gemini,
        running(tmp_path, backend, gemini_url=gemini.url) as agent,
        ThreadPoolExecutor(5) as pool,
    ):
        questions = [f"question-{number}-" for number in range(5)]
        assert all(events[-1]["status"] == "answered" for events in pool.map(agent.ask, questions))
        turns = agent.json("GET", "/api/sent")["turns"]
        for question in questions:
            [turn] = [turn for turn in turns if turn["question"] == question]
            mine = [body for body in turn["bodies"] if body["destination"] == "model"]
            assert len(mine) == 2
            for body in mine:
                sent = agent.json("GET", f"/api/sent/{body['id']}")["text"]
                assert [other for other in questions if other in sent] == [question]
            assert [body["what"] for body in turn["bodies"]].count("POST /api/query") >= 1
        assert sorted(kept(agent, "model")) == sorted(bodies(gemini.asked))


def test_the_page_goes_on_to_the_end_and_shows_nothing_twice(tmp_path: Path) -> None:
    with metered(tmp_path, "openai", []) as (agent, _backend, _model):
        agent.json("GET", "/api/starters")
        for number in range(4):
            agent.ask(f"question {number}")
        found: list[Any] = []
        more, offset = True, 0
        while more:
            page = agent.json("GET", f"/api/sent?limit=2&offset={offset}")
            found += [turn["question"] for turn in page["turns"]]
            more, offset = page["more"], offset + 2
        asked = [question for question in found if question]
        assert asked == [f"question {number}" for number in (3, 2, 1, 0)]
        assert found.count("") <= 1
