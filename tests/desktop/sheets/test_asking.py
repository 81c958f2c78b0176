"""Questions about spreadsheets on this PC, asked as the window asks, with a backend that remembers
everything."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from desktop.app import Agent
from shared.errors import QueryFailed, QueryRefused
from tests.desktop.running import RunningAgent, only
from tests.desktop.sheets.peer import SheetPeer
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Turn, call, text

PLANTED = ("Zebrapur", "Quokkaganj", "987654.25")


def workbook() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("Plan")
        sheet.write(0, 0, "Targets 2025-26")
        sheet.write_row(2, 0, ["Zone", "City", "Amount"])
        lines = [
            ["North", "Zebrapur", 987654.25],
            ["South", "Quokkaganj", "1.5 lakh"],
            ["East", "Patna", 500],
        ]
        for number, line in enumerate(lines, start=3):
            sheet.write_row(number, 0, line)
        sheet.write_row(6, 0, ["Grand Total", "", 1138154.25])
    return out.getvalue()


@pytest.fixture(scope="module")
def peer() -> Iterator[SheetPeer]:
    with SheetPeer() as peer:
        yield peer


@pytest.fixture(scope="module")
def agent(peer: SheetPeer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    home = tmp_path_factory.mktemp("agent")
    with RunningAgent(home, backend_url=peer.url) as agent:
        granted(agent, home)
        yield agent


def inside(agent: RunningAgent) -> Agent:
    seat = agent.serving.seat
    assert seat is not None
    return seat.agent


def granted(agent: RunningAgent, tmp_path: Path) -> Path:
    folder = tmp_path / "Reports"
    folder.mkdir()
    (folder / "targets.xlsx").write_bytes(workbook())
    inside(agent).grants.add(str(folder))
    return folder


def rows_of(events: list[dict[str, Any]]) -> list[list[Any]]:
    rows: list[list[Any]] = only(events, "result")["rows"]
    return rows


def test_the_analyst_answers_from_a_granted_sheet_and_says_what_it_left_out(
    peer: SheetPeer, agent: RunningAgent
) -> None:
    events = agent.ask("total amount by city in targets.xlsx")
    assert {row[0]: float(row[1]) for row in rows_of(events)} == {
        "Zebrapur": 987654.25,
        "Quokkaganj": 150000.0,
        "Patna": 500.0,
    }
    card = only(events, "result")
    assert card["connection"] == "This PC"
    told = {reading["name"]: reading["value"] for reading in card["readings"]}
    assert told["Sheet"] == "Reports/targets.xlsx"
    assert told["Left out of the table"] == "1 total"
    again = agent.ask("by zone", conversation_id=only(events, "turn_started")["conversation_id"])
    assert {row[0] for row in rows_of(again)} == {"North", "South", "East"}
    assert not any(word.encode() in body for word in PLANTED for body in peer.asked_bodies)


def test_a_sheet_is_laid_beside_a_governed_result_and_nothing_of_it_goes_to_the_backend(
    peer: SheetPeer, agent: RunningAgent
) -> None:
    events = agent.ask("compare targets.xlsx with total net amount by zone")
    found = {row[0]: row[1:4] for row in rows_of(events)}
    assert [float(cell) for cell in found["North"]] == [987654.25, 123456789.50, 122469135.25]
    assert found["East"] == [500, None, None]
    told = {reading["name"]: reading["value"] for reading in only(events, "result")["readings"]}
    assert told["Rows of the sheet"] == "2 matched, 1 did not"
    assert told["Sheet on this PC"].startswith("Reports/targets.xlsx")
    assert told["Governed result"].startswith("retail · 2 rows")
    assert not any(word.encode() in body for word in PLANTED for body in peer.asked_bodies)
    assert not list(Path(inside(agent).database.file).parent.rglob("spill/*.csv"))


def test_a_comparison_that_can_be_read_in_several_ways_is_asked_back_with_the_file_in_it(
    peer: SheetPeer, agent: RunningAgent
) -> None:
    asked = only(agent.ask("compare targets.xlsx with net amount by zone"), "clarification")
    questions = [choice["question"] for choice in asked["choices"]]
    assert "compare targets.xlsx with total net amount by zone" in questions
    assert rows_of(agent.ask(questions[0]))


def test_a_file_that_is_not_granted_and_a_column_that_matches_nothing_are_said(
    peer: SheetPeer, agent: RunningAgent
) -> None:
    folder = Path(inside(agent).grants.list()[0].path)
    events = agent.ask("total amount in budget.xlsx")
    assert "No granted file has that name" in only(events, "text")["html"]
    (folder / "other.csv").write_text("Colour,Amount\nred,1\nblue,2\n", encoding="utf-8")
    events = agent.ask("compare other.csv with total net amount by zone")
    assert "nothing in it matches" in only(events, "text")["html"]
    assert events[-1]["status"] == "cannot_answer"


def test_a_model_joins_privately_and_no_cell_goes_to_it_or_to_the_backend(
    peer: SheetPeer, tmp_path: Path
) -> None:
    script: list[Turn] = [
        call("local_tables", files=["targets.xlsx"]),
        call(
            "private_join",
            table="targets",
            governed_sql="SELECT zone, sum(net_amount) AS net_sales FROM sales GROUP BY zone",
            on=[{"local": "Zone", "governed": "zone"}],
            sql='SELECT "City", "Amount", net_sales FROM joined ORDER BY 1',
            title="Targets beside sales",
        ),
        text("It is in the table."),
    ]
    with (
        GeminiPeer(script) as gemini,
        RunningAgent(tmp_path, backend_url=peer.url, gemini_url=gemini.url) as agent,
    ):
        granted(agent, tmp_path)
        events = agent.ask("how do my targets compare")
        assert only(events, "result")["rows"] == [
            ["Patna", 500, None],
            ["Quokkaganj", 150000, 4500000],
            ["Zebrapur", 987654.25, 123456789.5],
        ]
        receipt = agent.json("GET", f"/api/results/{only(events, 'result')['result_id']}/receipt")
        told = {reading["name"]: reading["value"] for reading in receipt["readings"]}
        assert told["Rows of the sheet"] == "2 matched, 1 did not"
        assert "sum(net_amount)" in told["Governed result"]
        wire = json.dumps(gemini.requests, ensure_ascii=False)
        assert '"found_a_match": "not told' in wire  # three rows are too few
        assert "Amount" in wire
    for word in PLANTED:
        assert word not in wire
        assert not any(word.encode() in body for body in peer.asked_bodies)


HOSTILE = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_parquet('/tmp/*.parquet')",
    "COPY targets TO '/tmp/out.csv'",
    "ATTACH '/tmp/x.db'",
    "SET enable_external_access = true",
    "INSTALL httpfs",
    "SELECT getenv('HOME')",
    "DROP VIEW targets",
    "SELECT 1; DELETE FROM targets",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM information_schema.tables",
    "PRAGMA database_list",
    "CREATE TABLE x AS SELECT * FROM targets",
    "WITH x AS (DELETE FROM targets RETURNING *) SELECT * FROM x",
    "SELECT * FROM glob('/home/*')",
    "SELECT current_setting('temp_directory')",
    "EXPORT DATABASE '/tmp/x'",
    "SELECT * FROM sqlite_scan('/tmp/a.db', 't')",
]


def test_hostile_sql_of_a_model_is_refused(peer: SheetPeer, agent: RunningAgent) -> None:
    sheets = inside(agent).sheets
    sheets.open("Reports/targets.xlsx")
    for sql in HOSTILE:
        with pytest.raises((QueryRefused, QueryFailed)) as refused:
            sheets.query(sql, max_rows=10)
        assert "root:" not in str(refused.value)
    assert sheets.query("SELECT count(*) FROM targets", max_rows=10).rows == [[3]]


def test_what_goes_wrong_in_a_query_is_said_without_a_value(peer: SheetPeer, agent: RunningAgent) -> None:
    sheets = inside(agent).sheets
    sheets.open("Reports/targets.xlsx")
    for sql in (
        'SELECT CAST("City" AS INTEGER) FROM targets',
        "SELECT strptime(\"City\", '%Y') FROM targets",
    ):
        with pytest.raises((QueryRefused, QueryFailed)) as failed:
            sheets.query(sql, max_rows=10)
        assert not any(word in f"{failed.value} {failed.value.details}" for word in PLANTED)


def test_a_query_that_does_not_end_is_ended_and_the_next_one_is_answered(
    peer: SheetPeer, agent: RunningAgent
) -> None:
    class Pressed(Exception):
        pass

    looked = 0

    def cancelled() -> None:
        nonlocal looked
        looked += 1
        if looked > 8:
            raise Pressed

    sheets = inside(agent).sheets
    sheets.open("Reports/targets.xlsx")
    endless = "SELECT count(*) FROM range(1000000000000) a, range(1000000) b"
    with pytest.raises(Pressed):
        sheets.query(endless, max_rows=10, cancelled=cancelled)
    assert sheets.query("SELECT count(*) FROM targets", max_rows=10).rows == [[3]]


def test_what_is_revoked_is_gone_from_the_disk(tmp_path: Path) -> None:
    """And before that, a sheet is answered without a backend."""
    with RunningAgent(tmp_path, backend_url="http://127.0.0.1:9") as agent:
        granted(agent, tmp_path)
        here = inside(agent)
        assert len(rows_of(agent.ask("total amount by city in targets.xlsx"))) == 3
        assert (
            "the backend is away"
            in only(agent.ask("compare targets.xlsx with sales by zone"), "text")["html"]
        )
        assert list(tmp_path.rglob("*.parquet"))
        here.grants.revoke(here.grants.list()[0].id)
        assert not list(tmp_path.rglob("*.parquet"))
        with pytest.raises(QueryFailed):
            here.sheets.query("SELECT * FROM targets", max_rows=1)
