"""A model that has seen the person's own values and writes them into a query for the backend: the person is
asked first. Over the window's HTTP, with the backend's and the provider's wires watched."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from desktop.agent.runner import Ask
from tests.desktop.running import RunningAgent, only
from tests.desktop.sheets.peer import SheetPeer
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Calls, Turn, call, text

CELL, NUMBER = "Zebrapur", "987654.25"
SEES = call("query_local", sql="SELECT * FROM plan", title="Plan")
SENDS = call("query", sql=f"SELECT zone FROM sales WHERE zone = '{CELL}' OR net_amount > {NUMBER}", title="t")
PLAIN = call("query", sql="SELECT zone, sum(net_amount) AS net_sales FROM sales GROUP BY zone", title="t")


@contextmanager
def shown(home: Path, *script: Turn) -> Iterator[tuple[RunningAgent, SheetPeer, GeminiPeer]]:
    """An agent whose model has opened the sheet."""
    folder = home / "Plans"
    folder.mkdir(parents=True)
    (folder / "plan.csv").write_text(f"City,Amount\n{CELL},{NUMBER}\nAgra,11000.5\n", encoding="utf-8")
    (folder / "note.txt").write_text(f"We close the shop in {CELL} in May.", encoding="utf-8")
    with (
        SheetPeer() as backend,
        GeminiPeer([call("local_tables", files=["plan.csv"]), *script]) as gemini,
        RunningAgent(home, backend_url=backend.url, gemini_url=gemini.url) as agent,
    ):
        agent.json("POST", "/api/grants", {"path": str(folder)})
        yield agent, backend, gemini


def asked(
    agent: RunningAgent, answer: str = "no", question: str = "how is my plan", **more: Any
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All events, and the effects that the person was asked about, each answered so."""
    events, effects = [], []
    for event in agent.stream("/api/ask", {"question": question, **more}):
        events.append(event)
        if event["event"] == "approval_asked":
            effects.append(event["effect"])
            agent.json("POST", f"/api/approvals/{event['approval_id']}", {"answer": answer})
    assert events[-1]["status"] == "answered", events
    return events, effects


def sent(backend: SheetPeer) -> bytes:
    return b"\n".join(backend.asked_bodies)


def test_it_waits_for_a_yes_that_shows_the_values_and_a_no_sends_nothing(tmp_path: Path) -> None:
    with shown(tmp_path, SEES, SENDS, SENDS, PLAIN, text("Without it.")) as (agent, backend, gemini):
        events, [effect] = asked(agent, "no")
        assert effect["kind"] == "send"
        assert effect["title"] == "Send 2 values out of your files to the backend"
        assert effect["details"][0] == {"name": "Values", "value": f"{CELL}, {NUMBER}"}
        assert "on retail" in effect["details"][1]["value"]
        assert effect["preview"] == f"SELECT zone FROM sales WHERE zone = '{CELL}' OR net_amount > {NUMBER}"
        assert CELL.encode() not in sent(backend)
        assert NUMBER.encode() not in sent(backend)
        assert b"sum(net_amount)" in sent(backend)  # what tells nothing is not asked about
        said = str(gemini.requests[-1]["contents"])
        assert said.count("The person said no: Send 2 values out of your files") == 1
        assert said.count("declined already") == 1  # another query with them is not asked about again
        shown_first = next(event for event in events if event["event"] == "result")
        assert shown_first["rows"][0] == [CELL, 987654.25]


def test_after_a_yes_it_goes_and_the_same_values_are_not_asked_about_again_in_that_answer(
    tmp_path: Path,
) -> None:
    both = Calls([*SENDS.calls, *SENDS.calls])
    with shown(tmp_path, SEES, both, SENDS, text("Done."), SENDS, text("Again.")) as (agent, backend, _):
        events, effects = asked(agent, "yes")
        assert len(effects) == 1
        assert CELL.encode() in sent(backend)
        conversation = only(events, "turn_started")["conversation_id"]
        _, later = asked(agent, "no", "and by month?", conversation_id=conversation)
        assert len(later) == 1  # what was shown in an earlier turn is remembered


def test_what_the_person_wrote_is_not_asked_about(tmp_path: Path) -> None:
    with shown(tmp_path, SEES, SENDS, text("Done.")) as (agent, backend, _):
        _, effects = asked(agent, "no", f"what does {CELL.lower()} sell beyond ₹9,87,654.25?")
        assert effects == []
        assert CELL.encode() in sent(backend)


def test_a_model_that_saw_nothing_is_not_asked_about(tmp_path: Path) -> None:
    with shown(tmp_path, SENDS, text("Done.")) as (agent, backend, _):
        assert asked(agent, "no")[1] == []
        assert CELL.encode() in sent(backend)
        agent.json("PUT", "/api/settings", {"never_send_cells": True})
    with shown(tmp_path / "kept", SEES, SENDS, text("Done.")) as (agent, backend, _):
        agent.json("PUT", "/api/settings", {"never_send_cells": True})
        assert asked(agent, "no")[1] == []


JOIN = {
    "table": "plan",
    "on": [{"local": "City", "governed": "zone"}],
    "sql": f"SELECT * FROM joined WHERE \"City\" = '{CELL}'",  # stays here, whatever it holds
    "title": f"{CELL} beside sales",
}
GOVERNED = "SELECT zone, sum(net_amount) AS net_sales FROM sales"


LOOKED_AT: list[tuple[list[Turn], int]] = [
    ([SEES, call("private_join", governed_sql=f"{GOVERNED} GROUP BY zone", **JOIN)], 0),
    ([SEES, call("private_join", governed_sql=f"{GOVERNED} WHERE zone = '{CELL}' GROUP BY 1", **JOIN)], 1),
    ([SEES, call("insight", sql=f"SELECT '{CELL}' AS x FROM sales", title="t", goal="stands_out")], 1),
    ([SEES, call("query_local", sql=f"SELECT 1 AS x FROM plan WHERE \"City\" = '{CELL}'", title="t")], 0),
    ([call("read_file", path="Plans/note.txt"), SENDS], 1),
    ([call("search_files", words="shop"), SENDS], 1),
]


def test_every_tool_that_reaches_the_backend_is_looked_at(tmp_path: Path) -> None:
    script = [turn for turns, _ in LOOKED_AT for turn in (*turns, text("Done."))]
    with shown(tmp_path, *script) as (agent, backend, _):
        for turns, asks in LOOKED_AT:  # each in a conversation of its own
            assert len(asked(agent, "no")[1]) == asks, turns
        assert CELL.encode() not in sent(backend)


def test_on_the_persons_own_tables_nothing_leaves_and_what_was_seen_there_is_remembered(
    tmp_path: Path,
) -> None:
    local = call("query", sql=f"SELECT * FROM plan WHERE \"City\" = '{CELL}'", title="t")
    opened, here, without = text("Opened."), text("Here."), text("Without.")
    with shown(tmp_path, opened, local, here, SENDS, without) as (agent, backend, _):
        asked(agent)
        events, effects = asked(agent, "no", connection="This PC")
        assert effects == []
        conversation = only(events, "turn_started")["conversation_id"]
        _, effects = asked(agent, "no", "and?", conversation_id=conversation, connection="retail")
        assert len(effects) == 1
        assert CELL.encode() not in sent(backend)


def test_what_the_built_in_analyst_said_of_a_sheet_counts_as_shown(tmp_path: Path) -> None:
    folder = tmp_path / "Plans"
    folder.mkdir()
    (folder / "plan.csv").write_text("City,Amount\nZebrapur,987654.25\nAgra,11000.5\n", encoding="utf-8")
    with SheetPeer() as backend:
        with RunningAgent(tmp_path, backend_url=backend.url) as agent:
            agent.json("POST", "/api/grants", {"path": str(folder)})
            events = agent.ask("total amount by city in plan.csv")
            conversation = only(events, "turn_started")["conversation_id"]
            assert CELL in only(events, "text")["html"]
        with (
            GeminiPeer([SENDS, text("Without.")]) as gemini,
            RunningAgent(tmp_path, backend_url=backend.url, gemini_url=gemini.url) as agent,
        ):
            _, effects = asked(agent, "no", "and?", conversation_id=conversation, connection="retail")
            assert len(effects) == 1
            assert CELL.encode() not in sent(backend)


def test_where_nobody_looks_it_does_not_leave(tmp_path: Path) -> None:
    with shown(tmp_path, SEES, SENDS, text("Without.")) as (agent, backend, gemini):
        seat = agent.serving.seat
        assert seat is not None
        runner = seat.agent.runner
        running = runner.ask(Ask(question="how is my plan", fresh=True))
        assert list(running.watch())
        assert CELL.encode() not in sent(backend)
        assert "no window is asking" in str(gemini.requests[-1]["contents"])
