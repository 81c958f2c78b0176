"""Who may do what: keys, permissions, addresses, rates; and that each call leaves one line."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.api.call import Route
from server.api.routes import ROUTES
from shared.permissions import EVERYTHING, MEANINGS, Permission
from shared.settings import BackendSettings, SecuritySection
from tests.peers.source import Counts, number_kind
from tests.server.running import RunningBackend, lines_of, start, wait_until

GUARDED = [route for route in ROUTES if route.permission is not None]


def _ask(backend: RunningBackend, route: Route, key: str) -> int:
    path = route.path.replace("<name>", "numbers").replace("<id>", "0000").replace("<query_id>", "0000")
    return backend.ask(route.method, path, {} if route.body else None, key=key).status


def test_every_route_but_health_and_pages_takes_a_permission() -> None:
    pages = {"/admin", "/admin/<path:path>", "/docs", "/openapi.json"}
    with_a_code = {"/api/connect"}  # in place of a key
    assert {route.path for route in ROUTES if route.open} == {
        "/health",
        "/health/ready",
        *pages,
        *with_a_code,
    }


def test_no_route_answers_without_a_key(backend: RunningBackend) -> None:
    assert {_ask(backend, route, "") for route in GUARDED[:29]} == {401}


def test_each_route_opens_with_its_permission_and_with_no_other(backend: RunningBackend) -> None:
    for route in GUARDED:
        assert route.permission is not None
        others = backend.key(*(EVERYTHING - {route.permission}))
        assert _ask(backend, route, others) == 403, route.path
        just_it = backend.key(route.permission, *route.also)
        assert _ask(backend, route, just_it) not in (401, 403), route.path


def test_a_refusal_names_the_missing_permission(backend: RunningBackend) -> None:
    answered = backend.ask("GET", "/api/keys", key=backend.key("db_read"))
    assert answered.json["code"] == "not_permitted"
    assert "keys_write" in answered.json["error"]


@pytest.mark.parametrize(
    "header", ["", "Basic abc", "Bearer", "Bearer ", "Bearer vmart_x", "bearer nonsense"]
)
def test_what_is_not_a_good_key_is_refused_alike(backend: RunningBackend, header: str) -> None:
    answered = backend.ask("GET", "/api/keys", key="", headers={"Authorization": header})
    assert (answered.status, answered.json["code"]) == (401, "not_authenticated")
    assert answered.headers["www-authenticate"] == "Bearer"


def test_csv_and_more_than_a_page_take_data_export(backend: RunningBackend) -> None:
    reader, exporter = backend.key("db_read"), backend.key("db_read", "data_export")
    assert backend.query("numbers", key=reader, accept="text/csv").status == 403
    assert backend.query("numbers", key=exporter, accept="text/csv").status == 200
    paged = backend.query("numbers", key=reader, max_rows=5000).json
    assert (paged["row_count"], paged["truncated"]) == (1000, True)
    assert backend.query("numbers", key=exporter, max_rows=5000).json["row_count"] == 5000


def test_nobody_grants_what_they_do_not_hold(backend: RunningBackend) -> None:
    issuer = backend.key("keys_write", "db_read")
    for body in ({"name": "a", "permissions": ["audit_read"]}, {"name": "a", "roles": ["viewer"]}):
        answered = backend.ask("POST", "/api/keys", body, key=issuer)
        assert answered.status == 403
    answered = backend.ask("POST", "/api/keys", {"name": "a", "permissions": ["db_read"]}, key=issuer)
    assert answered.status == 201
    assert backend.query("numbers", key=answered.json["key"], max_rows=1).status == 200


def test_a_revoked_key_is_refused_at_once_and_listed_as_revoked(backend: RunningBackend) -> None:
    made = backend.ask("POST", "/api/keys", {"name": "till 5", "roles": ["viewer"]}).json
    assert backend.query("numbers", key=made["key"], max_rows=1).status == 200
    assert backend.ask("DELETE", f"/api/keys/{made['info']['id']}").status == 204
    assert backend.query("numbers", key=made["key"], max_rows=1).status == 401
    listed = {info["id"]: info for info in backend.ask("GET", "/api/keys").json["keys"]}
    assert listed[made["info"]["id"]]["revoked"]
    assert "key" not in listed[made["info"]["id"]]


def test_the_last_administrators_key_cannot_be_revoked(backend: RunningBackend) -> None:
    issuer = backend.key("keys_write")
    (last,) = [
        info["id"] for info in backend.ask("GET", "/api/keys").json["keys"] if "admin" in info["roles"]
    ]
    refused = backend.ask("DELETE", f"/api/keys/{last}", key=issuer)
    assert (refused.status, refused.json["code"]) == (409, "conflict")
    backend.key(roles=["admin"])
    assert backend.ask("DELETE", f"/api/keys/{last}", key=issuer).status == 204


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a"},
        {"name": "", "roles": ["viewer"]},
        {"name": "a\nb", "roles": ["viewer"]},
        {"name": "a", "permissions": ["everything"]},
        {"name": "a", "roles": ["king"]},
        {"name": "a", "roles": ["viewer"], "expires_at": "tomorrow"},
        {"name": "a", "roles": ["viewer"], "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "a", "roles": ["viewer"], "expires_at": "2099-01-01T00:00:00"},
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(backend: RunningBackend, body: dict[str, object]) -> None:
    assert backend.ask("POST", "/api/keys", body).status == 400


def test_a_key_made_beside_the_running_backend_works(backend: RunningBackend, tmp_path: Path) -> None:
    from server.access.keyring import open_keyring
    from server.access.keys import Keys

    with open_keyring(BackendSettings(), tmp_path) as keyring:
        key, row = Keys(keyring).create("from the command line", roles=["viewer"])
        assert backend.query("numbers", key=key, max_rows=1).status == 200
        Keys(keyring).revoke(row.id)
    wait_until(lambda: backend.query("numbers", key=key, max_rows=1).status == 401)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[RunningBackend]:
    security = SecuritySection(
        allowed_ips=["10.0.0.0/8", "127.0.0.1"], trusted_proxies=["127.0.0.1"], rate_limit="3/minute"
    )
    running = start(tmp_path, [number_kind(Counts())], BackendSettings(security=security))
    yield running
    running.stop()


def test_the_rate_is_told_and_kept_per_key(strict: RunningBackend) -> None:
    key = strict.key("keys_write")
    left = [strict.ask("GET", "/api/keys", key=key).headers["ratelimit-remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = strict.ask("GET", "/api/keys", key=key)
    assert (refused.status, refused.json["code"]) == (429, "rate_limited")
    assert refused.headers["retry-after"] == str(refused.json["retry_after"])
    assert refused.headers["ratelimit-policy"] == '"key";q=3;w=60'
    assert refused.headers["ratelimit"] == f'"key";r=0;t={refused.json["retry_after"]}'
    assert strict.ask("GET", "/api/keys", key=strict.key("keys_write")).status == 200


def test_calls_that_are_not_permitted_count_too_and_so_does_every_way_to_write_a_path(
    strict: RunningBackend,
) -> None:
    key = strict.key("schema_read")
    paths = [
        "/api/keys",
        "/api/%6beys",
        "/API/KEYS",
        "/api/keys/",
        "/api//keys",
        "/api/./keys",
        "/api/keys?x=1",
    ]
    found = [strict.ask("GET", path, key=key).status for path in paths * 2]
    assert set(found) <= {403, 404, 429}
    assert found.count(403) == 3


def test_wrong_keys_are_limited_per_address_but_good_ones_pass(strict: RunningBackend) -> None:
    statuses = [strict.ask("GET", "/api/keys", key="vmart_wrong").status for _ in range(31)]
    assert statuses == [401] * 30 + [429]
    assert strict.ask("GET", "/api/keys").status == 200
    elsewhere = {"X-Forwarded-For": "10.9.9.9"}
    assert strict.ask("GET", "/api/keys", key="vmart_wrong", headers=elsewhere).status == 401


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ("10.1.2.3", 200),
        ("203.0.113.7", 403),
        ("10.1.2.3, 203.0.113.7", 403),
        ("203.0.113.7, 10.1.2.3", 200),
        ("10.1.2.3:50123", 200),
        ("203.0.113.7:443", 403),
        ("[2001:db8::1]:443", 403),
        ("[::ffff:10.1.2.3]", 200),
        ("unknown", 403),
        ("10.1.2.3, nonsense", 403),
        (" ", 200),
    ],
)
def test_the_address_behind_a_trusted_proxy_decides(
    strict: RunningBackend, forwarded: str, status: int
) -> None:
    answered = strict.ask("GET", "/api/keys", headers={"X-Forwarded-For": forwarded})
    assert answered.status == status


def test_an_address_that_a_caller_invents_in_a_header_of_its_own_does_not_count(
    strict: RunningBackend,
) -> None:
    connection = strict.connect()
    connection.putrequest("GET", "/api/keys")
    for name, value in strict.headers().items():
        connection.putheader(name, value)
    connection.putheader("X-Forwarded-For", "10.1.2.3")
    connection.putheader("X-Forwarded-For", "203.0.113.7")  # what the proxy itself saw
    connection.endheaders()
    assert connection.getresponse().status == 403
    connection.close()


def test_nobody_else_can_say_where_they_come_from(tmp_path: Path) -> None:
    security = SecuritySection(allowed_ips=["10.0.0.0/8"])
    running = start(tmp_path, [], BackendSettings(security=security))
    try:
        answered = running.ask("GET", "/api/keys", headers={"X-Forwarded-For": "10.1.2.3"})
        assert (answered.status, answered.json["code"]) == (403, "address_not_allowed")
        assert [running.ask("GET", path, key="").status for path in ("/admin", "/docs")] == [403, 403]
        assert [running.ask("GET", path, key="").status for path in ("/health", "/health/ready")] == [
            200,
            200,
        ]
    finally:
        running.stop()


def test_each_call_leaves_exactly_one_line_and_none_holds_a_key(
    backend: RunningBackend, tmp_path: Path
) -> None:
    before = 1  # the fixture makes the connection
    backend.query("numbers", max_rows=5)
    backend.query("nowhere")
    backend.query("breaking", max_rows=1_000_000)
    backend.query("numbers", key="vmart_wrong")
    backend.ask("POST", "/api/query", b"{")
    backend.ask("GET", "/health")
    backend.stop()
    lines = lines_of(tmp_path)[before:]
    assert [(line["action"], line["status"], line["code"]) for line in lines] == [
        ("query.run", 200, ""),
        ("query.run", 400, "query_failed"),
        ("query.run", 400, "query_failed"),
        ("query.run", 401, "not_authenticated"),
        ("query.run", 400, "invalid_request"),
    ]
    first = lines[0]
    assert (first["connection"], first["tables"], first["row_count"]) == ("numbers", "numbers", 5)
    assert first["sql_text"] == "SELECT n FROM numbers"
    assert (first["address"], first["key_name"]) == ("127.0.0.1", "test")
    assert lines[2]["row_count"] == 100_000
    assert "vmart_" not in (tmp_path / "backend" / "state.db").read_bytes().decode("latin-1")


def test_many_callers_at_once_leave_a_line_each(backend: RunningBackend, tmp_path: Path) -> None:
    def ask() -> None:
        for _ in range(25):
            backend.ask("GET", "/api/connections")

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    backend.stop()
    lines = lines_of(tmp_path)
    assert len({line["request_id"] for line in lines}) == len(lines) == 101


def test_a_refusal_names_the_permission_and_who_can_give_it_wherever_it_is_found(
    backend: RunningBackend,
) -> None:
    key = backend.key("db_read")
    for answered, permission in (
        (backend.query("numbers", key=key, accept="text/csv"), Permission.DATA_EXPORT),
        (backend.ask("GET", "/api/users", key=key), Permission.USERS_READ),
    ):
        assert answered.status == 403
        assert (
            answered.json["error"] == f"This key lacks the permission {permission} ({MEANINGS[permission]})."
        )
        assert answered.json["details"] == "Whoever administers the backend can issue a key that has it."
