"""An administrator looks through the eyes of a user, a role or a draft: the same that they see themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.connectors import KINDS
from tests.server.running import RunningBackend, start, wait_until

POLICIES: list[dict[str, Any]] = [
    {
        "connection": "shop",
        "tables": [
            {"table": "stores", "rows": "zone in ({user.zone})", "hidden": ["rent"]},
            {"table": "staff", "masks": {"phone": "last_four"}},
        ],
    }
]
HELD = ("roles_read", "users_read", "schema_read", "db_read")


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    home = tmp_path_factory.mktemp("preview")
    running = start(home / "home", KINDS.values())
    running.ask(
        "POST",
        "/api/connections",
        {"name": "shop", "type": "filesystem", "params": {"root": str(_data(home))}},
    )
    role = {"name": "zone", "permissions": list(HELD), "policies": POLICIES}
    assert running.ask("POST", "/api/roles", role).status == 201
    anita = {"username": "anita", "roles": ["zone"], "attributes": {"zone": ["North", "East"]}}
    assert running.ask("POST", "/api/users", anita).status == 201
    yield running
    running.stop()


def _data(home: Path) -> Path:
    folder = home / "shop"
    folder.mkdir()
    (folder / "stores.csv").write_text("store_id,zone,rent\n1,North,100\n2,East,200\n3,South,300\n")
    (folder / "staff.csv").write_text("id,phone\n1,9876543210\n")
    (folder / "secret.csv").write_text("a\n1\n")
    return folder


def _preview(backend: RunningBackend, *, key: str | None = None, **body: Any) -> Any:
    return backend.ask("POST", "/api/preview", {"connection": "shop", **body}, key=key)


def test_it_shows_what_a_key_of_the_user_sees(backend: RunningBackend) -> None:
    key = backend.ask("POST", "/api/keys", {"name": "anita", "user": "anita"}).json["key"]
    schema = backend.ask("GET", "/api/schema/shop", key=key).json
    assert [table["name"] for table in schema["tables"]] == ["staff", "stores"]
    assert _preview(backend, user="anita").json == schema
    sql = "SELECT * FROM stores ORDER BY store_id"
    own = backend.ask("POST", "/api/query", {"connection": "shop", "query": sql}, key=key).json
    assert own["rows"] == [[1, "North"], [2, "East"]]
    assert _preview(backend, user="anita", query=sql).json["rows"] == own["rows"]


def test_a_role_is_filled_with_the_attributes_that_are_given(backend: RunningBackend) -> None:
    sql = "SELECT store_id FROM stores"
    assert _preview(backend, role="zone", query=sql, attributes={"zone": "South"}).json["rows"] == [[3]]
    assert _preview(backend, role="zone", query=sql).json["rows"] == []
    assert len(_preview(backend, role="viewer", query=sql).json["rows"]) == 3


def test_a_draft_shows_what_it_would_and_says_what_is_wrong_with_it(backend: RunningBackend) -> None:
    def draft(rows: str) -> Any:
        tables = [{"table": "stores", "rows": rows}]
        policies = [{"connection": "shop", "tables": tables}]
        return _preview(backend, policies=policies, query="SELECT count(*) AS n FROM stores")

    assert draft("rent > 150").json["rows"] == [[2]]
    assert (draft("rent >").status, draft("rent >").json["code"]) == (400, "invalid_request")
    assert "There is no table" in draft("nothing = 1").json["error"]


def test_what_is_not_there_for_them_is_not_there(backend: RunningBackend) -> None:
    answer = _preview(backend, user="anita", query="SELECT * FROM secret")
    assert "There is no table" in answer.json["error"]
    assert _preview(backend, role="none").status == _preview(backend, user="none").status == 404


@pytest.mark.parametrize("body", [{}, {"user": "anita", "role": "zone"}, {"role": "zone", "policies": []}])
def test_one_of_the_three_is_named(backend: RunningBackend, body: dict[str, Any]) -> None:
    assert _preview(backend, **body).json["code"] == "invalid_request"


@pytest.mark.parametrize("missing", HELD)
def test_it_takes_all_four_permissions(backend: RunningBackend, missing: str) -> None:
    key = backend.key(*(set(HELD) - {missing}))
    refused = _preview(backend, key=key, role="viewer")
    assert (refused.status, missing in refused.json["error"]) == (403, True)


def test_who_sees_part_of_the_data_sees_no_more_through_others(backend: RunningBackend) -> None:
    key = backend.key(roles=["zone"])
    for body in (
        {"role": "admin"},
        {"role": "zone"},
        {"policies": [{"connection": "*", "tables": [{"table": "*"}]}]},
    ):
        assert _preview(backend, key=key, **body).json["error"].startswith("Only who sees all data")


def test_it_never_writes_and_is_on_the_record(backend: RunningBackend) -> None:
    assert _preview(backend, role="viewer", query="DROP TABLE stores").status in (400, 403)
    _preview(backend, user="anita", query="SELECT store_id FROM stores")
    wait_until(
        lambda: any(
            (line["action"], line["target"]) == ("preview.show", "user anita")
            and "stores" in line["sql_text"]
            for line in backend.audit()
        )
    )
