"""Sums that a source makes for an analysis are sums of what the caller sees, and of nothing else."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.connectors import KINDS
from shared.permissions import BUILT_IN_ROLES
from shared.policies import ConnectionPolicy, Mask, TablePolicy
from tests.server.running import RunningBackend, start, wait_until

ROWS = 36_000
POLICIES = [
    ConnectionPolicy(
        "shop",
        [TablePolicy("sales", rows="zone = {user.zone}", masks={"phone": Mask.LAST_FOUR}, hidden=["margin"])],
    )
]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    home = tmp_path_factory.mktemp("governed-insights")
    folder = home / "shop"
    folder.mkdir()
    _write(folder / "sales.csv")
    running = start(home, KINDS.values())
    params = {"root": str(folder)}
    made = running.ask("POST", "/api/connections", {"name": "shop", "type": "filesystem", "params": params})
    assert made.status == 201, made.body
    wait_until(lambda: running.ask("GET", "/api/schema/shop").status == 200, 60)
    yield running
    running.stop()


def _write(file: Path) -> None:
    first = date(2025, 1, 1)
    lines = ["sale_id,day,zone,city,phone,amount,margin"]
    for n in range(ROWS):
        zone = ("North", "East", "Secret")[n % 3]
        city = f"{zone}ville {n // 3 % 4}"
        day = first + timedelta(days=n * 300 // ROWS)
        lines.append(f"{n},{day},{zone},{city},98765{n % 50:05d},{10 + n % 90},{777_000 + n % 3}")
    file.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def north(backend: RunningBackend) -> str:
    permissions = sorted({*BUILT_IN_ROLES["viewer"], "ai_insights", "db_read"} - {"data_export"})
    for path, body in (
        ("/api/roles", {"name": "north", "permissions": permissions, "policies": POLICIES}),
        ("/api/users", {"username": "asha", "roles": ["north"], "attributes": {"zone": "North"}}),
        ("/api/keys", {"name": "asha", "user": "asha"}),
    ):
        made = backend.ask("POST", path, body)
        assert made.status == 201, made.body
    return str(made.json["key"])


SEES = "SELECT day, zone, city, phone, amount FROM sales"


@pytest.mark.parametrize("route", ["analyze", "recommend"])
@pytest.mark.parametrize(
    "sql", [SEES, "SELECT * FROM sales", f"WITH s AS ({SEES}) SELECT * FROM s ORDER BY day"]
)
def test_an_analysis_sums_the_callers_rows_only(
    backend: RunningBackend, north: str, route: str, sql: str
) -> None:
    twice = f"SELECT * FROM ({sql}) a UNION ALL SELECT * FROM ({sql}) b" if "WITH" not in sql else sql
    body = {"connection": "shop", "query": twice}
    found = backend.ask("POST", f"/api/ai/{route}", body, key=north)
    assert found.status == 200, found.body
    times = 1 if "WITH" in sql else 2
    facts = found.json["facts"]
    assert facts["rows"] == times * ROWS // 3
    amount = next(column for column in facts["columns"] if column["name"] == "amount")
    assert amount["total"] == times * sum(10 + n % 90 for n in range(0, ROWS, 3))
    for secret in (b"East", b"Secret", b"9876500", b"margin", b"777"):
        assert secret not in found.body


@pytest.mark.parametrize(
    "sql", ["SELECT day, margin FROM sales", "SELECT day, amount FROM staff", "SELECT * FROM sales, staff"]
)
def test_what_is_hidden_can_not_be_analysed(backend: RunningBackend, north: str, sql: str) -> None:
    asked = [
        backend.ask("POST", path, {"connection": "shop", "query": sql}, key=north)
        for path in ("/api/query", "/api/ai/analyze", "/api/ai/recommend")
    ]
    assert [one.status for one in asked] == [400] * 3
    assert len({one.json["error"] for one in asked}) == 1


def test_an_analysis_takes_no_right_to_export_and_is_on_the_record(
    backend: RunningBackend, north: str
) -> None:
    body: dict[str, Any] = {"connection": "shop", "query": SEES, "question": "amount"}
    assert backend.ask("POST", "/api/ai/recommend", body, key=north).status == 200

    def line() -> dict[str, Any]:
        asked = backend.ask("GET", "/api/audit?action=insights.recommend&limit=1&key=asha")
        return dict(next(iter(asked.json["entries"]), {}))

    wait_until(lambda: line().get("query") == SEES)
    assert line()["connection"] == "shop"
    assert line()["row_count"] == ROWS // 3
