"""Before anybody knows who is calling: heads that could be read in two ways, bombs, and time."""

import contextlib
import gzip
import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.settings import BackendSettings, DatabaseSection, ServerSection
from tests.peers.source import Counts, number_kind
from tests.server.running import RunningBackend, start, wait_until


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[RunningBackend]:
    """It waits one second for a request, and three for a query."""
    settings = BackendSettings(
        server=ServerSection(request_timeout=1),
        database=DatabaseSection(max_connections=1, connection_timeout=2, query_timeout=3),
    )
    running = start(tmp_path, [number_kind(Counts())], settings)
    made = {"name": "numbers", "type": "numbers", "params": {}}
    assert running.ask("POST", "/api/connections", made).status == 201
    yield running
    running.stop()


def exchanged(backend: RunningBackend, request: bytes) -> bytes:
    """All that is answered, until the connection is closed or silent."""
    with socket.create_connection(("127.0.0.1", backend.port), timeout=10) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(OSError):
            while piece := sock.recv(65_536):
                answer += piece
        return answer


def head(*lines: str, first: str = "GET /api/keys HTTP/1.1") -> bytes:
    return "\r\n".join([first, *lines, "", ""]).encode("latin-1")


SMUGGLED = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"

AMBIGUOUS = {
    "two lengths": head("Host: x", "Content-Length: 0", "Content-Length: 34"),
    "two lengths that agree": head("Host: x", "Content-Length: 34", "Content-Length: 34"),
    "a list of lengths": head("Host: x", "Content-Length: 0, 34"),
    "a length in other digits": head("Host: x", "Content-Length: \u00d9\u00a3\u00d9\u00a4"),
    "length and chunks": head("Host: x", "Content-Length: 34", "Transfer-Encoding: chunked"),
    "chunks and length": head("Host: x", "Transfer-Encoding: chunked", "Content-Length: 0"),
    "two codings": head("Host: x", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    "a coding that is none": head("Host: x", "Transfer-Encoding: xchunked"),
    "a list of codings": head("Host: x", "Transfer-Encoding: gzip, chunked"),
    "a blank before the colon": head("Host: x", "Transfer-Encoding : chunked"),
    "a tab before the colon": head("Host: x", "Transfer-Encoding\t: chunked"),
    "a vertical tab": head("Host: x", "Transfer-Encoding:\x0bchunked"),
    "chunks in HTTP/1.0": head("Host: x", "Transfer-Encoding: chunked", first="GET /api/keys HTTP/1.0"),
    "a folded line": head("Host: x", "X: a", " Transfer-Encoding: chunked"),
    "a folded line with a tab": head("Host: x", "X: a", "\tContent-Length: 34"),
    "a bare line feed": head("Host: x", "X: a\nTransfer-Encoding: chunked"),
    "a bare carriage return": head("Host: x", "X: a\rContent-Length: 34"),
    "line feeds alone": b"GET /api/keys HTTP/1.1\nHost: x\nContent-Length: 0\n\n\r\n\r\n",
    "a NUL": head("Host: x", "X: a\0b"),
    "an empty name": head("Host: x", ": y"),
    "no colon": head("Host: x", "nonsense"),
    "two hosts": head("Host: x", "Host: y"),
    "two media types": head("Host: x", "Content-Type: application/json", "Content-Type: text/plain"),
    "no address": head("Host: x", first="GET \xff HTTP/1.1"),
    "half an address": head("Host: x", first="GET http://[::1/api/keys HTTP/1.1"),
    "a way through": head("Host: x", first="CONNECT x:1 HTTP/1.1"),
    "two keys": head("Host: x", "Authorization: Bearer a", "Authorization: Bearer b"),
    "a signed length": head("Host: x", "Content-Length: +34"),
    "a length in another script": head("Host: x", "Content-Length: \xb3\xb4"),
    "an underscore in a length": head("Host: x", "Content-Length: 3_4"),
    "a first line with a line feed": b"GET /api/keys\n HTTP/1.1\r\nHost: x\r\n\r\n",
    "a hundred headers and one": head("Host: x", *[f"X-{number}: y" for number in range(100)]),
    "a long head": head("Host: x", "X: " + "y" * 9_000),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_a_head_that_could_be_read_in_two_ways_is_refused_and_ends_the_connection(
    backend: RunningBackend, name: str
) -> None:
    answer = exchanged(backend, AMBIGUOUS[name] + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 4")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"uptime" not in answer
    assert b"connection: close" in answer.lower()
    assert b'"code":"' in answer


def test_a_request_of_http_1_1_without_a_host_is_refused_and_one_of_1_0_is_not(
    backend: RunningBackend,
) -> None:
    bare = exchanged(backend, head(first="GET /health HTTP/1.1"))
    assert bare.startswith(b"HTTP/1.1 400 ")
    assert exchanged(backend, head(first="GET /health HTTP/1.0")).startswith(b"HTTP/1.1 200 ")
    assert exchanged(backend, head("Host: x", first="GET /health HTTP/1.1")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("key", ["\xff", "vmart_\xe9", "\xed\xa0\x80", "vmart_" + "\xe9" * 49])
@pytest.mark.parametrize("more", ["X: y", "TE: trailers"])
def test_a_key_of_bytes_that_are_no_text_is_as_any_other_wrong_one(
    backend: RunningBackend, key: str, more: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = exchanged(backend, head("Host: x", f"Authorization: Bearer {key}", more, "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    "chunks",
    [
        b"5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\n0\n\n",
        b"5\r\nhelloXX0\r\n\r\n",
        b"fffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_chunks_that_are_none_never_become_a_request(backend: RunningBackend, chunks: bytes) -> None:
    begin = head(
        "Host: x",
        f"Authorization: Bearer {backend.admin}",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        first="POST /api/query HTTP/1.1",
    )
    for key in (backend.admin, "wrong"):
        answer = exchanged(backend, begin.replace(backend.admin.encode(), key.encode()) + chunks + SMUGGLED)
        assert answer.startswith(b"HTTP/1.1 4")
        assert b"Traceback" not in answer
        assert b"uptime" not in answer


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x-gzip", "identity, gzip", "GZIP"])
def test_a_compressed_body_is_refused_before_it_is_read(backend: RunningBackend, coding: str) -> None:
    bomb = gzip.compress(b"[" * 4_000_000)
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    answered = backend.ask("POST", "/api/query", bomb, headers=headers)
    assert (answered.status, answered.json["code"]) == (415, "unsupported_media_type")
    small = backend.ask("POST", "/api/query", b"{}", headers={**headers, "Content-Encoding": "identity"})
    assert small.status == 400


def test_a_header_of_the_caller_never_becomes_one_of_the_answer(backend: RunningBackend) -> None:
    for path in ("/api/schema/x%0d%0aSet-Cookie:%20a=b", "/api/files/x%0aX-Evil:%20y", "/%0d%0aX-Evil:y"):
        answered = backend.ask("GET", path)
        assert answered.status == 404
        assert not {"set-cookie", "x-evil"} & set(answered.headers)
    answered = backend.query("numbers", accept="text/csv\t; x=y")
    assert "x-evil" not in answered.headers


def dripped(sock: socket.socket, first: bytes, drop: bytes) -> tuple[float, bytes]:
    """Sends ``first``, then ``drop`` again and again; how long that was let happen, and the answer."""
    began = time.monotonic()
    sock.settimeout(0.1)
    sock.sendall(first)
    answer = b""
    while time.monotonic() - began < 15:
        try:
            piece = sock.recv(65_536)
            if not piece:
                break
            answer += piece
        except TimeoutError:
            pass
        except OSError:
            break
        with contextlib.suppress(OSError):
            sock.sendall(drop)
    return time.monotonic() - began, answer


@pytest.mark.parametrize(
    "kind", ["head", "first line", "small body", "large body", "chunks", "nothing", "unread"]
)
def test_a_request_that_drips_ends_in_time(hasty: RunningBackend, kind: str) -> None:
    def begin(key: str, *lines: str) -> bytes:
        more = (f"Authorization: Bearer {key}", "Content-Type: application/json", *lines)
        return head("Host: x", *more, first="POST /api/query HTTP/1.1")

    first, drop = {
        "head": (b"GET /health HTTP/1.1\r\nHost: x\r\n", b"X: y\r\n"),
        "first line": (b"GET /", b"a"),
        "small body": (begin(hasty.admin, "Content-Length: 20000"), b" "),
        "large body": (begin(hasty.admin, "Content-Length: 40000"), b" "),
        "chunks": (begin(hasty.admin, "Content-Length: 34000", "TE: trailers"), b" "),
        "nothing": (b"", b""),
        "unread": (begin("wrong", "Content-Length: 900000"), b" "),
    }[kind]
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=10) as sock:
        seconds, answer = dripped(sock, first, drop)
    assert seconds < 12
    if kind in ("head", "first line", "small body", "large body", "chunks"):
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "request_timed_out"
    assert hasty.ask("GET", "/health").status == 200


def test_hundreds_of_half_open_connections_hold_nobody_up(hasty: RunningBackend) -> None:
    with contextlib.ExitStack() as open_:
        for number in range(300):
            sock = open_.enter_context(socket.create_connection(("127.0.0.1", hasty.port), timeout=10))
            sock.sendall(b"POST /api/query HTTP/1.1\r\nHost: x\r\nX: y"[: number % 40])
        began = time.monotonic()
        for _ in range(20):
            assert hasty.query("numbers", max_rows=1).status == 200
        assert time.monotonic() - began < 10
        server = hasty.serving._server
        assert server is not None
        wait_until(lambda: len(server.connections) < 10)


def test_whoever_does_not_read_the_answer_does_not_keep_the_connection_to_the_source(
    hasty: RunningBackend,
) -> None:
    body = json.dumps({"connection": "numbers", "query": "SELECT n FROM endless", "max_rows": 10_000_000})
    lines = ("Host: x", f"Authorization: Bearer {hasty.admin}", "Content-Type: application/json")
    request = head(*lines, f"Content-Length: {len(body)}", first="POST /api/query HTTP/1.1") + body.encode()
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=10) as sock:
        sock.sendall(request)
        assert sock.recv(10).startswith(b"HTTP/1.1 2")
        wait_until(lambda: hasty.query("numbers", max_rows=1).status == 200)


def test_every_answer_says_how_a_browser_must_treat_it(backend: RunningBackend) -> None:
    for answered in (
        backend.ask("GET", "/health"),
        backend.ask("GET", "/nowhere"),
        backend.ask("GET", "/api/keys", key="wrong"),
        backend.query("numbers"),
    ):
        assert answered.headers["x-content-type-options"] == "nosniff"
        assert answered.headers["cache-control"] in ("no-store", "private, no-cache")
        assert answered.headers["content-security-policy"].startswith("default-src 'none'")
        assert answered.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answered.headers
        assert "strict-transport-security" not in answered.headers
