"""However a query goes - by its thread or the event loop, from memory, by our HTTP or Sanic's - the answer is
the same to the byte, and whoever may not ask any more is told so on every way."""

import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.access.allowlist import Allowlist
from server.access.limits import Rate
from server.connectors import KINDS
from tests.peers.postgres import PostgresServer
from tests.server.running import RunningBackend, start, wait_until

_SQL = (
    "SELECT :n::int AS n, 'a \"quoted\" \\ word' AS word, 1.50::numeric AS net, 'NaN'::float8 AS odd, "
    "NULL::date AS day, '{\"a\": 1}'::jsonb AS doc FROM generate_series(1, 2)"
)
_CHANGING = re.compile(
    rb'(x-request-id|x-query-id): [^\r]*|"query_id":"[^"]*"|"elapsed_ms":[0-9.]+|content-length: \d+'
)
_FRESH, _ODD = "Cache-Control: no-cache\r\n", "TE: trailers\r\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[RunningBackend]:
    running = start(tmp_path_factory.mktemp("ways"), KINDS.values())
    body = {"name": "shop", "type": "postgresql", "params": postgres.params()}
    assert running.ask("POST", "/api/connections", body).status == 201
    yield running
    running.stop()


class _Client:
    """One kept-alive connection, byte by byte."""

    def __init__(self, backend: RunningBackend, key: str | None = None) -> None:
        self._key = key or backend.admin
        self._socket = socket.create_connection(("127.0.0.1", backend.port), timeout=20)
        self._behind = b""

    def ask(self, more: str = "", **body: Any) -> bytes:
        self.send(more, **body)
        return self.receive()

    def send(self, more: str = "", **body: Any) -> None:
        text = json.dumps({"connection": "shop", "query": _SQL, "params": {"n": 1}, **body})
        head = (
            "POST /api/query HTTP/1.1\r\nHost: backend\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self._key}\r\n{more}Content-Length: {len(text)}\r\n\r\n"
        )
        self._socket.sendall((head + text).encode())

    def receive(self) -> bytes:
        """The next whole answer, but for what differs from answer to answer."""
        received, self._behind = self._behind, b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._received()
        length = re.search(rb"content-length: (\d+)", received[:end])
        total = end + 4 + (int(length[1]) if length else 0)
        while len(received) < total:
            received += self._received()
        received, self._behind = received[:total], received[total:]
        return _CHANGING.sub(b"*", received)

    def status(self, more: str = "") -> int:
        return int(self.ask(more).split(b" ", 2)[1])

    def close(self) -> None:
        self._socket.close()

    def _received(self) -> bytes:
        piece = self._socket.recv(65536)
        assert piece, "The connection was closed."
        return piece


@pytest.fixture
def client(shop: RunningBackend) -> Iterator[_Client]:
    client = _Client(shop)
    yield client
    client.close()


@pytest.mark.parametrize(
    "more", ["", "Accept: application/x-ndjson\r\n", "Accept: text/csv\r\n", "Accept-Encoding: gzip\r\n"]
)
def test_every_way_gives_the_same_bytes(shop: RunningBackend, client: _Client, more: str) -> None:
    by_thread = client.ask(_FRESH + more, max_rows=7 + len(more))
    quick = [client.ask(_FRESH + more, max_rows=7 + len(more)) for _ in range(3)]
    assert quick == [by_thread] * 3
    other = _Client(shop)
    try:
        assert _headers_sorted(other.ask(_ODD + _FRESH + more, max_rows=7 + len(more))) == _headers_sorted(
            by_thread
        )
    finally:
        other.close()
    cached = client.ask(more, max_rows=7 + len(more))
    kept = re.sub(
        rb'"cached":true,"age_seconds":[0-9.]+', b'"cached":false', re.sub(rb"age: \d+\r\n", b"", cached)
    )
    assert kept == by_thread


@pytest.mark.parametrize(
    "body", [{"params": {}}, {"params": {"n": "x"}}, {"max_rows": 0}, {"query": "SELECT nothing"}]
)
def test_every_way_fails_in_the_same_words(client: _Client, body: dict[str, Any]) -> None:
    assert client.ask()
    answers = [client.ask(**body) for _ in range(3)]
    words = [re.sub(rb'"request_id":"[^"]*"', b"", answer) for answer in answers]
    assert words == words[:1] * 3
    assert words[0].startswith(b"HTTP/1.1 400")
    assert client.ask().startswith(b"HTTP/1.1 200")


def _headers_sorted(answer: bytes) -> list[bytes]:
    return sorted(answer.lower().split(b"\r\n"))


def test_who_is_known_on_a_connection_is_asked_again_when_anything_changes(shop: RunningBackend) -> None:
    backend = shop.serving.backend
    key, row = backend.keys.create("going", roles=["analyst"])
    client = _Client(shop, key)
    try:
        assert [client.status() for _ in range(2)] == [200, 200]
        allowlist, backend.allowlist = backend.allowlist, Allowlist(["10.0.0.0/8"], [])
        assert client.status() == 403
        backend.allowlist = allowlist
        assert client.status() == 200
        backend.limiter.rate = Rate(1, 3600)
        assert client.status(_FRESH) == 200
        assert client.status(_FRESH) == 429
        backend.limiter.rate = None
        assert client.status() == 200
        assert shop.ask("DELETE", f"/api/keys/{row.id}").status == 204
        assert client.status() == 401
    finally:
        backend.limiter.rate = None
        client.close()


def test_a_key_that_expires_ends_also_where_it_is_known(shop: RunningBackend) -> None:
    expires = datetime.now(UTC) + timedelta(seconds=4)
    key, _ = shop.serving.backend.keys.create("short", roles=["analyst"], expires_at=expires)
    client = _Client(shop, key)
    try:
        assert client.status() == 200
        wait_until(lambda: client.status() == 401)
    finally:
        client.close()


def test_every_way_leaves_the_same_line_in_the_audit_trail(shop: RunningBackend, client: _Client) -> None:
    for more in (_FRESH, _FRESH, _FRESH, "", _ODD):
        client.ask(more, max_rows=99)
    changing = {"id", "mac", "at", "request_id", "query_id", "elapsed_ms"}

    def lines() -> list[dict[str, Any]]:
        known = [line for line in shop.audit() if "generate_series" in line["sql_text"]]
        return [{name: line[name] for name in line if name not in changing} for line in known[-5:]]

    wait_until(lambda: len(lines()) == 5 and all(line == lines()[0] for line in lines()))
    assert lines()[0]["row_count"] == 2


def test_who_leaves_while_the_event_loop_waits_stops_the_query_in_its_source(
    shop: RunningBackend, postgres: PostgresServer
) -> None:
    sql = "SELECT count(*) AS n FROM generate_series(1, :n::bigint) a WHERE a % 7 = 0"
    leaving, staying = _Client(shop), _Client(shop)

    def running() -> int:
        active = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'"
        return int(postgres.execute(active)[0][0])

    for n in (8, 9):  # from the second time on without a thread
        assert leaving.ask(_FRESH, query=sql, params={"n": n}).startswith(b"HTTP/1.1 200")
    leaving.send(_FRESH, query=sql, params={"n": 10**12})
    wait_until(lambda: running() == 1)
    leaving.send(_FRESH, query=sql, params={"n": 10})  # behind it, and never answered
    leaving.close()
    wait_until(lambda: running() == 0)
    assert staying.ask(_FRESH, query=sql, params={"n": 9}).startswith(b"HTTP/1.1 200")
    staying.close()
    wait_until(lambda: [line["code"] for line in shop.audit()].count("client_left") == 1)
    assert len(shop.serving.backend.queries) == 0


def test_who_leaves_is_counted_also_when_the_line_of_the_trail_has_to_wait(
    shop: RunningBackend, postgres: PostgresServer
) -> None:
    sql = "SELECT count(*) AS n FROM generate_series(1, :n::bigint) a WHERE a % 5 = 0"
    counted = 'vmart_requests_total{endpoint="query.run",status="499"}'

    def left() -> int:
        found = re.search(re.escape(counted) + r" (\d+)", shop.ask("GET", "/metrics").body.decode())
        return int(found[1]) if found else 0

    def running() -> int:
        active = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'"
        return int(postgres.execute(active)[0][0])

    leaving = _Client(shop)
    for n in (8, 9):
        assert leaving.ask(_FRESH, query=sql, params={"n": n}).startswith(b"HTTP/1.1 200")
    before, audit = left(), shop.serving.backend.audit
    leaving.send(_FRESH, query=sql, params={"n": 10**12})
    wait_until(lambda: running() == 1)
    usual, audit._most = audit._most, 0  # as when lines come faster than they can be written
    try:
        leaving.close()
        wait_until(lambda: running() == 0)
    finally:
        audit._most = usual
    wait_until(lambda: left() == before + 1)


def test_requests_behind_one_that_the_event_loop_waits_for_are_answered_in_their_order(
    client: _Client,
) -> None:
    sql = "SELECT count(*) AS n FROM generate_series(1, :n::bigint) a"
    for n in (8, 9):
        client.ask(_FRESH, query=sql, params={"n": n})
    sizes = [300_000, 1, 200_000, 2, 3]
    for n in sizes:
        client.send(_FRESH, query=sql, params={"n": n})
    answers = [client.receive() for _ in sizes]
    assert [int(re.findall(rb'"rows":\[\[(\d+)\]\]', answer)[0]) for answer in answers] == sizes
