"""Files saved through the program's own dialog, and answers watched by a window that was opened again."""

import base64
import threading
from pathlib import Path
from typing import Any

from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Turn, call, text

SCRIPT: list[Turn] = [call("query", sql="SELECT 1", title="Sales"), text("Done.")]


def test_the_dialog_saves_results_conversations_and_pictures(tmp_path: Path) -> None:
    with (
        RetailPeer() as peer,
        GeminiPeer(SCRIPT) as gemini,
        RunningAgent(tmp_path / "home", backend_url=peer.url, gemini_url=gemini.url) as agent,
    ):
        events = agent.ask("sales")
        result = {"result_id": only(events, "result")["result_id"], "format": "csv"}
        assert agent.http("POST", "/api/save", result)[0] == 404  # a browser downloads
        dialogs = agent.serving.dialogs
        dialogs.choose = lambda name: tmp_path / name
        assert agent.json("GET", "/api/state")["native"] is True
        assert agent.json("POST", "/api/save", result) == {"saved": "Sales.csv"}
        assert (tmp_path / "Sales.csv").read_text(encoding="utf-8-sig").startswith("zone,net_sales")
        conversation = {"conversation_id": events[0]["conversation_id"]}
        assert agent.json("POST", "/api/save", conversation) == {"saved": "sales.md"}
        picture = "data:image/png;base64," + base64.b64encode(b"png").decode()
        sent = {"name": "../../chart.png", "picture": picture}
        assert agent.json("POST", "/api/save", sent) == {"saved": "chart.png"}
        assert (tmp_path / "chart.png").read_bytes() == b"png"
        assert agent.http("POST", "/api/save", {"picture": "https://evil.example/x.png"})[0] == 400
        dialogs.choose = lambda _: None
        assert agent.json("POST", "/api/save", result) == {"saved": ""}
        dialogs.choose = lambda name: tmp_path / "nowhere" / name
        assert agent.http("POST", "/api/save", result)[0] == 409


def test_a_window_opened_again_sees_the_answer_from_its_first_event(tmp_path: Path) -> None:
    peer = RetailPeer()
    peer.release.clear()
    with (
        peer,
        GeminiPeer(SCRIPT) as gemini,
        RunningAgent(tmp_path, backend_url=peer.url, gemini_url=gemini.url) as agent,
    ):
        first = agent.stream("/api/ask", {"question": "sales"})
        started = next(first)
        assert peer.held.wait(60)
        path = f"/api/conversations/{started['conversation_id']}"
        assert agent.json("GET", path)["turns"][0]["status"] == "running"
        seen: list[dict[str, Any]] = []

        def watch() -> None:
            seen.extend(agent.stream(f"/api/turns/{started['turn_id']}/events", method="GET"))

        second = threading.Thread(target=watch)
        second.start()
        peer.release.set()
        rest = [started, *first]
        second.join(60)
        assert seen[0] == started
        assert seen[-1] == rest[-1]
        assert only(seen, "result") == only(rest, "result")
