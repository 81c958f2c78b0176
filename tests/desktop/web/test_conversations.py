"""Conversations, results and files as the window uses them, over HTTP."""

import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.peers.backend import query_answer
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Turn, call, text

TYPED = query_answer(
    [("day", "date"), ("amount", "decimal"), ("note", "text"), ("bill_id", "integer")],
    b'[["2026-03-31",1234567.25,"=HYPERLINK(1)",9007199254740993],["2026-04-01",null,"@x",2],'
    b'["2026-04-02",3.5,"plain",1]]',
    3,
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningAgent, list[dict[str, Any]]]]:
    peer = RetailPeer()
    peer.query = TYPED
    script: list[Turn] = [
        call("query", sql="SELECT * FROM bills", title="Bills / March"),
        text("₹3.50 was the last."),
    ]
    home: Path = tmp_path_factory.mktemp("home")
    with (
        peer,
        GeminiPeer(script) as gemini,
        RunningAgent(home, backend_url=peer.url, gemini_url=gemini.url) as agent,
    ):
        yield agent, agent.ask("show the bills of Patna")


Told = tuple[RunningAgent, list[dict[str, Any]]]


def test_a_conversation_comes_back_with_the_events_it_was_made_of(told: Told) -> None:
    agent, events = told
    conversation_id = events[0]["conversation_id"]
    shown = agent.json("GET", f"/api/conversations/{conversation_id}")
    [turn] = shown["turns"]
    assert (shown["title"], turn["status"]) == ("show the bills of Patna", "answered")
    assert turn["events"][0] == events[0]
    assert turn["events"][-1] == events[-1]
    assert only(turn["events"], "result") == only(events, "result")
    last_text = [event for event in events if event["event"] == "text"][-1]
    assert only(turn["events"], "text") == last_text
    found = agent.json("GET", "/api/conversations?q=patna")["conversations"]
    assert [line["id"] for line in found] == [conversation_id]


def test_rating_renaming_pinning_deleting_and_bringing_back(told: Told) -> None:
    agent, events = told
    path = f"/api/conversations/{events[0]['conversation_id']}"
    agent.json("PUT", f"/api/turns/{events[0]['turn_id']}/rating", {"rating": "good"})
    agent.json("PATCH", path, {"title": "Patna", "pinned": True})
    shown = agent.json("GET", path)
    assert (shown["title"], shown["pinned"], shown["turns"][0]["rating"]) == ("Patna", True, "good")
    agent.json("DELETE", path)
    assert agent.http("GET", path)[0] == 404
    assert agent.json("GET", "/api/conversations")["conversations"] == []
    agent.json("POST", f"{path}/restore", {})
    assert agent.json("GET", path)["title"] == "Patna"
    assert agent.http("PUT", f"/api/turns/{events[0]['turn_id']}/rating", {"rating": "so so"})[0] == 400


def test_drafts_and_settings_are_kept(told: Told) -> None:
    agent, events = told
    conversation_id = events[0]["conversation_id"]
    agent.json("PUT", "/api/draft", {"conversation_id": None, "text": "net sal"})
    agent.json("PUT", "/api/draft", {"conversation_id": conversation_id, "text": "and by"})
    settings = agent.json("PUT", "/api/settings", {"theme": "dark"})
    assert settings == settings | {"theme": "dark", "numbers": "indian", "language": "en"}
    state = agent.json("GET", "/api/state")
    assert (state["draft"], state["settings"]) == ("net sal", settings)
    assert agent.json("GET", f"/api/conversations/{conversation_id}")["draft"] == "and by"
    assert agent.http("PUT", "/api/settings", {"theme": "pink"})[0] == 400


def test_pages_of_a_result_are_sorted_with_empty_cells_last(told: Told) -> None:
    agent, events = told
    path = f"/api/results/{only(events, 'result')['result_id']}"
    page = agent.json("GET", f"{path}?sort=amount&descending=1&limit=2")
    assert [row[1] for row in page["rows"]] == [1234567.25, 3.5]
    page = agent.json("GET", f"{path}?sort=amount&offset=1")
    assert [row[1] for row in page["rows"]] == [1234567.25, None]
    assert page["row_count"] == 3
    assert agent.http("GET", f"{path}?sort=nothing")[0] == 400
    assert agent.http("GET", f"{path}?limit=-1")[0] == 400


def test_a_workbook_keeps_types_and_shows_texts_as_texts(told: Told) -> None:
    agent, events = told
    card = only(events, "result")
    status, headers, data = agent.http("GET", f"/api/results/{card['result_id']}/export?format=xlsx")
    assert status == 200
    assert 'filename="Bills March.xlsx"' in headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book["Result"]
    assert sheet.freeze_panes == "A2"
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert rows[0] == [datetime(2026, 3, 31), 1234567.25, "=HYPERLINK(1)", "9007199254740993"]  # noqa: DTZ001
    assert sheet["C2"].data_type == "s"
    assert rows[1][1] is None
    receipt = {row[0].value: row[1].value for row in book["Receipt"].iter_rows()}
    assert receipt["SQL"] == "SELECT * FROM bills"
    assert receipt["Content hash (SHA-256)"] == card["content_hash"]
    assert receipt["Figure ₹3.50"] == "row 3, column 2"


def test_csv_neutralises_formulas_and_json_keeps_every_digit(told: Told) -> None:
    agent, events = told
    path = f"/api/results/{only(events, 'result')['result_id']}/export?format="
    lines = agent.http("GET", path + "csv")[2].decode("utf-8-sig").splitlines()
    assert lines[:3] == [
        "day,amount,note,bill_id",
        "2026-03-31,1234567.25,'=HYPERLINK(1),9007199254740993",
        "2026-04-01,,'@x,2",
    ]
    told_json = json.loads(agent.http("GET", path + "json")[2])
    assert told_json["rows"][0][3] == 9007199254740993
    assert agent.http("GET", path + "exe")[0] == 400


def test_a_conversation_can_be_taken_along_as_markdown(told: Told) -> None:
    agent, events = told
    status, headers, data = agent.http("GET", f"/api/conversations/{events[0]['conversation_id']}/export")
    assert status == 200
    assert ".md" in headers["content-disposition"]
    assert b"```sql\nSELECT * FROM bills\n```" in data


def test_a_conversation_can_be_taken_along_as_json_with_every_digit(told: Told) -> None:
    agent, events = told
    path = f"/api/conversations/{events[0]['conversation_id']}/export?format="
    status, headers, data = agent.http("GET", path + "json")
    assert (status, ".json" in headers["content-disposition"]) == (200, True)
    turn = json.loads(data)["turns"][0]
    assert (turn["question"], turn["status"]) == ("show the bills of Patna", "answered")
    assert turn["results"][0]["rows"][0][3] == 9007199254740993
    assert turn["results"][0]["receipt"]["SQL"] == "SELECT * FROM bills"
    assert agent.http("GET", path + "exe")[0] == 400


def test_a_result_can_be_checked_and_its_sql_edited_and_run_again(told: Told) -> None:
    agent, events = told
    card = only(events, "result")
    same = agent.json("POST", f"/api/results/{card['result_id']}/verify", {})
    assert (same["same"], same["content_hash"]) == (True, card["content_hash"])
    again = list(agent.stream(f"/api/results/{card['result_id']}/rerun", {"sql": "SELECT 2", "title": "Two"}))
    assert again[0]["conversation_id"] == events[0]["conversation_id"]
    assert (only(again, "result")["sql"], again[-1]["status"]) == ("SELECT 2", "answered")
    assert only(again, "result")["title"] == "Two"
    turns = agent.json("GET", f"/api/conversations/{events[0]['conversation_id']}")["turns"]
    assert len(turns) == 2
    edited = agent.ask(
        "another", conversation_id=events[0]["conversation_id"], replaces_turn_id=turns[1]["turn_id"]
    )
    turns = agent.json("GET", f"/api/conversations/{events[0]['conversation_id']}")["turns"]
    assert [turn["question"] for turn in turns] == ["show the bills of Patna", "another"]
    assert edited[-1]["status"] == "answered"
