"""Connections over HTTP: made, changed, tested, removed; and that no secret ever comes out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from server.connectors import KINDS
from tests.peers.source import Counts, number_kind
from tests.server.running import RunningBackend, start

SECRET = "tall-Giraffe-77"


def _create(backend: RunningBackend, name: str = "till", **params: Any) -> None:
    body = {"name": name, "type": "numbers", "params": {"host": "db1", "password": SECRET, **params}}
    answered = backend.ask("POST", "/api/connections", body)
    assert answered.status == 201
    assert SECRET not in answered.body.decode()


def test_a_connection_is_made_read_listed_and_removed(backend: RunningBackend) -> None:
    _create(backend, port=7)
    shown = backend.ask("GET", "/api/connections/till").json
    assert shown["params"] == {"host": "db1", "port": 7}
    assert (shown["type"], shown["dialect"]) == ("numbers", "duckdb")
    names = [info["name"] for info in backend.ask("GET", "/api/connections").json["connections"]]
    assert names == ["numbers", "till"]
    assert backend.ask("DELETE", "/api/connections/till").status == 204
    assert backend.ask("GET", "/api/connections/till").status == 404
    assert backend.ask("DELETE", "/api/connections/till").status == 404


def test_a_name_is_taken_once(backend: RunningBackend) -> None:
    _create(backend)
    body = {"name": "till", "type": "numbers", "params": {}}
    assert backend.ask("POST", "/api/connections", body).status == 409


def test_no_secret_is_in_any_answer_or_in_the_state(backend: RunningBackend, tmp_path: Path) -> None:
    _create(backend)
    answers = [
        backend.ask("GET", "/api/connections"),
        backend.ask("GET", "/api/connections/till"),
        backend.ask("PUT", "/api/connections/till", {"params": {"host": "db1"}}),
        backend.ask("POST", "/api/connections/till/test"),
        backend.ask("GET", "/api/connections/kinds"),
    ]
    assert [answered.status for answered in answers] == [200] * 5
    assert all(SECRET not in answered.body.decode() for answered in answers)
    backend.stop()
    for file in filter(Path.is_file, (tmp_path / "backend").rglob("*")):
        assert SECRET not in file.read_bytes().decode("latin-1")


def test_a_secret_that_is_left_out_is_kept_but_never_sent_elsewhere(tmp_path: Path) -> None:
    seen: list[Mapping[str, Any]] = []
    backend = start(tmp_path, [number_kind(Counts(), seen.append)])
    try:
        _create(backend)
        kept = backend.ask("PUT", "/api/connections/till", {"params": {"host": "db1"}, "description": "Till"})
        assert kept.json["description"] == "Till"
        assert backend.ask("POST", "/api/connections/till/test").status == 200
        for moved in ({"host": "evil"}, {"host": "db1", "port": 9}, {}):
            answered = backend.ask("PUT", "/api/connections/till", {"params": moved})
            assert answered.status == 400
            assert "password" in answered.json["error"]
        again = {"params": {"host": "db2", "password": "new"}}
        assert backend.ask("PUT", "/api/connections/till", again).status == 200
        assert backend.ask("POST", "/api/connections/till/test").status == 200
        assert [(params["host"], params["password"]) for params in seen] == [("db1", SECRET), ("db2", "new")]
    finally:
        backend.stop()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "a b", "type": "numbers", "params": {}}, "name"),
        ({"name": "kinds", "type": "numbers", "params": {}}, "kinds"),
        ({"name": "../x", "type": "numbers", "params": {}}, "name"),
        ({"name": "x" * 64, "type": "numbers", "params": {}}, "63"),
        ({"name": "a", "type": "foxpro", "params": {}}, "foxpro"),
        ({"name": "a", "type": "numbers", "params": {"hots": "x"}}, "hots"),
        ({"name": "a", "type": "numbers", "params": {"port": "7"}}, "port"),
        ({"name": "a", "type": "numbers", "params": {"host": ["x"]}}, "host"),
        ({"name": "a", "type": "numbers", "params": {}, "colour": "red"}, "colour"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    backend: RunningBackend, body: dict[str, object], said: str
) -> None:
    answered = backend.ask("POST", "/api/connections", body)
    assert answered.status == 400
    assert said in answered.json["error"]


def test_a_test_says_how_long_it_took_and_what_the_account_should_not_do(backend: RunningBackend) -> None:
    tested = backend.ask("POST", "/api/connections/numbers/test").json
    assert tested["ok"] is True
    assert tested["warnings"] == ["This account can write."]


def test_a_source_that_cannot_be_reached_is_unavailable_and_harms_no_other(backend: RunningBackend) -> None:
    _create(backend, host="nowhere")
    answered = backend.ask("POST", "/api/connections/till/test")
    assert (answered.status, answered.json["code"]) == (503, "source_unavailable")
    assert backend.query("numbers", max_rows=1).status == 200


def test_a_changed_connection_is_opened_anew(backend: RunningBackend, counts: Counts) -> None:
    assert backend.query("numbers", max_rows=1).status == 200
    update = {"params": {"host": "elsewhere"}}
    assert backend.ask("PUT", "/api/connections/numbers", update).status == 200
    assert backend.query("numbers", max_rows=1).status == 200
    assert counts.opened == 2


def test_kinds_tell_what_a_form_needs(backend: RunningBackend) -> None:
    kinds = backend.ask("GET", "/api/connections/kinds").json["kinds"]
    names = [field["name"] for field in kinds[0]["fields"]]
    assert names[:4] == ["host", "port", "password", "samples"]
    assert {"cache_seconds", "max_connections", "query_timeout"} == set(names[4:])
    assert [field["name"] for field in kinds[0]["fields"] if field["secret"]] == ["password"]


def test_a_connection_may_have_limits_of_its_own(backend: RunningBackend) -> None:
    def set_limits(**limits: object) -> int:
        return backend.ask("PUT", "/api/connections/numbers", {"params": limits}).status

    assert set_limits(max_connections=2, query_timeout=0.2) == 200
    answered = backend.query("sleeping")
    assert (answered.status, answered.json["code"]) == (504, "query_timeout")
    shown = backend.ask("GET", "/api/connections/numbers").json
    assert (shown["pool"]["max_connections"], shown["params"]["query_timeout"]) == (2, 0.2)
    assert [set_limits(max_connections=wrong) for wrong in (0, -1, "2", 1e9)] == [400] * 4
    assert [set_limits(query_timeout=wrong) for wrong in (0, -1, "long")] == [400] * 3
    assert [set_limits(cache_seconds=wrong) for wrong in (-1, "long")] == [400] * 2


def test_a_number_that_would_harm_the_machine_is_refused(tmp_path: Path) -> None:
    running = start(tmp_path, KINDS.values())
    for name, wrong in (("threads", 20_000), ("threads", -1), ("memory_mb", -5), ("memory_mb", 10**30)):
        body = {"name": "files", "type": "filesystem", "params": {"root": "/data", name: wrong}}
        answered = running.ask("POST", "/api/connections", body)
        assert answered.status == 400, (name, wrong)
        assert name in answered.json["error"] or "number" in answered.json["error"], answered.json
    running.stop()


def test_no_field_of_a_connection_holds_a_nul(tmp_path: Path) -> None:
    running = start(tmp_path, KINDS.values())
    for root, description in (("/data\0/x", ""), ("/data", "Sales\0")):
        body = {"name": "f", "type": "filesystem", "params": {"root": root}, "description": description}
        answered = running.ask("POST", "/api/connections", body)
        assert (answered.status, answered.json["code"]) == (400, "invalid_request")
        assert "NUL" in answered.json["error"]
    running.stop()


def test_the_schema_is_asked_once_and_again_on_request(backend: RunningBackend, counts: Counts) -> None:
    schema = backend.ask("GET", "/api/schema/numbers").json
    assert schema["tables"][0]["columns"][0]["name"] == "n"
    assert (schema["connection"], schema["dialect"]) == ("numbers", "duckdb")
    for path in ("/api/schema/numbers", "/api/schema/numbers?fresh=true"):
        assert backend.ask("GET", path).status == 200
    assert counts.schemas == 2
    assert backend.ask("GET", "/api/schema/nothing").status == 404


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"root": "reports"}, "must be an absolute path"),
        ({"root": "~nobody-of-this-name/reports"}, "must be an absolute path"),
        ({"root": "/etc"}, "can not be the root"),
        ({"root": "/data", "tables": "sales"}, "'tables' can not be used"),
        ({"root": "/data", "colour": "red"}, "A Folder of files connection has no field called 'colour'"),
    ],
)
def test_a_folder_that_can_never_be_opened_is_refused_when_it_is_named(
    tmp_path: Path, params: dict[str, str], said: str
) -> None:
    running = start(tmp_path / "home", KINDS.values())
    try:
        body = {"name": "reports", "type": "filesystem", "params": params}
        answered = running.ask("POST", "/api/connections", body)
        assert (answered.status, answered.json["code"]) == (400, "invalid_request")
        assert said in answered.json["error"]
        assert running.ask("GET", "/api/connections/reports").status == 404
    finally:
        running.stop()


def test_the_article_of_a_kind_fits_its_name(tmp_path: Path) -> None:
    running = start(tmp_path / "home", KINDS.values())
    try:
        body = {"name": "erp", "type": "oracle", "params": {"hosts": "db1"}}
        said = running.ask("POST", "/api/connections", body).json["error"]
        assert said == "An Oracle connection has no field called 'hosts'."
    finally:
        running.stop()
