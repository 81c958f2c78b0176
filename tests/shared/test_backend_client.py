"""The client against a peer that speaks the wire: what it sends, what it gives back."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from shared.backend_client import BackendClient, QueryFailed
from shared.errors import InvalidRequest
from tests.peers.backend import Asked, BackendPeer, Reply, json_reply, query_answer

KEY = "vmart_test-key-0123456789"


@pytest.fixture
def peer() -> Iterator[BackendPeer]:
    with BackendPeer(lambda asked: json_reply({"status": "ok", "connections": 1, "uptime": 5})) as peer:
        yield peer


@pytest.fixture
def client(peer: BackendPeer) -> Iterator[BackendClient]:
    with BackendClient(peer.url, KEY, timeout=5, retry_attempts=0) as client:
        yield client


def test_a_query_comes_back_with_every_digit_and_every_type(peer: BackendPeer, client: BackendClient) -> None:
    kinds = "integer decimal float text boolean date timestamp time binary json"
    row = (
        b'[[123456789012345678901234567890,12345678901234567890.12345678901234567890,1.5,"\xe2\x82\xb9",true,'
        b'"2026-03-31","2026-03-31T18:40:00+00:00","18:40:00","aGk=",{"a":[1,2.5]}],'
        b"[null,null,null,null,null,null,null,null,null,null]]"
    )
    peer.answer = lambda asked: query_answer([(kind, kind) for kind in kinds.split()], row, 2)
    result = client.execute_query("retail", "SELECT 1", params={"a": 1})
    assert result.rows == [
        [
            123456789012345678901234567890,
            Decimal("12345678901234567890.12345678901234567890"),
            1.5,
            "₹",
            True,
            date(2026, 3, 31),
            datetime(2026, 3, 31, 18, 40, tzinfo=UTC),
            time(18, 40),
            b"hi",
            {"a": [1, 2.5]},
        ],
        [None] * 10,
    ]
    assert result.cached_at is None
    assert result.age_seconds is None
    sent = peer.asked[0]
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in sent.path
    assert sent.json["params"] == {"a": 1}
    assert sent.json["max_rows"] == 1000


def test_a_cell_that_no_python_type_can_hold_stays_the_text_that_came(
    peer: BackendPeer, client: BackendClient
) -> None:
    columns = [("d", "date"), ("t", "time"), ("n", "decimal"), ("f", "float"), ("j", "json"), ("b", "binary")]
    rows = b'[["infinity","36:00:00",12.30,7,{"a":1.5},"aGk="],["2026-01-02",null,1e400,1.5,null,null]]'
    peer.answer = lambda asked: query_answer(columns, rows, 2)
    assert client.execute_query("c", "q").rows == [
        ["infinity", "36:00:00", Decimal("12.30"), 7.0, {"a": 1.5}, b"hi"],
        [date(2026, 1, 2), None, Decimal("1e400"), 1.5, None, None],
    ]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_cannot_say_is_refused_and_not_sent_as_null(
    peer: BackendPeer, client: BackendClient, number: float
) -> None:
    with pytest.raises(InvalidRequest, match=":a"):
        client.execute_query("retail", "SELECT :a", params={"a": number})
    with pytest.raises(InvalidRequest, match="timeout_seconds"):
        client.execute_query("retail", "SELECT 1", timeout_seconds=number)
    assert peer.asked == []


def test_a_failure_is_the_class_that_the_server_raised(peer: BackendPeer, client: BackendClient) -> None:
    envelope = {"error": "No column n.", "code": "query_failed", "details": "at 8", "request_id": "r1"}
    peer.answer = lambda asked: json_reply(envelope, 400)
    with pytest.raises(QueryFailed) as caught:
        client.execute_query("c", "q")
    assert (caught.value.message, caught.value.details) == ("No column n.", "at 8")
    assert caught.value.request_id == "r1"


def test_a_failure_after_the_first_byte_is_raised_too(peer: BackendPeer, client: BackendClient) -> None:
    body = b'{"query_id":"q","columns":[],"rows":[],"error":{"error":"Late.","code":"query_failed"}}'
    peer.answer = lambda asked: Reply(body=body)
    with pytest.raises(QueryFailed, match="Late"):
        client.execute_query("c", "q")


def test_the_health_check_is_true_for_a_backend_and_false_for_none(
    peer: BackendPeer, client: BackendClient
) -> None:
    assert client.health_check()
    assert client.health().uptime == 5
    with BackendClient("http://127.0.0.1:9", KEY, retry_attempts=0) as nobody:
        assert not nobody.health_check()


def test_the_key_shows_nowhere(client: BackendClient) -> None:
    assert KEY not in repr(client)
    assert KEY not in repr(vars(client))


def test_metrics_count_calls_failures_and_the_cache(peer: BackendPeer, client: BackendClient) -> None:
    def answer(asked: Asked) -> Reply:
        return query_answer([("n", "integer")], b"[[1]]", 1)

    peer.answer = answer
    client.execute_query("c", "q")
    assert client.get_from_cache("c", "q") is not None
    assert client.get_from_cache("c", "other") is None
    seen = client.metrics
    assert (seen.requests, seen.failures, seen.cache_hits, seen.cache_misses) == (1, 0, 1, 1)
    assert seen.hit_rate == 0.5
    assert seen.latency_p50_ms is not None
