"""With "never send cell values" an insight's facts do not reach the backend's own model either: a real
backend whose model is listened to, asked by the agent's model and by the built-in analyst."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from server.connectors import KINDS
from shared.settings import AiSection, BackendSettings
from tests.desktop.running import RunningAgent, only
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Turn, call, text
from tests.peers.openai import OpenAiPeer
from tests.server.running import start, wait_until

CELL = "Zqxstore55"
SQL = "SELECT date, store, net_amount FROM sales"
QUESTION = "Anything unusual in net sales?"
FIRST = date(2025, 1, 1)
LINES = [
    f"{FIRST + timedelta(days=n)},{store},{(9000 if store == CELL else 400) + n * 37 % 50}"
    for n in range(180)
    for store in (CELL, "Patna", "Gaya")
    if store != CELL or not 100 <= n < 112
]


@contextmanager
def backend_with_model(home: Path, teller: OpenAiPeer) -> Iterator[tuple[str, str]]:
    """Its address, and a key that may have that model tell."""
    folder = home / "shop"
    folder.mkdir()
    (folder / "sales.csv").write_text("\n".join(["date,store,net_amount", *LINES]) + "\n", encoding="utf-8")
    settings = BackendSettings(ai=AiSection(base_url=teller.url, model="teller-1"))
    backend = start(home, KINDS.values(), settings)
    try:
        body = {"name": "retail", "type": "filesystem", "params": {"root": str(folder)}}
        assert backend.ask("POST", "/api/connections", body).status == 201
        wait_until(lambda: backend.ask("GET", "/api/schema/retail").status == 200, 60)
        yield (
            backend.url,
            backend.key("connections_read", "schema_read", "db_read", "ai_insights", "ai_chat"),
        )
    finally:
        backend.stop()


def heard(teller: OpenAiPeer) -> str:
    return " ".join(asked.body.decode() for asked in teller.asked)


def test_a_model_that_asks_for_an_insight(tmp_path: Path) -> None:
    insight = call("insight", sql=SQL, title="What stands out", goal="stands_out")
    options = call("insight", sql=SQL, title="What to do", goal="recommend")
    script: list[Turn] = [insight, text("Done."), options, text("Done."), insight, text("Done.")]
    with (
        OpenAiPeer([], otherwise=text('{"claims": []}')) as teller,
        backend_with_model(tmp_path, teller) as (url, key),
        GeminiPeer(script) as gemini,
        RunningAgent(
            tmp_path / "agent", backend_url=url, api_key=key, gemini_url=gemini.url, timeout=60
        ) as agent,
    ):
        agent.json("PUT", "/api/settings", {"never_send_cells": True})
        card = only(agent.ask(QUESTION), "insight")
        assert card["told_by"] == "templates"
        assert CELL in str(card), "the person sees it"
        assert only(agent.ask(QUESTION), "insight")["goal"] == "recommend"
        assert teller.asked == []
        assert all(CELL not in asked.body.decode() for asked in gemini.asked)
        agent.json("PUT", "/api/settings", {"never_send_cells": False})
        agent.ask(QUESTION)
        assert CELL in heard(teller)


def test_the_built_in_analyst(tmp_path: Path) -> None:
    with (
        OpenAiPeer([], otherwise=text('{"claims": []}')) as teller,
        backend_with_model(tmp_path, teller) as (url, key),
        RunningAgent(tmp_path / "agent", backend_url=url, api_key=key, timeout=60) as agent,
    ):
        agent.json("PUT", "/api/settings", {"never_send_cells": True})
        assert CELL in str(only(agent.ask(QUESTION), "insight"))
        assert teller.asked == []
        agent.json("PUT", "/api/settings", {"never_send_cells": False})
        agent.ask(QUESTION)
        assert CELL in heard(teller)
