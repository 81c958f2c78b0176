"""Tableau through the whole backend: made, tested, looked at, asked, cancelled, read as files."""

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.connectors import tableau
from tests.peers.tableau import TableauServer
from tests.peers.web import Fault
from tests.server.running import Answered, RunningBackend, start, wait_until


@pytest.fixture
def server() -> Iterator[TableauServer]:
    with TableauServer() as running:
        running.view("Sales", "By zone", b"Zone,Net\nNorth,1200\nEast,800\n")
        running.data_source("Orders", {"Zone": "STRING"}, [{"Zone": "North"}])
        yield running


@pytest.fixture
def backend(
    server: TableauServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningBackend]:
    monkeypatch.setenv("VMART_HOME", str(tmp_path))
    running = start(tmp_path, [tableau.KIND])
    try:
        body = {"name": "viz", "type": "tableau", "params": server.params()}
        created = running.ask("POST", "/api/connections", body)
        assert (created.status, b"hush-token" in created.body) == (201, False)
        yield running
    finally:
        running.stop()


def test_tableau_is_a_connection_from_end_to_end(backend: RunningBackend, server: TableauServer) -> None:
    tested = backend.ask("POST", "/api/connections/viz/test", {})
    assert (tested.status, tested.json["warnings"]) == (200, [])
    schema = backend.ask("GET", "/api/schema/viz").json
    assert [table["name"] for table in schema["tables"]] == ["data_sources.orders", "sales.by_zone"]
    question = {"connection": "viz", "query": "SELECT sum(Net) AS net FROM sales.by_zone"}
    assert backend.ask("POST", "/api/query", question).json["rows"] == [[2000]]
    files = backend.ask("GET", "/api/files/viz?path=sales").json["files"]
    assert [one["path"] for one in files] == ["sales/by_zone.csv", "sales/by_zone.png", "sales/by_zone.pdf"]
    picture = backend.ask("GET", "/api/files/viz/content?path=sales/by_zone.png")
    assert (picture.headers["content-type"], picture.body[:4]) == ("image/png", b"\x89PNG")

    query_id = str(uuid.uuid4())
    server.faults.append(Fault(slow=True, path="/data"))
    slow = {**question, "query": "SELECT count(*) FROM sales.by_zone", "query_id": query_id}
    answers: list[Answered] = []
    asking = threading.Thread(target=lambda: answers.append(backend.ask("POST", "/api/query", slow)))
    asking.start()
    wait_until(lambda: not server.faults)
    assert backend.ask("DELETE", f"/api/query/{query_id}").status == 202
    asking.join(60)
    assert (answers[0].status, answers[0].json["code"]) == (499, "query_cancelled")

    moved = {"url": "https://elsewhere.example", "site": "shop", "token_name": "reader"}
    refused = backend.ask("PUT", "/api/connections/viz", {"params": moved})
    assert (refused.status, "token_secret" in refused.json["error"]) == (400, True)


def test_a_wrong_secret_is_told_without_it(backend: RunningBackend, server: TableauServer) -> None:
    params = server.params(token_secret="wrong-Secret-9")
    backend.ask("POST", "/api/connections", {"name": "broken", "type": "tableau", "params": params})
    answered = backend.ask("POST", "/api/connections/broken/test", {})
    assert (answered.status, answered.json["code"]) == (503, "source_unavailable")
    assert b"wrong-Secret-9" not in answered.body
