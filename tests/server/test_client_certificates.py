"""Certificates that callers show: whose they are, beside a key or instead of one."""

import http.client
import json
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.access.client_certificates import check, user_of
from server.certificates import tls
from shared.errors import NotAuthenticated, SettingsInvalid
from shared.settings import BackendSettings, SecuritySection
from tests.server.processes import BackendProcess


class Authority:
    """Signs what is asked for, into files of a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        made = self._made(self._name, self._key).add_extension(x509.BasicConstraints(True, None), True)
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, common_name: str, *names: x509.GeneralName, days: int = 1) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        made = self._made(subject, key, days)
        if names:
            made = made.add_extension(x509.SubjectAlternativeName(names), False)
        certificate = self._folder / f"{self.file.stem}-{common_name}.pem"
        secret = certificate.with_suffix(".key")
        signed = made.sign(self._key, hashes.SHA256())
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, secret

    def _made(self, subject: x509.Name, key: Any, days: int = 1) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=3))
            .not_valid_after(now + timedelta(days=days))
        )


Ask = Callable[..., tuple[int, Any]]


class Company:
    """Two users with certificates, and a backend that knows whose they are."""

    def __init__(self, folder: Path, how: str) -> None:
        self.authority = Authority(folder, "company")
        server = self.authority.issue("localhost", x509.DNSName("localhost"))
        users = '{"CN:till-7": till7, "email:Asha@vmart.co.in": asha}'
        self.backend = BackendProcess(
            folder / "home",
            server=f"{{port: 0, ssl_cert: {server[0]}, ssl_key: {server[1]}}}",
            more=f"security: {{client_ca: {self.authority.file}, client_certificates: {how}, "
            f"client_users: {users}}}",
        )
        self.port = int(self.backend.url.rpartition(":")[2])

    def ask(
        self, shown: tuple[Path, Path] | None, key: str = "", path: str = "/api/keys", body: object = None
    ) -> tuple[int, Any]:
        context = ssl.create_default_context(cafile=str(self.authority.file))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = False
        if shown is not None:
            context.load_cert_chain(*shown)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        data = None if body is None else json.dumps(body)
        if data:
            headers["Content-Type"] = "application/json"
        try:
            connection.request("GET" if body is None else "POST", path, data, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()


@pytest.fixture
def instead(tmp_path: Path) -> Iterator[Company]:
    company = Company(tmp_path, "instead_of_key")
    yield company
    assert company.backend.stop() == 0
    assert not any("Traceback" in line for line in company.backend.lines)


def test_a_certificate_stands_for_its_user_without_a_key(instead: Company) -> None:
    admin, authority = instead.backend.key, instead.authority
    till, asha = authority.issue("till-7"), authority.issue("A. Verma", x509.RFC822Name("asha@VMART.co.in"))
    assert instead.ask(till)[0] == 401  # there is no such user yet
    for name, role in (("till7", "viewer"), ("asha", "admin")):
        made = {"username": name, "email": f"{name}@vmart.co.in", "roles": [role]}
        assert instead.ask(None, admin, "/api/users", made)[0] == 201
    assert instead.ask(asha)[0] == 200
    assert instead.ask(till)[0] == 403
    assert instead.ask(till, path="/api/connections")[0] == 200
    # the same bytes of a head on other connections are other people
    assert [instead.ask(one)[0] for one in (till, asha, till, None, asha)] == [403, 200, 403, 401, 200]
    # a key beside it must be the same user's
    made = {"name": "k", "user": "asha"}
    key = instead.ask(asha, path="/api/keys", body=made)[1]["key"]
    assert instead.ask(asha, key)[0] == 200
    assert instead.ask(till, key)[0] == 401
    assert instead.ask(asha, admin)[0] == 401
    assert instead.ask(None, admin)[0] == 200
    assert instead.ask(authority.issue("stranger"))[0] == 401
    for refused in (
        Authority(authority.file.parent, "other").issue("till-7"),
        authority.issue("till-7", days=-1),
    ):
        with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
            instead.ask(refused)


def test_beside_a_key_a_certificate_of_its_user_is_demanded(tmp_path: Path) -> None:
    company = Company(tmp_path, "with_key")
    try:
        till = company.authority.issue("till-7")
        assert company.ask(till)[0] == 401  # no key
        assert company.ask(till, company.backend.key)[0] == 401  # nobody's key
        with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
            company.ask(None, company.backend.key)
    finally:
        assert company.backend.stop() == 0


def test_names_are_found_in_the_subject_and_beside_it() -> None:
    users = {"CN:Till-7": "a", "DNS:till.example.com": "b", "email:x@y.in": "c", "URI:spiffe://x/y": "d"}

    def whose(**certificate: Any) -> str:
        return user_of(certificate, users)

    assert whose(subject=((("commonName", "Till-7"),),)) == "a"
    assert whose(subject=((("commonName", "till-7"),),)) == ""
    assert whose(subject=((("organizationName", "Till-7"),),)) == ""
    assert whose(subjectAltName=(("DNS", "TILL.example.com"),)) == "b"
    assert whose(subjectAltName=(("email", "X@Y.in"), ("URI", "other"))) == "c"
    assert whose(subjectAltName=(("URI", "spiffe://x/y"),)) == "d"
    assert whose() == ""
    with pytest.raises(NotAuthenticated, match="several"):
        whose(subject=((("commonName", "Till-7"),),), subjectAltName=(("email", "x@y.in"),))


@pytest.mark.parametrize(
    "security",
    [
        SecuritySection(client_certificates="perhaps"),
        SecuritySection(client_users={"CN:x": "y"}),
        SecuritySection(client_certificates="instead_of_key", client_ca="x"),
    ],
)
def test_settings_that_make_no_sense_together_are_one_sentence(security: SecuritySection) -> None:
    with pytest.raises(SettingsInvalid, match=r"security\.client_"):
        tls(BackendSettings(security=security))


@pytest.mark.parametrize("users", [{"till-7": "x"}, {"CN:": "x"}, {"OU:x": "x"}, {"CN:x": ""}])
def test_names_that_no_certificate_has_are_told(users: dict[str, str]) -> None:
    with pytest.raises(SettingsInvalid, match=r"security\.client_users"):
        check(users)
