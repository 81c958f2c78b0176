"""Plain requests go a shorter way than Sanic's, and nobody can tell; what is odd is Sanic's to refuse."""

import json
import logging
import re
import socket

import pytest
from sanic.http import Stage

from server.api import heads
from tests.peers.source import Counts
from tests.server.running import RunningBackend, wait_until

_ODD = "TE: trailers\r\n"
"""With it a request is not plain any more."""


def _request(backend: RunningBackend, body: str, more: str = "", *, length: int | None = None) -> bytes:
    head = (
        "POST /api/query HTTP/1.1\r\nHost: backend\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {backend.admin}\r\n{more}"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    )
    return (head + body).encode()


def _asked(sql: str, **more: object) -> str:
    return json.dumps({"connection": "numbers", "query": sql, "max_rows": 2, **more})


def _exchanged(backend: RunningBackend, *pieces: bytes, answers: int) -> list[tuple[int, bytes]]:
    """Status and body of so many answers, or of fewer when the connection is closed before."""
    with socket.create_connection(("127.0.0.1", backend.port), timeout=20) as sock:
        for piece in pieces:
            sock.sendall(piece)
        found, received = list[tuple[int, bytes]](), b""
        while len(found) < answers:
            ended = re.match(rb"HTTP/1.1 (\d+) [^\r]*\r\n(.*?)\r\n\r\n", received, re.DOTALL)
            length = re.search(rb"content-length: (\d+)", ended[2]) if ended else None
            size = int(length[1]) if length else 0
            if ended and len(received) >= ended.end() + size:
                found.append((int(ended[1]), received[ended.end() : ended.end() + size]))
                received = received[ended.end() + size :]
            elif piece := sock.recv(65536):
                received += piece
            else:
                break
        return found


@pytest.mark.parametrize(
    "body",
    [_asked("SELECT n FROM numbers"), _asked("SELECT n FROM nothing"), _asked("DROP TABLE numbers"), "{"],
)
def test_both_ways_give_the_same_answer(backend: RunningBackend, body: str) -> None:
    answers = [
        _exchanged(backend, _request(backend, body, more), answers=1)[0]
        for more in ("", _ODD, "TE: trailers\r\n")
    ]
    assert len({status for status, _ in answers}) == 1
    changing = ("query_id", "elapsed_ms", "request_id", "cached", "age_seconds")
    bodies = [json.loads(answer) for _, answer in answers]
    assert all(
        {name: body[name] for name in body if name not in changing}
        == {name: bodies[0][name] for name in bodies[0] if name not in changing}
        for body in bodies
    )


def test_requests_that_come_together_are_answered_in_their_order(backend: RunningBackend) -> None:
    asked = [_request(backend, _asked("SELECT n FROM numbers", max_rows=rows)) for rows in (1, 2, 3)]
    odd = _request(backend, _asked("SELECT n FROM numbers", max_rows=4), _ODD)
    health = b"GET /health HTTP/1.1\r\nHost: backend\r\n\r\n"
    answers = _exchanged(backend, b"".join([*asked, health, odd, asked[0]]), answers=6)
    assert [status for status, _ in answers] == [200] * 6
    counts = [json.loads(body).get("row_count", "health") for _, body in answers]
    assert counts == [1, 2, 3, "health", 4, 1]


def test_a_request_may_come_byte_by_byte(backend: RunningBackend) -> None:
    whole = _request(backend, _asked("SELECT n FROM numbers"))
    head = whole.index(b"\r\n\r\n") + 4
    for pieces in ([whole[:head], whole[head:]], [bytes([byte]) for byte in whole]):
        ((status, body),) = _exchanged(backend, *pieces, answers=1)
        assert (status, json.loads(body)["row_count"]) == (200, 2)


@pytest.mark.parametrize(
    "more",
    [
        "Connection: close\r\n",
        "Connection: keep-alive\r\nConnection: close\r\n",
        "Connection: keep-alive, close\r\n",
        "Connection: Keep-Alive\r\nconnection: CLOSE\r\n",
    ],
)
def test_whoever_wants_the_connection_closed_sees_it_closed(backend: RunningBackend, more: str) -> None:
    request = _request(backend, _asked("SELECT n FROM numbers"), more)
    answers = _exchanged(backend, request, answers=2)  # the second never comes: the connection is closed
    assert [status for status, _ in answers] == [200]


_SMUGGLED = "GET /health HTTP/1.1\r\nHost: backend\r\n\r\n"


@pytest.mark.parametrize(
    "more",
    [
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X: a\r\n Transfer-Encoding: chunked\r\n",
        "no colon\r\n",
        "Content-Length: +5\r\n",
    ],
)
def test_a_request_that_could_be_read_in_two_ways_is_never_read_in_ours(
    backend: RunningBackend, more: str
) -> None:
    ((status, body),) = _exchanged(backend, _request(backend, _SMUGGLED, more), answers=1)
    assert status >= 400
    assert b'"uptime"' not in body


@pytest.mark.parametrize("value", ["a\x00b", "a\nX-Forwarded-For: 10.0.0.1", "a\rb", "é"])
def test_a_header_with_strange_characters_gets_an_answer_or_a_refusal(
    backend: RunningBackend, value: str
) -> None:
    answers = _exchanged(
        backend, _request(backend, _asked("SELECT n FROM numbers"), f"X: {value}\r\n"), answers=1
    )
    assert all(status in (200, 400) for status, _ in answers)


def test_a_body_that_never_comes_ends_with_the_client(backend: RunningBackend) -> None:
    assert _exchanged(backend, _request(backend, "", length=30_000), answers=0) == []
    assert backend.ask("GET", "/health").status == 200


def test_a_client_that_leaves_is_no_error(
    backend: RunningBackend, counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", backend.port), timeout=20) as sock:
        sock.sendall(_request(backend, _asked("SELECT n FROM sleeping")))
        wait_until(lambda: counts.running == 1)
    wait_until(lambda: counts.running == 0)
    assert backend.ask("GET", "/health").status == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_request_that_never_ends_is_told_so(backend: RunningBackend) -> None:
    server, loop = backend.serving._server, backend.serving._loop
    assert server is not None
    assert loop is not None

    def times_out() -> None:
        for connection in server.connections:
            if connection._http.stage is Stage.REQUEST:
                connection.request_timeout = -1
                connection.check_timeouts()

    with socket.create_connection(("127.0.0.1", backend.port), timeout=20) as sock:
        sock.sendall(_request(backend, "", length=30_000))
        wait_until(lambda: any(one._http.stage is Stage.REQUEST for one in list(server.connections)))
        loop.call_soon_threadsafe(times_out)
        assert sock.recv(1000).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb: c", "a\rb: c", "\r", "\n"])
def test_no_header_of_an_answer_breaks_out_of_its_line(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        heads.written(200, {"x": value})


def test_a_head_is_written_as_it_is_given_and_never_breaks_out_of_its_lines() -> None:
    given = {"x-%s": "100 %", "age": 0, "x-request-id": "%d"}
    written = b"x-%s: 100 %\r\nage: 0\r\nx-request-id: %d\r\nconnection: keep-alive\r\n\r\n"
    assert heads.written(200, given) == b"HTTP/1.1 200 OK\r\n" + written
    assert heads.written(299, given) == b"HTTP/1.1 299 \r\n" + written
    for name, value in (("a", "b\r\nc: d"), ("a\r\nb", "c"), ("a", "b\n"), ("a", "\rb")):
        with pytest.raises(ValueError, match="line break"):
            heads.written(200, {"x-request-id": "1", name: value})
