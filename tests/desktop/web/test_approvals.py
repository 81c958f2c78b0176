"""What has an effect waits for the person's yes: over the window's HTTP, with a model that wants it."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from desktop.agent.runner import Ask
from desktop.events import TurnFinished
from tests.desktop.effects import KINDS, EffectsAgent
from tests.desktop.running import RetailPeer, only
from tests.peers.backend import json_reply
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Calls, Turn, call, text

WRITE = call("write_it", file="zones.csv", content="zone,net\nNorth,1")


@contextmanager
def agent_that_does(home: Path, *script: Turn) -> Iterator[tuple[EffectsAgent, GeminiPeer]]:
    with (
        RetailPeer() as backend,
        GeminiPeer(script) as gemini,
        EffectsAgent(home, backend_url=backend.url, gemini_url=gemini.url) as agent,
    ):
        yield agent, gemini


def asked_and(agent: EffectsAgent, answer: Any) -> list[dict[str, Any]]:
    """The events of a turn in which ``answer`` is called with each question for a yes."""
    events = []
    for event in agent.stream("/api/ask", {"question": "save it"}):
        events.append(event)
        if event["event"] == "approval_asked":
            answer(event)
    return events


def first_question(link: str) -> dict[str, Any]:
    """What the agent at that link asks a yes for first."""
    address = urlsplit(link)
    connection = HTTPConnection(address.netloc, timeout=30)
    [token] = parse_qs(address.query)["token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", "/api/ask", b'{"question": "save it"}', headers)
    for line in connection.getresponse():
        if line.startswith(b"data: ") and json.loads(line[6:])["event"] == "approval_asked":
            return dict(json.loads(line[6:]))
    raise AssertionError("It asked nothing.")


def say(agent: EffectsAgent, event: dict[str, Any], answer: str) -> int:
    status, _, _ = agent.http("POST", f"/api/approvals/{event['approval_id']}", {"answer": answer})
    return status


def test_nothing_is_done_before_the_yes_and_the_yes_shows_what_exactly(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    def yes(event: dict[str, Any]) -> None:
        seen.append(agent.done)
        assert event["effect"] == {
            "kind": "write",
            "title": "Write zones.csv",
            "details": [{"name": "Folder", "value": "done"}, {"name": "Name", "value": "zones.csv"}],
            "preview": "zone,net\nNorth,1",
        }
        assert say(agent, event, "yes") == 204
        assert say(agent, event, "yes") in (204, 404)  # a double click; the turn may be over by now
        assert say(agent, event, "no") in (409, 404)

    with agent_that_does(tmp_path, WRITE, text("Saved.")) as (agent, _):
        events = asked_and(agent, yes)
        assert seen == [{}]
        assert agent.done == {"write-zones.csv": "zone,net\nNorth,1"}
        assert only(events, "approval_answered")["answer"] == "yes"
        assert events[-1]["status"] == "answered"
        assert say(agent, only(events, "approval_asked"), "yes") == 404


def test_a_no_does_nothing_and_the_model_is_told(tmp_path: Path) -> None:
    script: list[Turn] = []
    for kind in KINDS:
        script += [call(f"{kind}_it", file="x"), call(f"{kind}_it", file="x"), text("Then not.")]
    with agent_that_does(tmp_path, *script) as (agent, gemini):
        for kind in KINDS:
            gemini.requests.clear()
            events = asked_and(agent, lambda event: say(agent, event, "no"))
            assert agent.done == {}
            # the model tries again, and the person is not asked again
            assert only(events, "approval_asked")["effect"]["kind"] == kind
            assert "The person said no" in str(gemini.requests[1]["contents"][-1])
            assert "has said no to this already" in str(gemini.requests[2]["contents"][-1])
            assert events[-1]["status"] == "answered"


def test_a_stop_while_it_waits_does_nothing(tmp_path: Path) -> None:
    with agent_that_does(tmp_path, WRITE) as (agent, _):
        turn: list[str] = []

        def stop(event: dict[str, Any]) -> None:
            [running] = agent.json("GET", "/api/conversations")["conversations"]
            [turn_] = agent.json("GET", f"/api/conversations/{running['id']}")["turns"]
            turn.append(turn_["turn_id"])
            agent.json("POST", f"/api/turns/{turn_['turn_id']}/stop", {})

        events = asked_and(agent, stop)
        assert only(events, "approval_answered")["answer"] == "stopped"
        assert events[-1]["status"] == "stopped"
        assert say(agent, only(events, "approval_asked"), "yes") == 404
        assert agent.done == {}


def test_a_yes_after_the_turn_failed_beside_it_does_nothing(tmp_path: Path) -> None:
    """Two tools at once: while one waits for its yes, the other ends the turn."""
    both = Calls([("write_it", {"file": "x"}), ("query", {"sql": "SELECT 1", "title": "t"})])
    backend = RetailPeer()
    with (
        backend,
        GeminiPeer([both]) as gemini,
        EffectsAgent(tmp_path, backend_url=backend.url, gemini_url=gemini.url) as agent,
    ):
        backend.query = json_reply({"error": "Your key is gone.", "code": "not_authenticated"}, status=401)
        backend.release.clear()
        events = asked_and(agent, lambda _: backend.release.set())
        assert events[-1]["status"] == "failed"
        assert only(events, "approval_answered")["answer"] == "lapsed"
        assert say(agent, only(events, "approval_asked"), "yes") == 404
        assert agent.done == {}


def test_without_a_window_the_answer_is_no(tmp_path: Path) -> None:
    """As the command line and a scheduled task ask."""
    with agent_that_does(tmp_path, WRITE, text("I could not.")) as (agent, gemini):
        events = list(agent.runner.ask(Ask(question="save it")).watch())
        assert isinstance(events[-1], TurnFinished)
        assert not any(event.__struct_config__.tag == "approval_asked" for event in events)
        assert "needs a yes in the window" in str(gemini.requests[1]["contents"][-1])
        assert agent.done == {}


def test_two_at_once_are_answered_each_for_itself(tmp_path: Path) -> None:
    both = Calls([("write_it", {"file": "a"}), ("send_it", {"file": "b"})])
    with agent_that_does(tmp_path, both, text("Done.")) as (agent, _):
        asked_and(agent, lambda e: say(agent, e, "yes" if e["effect"]["kind"] == "send" else "no"))
        assert set(agent.done) == {"send-b"}


def test_of_a_yes_and_a_no_at_the_same_moment_one_counts(tmp_path: Path) -> None:
    script: list[Turn] = [WRITE, text("Done.")]
    with agent_that_does(tmp_path, *script * 4) as (agent, _):
        for _ in range(4):
            for name in agent.done:
                (tmp_path / "done" / name).unlink()
            codes: list[int] = []

            def race(event: dict[str, Any], codes: list[int] = codes) -> None:
                threads = [
                    threading.Thread(target=lambda a=a: codes.append(say(agent, event, a)))
                    for a in ("yes", "no", "yes", "no")
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()

            answer = only(asked_and(agent, race), "approval_answered")["answer"]
            assert bool(agent.done) == (answer == "yes")
            assert set(codes) <= {204, 409, 404}


def test_what_would_hide_in_the_effect_is_spelt_out(tmp_path: Path) -> None:
    evil = call("write_it", file="report\u202excod.exe\u200b", content="a\x1b[2Jb\n\u2066c" + "x" * 210_000)
    with agent_that_does(tmp_path, evil) as (agent, _):
        events = asked_and(agent, lambda event: say(agent, event, "no"))
        effect = only(events, "approval_asked")["effect"]
        assert effect["title"] == "Write report[U+202E]xcod.exe[U+200B]"
        assert effect["preview"].startswith("a[U+001B][2Jb\n[U+2066]c")
        assert effect["preview"].endswith("[…and 10,009 characters more]")


def test_an_answer_that_is_none_is_refused(tmp_path: Path) -> None:
    none: list[Any] = [{}, {"answer": "maybe"}, {"answer": True}, {"answer": "yes", "effect": {}}, [], "yes"]

    def others(event: dict[str, Any]) -> None:
        for body in none:
            status, _, _ = agent.http("POST", f"/api/approvals/{event['approval_id']}", body)
            assert status == 400
        say(agent, event, "no")

    with agent_that_does(tmp_path, WRITE) as (agent, _):
        asked_and(agent, others)
        assert agent.http("POST", "/api/approvals/none", {"answer": "yes"})[0] == 404
        assert agent.done == {}


def test_what_a_killed_program_left_open_counts_as_declined(tmp_path: Path) -> None:
    with RetailPeer() as backend, GeminiPeer([WRITE]) as gemini:
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.desktop.effects", str(tmp_path), backend.url, gemini.url],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
            text=True,
        )
        assert program.stdout is not None
        with program:
            event = first_question(program.stdout.readline().strip())
            program.kill()
        with EffectsAgent(tmp_path, backend_url=backend.url, gemini_url=gemini.url) as agent:
            [conversation] = agent.json("GET", "/api/conversations")["conversations"]
            [turn] = agent.json("GET", f"/api/conversations/{conversation['id']}")["turns"]
            assert turn["status"] == "failed"
            assert [event["event"] for event in turn["events"]][-3:] == [
                "approval_answered",
                "turn_failed",
                "turn_finished",
            ]
            assert only(turn["events"], "approval_answered")["answer"] == "lapsed"
            assert say(agent, event, "yes") == 404
            assert agent.done == {}
