"""TLS: what the client trusts, and what it says about what it does not."""

import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from shared.backend_client import BackendClient, BackendConnectionError
from shared.errors import SettingsInvalid
from tests.peers.backend import BackendPeer, json_reply
from tests.peers.certificate import company_certificate
from tests.peers.listening import HttpPeer


class _Health(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        body = b'{"status":"ok","connections":0,"uptime":1}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key, made = company_certificate()
    folder = tmp_path_factory.mktemp("tls")
    (folder / "key.pem").write_bytes(key)
    (folder / "cert.pem").write_bytes(made)
    return folder


def served(folder: Path, newest: ssl.TLSVersion) -> HttpPeer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.maximum_version = newest
    return HttpPeer(_Health, tls=context)


@pytest.fixture
def url(certificate: Path) -> Iterator[str]:
    with served(certificate, ssl.TLSVersion.TLSv1_3) as server:
        yield server.url


def test_a_certificate_that_nobody_vouches_for_is_refused_with_a_remedy(url: str) -> None:
    with BackendClient(url, "k", timeout=5) as client, pytest.raises(BackendConnectionError) as caught:
        client.health()
    assert "not trusted by this computer" in caught.value.message
    assert "root certificate" in caught.value.details
    assert client.metrics.retries == 0


def test_a_certificate_that_is_named_is_trusted(url: str, certificate: Path) -> None:
    with BackendClient(url, "k", timeout=5, verify=str(certificate / "cert.pem")) as client:
        assert client.health().status == "ok"


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_checking_can_be_switched_off(url: str) -> None:
    with BackendClient(url, "k", timeout=5, verify=False) as client:
        assert client.health_check()


def test_a_file_of_certificates_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="PEM"):
        BackendClient("https://b", "k", verify=str(tmp_path / "none.pem"))


def test_an_older_tls_than_ours_is_refused(certificate: Path) -> None:
    with (
        served(certificate, ssl.TLSVersion.TLSv1_2) as server,
        BackendClient(server.url, "k", timeout=5, verify=str(certificate / "cert.pem")) as client,
        pytest.raises(BackendConnectionError, match=r"TLS 1\.3"),
    ):
        client.health()


def test_a_backend_without_tls_is_told_apart() -> None:
    with (
        BackendPeer(lambda asked: json_reply({})) as peer,
        BackendClient(peer.url.replace("http:", "https:"), "k", timeout=5) as client,
        pytest.raises(BackendConnectionError, match="does not speak TLS"),
    ):
        client.health()
