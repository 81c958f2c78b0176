"""Stop in the window ends the work inside the database, whichever tool has begun it: a real backend before a
real PostgreSQL."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.connectors import KINDS
from tests.desktop.running import RunningAgent
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Answer, call, text
from tests.peers.postgres import PostgresServer
from tests.server.running import start, wait_until

LONG = "SELECT count(*) AS n FROM sales a, sales b, sales c"


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[tuple[str, str]]:
    """Its address, and a key for it."""
    running = start(tmp_path_factory.mktemp("backend"), KINDS.values())
    try:
        body = {"name": "shop", "type": "postgresql", "params": postgres.params()}
        assert running.ask("POST", "/api/connections", body).status == 201
        yield running.url, running.key("connections_read", "schema_read", "db_read", "ai_insights")
    finally:
        running.stop()


def at_work(postgres: PostgresServer) -> int:
    sql = (
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'"
        " AND query ~ 'sales (AS )?c'"
    )
    return int(postgres.execute(sql)[0][0])


def insight(goal: str) -> Answer:
    return call("insight", sql=LONG, title="What stands out", goal=goal)


JOIN = call(
    "private_join",
    table="targets",
    governed_sql=LONG,
    on=[{"local": "Zone", "governed": "n"}],
    sql="SELECT count(*) AS n FROM joined",
    title="Joined",
)


@pytest.mark.parametrize(
    "asked", [call("query", sql=LONG, title="Long"), insight("stands_out"), insight("recommend"), JOIN]
)
def test_stop_ends_it_in_the_database(
    tmp_path: Path, backend: tuple[str, str], postgres: PostgresServer, asked: Answer
) -> None:
    url, key = backend
    events: list[dict[str, Any]] = []
    begun = threading.Event()

    with (
        GeminiPeer([call("local_tables", files=["targets.csv"]), asked], otherwise=text("Done.")) as gemini,
        RunningAgent(
            tmp_path / "agent", backend_url=url, api_key=key, gemini_url=gemini.url, timeout=60
        ) as agent,
    ):
        folder = tmp_path / "Reports"
        folder.mkdir()
        (folder / "targets.csv").write_text("Zone,Amount\nNorth,1\nSouth,2\n", encoding="utf-8")
        seat = agent.serving.seat
        assert seat is not None
        seat.agent.grants.add(str(folder))

        def follow() -> None:
            for event in agent.stream("/api/ask", {"question": "how are the sales of the shop?"}):
                events.append(event)
                begun.set()

        thread = threading.Thread(target=follow)
        thread.start()
        assert begun.wait(20)
        wait_until(lambda: at_work(postgres) >= 1)
        agent.json("POST", f"/api/turns/{events[0]['turn_id']}/stop", {})
        wait_until(lambda: at_work(postgres) == 0)
        thread.join(20)
        assert events[-1]["status"] == "stopped"
