"""Questions about files, put to a real agent: without a model and a backend, and to a model with tools."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Turn, call, text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "outside" / "Reports"
    (folder / "2025").mkdir(parents=True)
    (folder / "plan.md").write_text("# Diwali plan\n\nDiscounts of 12 in Patna.\n", encoding="utf-8")
    (folder / "2025" / "notes.txt").write_text("The diwali stock came late.\n", encoding="utf-8")
    (folder / "2025" / "plan.md").write_text("# Another", encoding="utf-8")
    return folder


@pytest.fixture
def alone(tmp_path: Path, folder: Path) -> Iterator[RunningAgent]:
    """No model, and nobody at the address of the backend."""
    with RunningAgent(tmp_path / "home", backend_url="http://127.0.0.1:9") as agent:
        agent.json("POST", "/api/grants", {"path": str(folder)})
        yield agent


def said(agent: RunningAgent, question: str) -> tuple[str, str]:
    events = agent.ask(question)
    texts = [event["html"] for event in events if event["event"] == "text"]
    return only(events, "turn_finished")["status"], texts[-1] if texts else ""


def test_files_are_found_listed_and_read_without_a_model_and_without_a_backend(alone: RunningAgent) -> None:
    status, html = said(alone, "which files have diwali?")
    assert status == "answered"
    assert "<code>Reports/plan.md</code>" in html
    assert "<code>Reports/2025/notes.txt</code>" in html
    assert said(alone, "list my files") == (
        "answered",
        "<p>You granted:</p>\n<ul>\n<li><code>Reports</code></li>\n</ul>\n",
    )
    assert "<code>2025/</code>" in said(alone, "list files in Reports")[1]
    status, html = said(alone, "what is in notes.txt?")
    assert "The diwali stock came late." in html
    assert "a summary needs a model" in html
    assert "fig-none" not in html


def test_of_two_files_of_one_name_it_asks_which(alone: RunningAgent) -> None:
    asked = only(alone.ask("open plan.md"), "clarification")
    assert {choice["label"] for choice in asked["choices"]} == {"Reports/plan.md", "Reports/2025/plan.md"}
    assert "Discounts of 12" in said(alone, "What is in Reports/plan.md?")[1]


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/passwd.txt", "~/.ssh/id_rsa.txt", "nowhere.pdf"])
def test_a_file_outside_is_not_found_by_asking_for_it(path: str, alone: RunningAgent, folder: Path) -> None:
    (folder.parent / "secret.txt").write_text("secret", encoding="utf-8")
    status, html = said(alone, f"open {path}")
    assert status == "cannot_answer"
    assert "secret</" not in html


def test_names_and_texts_of_files_are_shown_as_they_are(alone: RunningAgent, folder: Path) -> None:
    (folder / "`[x](http:__evil.example).txt").write_text(
        "```\n<script>alert(1)</script> [click](https://evil.example) zeppelin ![x](https://evil.example/p.png)",
        encoding="utf-8",
    )
    for question in ("which files have zeppelin", "list files in Reports"):
        html = said(alone, question)[1]
        assert "<a " not in html
        assert "<img" not in html
        assert "<script" not in html


@contextmanager
def led(tmp_path: Path, folder: Path, *script: Turn) -> Iterator[tuple[RunningAgent, GeminiPeer]]:
    with (
        RetailPeer() as backend,
        GeminiPeer(script) as gemini,
        RunningAgent(tmp_path / "home", backend_url=backend.url, gemini_url=gemini.url) as agent,
    ):
        agent.json("POST", "/api/grants", {"path": str(folder)})
        yield agent, gemini


def answered(agent: RunningAgent, answer: str) -> list[dict[str, Any]]:
    events = []
    for event in agent.stream("/api/ask", {"question": "save a summary of the plan"}):
        events.append(event)
        if event["event"] == "approval_asked":
            agent.json("POST", f"/api/approvals/{event['approval_id']}", {"answer": answer})
    return events


def test_a_model_finds_and_reads_and_its_own_paths_lead_nowhere_else(tmp_path: Path, folder: Path) -> None:
    (folder.parent / "secret.txt").write_text("the secret", encoding="utf-8")
    script = (
        call("search_files", words="diwali"),
        call("read_file", path="Reports/plan.md"),
        call("read_file", path="Reports/../secret.txt"),
        call("list_files", path="/etc"),
        text("The plan is about Patna."),
    )
    with led(tmp_path, folder, *script) as (agent, gemini):
        events = agent.ask("what is the plan?")
        assert only(events, "turn_finished")["status"] == "answered"
        sent = str([asked.body for asked in gemini.asked])
    assert "Discounts of 12 in Patna" in sent
    assert "the secret" not in sent
    assert str(folder.parent) not in sent  # where it lies on this PC is not told either


@pytest.mark.parametrize("answer", ["no", "yes"])
def test_a_file_is_written_after_the_yes_and_only_then(tmp_path: Path, folder: Path, answer: str) -> None:
    content = "# Summary\nDiscounts in Patna."
    script = (call("write_file", path="Reports/summary.md", content=content), text("So be it."))
    with led(tmp_path, folder, *script) as (agent, _):
        events = answered(agent, answer)
        effect = only(events, "approval_asked")["effect"]
        assert (effect["kind"], effect["title"], effect["preview"]) == ("write", "Write summary.md", content)
        assert {"name": "Folder", "value": str(folder)} in effect["details"]
    written = folder / "summary.md"
    assert written.exists() == (answer == "yes")
    if answer == "yes":
        assert written.read_text(encoding="utf-8") == content


def test_replacing_shows_that_it_replaces_and_can_be_taken_back(tmp_path: Path, folder: Path) -> None:
    before = (folder / "plan.md").read_text(encoding="utf-8")
    script = (call("write_file", path="Reports/plan.md", content="new", overwrite=True), text("Done."))
    with led(tmp_path, folder, *script) as (agent, _):
        news: list[str] = []
        events = answered(agent, "yes")
        effect = only(events, "approval_asked")["effect"]
        assert effect["title"] == "Replace plan.md"
        assert "Replaces" in [detail["name"] for detail in effect["details"]]
        assert (folder / "plan.md").read_text(encoding="utf-8") == "new"
        [kept] = (tmp_path / "home").rglob("files/replaced/*/before")
        agent.json("POST", f"/api/files/written/{kept.parent.name}/undo", {})
        assert news == []
    assert (folder / "plan.md").read_text(encoding="utf-8") == before


def test_a_model_that_is_told_no_or_goes_astray_writes_nothing(tmp_path: Path, folder: Path) -> None:
    script = (
        call("write_file", path="Reports/run.bat", content="del *"),
        call("write_file", path="Reports/plan.md", content="x"),
        call("write_file", path="Reports/../x.md", content="x"),
        text("I could not."),
    )
    with led(tmp_path, folder, *script) as (agent, _):
        events = agent.ask("write")
        assert not [event for event in events if event["event"] == "approval_asked"]
    assert sorted(path.name for path in folder.iterdir()) == ["2025", "plan.md"]


def ways(events: list[dict[str, Any]]) -> list[str]:
    return [event["place"] for event in events if event["event"] == "open_place"]


def test_where_a_file_is_missing_the_answer_leads_to_the_page_files(tmp_path: Path, folder: Path) -> None:
    with RetailPeer() as backend, RunningAgent(tmp_path / "home", backend_url=backend.url) as agent:
        missing = (
            "list my files",
            "what is in plan.md?",
            "total amount by city in targets.xlsx",
            "every weekday at 9 save total net amount by zone as Excel",
        )
        for question in missing:
            events = agent.ask(question)
            assert (only(events, "turn_finished")["status"], ways(events)) == ("cannot_answer", ["files"])
            [turn] = agent.json("GET", f"/api/conversations/{events[0]['conversation_id']}")["turns"]
            assert ways(turn["events"]) == ["files"]
        assert ways(agent.ask("total net amount by zone")) == []
        agent.json("POST", "/api/grants", {"path": str(folder)})
        assert ways(agent.ask("what is in nowhere.md?")) == ["files"]
        assert ways(agent.ask("what is in notes.txt?")) == []


@pytest.mark.parametrize(
    "asked",
    [
        call("list_files"),
        call("read_file", path="Reports/plan.md"),
        call("search_files", words="plan"),
        call("local_tables"),
        call("local_tables", files=["targets.xlsx"]),
    ],
)
def test_and_so_it_does_when_a_model_finds_nothing_granted(tmp_path: Path, asked: Turn) -> None:
    with (
        RetailPeer() as backend,
        GeminiPeer([asked, text("Grant the folder first."), text("Hello.")]) as gemini,
        RunningAgent(tmp_path / "home", backend_url=backend.url, gemini_url=gemini.url) as agent,
    ):
        assert ways(agent.ask("what do my files say?")) == ["files"]
        assert ways(agent.ask("hello")) == []
        assert "No folder is granted yet" in str([request.body for request in gemini.asked])
