"""The client in front of something that is no backend, and with settings that are none."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.backend_client import (
    BackendClient,
    BackendConnectionError,
    BackendProtocolError,
    NotAuthenticated,
)
from shared.errors import SettingsInvalid
from tests.peers.backend import Asked, BackendPeer, Reply, json_reply, query_answer

KEY = "vmart_test-key-0123456789"


def one_row(asked: Asked) -> Reply:
    return query_answer([("n", "integer")], b"[[1]]", 1)


def client_of(url: str, **options: Any) -> BackendClient:
    return BackendClient(url, KEY, **{"timeout": 5, "retry_attempts": 2, **options})


@pytest.fixture
def peer() -> Iterator[BackendPeer]:
    with BackendPeer(one_row) as peer:
        yield peer


HOSTILE = {
    "a proxy page": Reply(body=b"<html>Please log in</html>", headers={"Content-Type": "text/html"}),
    "a proxy error": Reply(status=500, body=b"<html>Oops</html>", headers={"Content-Type": "text/html"}),
    "nothing": Reply(body=b""),
    "another shape": Reply(body=b"[1,2,3]"),
    "wrong types": Reply(body=b'{"columns":"none","rows":7,"row_count":"x"}'),
    "no end": Reply(body=b'{"query_id":"q","columns":[],"rows":[]}'),
    "a wrong count": query_answer([("n", "integer")], b"[[1]]", 7),
    "a short row": query_answer([("a", "integer"), ("b", "integer")], b"[[1]]", 1),
    "an object for a row": query_answer([("a", "integer")], b'[{"a":1}]', 1),
    "a list for a text": query_answer([("a", "text")], b"[[[1]]]", 1),
    "an unknown type": query_answer([("a", "polygon")], b"[[1]]", 1),
    "a deep nest": query_answer([("a", "json")], b"[" * 50_000, 1),
    "bytes that are no text": Reply(body=b'{"query_id":"\xff\xfe"}'),
    "a cut body": Reply(body=b'{"query_id":"q","columns":[', cut=True),
    "a cut chunk": Reply(body=[b'{"query_id":"q",'], cut=True),
    "an envelope of wrong types": Reply(status=400, body=b'{"error":1,"code":[]}'),
    "a wrong packing": Reply(body=b"not gzip", headers={"Content-Encoding": "gzip"}),
    "no HTTP": Reply(raw=[b"SSH-2.0-OpenSSH_9.2\r\n"]),
    "a chunk that lies": Reply(raw=[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]),
    "a redirect": Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_no_backend_says_is_a_clean_error(peer: BackendPeer, what: str) -> None:
    peer.answer = lambda asked: HOSTILE[what]
    with client_of(peer.url, retry_attempts=0) as client:
        with pytest.raises(BackendProtocolError) as caught:
            client.execute_query("c", "q")
        assert not isinstance(caught.value, BackendConnectionError)
        with pytest.raises(BackendProtocolError):
            for _ in client.stream_query("c", "q").batches():
                pass


def test_a_redirect_never_carries_the_key_elsewhere(peer: BackendPeer) -> None:
    with BackendPeer(one_row) as elsewhere:
        peer.answer = lambda asked: Reply(status=307, headers={"Location": f"{elsewhere.url}/api/query"})
        with client_of(peer.url) as client, pytest.raises(BackendProtocolError, match="redirects"):
            client.execute_query("c", "q")
        assert elsewhere.asked == []


def test_the_key_is_in_no_log_and_in_no_error(peer: BackendPeer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    peer.answer = lambda asked: Reply(status=502, body=asked.headers["Authorization"].encode())
    with client_of(peer.url) as client, pytest.raises(BackendProtocolError) as caught:
        client.execute_query("c", "q")
    assert caplog.text
    assert KEY not in caplog.text
    assert KEY not in str(caught.value)


def test_neither_netrc_nor_cookies_change_what_is_sent(
    peer: BackendPeer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    peer.answer = lambda asked: json_reply({"connections": []}, Set_Cookie="a=b")
    with client_of(peer.url, cache_ttl=0) as client:
        client.list_connections()
        client.list_connections()
    assert all(asked.headers["Authorization"] == f"Bearer {KEY}" for asked in peer.asked)
    assert "Cookie" not in peer.asked[1].headers


@pytest.mark.parametrize(
    "url", ["", "backend:5000", "ftp://b", "http://", "https://u:p@b", "http://b:x", "http://b?a=1"]
)
def test_an_address_that_is_none_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="https://"):
        BackendClient(url, KEY)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_time_out_that_is_none_is_refused(timeout: float) -> None:
    with pytest.raises(SettingsInvalid, match="above 0"):
        BackendClient("http://b", KEY, timeout=timeout)


def test_a_key_with_a_line_break_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        BackendClient("http://b", "secret\r\nX-Evil: 1")
    assert "secret" not in str(caught.value)


def test_a_path_can_not_lead_to_another_host(peer: BackendPeer) -> None:
    with client_of(peer.url) as client:
        for path in ("@evil.example/", "//evil.example/", ".evil.example/", "/\\evil.example"):
            with pytest.raises(Exception, match="begins with one slash"):
                client.retry_request("GET", path)
    assert peer.asked == []


def test_a_bare_401_is_still_not_authenticated(peer: BackendPeer) -> None:
    peer.answer = lambda asked: Reply(status=401, body=b"<html>")
    with client_of(peer.url) as client, pytest.raises(NotAuthenticated):
        client.list_keys()
