"""What the outside may send: none of it gets past the door, crashes us, or is answered in HTML."""

import socket

import msgspec
import pytest

from tests.server.running import Answered, RunningBackend

QUERY = {"connection": "numbers", "query": "SELECT n FROM numbers"}


def _post(backend: RunningBackend, body: bytes, content_type: str = "application/json") -> Answered:
    return backend.ask("POST", "/api/query", body, headers={"Content-Type": content_type})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe{}",
        b'{"connection":"numbers","query":"\xff"}',
        b"[" * 200_000,
        b'{"connection":"numbers","query":"SELECT 1","params":' + b'{"a":' * 50_000,
        msgspec.json.encode({**QUERY, "query": 5}),
        msgspec.json.encode({**QUERY, "query": None}),
        msgspec.json.encode({**QUERY, "max_rows": "10"}),
        msgspec.json.encode({**QUERY, "max_rows": 0}),
        msgspec.json.encode({**QUERY, "max_rows": -1}),
        msgspec.json.encode({**QUERY, "max_rows": 1.5}),
        msgspec.json.encode({**QUERY, "timeout_seconds": 0}),
        msgspec.json.encode({**QUERY, "timeout_seconds": -3}),
        msgspec.json.encode({**QUERY, "params": [1]}),
        msgspec.json.encode({**QUERY, "params": {"a": [1]}}),
        msgspec.json.encode({**QUERY, "query_id": "../../etc/passwd"}),
        msgspec.json.encode({**QUERY, "dialect": "mysql"}),
        msgspec.json.encode({"connection": "numbers"}),
        msgspec.json.encode({**QUERY, "query": "SELECT 1 -- " + "x" * 1_000_001}),
    ],
)
def test_a_body_that_does_not_fit_is_a_400_in_our_envelope(backend: RunningBackend, body: bytes) -> None:
    answered = _post(backend, body)
    assert (answered.status, answered.headers["content-type"]) == (400, "application/json")
    assert answered.json["code"] in ("invalid_request", "query_refused")
    assert "Traceback" not in answered.body.decode()


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
def test_json_counts_only_under_its_own_name(backend: RunningBackend, content_type: str) -> None:
    answered = _post(backend, msgspec.json.encode(QUERY), content_type)
    assert (answered.status, answered.json["code"]) == (415, "unsupported_media_type")


def test_a_charset_beside_the_content_type_is_fine(backend: RunningBackend) -> None:
    assert _post(backend, msgspec.json.encode(QUERY), "application/json; charset=utf-8").status == 200


def test_a_body_over_the_limit_is_refused_before_it_is_read(backend: RunningBackend) -> None:
    head = (
        f"POST /api/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {backend.admin}\r\n"
        "Content-Type: application/json\r\nContent-Length: 50000000\r\n\r\n{"
    )
    answer = _raw(backend, head.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"too_large"' in answer


def test_a_chunked_body_over_the_limit_is_refused_too(backend: RunningBackend) -> None:
    head = (
        f"POST /api/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {backend.admin}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n{"
    )
    assert _raw(backend, head.encode()).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/query HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /api/query HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /health HTTP/1.1\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n",
    ],
)
def test_broken_http_is_a_4xx_in_our_envelope(backend: RunningBackend, request_bytes: bytes) -> None:
    answer = _raw(backend, request_bytes)
    assert answer.startswith(b"HTTP/1.1 4")
    assert b'"request_id":' in answer
    assert b"sanic" not in answer.lower()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/nope", 404),
        ("GET", "/api/connections/../../etc/passwd", 404),
        ("GET", "/api/connections/%2e%2e%2fkinds", 404),
        ("GET", "/api/schema/" + "x" * 5000, 404),
        ("PATCH", "/api/query", 405),
        ("GET", "/api/query", 405),
        ("OPTIONS", "/api/query", 405),
    ],
)
def test_other_addresses_and_methods_are_told_in_our_envelope(
    backend: RunningBackend, method: str, path: str, status: int
) -> None:
    answered = backend.ask(method, path)
    assert (answered.status, answered.headers["content-type"]) == (status, "application/json")
    assert answered.json["request_id"] == answered.headers["x-request-id"]
    if status == 405:
        assert answered.headers["allow"]


def test_every_answer_has_a_request_id_of_ours(backend: RunningBackend) -> None:
    answered = backend.ask("GET", "/health", headers={"X-Request-Id": "forged\ttext"})
    assert answered.headers["x-request-id"] != "forged\ttext"
    assert answered.headers["x-content-type-options"] == "nosniff"


def test_a_caller_without_a_key_cannot_make_us_hold_a_body(backend: RunningBackend) -> None:
    head = (
        b"POST /api/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 9000000\r\n\r\n"
    )
    assert _raw(backend, head).startswith(b"HTTP/1.1 401 ")


def _raw(backend: RunningBackend, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", backend.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer or not answer.rstrip().endswith(b"}"):
            piece = connection.recv(65_536)
            if not piece:
                break
            answer += piece
        return answer
