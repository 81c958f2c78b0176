"""HTTP to a source: TLS is verified, only its own address is called, and everything ends."""

import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from server.outgoing import Outgoing
from shared.errors import AppError, QueryCancelled, QueryTimeout, SourceUnavailable, TooLarge
from tests.peers.certificate import company_certificate
from tests.peers.listening import HttpPeer

_dripping = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = (self.headers.get("authorization") or "nobody").encode()
        if self.path.startswith("/redirect"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/redirect/"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        if self.path == "/cut":  # in the middle of its head
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Any: 1\r\n")
            self.close_connection = True
            return
        if self.path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            _dripping.set()
            for _ in range(1_000):  # until nobody listens any more
                self.wfile.write(b"X-Slow: 1\r\n")
                time.sleep(0.1)
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def company(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server with a certificate that nobody knows, and the file that makes it known."""
    key, certificate = company_certificate()
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "ca.pem").write_bytes(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", tmp_path / "key.pem")
    with HttpPeer(_Handler, tls=context) as server:
        yield server.url, tmp_path / "ca.pem"


def test_a_certificate_that_nobody_knows_is_refused(company: tuple[str, Path]) -> None:
    url, _ = company
    outgoing = Outgoing("The shop", [url])
    with outgoing.within(10), pytest.raises(SourceUnavailable, match="certificate"):
        outgoing.session.get(url, verify=False)
    with pytest.raises(SourceUnavailable, match="certificates"):
        Outgoing("The shop", [url], verify="/no/such/file")


def test_a_netrc_of_the_machine_adds_nothing(
    company: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, ca = company
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    outgoing = Outgoing("The shop", [url], verify=str(ca))
    with outgoing.within(10):
        assert outgoing.session.get(url).text == "nobody"
        for elsewhere in ("https://127.0.0.1:1/", url.replace("https", "http"), "https://example.com/"):
            with pytest.raises(SourceUnavailable, match="another address"):
                outgoing.session.get(elsewhere)
        for nowhere in ("http://h:99999/", "http://[bad/", "https://example.com/"):
            with pytest.raises(SourceUnavailable, match="another address"):
                outgoing.session.get(f"{url}/redirect/{nowhere}")
        with pytest.raises(SourceUnavailable, match="broke off"):
            outgoing.session.get(f"{url}/cut")
        with pytest.raises(TooLarge):
            list(outgoing.body(outgoing.session.get(url, stream=True), 3))
    outgoing.close()


@pytest.mark.parametrize(("stopped", "error"), [(False, QueryTimeout), (True, QueryCancelled)])
def test_a_head_that_drips_ends_over_tls_too(
    company: tuple[str, Path], stopped: bool, error: type[AppError]
) -> None:
    url, ca = company
    outgoing = Outgoing("The shop", [url], verify=str(ca))
    _dripping.clear()

    def stop_while_it_drips() -> None:
        _dripping.wait(60)
        outgoing.stop()

    stopping = threading.Thread(target=stop_while_it_drips)
    if stopped:
        stopping.start()
    began = time.monotonic()
    with outgoing.within(60 if stopped else 3, query=True), pytest.raises(error):
        outgoing.session.get(f"{url}/drip")
    assert time.monotonic() - began < 50  # it drips for longer
    if stopped:
        stopping.join(60)
    with outgoing.within(60):
        assert outgoing.session.get(url).status_code == 200, "it can be used again"
    outgoing.close()
