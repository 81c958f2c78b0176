"""TLS: what the client trusts, and what it says about what it does not."""

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.backend_client import BackendClient, BackendConnectionError
from shared.errors import SettingsInvalid
from tests.peers.backend import BackendPeer, json_reply


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


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        """A handshake that a client refuses is what some of these tests are about."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "backend of a test")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder


def serve(folder: Path, newest: ssl.TLSVersion) -> ThreadingHTTPServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.maximum_version = newest
    server = _QuietServer(("127.0.0.1", 0), _Health)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@pytest.fixture
def url(certificate: Path) -> Iterator[str]:
    server = serve(certificate, ssl.TLSVersion.TLSv1_3)
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


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
    server = serve(certificate, ssl.TLSVersion.TLSv1_2)
    address = f"https://127.0.0.1:{server.server_address[1]}"
    with (
        BackendClient(address, "k", timeout=5, verify=str(certificate / "cert.pem")) as client,
        pytest.raises(BackendConnectionError, match=r"TLS 1\.3"),
    ):
        client.health()
    server.shutdown()
    server.server_close()


def test_a_backend_without_tls_is_told_apart() -> None:
    with (
        BackendPeer(lambda asked: json_reply({})) as peer,
        BackendClient(peer.url.replace("http:", "https:"), "k", timeout=5) as client,
        pytest.raises(BackendConnectionError, match="does not speak TLS"),
    ):
        client.health()
