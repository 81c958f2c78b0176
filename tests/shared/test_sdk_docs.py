"""The examples of docs/using-the-sdk.md, run as they are written."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import backend_client
import pytest

from server.connectors.base import Kind, Limits, ParamValue
from shared.guard import ReadOnlySql
from shared.results import Column, ColumnType, Result, Rows
from tests.peers.backend import BackendPeer, json_reply
from tests.peers.source import Counts, NumberConnector
from tests.server.running import RunningBackend, start

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "using-the-sdk.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
CUSTOMERS: list[list[object]] = [["Asha", "Patna"], ["Ravi", "Ranchi"]]


class CustomersConnector(NumberConnector):
    """Two customers, whatever is asked."""

    dialect = "postgres"

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        columns = [Column("name", ColumnType.TEXT), Column("city", ColumnType.TEXT)]
        return Result(columns, iter([Rows(CUSTOMERS)]))


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[RunningBackend]:
    counts = Counts()
    kind = Kind(
        type="postgresql",
        label="Customers",
        dialect="postgres",
        fields=(),
        open=lambda params, timeout: CustomersConnector(counts, params),
    )
    running = start(tmp_path, [kind])
    running.ask("POST", "/api/connections", {"name": "postgres_prod", "type": "postgresql", "params": {}})
    yield running
    running.stop()


def run(code: str, url: str, key: str) -> str:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "packaging" / "sdk")])
    environ = {**os.environ, "PYTHONPATH": paths, "BACKEND_URL": url, "BACKEND_API_KEY": key}
    command = [sys.executable, "-c", code]
    with tempfile.TemporaryDirectory() as folder:  # the page saves files
        done = subprocess.run(
            command, env=environ, cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_runs_from_top_to_bottom(backend: RunningBackend) -> None:
    blocks = [block for block in BLOCKS if "analyze_data" not in block and "client.recommend(" not in block]
    shown = run("\n".join(blocks), backend.url, backend.admin)
    assert "['name', 'city']" in shown
    assert "['Asha', 'Patna']" in shown
    assert "postgres_prod postgresql" in shown
    assert "\n2 False\n" in shown
    assert "['name', 'city'] 2\n" in shown
    assert "customers.xlsx True\n" in shown
    assert "\ndone 2 True\n" in shown
    assert "\n(2, 2)\n" in shown
    assert "\nTrue\n" in shown


def test_insights_are_read_as_the_page_reads_them() -> None:
    analysis = {
        "summary": "Revenue grows.",
        "insights": [
            {"type": "trend", "description": "Up 12 %.", "importance": "high", "evidence": {"n": 3}}
        ],
        "recommendations": [{"action": "Order more.", "rationale": "It sells.", "priority": "high"}],
        "facts": {"rows": 3},
    }
    first = BLOCKS[0].partition("try:")[0]
    (insights,) = [block for block in BLOCKS if "analyze_data" in block]
    with BackendPeer(lambda asked: json_reply(analysis)) as peer:
        shown = run(first + insights, peer.url, "vmart_key-123")
        assert shown.splitlines() == ["Revenue grows.", "high Up 12 %.", "high Order more."]
        assert peer.asked[0].json == {
            "connection": "clickhouse_analytics",
            "query": "SELECT date, revenue FROM sales WHERE date > '2024-01-01'",
        }


def test_options_are_read_as_the_page_reads_them() -> None:
    effect = {
        "column": "revenue",
        "expected": 7.5,
        "low": 5.0,
        "high": 9.5,
        "first": "2026-04-01",
        "last": "2026-04-30",
    }
    option = {
        "action": "Order more.",
        "rationale": "It sells.",
        "priority": "high",
        "effect": effect,
        "assumptions": ["Prices stay."],
    }
    advised = {"summary": "One option.", "insights": [], "recommendations": [option], "facts": {}}
    first = BLOCKS[0].partition("try:")[0]
    (advice,) = [block for block in BLOCKS if "client.recommend(" in block]
    with BackendPeer(lambda asked: json_reply(advised)) as peer:
        shown = run(first + advice, peer.url, "vmart_key-123")
    assert shown.splitlines() == ["Order more. 5.0 9.5 ['Prices stay.']"]
    assert peer.asked[0].path == "/api/ai/recommend"


def test_the_short_name_offers_what_the_long_one_does() -> None:
    from shared.backend_client import BackendClient, __all__

    assert backend_client.BackendClient is BackendClient
    assert set(backend_client.__all__) == set(__all__)


def test_every_exception_of_the_page_can_be_imported() -> None:
    table = PAGE.partition("## Failures")[2].partition("## Certificates")[0]
    names = re.findall(r"`([A-Z]\w+)`", table)
    assert len(names) >= 9
    assert set(names) <= set(backend_client.__all__)
