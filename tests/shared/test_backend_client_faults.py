"""The client on a bad line: what is tried again, and when it gives up."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shared.backend_client import (
    BackendClient,
    BackendConnectionError,
    BackendError,
    BackendTimeoutError,
    QueryTimeout,
    RateLimited,
)
from shared.errors import SourceBusy
from tests.peers.backend import Asked, BackendPeer, Reply, json_reply, query_answer
from tests.peers.fault_proxy import Fault, FaultProxy

KEY = "vmart_test-key-0123456789"


def one_row(asked: Asked) -> Reply:
    return query_answer([("n", "integer")], b"[[1]]", 1)


def client_of(url: str, **options: Any) -> BackendClient:
    return BackendClient(url, KEY, **{"timeout": 5, "retry_attempts": 2, **options})


@pytest.fixture
def peer() -> Iterator[BackendPeer]:
    with BackendPeer(one_row) as peer:
        yield peer


def replies(peer: BackendPeer, *first: Reply) -> None:
    """These replies first, and then one row for ever."""
    waiting = list(first)
    peer.answer = lambda asked: waiting.pop(0) if waiting else one_row(asked)


# -- Tried again, or not ------------------------------------------------------------------


def test_a_read_is_tried_again_until_it_succeeds(peer: BackendPeer) -> None:
    busy = json_reply({"error": "Busy.", "code": "source_busy", "retry_after": 0}, 503)
    replies(peer, busy, Reply(status=502, body=b"<html>bad gateway</html>"))
    with client_of(peer.url) as client:
        assert client.execute_query("c", "q").rows == [[1]]
        assert client.metrics.retries == 2
    assert len(peer.asked) == 3


def test_tries_end_and_the_failure_is_the_servers_own(peer: BackendPeer) -> None:
    peer.answer = lambda asked: json_reply({"error": "Busy.", "code": "source_busy", "retry_after": 0}, 503)
    with client_of(peer.url) as client, pytest.raises(SourceBusy):
        client.execute_query("c", "q")
    assert len(peer.asked) == 3


@pytest.mark.parametrize(
    ("status", "code"), [(400, "query_failed"), (403, "not_permitted"), (504, "query_timeout")]
)
def test_what_would_fail_again_is_not_repeated(peer: BackendPeer, status: int, code: str) -> None:
    peer.answer = lambda asked: json_reply({"error": "No.", "code": code}, status)
    with client_of(peer.url) as client, pytest.raises(Exception, match="No") as caught:
        client.execute_query("c", "q")
    assert getattr(caught.value, "code", "") == code
    assert len(peer.asked) == 1


def test_a_short_wait_that_the_server_asks_for_is_kept(peer: BackendPeer) -> None:
    replies(peer, json_reply({"error": "Slow down.", "code": "rate_limited"}, 429, Retry_After="1"))
    began = time.monotonic()
    with client_of(peer.url) as client:
        client.execute_query("c", "q")
    assert time.monotonic() - began >= 1


def test_a_long_wait_is_the_callers_to_decide(peer: BackendPeer) -> None:
    peer.answer = lambda asked: json_reply(
        {"error": "Slow down.", "code": "rate_limited", "retry_after": 3600}, 429
    )
    with client_of(peer.url) as client, pytest.raises(RateLimited) as caught:
        client.execute_query("c", "q")
    assert caught.value.retry_after == 3600
    assert len(peer.asked) == 1


def test_a_connection_that_breaks_before_the_answer_is_tried_again(peer: BackendPeer) -> None:
    with FaultProxy(peer.port) as proxy:
        proxy.faults = [Fault(refuse=True), Fault(cut_after_bytes=10, reset=True)]
        with client_of(proxy.url) as client:
            assert client.execute_query("c", "q").rows == [[1]]
        assert proxy.connections == 3


@pytest.mark.parametrize("fault", [Fault(cut_after_bytes=0), Fault(cut_after_bytes=10, reset=True)])
def test_a_write_that_may_have_arrived_is_never_sent_twice(peer: BackendPeer, fault: Fault) -> None:
    peer.answer = lambda asked: json_reply({"error": "Busy.", "code": "source_busy"}, 503)
    writes: list[Callable[[BackendClient], object]] = [
        lambda client: client.create_connection("a", "postgresql", {}),
        lambda client: client.update_connection("a", {}),
        lambda client: client.delete_connection("a"),
        lambda client: client.generate_key("k"),
        lambda client: client.revoke_key("k"),
        lambda client: client.retry_request("POST", "/api/users", {"username": "a"}),
        lambda client: client.retry_request("DELETE", "/api/users/a"),
    ]
    with FaultProxy(peer.port, fault) as proxy, client_of(proxy.url) as client:
        for write in writes:
            with pytest.raises(BackendError):
                write(client)
    assert len(peer.asked) == len(writes)
    with client_of(peer.url) as client:
        for write in writes:
            with pytest.raises(SourceBusy):
                write(client)
    assert len(peer.asked) == 2 * len(writes)


def test_a_write_is_tried_again_while_nobody_listens(peer: BackendPeer) -> None:
    client = client_of(f"http://127.0.0.1:{peer.port}")
    peer.answer = lambda asked: json_reply({"connections": []})
    with client_of("http://127.0.0.1:9", timeout=1) as nobody, pytest.raises(BackendConnectionError):
        nobody.create_connection("a", "postgresql", {})
    assert nobody.metrics.retries == 2
    client.close()


def test_retry_request_repeats_a_read(peer: BackendPeer) -> None:
    waiting = [Reply(status=503), json_reply({"a": [1, 2.5]})]
    peer.answer = lambda asked: waiting.pop(0)
    with client_of(peer.url) as client:
        assert client.retry_request("get", "/api/audit") == {"a": [1, 2.5]}


def test_while_the_backend_is_away_nobody_waits_for_retries_twice(peer: BackendPeer) -> None:
    with FaultProxy(peer.port, Fault(refuse=True)) as proxy, client_of(proxy.url) as client:
        for tries in (3, 4, 5):
            with pytest.raises(BackendConnectionError):
                client.execute_query("c", "q")
            assert proxy.connections == tries
        proxy.fault = Fault()
        assert client.execute_query("c", "q").rows == [[1]]
        proxy.cut_all()
        proxy.faults = [Fault(refuse=True)]
        assert client.execute_query("c", "q").rows == [[1]]


def test_closing_the_client_ends_its_waiting(peer: BackendPeer) -> None:
    peer.answer = lambda asked: json_reply({"error": "Busy.", "code": "source_busy", "retry_after": 4}, 503)
    client = client_of(peer.url)
    closing = threading.Timer(0.1, client.close)
    began = time.monotonic()
    closing.start()
    with pytest.raises(SourceBusy):
        client.execute_query("c", "q")
    assert time.monotonic() - began < 4


def test_many_threads_share_a_client(peer: BackendPeer, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        return query_answer([("n", "integer")], b"[[%d]]" % int(asked.json["query"]), 1)

    peer.answer = answer
    with client_of(peer.url, cache_path=tmp_path) as client, ThreadPoolExecutor(12) as pool:
        got = list(pool.map(lambda n: client.execute_query("c", str(n)).rows[0][0], range(150)))
        kept = [client.get_from_cache("c", str(n)) for n in range(150)]
        assert client.metrics.requests == 150
    assert got == list(range(150))
    assert [result.rows[0][0] if result else None for result in kept] == list(range(150))


# -- Silence and slowness -----------------------------------------------------------------


def test_a_backend_that_never_answers_is_given_up(peer: BackendPeer) -> None:
    with (
        FaultProxy(peer.port, Fault(black_hole=True)) as proxy,
        client_of(proxy.url, timeout=0.3) as client,
    ):
        with pytest.raises(BackendTimeoutError):
            client.list_connections()
        assert not client.health_check()


def test_a_head_that_drips_is_given_up(peer: BackendPeer) -> None:
    def drip() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        while True:
            time.sleep(0.05)
            yield b"x"

    peer.answer = lambda asked: Reply(raw=drip())
    with client_of(peer.url, timeout=0.4) as client, pytest.raises(BackendTimeoutError):
        client.list_connections()


def test_a_body_that_drips_is_given_up(peer: BackendPeer) -> None:
    def drip() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        while True:
            time.sleep(0.05)
            yield b" "

    peer.answer = lambda asked: Reply(raw=drip())
    with client_of(peer.url, timeout=0.4) as client, pytest.raises(BackendTimeoutError, match="slowly"):
        client.list_connections()


def test_the_deadline_of_a_query_is_the_backends_to_keep(peer: BackendPeer) -> None:
    peer.answer = lambda asked: json_reply({"error": "Stopped.", "code": "query_timeout"}, 504)
    with client_of(peer.url, timeout=7) as client:
        with pytest.raises(QueryTimeout):
            client.execute_query("c", "q")
        with pytest.raises(QueryTimeout):
            client.execute_query("c", "q", timeout_seconds=2)
    assert [asked.json["timeout_seconds"] for asked in peer.asked] == [7, 2]
