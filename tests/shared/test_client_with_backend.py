"""The client and the real backend, on a real socket: what the one says the other understands."""

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.backend_client import (
    BackendClient,
    BackendConnectionError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    QueryFailed,
    QueryTimeout,
    decode_batch,
)
from shared.errors import AppError, Conflict, QueryCancelled
from shared.policies import ConnectionPolicy, TablePolicy
from tests.peers.source import Counts, number_kind
from tests.server.running import RunningBackend, start, wait_until


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def backend(tmp_path: Path, counts: Counts) -> Iterator[RunningBackend]:
    running = start(tmp_path / "backend", [number_kind(counts)])
    yield running
    running.stop()


@pytest.fixture
def client(backend: RunningBackend, tmp_path: Path) -> Iterator[BackendClient]:
    with BackendClient(
        backend.url, backend.admin, timeout=10, retry_attempts=0, cache_path=tmp_path / "kept"
    ) as client:
        client.create_connection("numbers", "numbers", {"password": "s3cret"})
        yield client


def test_a_connection_is_made_tested_changed_and_removed(client: BackendClient) -> None:
    assert client.test_connection("numbers").ok
    changed = client.update_connection("numbers", {"host": "localhost"}, "Counting")
    assert changed.description == "Counting"
    assert "password" not in changed.params
    assert [known.name for known in client.list_connections()] == ["numbers"]
    client.delete_connection("numbers")
    assert client.list_connections() == []
    with pytest.raises(NotFound):
        client.get_schema("numbers")


def test_a_query_is_answered_whole_and_as_a_stream(client: BackendClient) -> None:
    result = client.execute_query("numbers", "SELECT n FROM numbers", max_rows=3)
    assert result.rows == [[0], [1], [2]]
    assert result.truncated
    with client.stream_query("numbers", "SELECT n FROM numbers", max_rows=10_000) as stream:
        rows = [row for batch in stream.batches() for row in decode_batch(batch, stream.columns)]
    assert rows == [[n] for n in range(10_000)]
    assert client.get_schema("numbers").tables[0].name == "numbers"
    assert client.schema("numbers", search="number", refresh=True).found == 1
    assert client.schema("*", table="numbers.numbers").tables[0].columns[0].name == "n"
    assert client.health().status == "ok"


@pytest.mark.parametrize("table", ["breaking", "nowhere"])
def test_a_failure_is_the_same_class_on_both_sides(client: BackendClient, table: str) -> None:
    with pytest.raises(QueryFailed):
        client.execute_query("numbers", f"SELECT n FROM {table}", max_rows=1_000_000)
    with pytest.raises(QueryFailed), client.stream_query("numbers", f"SELECT n FROM {table}") as stream:
        for _ in stream.batches():
            pass


def test_a_deadline_is_kept_by_the_backend(client: BackendClient) -> None:
    with pytest.raises(QueryTimeout):
        client.execute_query("numbers", "SELECT n FROM sleeping", timeout_seconds=0.2)


def test_closing_a_stream_early_stops_the_query(client: BackendClient, counts: Counts) -> None:
    with client.stream_query("numbers", "SELECT n FROM endless", max_rows=10_000_000) as stream:
        next(stream.batches())
        assert counts.reset + counts.closed == 0
    wait_until(lambda: counts.reset + counts.closed == 1)
    assert counts.pieces < 1000


def test_a_query_is_cancelled_from_elsewhere(client: BackendClient, counts: Counts) -> None:
    name = str(uuid4())
    caught: list[AppError] = []

    def ask() -> None:
        try:
            client.execute_query("numbers", "SELECT n FROM sleeping", query_id=name)
        except AppError as error:
            caught.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(lambda: counts.running == 1)
    assert client.cancel_query(name)
    asking.join(60)
    assert isinstance(caught[0], QueryCancelled)
    assert not client.cancel_query(name)


def test_keys_are_made_listed_and_revoked(client: BackendClient, backend: RunningBackend) -> None:
    made = client.generate_key("reader", permissions=["schema_read", "db_read"])
    assert made.info.id in [known.id for known in client.list_keys()]
    with BackendClient(backend.url, made.key, retry_attempts=0) as reader:
        assert reader.execute_query("numbers", "SELECT n FROM numbers", max_rows=1).rows == [[0]]
        with pytest.raises(NotPermitted, match="keys_write"):
            reader.list_keys()
        client.revoke_key(made.info.id)
        with pytest.raises(NotAuthenticated):
            reader.execute_query("numbers", "SELECT n FROM numbers", max_rows=1)
        assert reader.get_from_cache("numbers", "SELECT n FROM numbers", max_rows=1) is None


def test_users_roles_and_keys_are_administered(client: BackendClient, backend: RunningBackend) -> None:
    policies = [ConnectionPolicy("numbers", [TablePolicy("numbers")])]
    role = client.create_role("north", permissions=["db_read", "connections_read"], policies=policies)
    assert (role.policies, client.get_role("north")) == (policies, role)
    assert client.update_role("north", description="Zone north").permissions == [
        "connections_read",
        "db_read",
    ]
    client.create_user("asha@vmart", roles=["north"], attributes={"zone": "North"})
    assert client.update_user("asha@vmart", email="asha@example.com").attributes == {"zone": "North"}
    assert [user.username for user in client.list_users(search="asha")] == ["asha@vmart"]
    assert "north" in [known.name for known in client.list_roles(limit=5)]
    assert [one.sources[0].name for one in client.user_permissions("asha@vmart").permissions] == ["north"] * 2
    made = client.generate_key("laptop", user="asha@vmart", allowed_ips=["127.0.0.1"], rate_limit="100/hour")
    assert client.get_user("asha@vmart").keys == 1
    assert client.update_key(made.info.id, name="desk", expires_at=None).rate_limit == "100/hour"
    fresh = client.rotate_key(made.info.id, overlap_seconds=0)
    with BackendClient(backend.url, fresh.key, retry_attempts=0) as reader:
        assert [known.name for known in reader.list_connections()] == ["numbers"]
    with pytest.raises(Conflict):
        client.delete_role("north")
    client.delete_user("asha@vmart")
    assert not client.key_permissions(made.info.id).works
    assert client.get_key(made.info.id).revoked
    client.delete_role("north")


def test_when_the_backend_is_stopped_the_last_answer_comes_with_its_age(
    client: BackendClient, backend: RunningBackend
) -> None:
    fresh = client.execute_query("numbers", "SELECT n FROM numbers", max_rows=5)
    backend.stop()
    kept = client.execute_query("numbers", "SELECT n FROM numbers", max_rows=5)
    assert kept.rows == fresh.rows
    assert kept.age_seconds is not None
    assert not client.health_check()
    with pytest.raises(BackendConnectionError):
        client.execute_query("numbers", "SELECT n FROM numbers", max_rows=6)


def test_no_key_means_not_authenticated(backend: RunningBackend) -> None:
    with BackendClient(backend.url, None) as client:
        assert client.health_check()
        with pytest.raises(NotAuthenticated):
            client.list_connections()
