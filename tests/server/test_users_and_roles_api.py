"""Users, roles and their keys over HTTP: made, found, changed, deleted; and why somebody may do something."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.permissions import EVERYTHING
from tests.peers.source import Counts, number_kind
from tests.server.running import Answered, RunningBackend, start

NORTH = [{"connection": "numbers", "tables": [{"table": "sales", "rows": "zone = {user.zone}"}]}]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    started = start(tmp_path_factory.mktemp("people"), [number_kind(Counts())])
    started.ask("POST", "/api/connections", {"name": "numbers", "type": "numbers", "params": {}})
    yield started
    started.stop()


@pytest.fixture
def backend(running: RunningBackend) -> Iterator[RunningBackend]:
    """One for all these tests; what they make is gone when they end."""
    yield running
    inside = running.serving.backend
    rows = inside.keyring.holdings().rows
    for key in rows.keys.values():
        if key.roles != ["admin"]:
            inside.keys.revoke(key.id)
    for username in rows.users:
        inside.users.delete(username)
    for role in rows.roles:
        inside.roles.delete(role)


def make(backend: RunningBackend, noun: str, **body: Any) -> Answered:
    answered = backend.ask("POST", f"/api/{noun}", body)
    assert answered.status == 201, answered.json
    return answered


def status(backend: RunningBackend, key: str, path: str = "/api/connections") -> int:
    return backend.ask("GET", path, key=key).status


def test_a_user_is_made_found_changed_and_deleted(backend: RunningBackend) -> None:
    made = make(backend, "users", username="asha@vmart", email="asha@example.com", roles=["viewer"]).json
    assert (made["active"], made["attributes"], made["keys"]) == (True, {}, 0)
    assert backend.ask("GET", "/api/users/asha%40vmart").json == made
    assert backend.ask("GET", "/api/users/asha@vmart").json == made
    changed = backend.ask("PUT", "/api/users/asha@vmart", {"attributes": {"zone": ["North", "East"]}}).json
    assert changed["attributes"] == {"zone": ["North", "East"]}
    assert (changed["email"], changed["roles"]) == ("asha@example.com", ["viewer"])
    assert backend.ask("DELETE", "/api/users/asha@vmart").status == 204
    assert backend.ask("GET", "/api/users/asha@vmart").status == 404
    assert backend.ask("DELETE", "/api/users/asha@vmart").status == 404


def test_a_role_is_made_found_changed_and_deleted(backend: RunningBackend) -> None:
    made = make(backend, "roles", name="north", permissions=["db_read"], policies=NORTH).json
    assert (made["built_in"], made["holders"]) == (False, 0)
    assert made["policies"][0]["tables"][0]["rows"] == "zone = {user.zone}"
    assert backend.ask("GET", "/api/roles/north").json == made
    changed = backend.ask("PUT", "/api/roles/north", {"description": "Zone north"}).json
    assert (changed["description"], changed["permissions"]) == ("Zone north", ["db_read"])
    assert backend.ask("DELETE", "/api/roles/north").status == 204
    assert backend.ask("GET", "/api/roles/north").status == 404


def test_built_in_roles_are_shown_and_stay_as_they_are(backend: RunningBackend) -> None:
    names = [role["name"] for role in backend.ask("GET", "/api/roles").json["roles"]]
    assert names == ["admin", "analyst", "developer", "viewer"]
    admin = backend.ask("GET", "/api/roles/admin").json
    assert admin["built_in"]
    assert len(admin["permissions"]) == 23
    assert backend.ask("PUT", "/api/roles/admin", {"permissions": []}).status == 409
    assert backend.ask("DELETE", "/api/roles/viewer").status == 409
    assert backend.ask("POST", "/api/roles", {"name": "admin"}).status == 409


def test_a_role_in_use_is_not_deleted_and_its_holders_are_named(backend: RunningBackend) -> None:
    make(backend, "roles", name="till", permissions=["db_read"])
    make(backend, "users", username="ravi", roles=["till"])
    make(backend, "keys", name="till 5", roles=["till"])
    refused = backend.ask("DELETE", "/api/roles/till")
    assert refused.status == 409
    assert "the user ravi" in refused.json["details"]
    assert "the key till 5" in refused.json["details"]
    assert backend.ask("GET", "/api/roles/till").json["holders"] == 2


def test_a_key_of_a_user_follows_the_user(backend: RunningBackend) -> None:
    make(backend, "users", username="ravi", roles=["viewer"])
    key = make(backend, "keys", name="laptop", user="ravi").json["key"]
    assert status(backend, key) == 200
    backend.ask("PUT", "/api/users/ravi", {"roles": []})
    assert status(backend, key) == 403
    backend.ask("PUT", "/api/users/ravi", {"roles": ["viewer"]})
    assert status(backend, key) == 200
    backend.ask("PUT", "/api/users/ravi", {"active": False})
    assert status(backend, key) == 401
    backend.ask("PUT", "/api/users/ravi", {"active": True})
    assert status(backend, key) == 200
    backend.ask("DELETE", "/api/users/ravi")
    assert status(backend, key) == 401


def test_who_gets_the_name_of_a_deleted_user_gets_none_of_the_keys(backend: RunningBackend) -> None:
    make(backend, "users", username="ravi", roles=["viewer"])
    key = make(backend, "keys", name="laptop", user="ravi").json["key"]
    backend.ask("DELETE", "/api/users/ravi")
    make(backend, "users", username="ravi", roles=["admin"])
    assert status(backend, key) == 401


def test_the_permissions_of_a_key_narrow_those_of_its_user(backend: RunningBackend) -> None:
    make(backend, "users", username="ravi", roles=["viewer"])
    key = make(backend, "keys", name="a", user="ravi", permissions=["schema_read", "audit_read"]).json["key"]
    assert status(backend, key) == 403
    assert status(backend, key, "/api/schema/numbers") == 200
    assert status(backend, key, "/api/keys") == 403


def test_a_change_of_a_role_is_in_force_at_once(backend: RunningBackend) -> None:
    make(backend, "roles", name="till", permissions=["connections_read"])
    key = make(backend, "keys", name="till 5", roles=["till"]).json["key"]
    assert status(backend, key) == 200
    backend.ask("PUT", "/api/roles/till", {"permissions": ["db_read"]})
    assert status(backend, key) == 403


def test_it_is_told_why_somebody_may(backend: RunningBackend) -> None:
    make(backend, "roles", name="north", permissions=["db_read", "schema_read"], policies=NORTH)
    make(backend, "users", username="ravi", roles=["north"], attributes={"zone": "North"})
    of_user = backend.ask("GET", "/api/users/ravi/permissions").json
    assert [one["permission"] for one in of_user["permissions"]] == ["db_read", "schema_read"]
    assert of_user["permissions"][0]["sources"] == [{"kind": "role", "name": "north"}]
    assert of_user["data"][0]["role"] == "north"
    assert (of_user["everything"], of_user["attributes"]) == (False, {"zone": "North"})
    info = make(backend, "keys", name="a", permissions=["db_read", "audit_read"], roles=["viewer"]).json[
        "info"
    ]
    of_key = backend.ask("GET", f"/api/keys/{info['id']}/permissions").json
    sources = {
        one["permission"]: [source["kind"] for source in one["sources"]] for one in of_key["permissions"]
    }
    assert (sources["db_read"], sources["audit_read"], sources["ai_chat"]) == (
        ["role", "key"],
        ["key"],
        ["role"],
    )
    assert (of_key["everything"], of_key["works"]) == (True, True)
    backend.ask("DELETE", f"/api/keys/{info['id']}")
    gone = backend.ask("GET", f"/api/keys/{info['id']}/permissions").json
    assert (gone["works"], gone["trouble"]) == (False, "It is revoked.")


def test_a_key_is_changed_and_rotated(backend: RunningBackend) -> None:
    made = make(backend, "keys", name="a", permissions=["connections_read"]).json
    path = f"/api/keys/{made['info']['id']}"
    changed = backend.ask("PUT", path, {"name": "b", "expires_at": "2099-01-01T00:00:00Z"}).json
    assert (changed["name"], changed["expires_at"]) == ("b", "2099-01-01T00:00:00+00:00")
    assert changed["permissions"] == ["connections_read"]
    second = backend.ask("POST", f"{path}/rotate", {"overlap_seconds": 600}).json
    assert second["info"]["id"] == made["info"]["id"]
    assert {status(backend, made["key"]), status(backend, second["key"])} == {200}
    third = backend.ask("POST", f"{path}/rotate", {"overlap_seconds": 0}).json["key"]
    found = [status(backend, key) for key in (made["key"], second["key"], third)]
    assert found == [401, 401, 200]
    backend.ask("DELETE", path)
    assert status(backend, third) == 401
    assert backend.ask("POST", f"{path}/rotate", {}).status == 409


def test_a_key_is_used_only_from_its_addresses(backend: RunningBackend) -> None:
    made = make(backend, "keys", name="a", permissions=["connections_read"], allowed_ips=["10.0.0.0/8"]).json
    answered = backend.ask("GET", "/api/connections", key=made["key"])
    assert (answered.status, answered.json["code"]) == (403, "address_not_allowed")
    assert "security.allowed_ips" not in answered.json["details"]
    backend.ask("PUT", f"/api/keys/{made['info']['id']}", {"allowed_ips": ["10.0.0.0/8", "127.0.0.1"]})
    assert status(backend, made["key"]) == 200


@pytest.mark.parametrize("noun", ["users", "roles", "keys"])
def test_lists_come_in_pages_and_can_be_searched(backend: RunningBackend, noun: str) -> None:
    field = {"users": "username", "roles": "name", "keys": "name"}[noun]
    for number in range(7):
        more = {"permissions": ["db_read"]} if noun == "keys" else {}
        make(backend, noun, **{field: f"paged-{number}"}, **more)
    found: list[str] = []
    mark = ""
    for _ in range(3):
        page = backend.ask("GET", f"/api/{noun}?search=PAGED&limit=3{mark}").json
        assert len(page[noun]) <= 3
        found += [one[field] for one in page[noun]]
        mark = f"&after={page['next']}"
    assert mark == "&after=None"
    assert found == [f"paged-{number}" for number in range(7)]


@pytest.mark.parametrize(
    ("noun", "body"),
    [
        ("users", {"username": "Asha"}),
        ("users", {"username": "a/b"}),
        ("users", {"username": ""}),
        ("users", {"username": "a", "email": "nonsense"}),
        ("users", {"username": "a", "roles": ["king"]}),
        ("users", {"username": "a", "attributes": {"Zone": "x"}}),
        ("users", {"username": "a", "attributes": {"zone": 5}}),
        ("users", {"username": "a", "attributes": {"zone": "a\nb"}}),
        ("users", {"username": "a", "permissions": ["db_read"]}),
        ("users", {"username": "a", "created_at": "2020-01-01"}),
        ("roles", {"name": "North"}),
        ("roles", {"name": "a", "permissions": ["everything"]}),
        ("roles", {"name": "a", "built_in": True}),
        ("roles", {"name": "a", "policies": [{"connection": "c", "tables": []}]}),
        ("roles", {"name": "a", "policies": [{"connection": "c", "tables": [{"table": "t", "rows": "(("}]}]}),
        ("roles", {"name": "a", "policies": [{"connection": "c", "tables": [{"table": "t", "sql": "1"}]}]}),
        ("keys", {"name": "a", "permissions": ["db_read"], "sha256": "00"}),
        ("keys", {"name": "a", "permissions": ["db_read"], "id": "x"}),
        ("keys", {"name": "a", "permissions": ["db_read"], "allowed_ips": ["300.1.1.1"]}),
        ("keys", {"name": "a", "permissions": ["db_read"], "rate_limit": "often"}),
        ("keys", {"name": "a", "user": "nobody"}),
        ("keys", {"name": "a", "permissions": ["db_read"], "expires_at": "9999-12-31T23:59:59-23:59"}),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(
    backend: RunningBackend, noun: str, body: dict[str, Any]
) -> None:
    answered = backend.ask("POST", f"/api/{noun}", body)
    assert (answered.status, answered.json["code"]) == (400, "invalid_request"), answered.json
    assert "security." not in answered.json["error"]


def test_names_and_addresses_are_taken_once(backend: RunningBackend) -> None:
    make(backend, "users", username="asha", email="asha@example.com")
    for body in ({"username": "asha"}, {"username": "other", "email": "ASHA@example.com"}):
        assert backend.ask("POST", "/api/users", body).status == 409
    make(backend, "roles", name="till")
    assert backend.ask("POST", "/api/roles", {"name": "till"}).status == 409


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/users/ravi", {"username": "admin"}),
        ("/api/users/ravi", {"created_at": "2020-01-01", "email": ""}),
        ("/api/users/ravi", {"attributes": {"zone": None}}),
        ("/api/users/ravi", {"roles": None}),
        ("/api/users/ravi", {"active": "yes"}),
        ("/api/roles/till", {"name": "other"}),
        ("/api/roles/till", {"policies": None}),
        ("/api/roles/till", {"built_in": True}),
        ("/api/keys/ID", {"user": "boss"}),
        ("/api/keys/ID", {"sha256": "00"}),
        ("/api/keys/ID", {"revoked": False}),
        ("/api/keys/ID", {"revoked_at": None}),
        ("/api/keys/ID", {"created_by": "boss"}),
        ("/api/keys/ID", {"permissions": [], "roles": []}),
        ("/api/keys/ID", {"expires_at": "2020-01-01T00:00:00Z"}),
        ("/api/users/ravi", [1]),
        ("/api/users/ravi", "text"),
    ],
)
def test_a_change_takes_the_fields_that_can_change_and_no_other(
    backend: RunningBackend, path: str, body: Any
) -> None:
    make(backend, "users", username="ravi", roles=["viewer"])
    make(backend, "roles", name="till", permissions=["db_read"])
    key_id = make(backend, "keys", name="a", permissions=["db_read"]).json["info"]["id"]
    path = path.replace("ID", key_id)
    before = backend.ask("GET", path).json
    refused = backend.ask("PUT", path, body)
    assert (refused.status, refused.json["code"]) == (400, "invalid_request")
    assert backend.ask("GET", path).json == before


def test_who_may_see_or_change_nothing_of_it_learns_nothing_of_it(backend: RunningBackend) -> None:
    """With every other permission, one that is there and one that is not are refused alike."""
    make(backend, "users", username="ravi", roles=["viewer"])
    make(backend, "roles", name="till", permissions=["db_read"])
    key_id = make(backend, "keys", name="a", permissions=["db_read"]).json["info"]["id"]
    for noun, there in (("users", "ravi"), ("roles", "till"), ("keys", key_id)):
        others = backend.key(*(one for one in EVERYTHING if not one.startswith(noun)))
        empty: dict[str, str] = {}
        asked = [("GET", "", None), ("PUT", "", empty), ("DELETE", "", None), ("GET", "/permissions", None)]
        if noun == "roles":
            asked.pop()
        if noun == "keys":
            asked.append(("POST", "/rotate", empty))
        for method, rest, body in asked:
            found, missing = (
                backend.ask(method, f"/api/{noun}/{name}{rest}", body, key=others)
                for name in (there, "other")
            )
            assert (found.status, missing.status) == (403, 403)
            assert found.json["error"] == missing.json["error"]
        assert backend.ask("GET", f"/api/{noun}/{there}").status == 200


def test_hostile_names_in_addresses_find_nothing(backend: RunningBackend) -> None:
    for noun in ("users", "roles", "keys"):
        for name in (
            "%00",
            "..%2f..%2fetc",
            "%ff%fe",
            "' OR 1=1 --".replace(" ", "%20"),
            "a" * 3000,
            "%E2%82%B9",
        ):
            for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
                answered = backend.ask(method, f"/api/{noun}/{name}", body)
                assert answered.status in (400, 404), (noun, name, method, answered.body)
                assert len(answered.body) < 1000


def test_large_bodies_stay_within_their_bounds(backend: RunningBackend) -> None:
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("users", {"username": "a", "attributes": {"zone": ["x"] * 1001}}),
        ("users", {"username": "a", "attributes": {f"a{number}": "x" for number in range(51)}}),
        ("users", {"username": "a", "roles": ["viewer"] * 100_000 + ["king"]}),
        ("roles", {"name": "a", "description": "x" * 1001}),
        ("roles", {"name": "a", "permissions": ["db_read"] * 100_000 + ["x" * 100_000]}),
        ("keys", {"name": "a", "permissions": ["db_read"], "allowed_ips": ["10.0.0.1"] * 201}),
        ("keys", {"name": "a" * 101, "permissions": ["db_read"]}),
        ("keys", {"name": "a", "permissions": ["db_read"], "rate_limit": "9" * 5000 + "/hour"}),
    ]
    for noun, body in bodies:
        answered = backend.ask("POST", f"/api/{noun}", body)
        assert answered.status == 400, answered.body[:300]
        assert len(answered.body) < 2000


def test_many_at_once_lose_nothing_and_mix_nothing_up(backend: RunningBackend) -> None:
    def act(number: int) -> int:
        body = {"username": f"u{number % 10}", "roles": ["viewer"], "attributes": {"n": str(number)}}
        status = backend.ask("POST", "/api/users", body).status
        if status == 409:
            return backend.ask("PUT", f"/api/users/u{number % 10}", {"attributes": {"n": str(number)}}).status
        return status

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(act, range(40)))
    assert (found.count(201), found.count(200)) == (10, 30)
    users = backend.ask("GET", "/api/users").json["users"]
    assert {user["username"]: int(user["attributes"]["n"]) % 10 for user in users} == {
        f"u{number}": number for number in range(10)
    }
