"""Over HTTP: what a caller may not see is not there, in connections, schemas, queries, jobs and files."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.connectors import KINDS
from shared.permissions import BUILT_IN_ROLES
from shared.policies import ConnectionPolicy, Mask, TablePolicy
from shared.settings import BackendSettings, DatabaseSection
from tests.server.running import Answered, RunningBackend, start

SALES = """sale_id,zone,amount,phone
1,North,10.50,9876500001
2,North,1.25,9876500002
3,East,7.00,9876500003
4,East,2.00,123
5,South,900.00,9876500005
"""
ROLE = [
    ConnectionPolicy(
        "shop",
        [
            TablePolicy("sales", rows="zone = {user.zone}", masks={"phone": Mask.LAST_FOUR}),
            TablePolicy("stores", hidden=["rent"]),
        ],
    )
]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    home = tmp_path_factory.mktemp("governed")
    settings = BackendSettings(database=DatabaseSection(max_connections=4, connection_timeout=10, cache_mb=8))
    running = start(home, KINDS.values(), settings)
    for name in ("shop", "secret"):
        folder = _folder(home / name)
        params = {"root": str(folder)}
        made = running.ask("POST", "/api/connections", {"name": name, "type": "filesystem", "params": params})
        assert made.status == 201, made.body
    yield running
    running.stop()


def _folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "sales.csv").write_text(SALES)
    (folder / "stores.csv").write_text("store_id,zone,rent\n1,North,100\n2,East,200\n")
    (folder / "staff.csv").write_text("staff_id,salary\n1,5000\n")
    return folder


_numbers = itertools.count()


def _key(running: RunningBackend, zone: str | None, *, role: list[ConnectionPolicy] = ROLE) -> str:
    """Of a user who has the policies of this role, and this attribute."""
    name = f"caller{next(_numbers)}"
    permissions = sorted(BUILT_IN_ROLES["developer"])
    attributes = {} if zone is None else {"zone": zone}
    for path, body in (
        ("/api/roles", {"name": name, "permissions": permissions, "policies": role}),
        ("/api/users", {"username": name, "roles": [name], "attributes": attributes}),
        ("/api/keys", {"name": name, "user": name}),
    ):
        made = running.ask("POST", path, body)
        assert made.status == 201, made.body
    return str(made.json["key"])


@pytest.fixture(scope="module")
def north(backend: RunningBackend) -> str:
    return _key(backend, "North")


def _ask(running: RunningBackend, key: str, sql: str, connection: str = "shop", **more: Any) -> Answered:
    return running.ask("POST", "/api/query", {"connection": connection, "query": sql, **more}, key=key)


def test_a_query_gives_the_rows_of_the_callers_zone_with_masks(backend: RunningBackend, north: str) -> None:
    found = _ask(backend, north, "SELECT * FROM sales ORDER BY sale_id").json
    assert found["rows"] == [[1, "North", 10.5, "****0001"], [2, "North", 1.25, "****0002"]]
    everything = _ask(backend, backend.admin, "SELECT * FROM sales").json
    assert everything["row_count"] == 5


def test_cached_answers_are_not_shared_between_those_who_see_different_rows(backend: RunningBackend) -> None:
    east = _key(backend, "East")
    sql = "SELECT count(*) AS n, sum(amount) AS total FROM sales"
    for key, rows in (
        (backend.admin, [[5, 920.75]]),
        (east, [[2, 9.0]]),
        (_key(backend, "North"), [[2, 11.75]]),
        (_key(backend, None), [[0, None]]),
        (east, [[2, 9.0]]),
        (backend.admin, [[5, 920.75]]),
    ):
        assert _ask(backend, key, sql).json["rows"] == rows


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM {}", "SELECT count(*) FROM main.{}", "SELECT 1 FROM sales, {}"]
)
def test_a_hidden_table_is_as_one_that_is_not_there(backend: RunningBackend, north: str, sql: str) -> None:
    hidden, missing = (_ask(backend, north, sql.format(name)) for name in ("staff", "stuff"))
    assert hidden.status == missing.status
    assert _said(hidden, "staff") == _said(missing, "stuff")


@pytest.mark.parametrize(
    "sql", ["SELECT {} FROM stores", "SELECT 1 FROM stores ORDER BY {}", "SELECT * FROM stores WHERE {} > 1"]
)
def test_a_hidden_column_is_as_one_that_is_not_there(backend: RunningBackend, north: str, sql: str) -> None:
    hidden, missing = (_ask(backend, north, sql.format(name)) for name in ("rent", "bent"))
    assert hidden.status == missing.status == 400
    assert _said(hidden, "rent") == _said(missing, "bent")


def _said(answer: Answered, name: str) -> dict[str, str]:
    found = answer.json
    return {key: str(found.get(key)).replace(name, "…") for key in ("error", "details", "code")}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/connections/{}", None),
        ("GET", "/api/schema/{}", None),
        ("GET", "/api/schema/{}?search=sales", None),
        ("GET", "/api/schema/{}?table=sales", None),
        ("GET", "/api/files/{}", None),
        ("GET", "/api/files/{}/content?path=sales.csv", None),
        ("POST", "/api/query", {"connection": "{}", "query": "SELECT * FROM sales"}),
        ("POST", "/api/query", {"connection": "{}", "query": "SELECT 1"}),
        ("POST", "/api/query", {"connection": "{}", "query": "not SQL at all"}),
        ("POST", "/api/query", {"connection": "{}", "query": "SELECT 1", "query_id": "x"}),
        ("POST", "/api/query", {"connection": "{}", "query": "SELECT 1", "max_rows": 0}),
        ("POST", "/api/jobs", {"connection": "{}", "query": "SELECT 1", "format": "csv", "query_id": "x"}),
        ("POST", "/api/query", {"connection": "*", "query": "SELECT * FROM {}.sales"}),
        ("POST", "/api/query", {"connection": "*", "query": "EXPLAIN SELECT * FROM {}.sales"}),
        ("POST", "/api/jobs", {"connection": "{}", "query": "SELECT * FROM sales", "format": "csv"}),
        ("POST", "/api/ai/analyze", {"connection": "{}", "query": "SELECT * FROM sales"}),
        ("PUT", "/api/connections/{}", {"params": {"root": "/"}}),
        ("DELETE", "/api/connections/{}", None),
        ("POST", "/api/connections/{}/test", None),
        ("POST", "/api/connections", {"name": "{}", "type": "filesystem", "params": {"root": "/"}}),
    ],
)
def test_a_hidden_connection_is_as_one_that_is_not_there(
    backend: RunningBackend, north: str, method: str, path: str, body: Any
) -> None:
    answers = []
    for name in ("secret", "absent"):
        filled = (
            None
            if body is None
            else msgspec.json.decode(msgspec.json.encode(body).replace(b"{}", name.encode()))
        )
        answers.append(backend.ask(method, path.format(name), filled, key=north))
    hidden, missing = answers
    assert hidden.status == missing.status
    assert hidden.status >= 400
    assert _said(hidden, "secret") == _said(missing, "absent")


def test_only_what_the_caller_sees_is_listed(backend: RunningBackend, north: str) -> None:
    names = [one["name"] for one in backend.ask("GET", "/api/connections", key=north).json["connections"]]
    assert names == ["shop"]
    schema = backend.ask("GET", "/api/schema/shop", key=north)
    tables = {one["name"]: one for one in schema.json["tables"]}
    assert set(tables) == {"sales", "stores"}
    assert [one["name"] for one in tables["stores"]["columns"]] == ["store_id", "zone"]
    assert tables["sales"]["row_estimate"] is None
    assert all(not one["samples"] for one in tables["sales"]["columns"])
    assert b"rent" not in schema.body
    assert b"staff" not in schema.body
    together = backend.ask("GET", "/api/schema/*", key=north)
    assert {one["name"] for one in together.json["tables"]} == {"shop.sales", "shop.stores"}
    for search in ("rent", "staff", "salary", "South"):
        assert backend.ask("GET", f"/api/schema/shop?search={search}", key=north).json["tables"] == []
    assert backend.ask("GET", "/api/schema/shop?table=staff", key=north).status == 404
    everybodys = backend.ask("GET", "/api/schema/shop")
    assert everybodys.headers["etag"] != schema.headers["etag"]
    again = backend.ask(
        "GET", "/api/schema/shop", key=north, headers={"If-None-Match": everybodys.headers["etag"]}
    )
    assert again.status == 200


def test_a_query_across_connections_sees_of_each_what_the_caller_sees(
    backend: RunningBackend, north: str
) -> None:
    sql = "SELECT zone, phone, count(*) FROM shop.sales JOIN shop.stores USING (zone) GROUP BY ALL ORDER BY 2"
    assert _ask(backend, north, sql, "*").json["rows"] == [["North", "****0001", 1], ["North", "****0002", 1]]
    plan = _ask(backend, north, f"EXPLAIN ANALYZE {sql}", "*")
    assert plan.status == 200
    assert b"vmart_policy" not in plan.body
    assert b"CASE" not in plan.body
    hidden, missing = (
        _ask(backend, north, f"SELECT {name} FROM shop.stores", "*") for name in ("rent", "bent")
    )
    assert _said(hidden, "rent") == _said(missing, "bent")


def test_files_are_there_only_for_who_sees_all_of_their_tables(backend: RunningBackend, north: str) -> None:
    for path in ("/api/files/shop", "/api/files/shop/content?path=sales.csv", "/api/files/shop?search=sa"):
        refused = backend.ask("GET", path, key=north)
        assert refused.status == 403
        assert b"9876" not in refused.body
    whole = _key(backend, None, role=[ConnectionPolicy("shop", [TablePolicy("*")])])
    assert backend.ask("GET", "/api/files/shop/content?path=sales.csv", key=whole).status == 200
    assert backend.ask("GET", "/api/files/secret", key=whole).status == 404


def test_insights_are_of_the_callers_rows(backend: RunningBackend, north: str) -> None:
    body = {"connection": "shop", "query": "SELECT * FROM sales"}
    found = backend.ask("POST", "/api/ai/analyze", body, key=north)
    assert found.status == 200
    assert found.json["facts"]["rows"] == 2
    assert b"900" not in found.body


def test_who_sees_part_of_the_data_can_not_move_a_connection(backend: RunningBackend, north: str) -> None:
    moved = backend.ask("PUT", "/api/connections/shop", {"params": {"root": "/"}}, key=north)
    assert moved.status == 403
    assert moved.json["error"].endswith(".")


def test_a_job_keeps_the_rows_of_the_callers_zone(backend: RunningBackend, north: str) -> None:
    body = {"connection": "shop", "query": "SELECT sale_id, phone FROM sales ORDER BY 1", "format": "csv"}
    made = backend.ask("POST", "/api/jobs", body, key=north)
    assert made.status == 202, made.body
    result = backend.ask("GET", f"/api/jobs/{made.json['id']}/result", key=north)
    assert result.body.decode().split() == ["sale_id,phone", "1,****0001", "2,****0002"]
    told = backend.ask("GET", f"/api/jobs/{made.json['id']}", key=north).json
    assert told["query"] == body["query"]


def test_a_result_is_kept_from_its_owner_who_may_see_other_rows_by_now(backend: RunningBackend) -> None:
    key = _key(backend, "North")
    name = f"caller{next(_numbers) - 1}"
    body = {"connection": "shop", "query": "SELECT sale_id FROM sales", "format": "json"}
    path = f"/api/jobs/{backend.ask('POST', '/api/jobs', body, key=key).json['id']}/result"
    assert backend.ask("GET", path, key=key).status == 200
    moved = backend.ask("PUT", f"/api/users/{name}", {"attributes": {"zone": "East"}})
    assert moved.status == 200, moved.body
    refused = backend.ask("GET", path, key=key)
    assert (refused.status, refused.json["code"]) == (403, "not_permitted")
    assert backend.ask("GET", path).status == 200, "who sees everything may see it"


@pytest.mark.parametrize(
    "accept", ["text/csv", "application/x-ndjson", "application/vnd.apache.arrow.stream"]
)
def test_exports_hold_the_callers_rows(backend: RunningBackend, north: str, accept: str) -> None:
    body = {"connection": "shop", "query": "SELECT * FROM sales"}
    found = backend.ask("POST", "/api/query", body, key=north, headers={"Accept": accept})
    assert found.status == 200
    for value in (b"East", b"9876500001", b"South"):
        assert value not in found.body


def test_what_a_source_says_holds_nothing_of_the_policy(backend: RunningBackend, north: str) -> None:
    for sql in (
        "SELECT CAST(phone AS INTEGER) FROM sales",
        "SELECT nothing FROM sales",
        "SELECT sum(zone) FROM sales",
    ):
        failed = _ask(backend, north, sql)
        assert failed.status == 400
        for word in (b"vmart_policy", b"CASE", b"zone =", b"9876"):
            assert word not in failed.body
