"""Answers kept on this computer: when they stand in, whose they are, and what is in the file."""

import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.backend_client import (
    BackendClient,
    BackendConnectionError,
    BackendProtocolError,
    NotAuthenticated,
    NotPermitted,
)
from shared.backend_client.cache_file import Entry, open_table
from tests.peers.backend import Asked, BackendPeer, Reply, json_reply, query_answer

KEY = "vmart_test-key-0123456789"


def answer(asked: Asked) -> Reply:
    if asked.path.startswith("/api/schema"):
        return json_reply({"tables": [{"name": "sales", "columns": []}], "dialect": "duckdb"})
    if asked.path == "/api/connections":
        return json_reply({"connections": []})
    return query_answer([("n", "decimal")], b"[[1234567890123456789.123456789]]", 1)


@pytest.fixture
def peer() -> Iterator[BackendPeer]:
    with BackendPeer(answer) as peer:
        yield peer


def client_of(peer: BackendPeer, path: Path, key: str = KEY, **options: Any) -> BackendClient:
    return BackendClient(peer.url, key, **{"timeout": 5, "retry_attempts": 0, "cache_path": path, **options})


def test_when_the_backend_is_away_the_last_answer_comes_with_its_age(tmp_path: Path) -> None:
    with BackendPeer(answer) as peer, client_of(peer, tmp_path) as client:
        fresh = client.execute_query("c", "q", params={"a": 1})
        assert fresh.cached_at is None
        client.get_schema("c")
    with client_of(peer, tmp_path, cache_ttl=0) as later:
        kept = later.execute_query("c", "q", params={"a": 1})
        assert kept.rows == fresh.rows
        assert kept.cached_at is not None
        assert kept.age_seconds is not None
        assert kept.age_seconds >= 0
        schema = later.get_schema("c")
        assert schema.cached_at is not None
        assert schema.tables[0].name == "sales"
        with pytest.raises(BackendConnectionError):
            later.execute_query("c", "q", params={"a": 2})
        with pytest.raises(BackendConnectionError):
            later.execute_query("c", "q", params={"a": 1}, max_rows=5)


def test_a_gateway_without_its_backend_counts_as_away(peer: BackendPeer, tmp_path: Path) -> None:
    with client_of(peer, tmp_path) as client:
        client.execute_query("c", "q")
        peer.answer = lambda asked: Reply(status=502, body=b"<html>")
        assert client.execute_query("c", "q").cached_at is not None


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "query_failed"), (503, "source_unavailable"), (504, "query_timeout"), (429, "rate_limited")],
)
def test_a_failure_that_the_backend_tells_is_never_papered_over(
    peer: BackendPeer, tmp_path: Path, status: int, code: str
) -> None:
    with client_of(peer, tmp_path) as client:
        client.execute_query("c", "q")
        peer.answer = lambda asked: json_reply({"error": "No.", "code": code}, status)
        with pytest.raises(Exception, match="No"):
            client.execute_query("c", "q")
        assert client.get_from_cache("c", "q") is not None


def test_a_page_that_is_no_answer_is_never_papered_over(peer: BackendPeer, tmp_path: Path) -> None:
    with client_of(peer, tmp_path) as client:
        client.execute_query("c", "q")
        peer.answer = lambda asked: Reply(body=b"<html>log in</html>")
        with pytest.raises(BackendProtocolError):
            client.execute_query("c", "q")


def test_an_answer_that_is_forbidden_now_is_forgotten(peer: BackendPeer, tmp_path: Path) -> None:
    with client_of(peer, tmp_path) as client:
        client.execute_query("c", "q")
        client.execute_query("c", "other")
        peer.answer = lambda asked: json_reply({"error": "No.", "code": "not_permitted"}, 403)
        with pytest.raises(NotPermitted):
            client.execute_query("c", "q")
        assert client.get_from_cache("c", "q") is None
        assert client.get_from_cache("c", "other") is not None


def test_a_key_that_is_revoked_loses_all_its_answers_and_no_other_does(
    peer: BackendPeer, tmp_path: Path
) -> None:
    with client_of(peer, tmp_path) as client, client_of(peer, tmp_path, "vmart_other-key-1") as other:
        client.execute_query("c", "q")
        other.execute_query("c", "q")
        peer.answer = lambda asked: json_reply({"error": "No.", "code": "not_authenticated"}, 401)
        with pytest.raises(NotAuthenticated):
            client.execute_query("c", "something else")
        assert client.get_from_cache("c", "q") is None
        assert other.get_from_cache("c", "q") is not None


def test_two_keys_never_share_an_answer(peer: BackendPeer, tmp_path: Path) -> None:
    with client_of(peer, tmp_path) as client, client_of(peer, tmp_path, "vmart_other-key-1") as other:
        client.execute_query("c", "q")
        assert client.get_from_cache("c", "q") is not None
        assert other.get_from_cache("c", "q") is None


def test_the_file_is_private_and_holds_no_key_and_no_pickle(peer: BackendPeer, tmp_path: Path) -> None:
    with client_of(peer, tmp_path) as client:
        client.execute_query("c", "q")
        files = list(tmp_path.iterdir())
        assert files
        for file in files:
            content = file.read_bytes()
            assert KEY.encode() not in content
            assert KEY.removeprefix("vmart_").encode() not in content
            assert b"\x80\x04\x95" not in content
            if sys.platform != "win32":
                assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_schema_is_asked_once_within_its_time_and_a_query_every_time(
    peer: BackendPeer, tmp_path: Path
) -> None:
    with client_of(peer, tmp_path) as client:
        for _ in range(3):
            client.get_schema("c")
            client.list_connections()
            client.execute_query("c", "q")
        paths = [asked.path for asked in peer.asked]
        assert paths.count("/api/schema/c") == 1
        assert paths.count("/api/connections") == 1
        assert paths.count("/api/query") == 3
        assert client.execute_query("c", "q", allow_cached=True).cached_at is not None
        assert len(peer.asked) == 5
        assert client.get_schema("c").cached_at is not None
        assert client.get_schema("c", refresh=True).cached_at is None
        client.list_connections(refresh=True)
        assert len(peer.asked) == 7


def test_a_change_of_connections_is_seen_at_once(peer: BackendPeer, tmp_path: Path) -> None:
    with client_of(peer, tmp_path) as client:
        client.list_connections()
        client.delete_connection("a")
        client.list_connections()
    assert [asked.method for asked in peer.asked] == ["GET", "DELETE", "GET"]


@pytest.mark.parametrize("damage", [b"not a database at all" * 100, b""])
def test_a_damaged_file_is_begun_anew(peer: BackendPeer, tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "answers.sqlite"
    file.write_bytes(damage)
    with client_of(peer, tmp_path) as client:
        client.execute_query("c", "q")
        client.execute_query("c", "q")
        assert client.get_from_cache("c", "q") is not None


def test_a_file_that_vanishes_under_us_harms_nothing(peer: BackendPeer, tmp_path: Path) -> None:
    with client_of(peer, tmp_path) as client:
        client.execute_query("c", "q")
        for file in tmp_path.iterdir():
            file.unlink()
        for _ in range(3):
            client.execute_query("c", "q")


def test_a_folder_that_can_not_be_made_harms_nothing(peer: BackendPeer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with client_of(peer, tmp_path / "file" / "cache") as client:
        assert client.execute_query("c", "q").row_count == 1
        assert client.get_from_cache("c", "q") is None


def test_the_cache_stays_within_its_bounds(peer: BackendPeer, tmp_path: Path) -> None:
    huge = b'[["' + b"x" * 9_000_000 + b'"]]'
    with client_of(peer, tmp_path) as client:
        peer.answer = lambda asked: query_answer([("t", "text")], huge, 1)
        client.execute_query("c", "huge")
        assert client.get_from_cache("c", "huge") is None
    with BackendClient(peer.url, KEY) as in_memory:
        peer.answer = answer
        for number in range(80):
            in_memory.execute_query("c", str(number))
        assert in_memory.get_from_cache("c", "0") is None
        assert in_memory.get_from_cache("c", "79") is not None


def test_the_oldest_answers_leave_the_file_first(tmp_path: Path) -> None:
    began = datetime(2026, 3, 31, tzinfo=UTC)
    table = open_table(tmp_path / "a.sqlite", most_entries=8)
    for number in range(20):
        table[f"n{number}"] = Entry(b"x", began + timedelta(seconds=number))
    names = sorted(table, key=lambda name: int(name[1:]))
    assert len(names) <= 8
    assert names[-1] == "n19"
    assert "n0" not in names
    table.close()
    by_size = open_table(tmp_path / "b.sqlite", most_bytes=10_000)
    for number in range(20):
        by_size[f"n{number}"] = Entry(b"x" * 2000, began + timedelta(seconds=number))
    assert 1 <= len(list(by_size)) <= 5
    by_size.close()
