"""A home that an earlier version has left: the window shows its conversations, settings and choices again."""

from pathlib import Path

import pytest

from desktop.settings_file import load
from desktop.store.migrations import MIGRATIONS
from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.desktop.store.test_upgrade import open_kept


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_what_an_earlier_version_has_kept_is_in_the_window_again(version: int, tmp_path: Path) -> None:
    open_kept(version, tmp_path)
    file = tmp_path / "chatbot_config.yaml"
    with RetailPeer() as peer:
        file.write_text(f"chatbot: {{port: 8123}}\nbackend: {{url: '{peer.url}', api_key: k}}\n")
        settings = load(None, tmp_path)
        assert (settings.chatbot.port, settings.backend.url) == (8123, peer.url)
        with RunningAgent(tmp_path, backend_url=peer.url, ask=True) as agent:
            state = agent.json("GET", "/api/state")
            assert (state["settings"]["theme"], state["settings"]["numbers"]) == ("dark", "international")
            assert state["draft"] == "sales of kurtis"
            listed = agent.json("GET", "/api/conversations")["conversations"]
            assert [one["title"] for one in listed] == ["Net sales by zone", "ज़ोन के हिसाब से बिक्री"]
            shown = agent.json("GET", f"/api/conversations/{listed[0]['id']}")
            assert [turn["question"] for turn in shown["turns"]] == ["Net sales by zone", "only East"]
            card = only(shown["turns"][0]["events"], "result")
            rows = agent.json("GET", f"/api/results/{card['result_id']}")["rows"]
            assert rows == [["North", 123456789.5], ["South", 4500000.0]]
            status, headers, data = agent.http("GET", f"/api/results/{card['result_id']}/export?format=csv")
            assert (status, headers["content-type"].split(";")[0]) == (200, "text/csv")
            assert b"123456789.50" in data
            more = agent.ask("total net sales by zone", conversation_id=listed[0]["id"])
            assert more[-1]["status"] == "answered"
