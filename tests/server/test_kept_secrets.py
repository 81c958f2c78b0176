"""A secret that is kept goes where it was given for, protected as it was: of every kind of connection."""

from collections.abc import Iterator
from typing import Any

import pytest

from server.connectors import KINDS
from server.connectors.base import Field, Kind
from tests.server.running import RunningBackend, start

SECRET = "tall-Giraffe-77"
HARMLESS = {
    *("database", "service_name", "sid", "user", "token_name", "client_id"),
    *("folder", "shared_drive", "root", "tables"),
    *("copy_mb", "cache_mb", "memory_mb", "threads"),
}
"""What is asked of the source, and by whom: no other machine comes to see the secret by them."""

WITH_SECRETS = [kind for kind in KINDS.values() if any(field.secret for field in kind.fields)]


def fields_of(kinds: list[Kind], *, guards: bool) -> list[Any]:
    return [
        pytest.param(kind, field, id=f"{kind.type}-{field.name}")
        for kind in kinds
        for field in kind.fields
        if not field.secret and field.guards_secret is guards
    ]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    running = start(tmp_path_factory.mktemp("kept"), KINDS.values())
    for kind in WITH_SECRETS:
        params = filled(kind) | {field.name: SECRET for field in kind.fields if field.secret}
        body = {"name": kind.type, "type": kind.type, "params": params}
        assert running.ask("POST", "/api/connections", body).status == 201
    yield running
    running.stop()


def filled(kind: Kind) -> dict[str, Any]:
    return {field.name: value(field, 1) for field in kind.fields if not field.secret}


def value(field: Field, which: int) -> object:
    least = 0 if field.between is None else field.between[0]
    return least + which if field.type is int else f"value{which}"


@pytest.mark.parametrize("kind", WITH_SECRETS, ids=lambda kind: str(kind.type))
def test_every_field_is_known_to_guard_the_secret_or_to_be_harmless(kind: Kind) -> None:
    unguarded = {field.name for field in kind.fields if not field.secret and not field.guards_secret}
    assert unguarded <= HARMLESS, "say of each new field whether the secret depends on it"


@pytest.mark.parametrize(("kind", "field"), fields_of(WITH_SECRETS, guards=True))
def test_whoever_sends_the_secret_elsewhere_must_know_it(
    backend: RunningBackend, kind: Kind, field: Field
) -> None:
    path = f"/api/connections/{kind.type}"
    changed = {**filled(kind), field.name: value(field, 2)}
    left_out = {name: kept for name, kept in filled(kind).items() if name != field.name}
    for params in (changed, left_out, {**left_out, field.name: None}):
        answered = backend.ask("PUT", path, {"params": params})
        assert answered.status == 400
        assert f"another {field.name}" in answered.json["error"]
    assert backend.ask("GET", path).json["params"] == filled(kind)


@pytest.mark.parametrize(("kind", "field"), fields_of(WITH_SECRETS, guards=False))
def test_the_secret_is_kept_where_only_something_else_changes(
    backend: RunningBackend, kind: Kind, field: Field
) -> None:
    path = f"/api/connections/{kind.type}"
    assert backend.ask("PUT", path, {"params": {**filled(kind), field.name: value(field, 2)}}).status == 200
    assert backend.ask("PUT", path, {"params": filled(kind)}).status == 200
