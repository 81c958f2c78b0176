"""Stopping a backend, and TLS: what a client sees."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.peers.source import Counts
from tests.server.processes import BackendProcess
from tests.server.running import Answered, RunningBackend, wait_until


def test_a_call_that_runs_may_end_while_no_new_one_is_taken(backend: RunningBackend, counts: Counts) -> None:
    answers: list[Answered] = []
    asking = threading.Thread(target=lambda: answers.append(backend.query("deaf")))
    asking.start()
    wait_until(lambda: counts.running == 1)
    backend.stop()
    asking.join(60)
    assert answers[0].status == 200
    wait_until(lambda: counts.closed == counts.opened)
    with pytest.raises(ConnectionRefusedError):
        backend.ask("GET", "/health")


def _self_signed(folder: Path) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


def test_tls_is_1_3_or_nothing(tmp_path: Path) -> None:
    certificate, key = _self_signed(tmp_path)
    settings = f"{{port: 0, ssl_cert: {certificate}, ssl_key: {key}}}"
    backend = BackendProcess(tmp_path / "home", server=settings)
    try:
        assert backend.url.startswith("https://")
        port = int(backend.url.rpartition(":")[2])
        context = ssl.create_default_context(cafile=str(certificate))
        context.check_hostname = False
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10)) as connection:
            assert connection.version() == "TLSv1.3"
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        older = socket.create_connection(("127.0.0.1", port), timeout=10)
        with older, pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(older)
        assert backend.stop() == 0
    finally:
        backend.process.kill()
        backend.process.wait()
