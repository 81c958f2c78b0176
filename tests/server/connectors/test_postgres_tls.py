"""TLS with a certificate authority of our own."""

import datetime
import gc
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from server.connectors.postgres.kind import open_postgres
from shared.errors import QueryTimeout, SourceUnavailable
from tests.peers.postgres import PostgresServer
from tests.server.connectors.asking import ask, quickly
from tests.server.connectors.leaks import nothing_is_left

Key = ec.EllipticCurvePrivateKey


def certificate(name: str, key: Key, issuer: str, issuer_key: Key, *, ca: bool) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(alternatives, critical=False)
    )
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.PEM)


class Secured:
    def __init__(self, server: PostgresServer, authority: str) -> None:
        self.server, self.authority = server, authority

    def params(self, **more: str) -> dict[str, object]:
        return {**self.server.params(user="postgres", database="postgres"), **more}


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = certificate("Our authority", authority_key, "Our authority", authority_key, ca=True)
    server = PostgresServer()
    try:
        files = {
            "server.crt": certificate("database", server_key, "Our authority", authority_key, ca=False),
            "server.key": server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        }
        server.stop_server()
        for name, content in files.items():
            server.add_file(name, content)
        server.start(ssl="on")
        yield Secured(server, authority.decode())
    finally:
        server.remove()


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-full"])
def test_every_mode_encrypts_when_the_server_can(secured: Secured, mode: str, tmp_path: Path) -> None:
    file = tmp_path / "authority.pem"
    file.write_text(secured.authority)
    for authority in (secured.authority, str(file)):
        connection = open_postgres(secured.params(sslmode=mode, ssl_ca=authority), 5)
        try:
            query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            assert ask(connection, query).row == [True]
        finally:
            connection.close()


def test_a_long_result_and_a_cancel_go_through_tls(secured: Secured) -> None:
    connection = open_postgres(secured.params(sslmode="verify-full", ssl_ca=secured.authority), 5)
    try:
        answer = ask(connection, "SELECT i, repeat('x', 50) FROM generate_series(1, 50000) i", max_rows=10**6)
        assert len(answer.rows) == 50000
        with pytest.raises(QueryTimeout):
            ask(connection, "SELECT count(*) FROM generate_series(1, 100000000000)", seconds=0.2)
        assert ask(connection, "SELECT 1").row == [1]
    finally:
        connection.close()


@pytest.mark.parametrize(("host", "authority"), [("127.0.0.1", False), ("localhost", True)])
def test_a_server_that_cannot_prove_itself_is_not_trusted(
    secured: Secured, host: str, authority: bool
) -> None:
    params = {**secured.params(sslmode="verify-full"), "host": host}
    if authority:
        params["ssl_ca"] = secured.authority
    with pytest.raises(SourceUnavailable, match="cannot be trusted"):
        open_postgres(params, 5)


def test_a_quick_query_goes_over_tls_too_and_grows_over_many_records(secured: Secured) -> None:
    connection = open_postgres(secured.params(sslmode="require"), 10)
    try:
        sql = "SELECT i, repeat('x', 40) AS text FROM generate_series(1, :n) i"
        ask(connection, sql, n=3)
        for n in (3, 60, 5_000):
            answer = quickly(connection, sql, n=n, max_rows=10_000)
            assert answer is not None
            assert sum(batch.count for batch in answer.result.batches()) == n
    finally:
        connection.close()


def test_a_login_that_fails_over_tls_keeps_no_socket(secured: Secured) -> None:
    gc.disable()  # the driver's circle is not what closes it
    try:
        with nothing_is_left():
            for _ in range(5):
                with pytest.raises(SourceUnavailable, match="no database called"):
                    open_postgres({**secured.params(sslmode="require"), "database": "nowhere"}, 5)
    finally:
        gc.enable()
