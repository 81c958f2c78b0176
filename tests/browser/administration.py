"""The backend that tests of the console administer: a folder of files, a source whose account may write."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from server.connectors import KINDS
from server.connectors.base import Field, Kind
from shared.errors import SourceUnavailable
from tests.peers.source import Counts, NumberConnector
from tests.server.running import RunningBackend, start

HOSTILE = '<img src=x onerror="document.title=1">{{7*7}}'
STATEMENT = "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public FROM vmart;"

ZONES: dict[str, Any] = {
    "name": "zone_manager",
    "description": "Their own zone",
    "permissions": ["connections_read", "schema_read", "db_read"],
    "policies": [
        {
            "connection": "shops",
            "tables": [
                {"table": "stores", "rows": "zone in ({user.zone})"},
                {"table": "staff", "hidden": ["phone"]},
            ],
        }
    ],
}


class LedgerConnector(NumberConnector):
    """Its account may write, and there is no host called ``nowhere``."""

    def warnings(self) -> list[str]:
        return [f"The account vmart can write 3 tables in the schema public. Mend it: {STATEMENT}"]


def _open(params: Mapping[str, Any], _timeout: float) -> LedgerConnector:
    if params["host"] == "nowhere":
        raise SourceUnavailable("Ledger at nowhere cannot be reached: no such host.")
    return LedgerConnector(Counts(), params)


LEDGER = Kind(
    type="ledger",
    label="Ledger",
    dialect="duckdb",
    fields=(
        Field("host", "Host", guards_secret=True),
        Field("port", "Port", type=int, required=False, default=5432),
        Field("password", "Password", secret=True, help="Of an account that can only read."),
        Field("strict", "Strict", type=bool, required=False),
    ),
    open=_open,
)


@contextmanager
def administered(folder: Path) -> Iterator[RunningBackend]:
    data = folder / "shops"
    data.mkdir()
    (data / "stores.csv").write_text(
        "store_id,name,zone,opened_on\n1,Patna,East,2019-04-01\n2,Delhi,North,2020-01-15\n3,Agra,North,2021-05-20\n"
    )
    (data / "staff.csv").write_text("id,name,phone\n1,Asha,9876543210\n2,Ravi,9876500000\n")
    running = start(folder / "home", [*KINDS.values(), LEDGER])
    shops = {"name": "shops", "type": "filesystem", "params": {"root": str(data)}, "description": "The shops"}
    made(running, "/api/connections", shops)
    made(running, "/api/roles", ZONES)
    made(
        running,
        "/api/users",
        {"username": "meera", "roles": ["zone_manager"], "attributes": {"zone": "North"}},
    )
    try:
        yield running
    finally:
        running.stop()


def made(backend: RunningBackend, path: str, body: object) -> Any:
    answer = backend.ask("POST", path, body)
    assert answer.status == 201, answer.body
    return answer.json


def sign_in(page: Page, backend: RunningBackend, where: str = "", key: str | None = None) -> None:
    page.goto(f"{backend.url}/admin#/{where}")
    page.get_by_label("Administrator’s key").fill(backend.admin if key is None else key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Administrator’s key")).to_have_count(0)
