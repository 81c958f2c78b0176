"""Each way in which an address, a network, a server or a key can be wrong is its own sentence."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from desktop.address import address_of
from desktop.probe import probe
from desktop.step import Step
from shared.errors import SettingsInvalid
from shared.settings import BackendSection
from tests.peers.backend import Asked, BackendPeer, Reply, json_reply
from tests.peers.certificate import company_certificate

KEY = "vmart_this-is-the-key-of-a-test-0123456789"


def steps(url: str, *, plain_allowed: bool = False, verify: bool = True) -> list[Step]:
    section = BackendSection(url=url, api_key=KEY, verify_tls=verify)
    return list(probe(section, address_of(url), plain_allowed=plain_allowed))


def failed(found: list[Step], step: str) -> Step:
    """The last one, which is the only one that failed."""
    assert [one.state for one in found[:-1]].count("failed") == 0
    assert (found[-1].step, found[-1].state) == (step, "failed")
    assert found[-1].says.endswith(".")
    assert found[-1].remedy.endswith(".")
    assert KEY not in "".join(one.says + one.remedy for one in found)
    return found[-1]


def backend(**refused: tuple[int, str]) -> BackendPeer:
    """A backend that answers as ours does; ``refused`` says what else some nouns answer."""

    def reply(asked: Asked) -> Reply:
        noun = asked.path.strip("/").split("/")
        name = noun[1] if noun[0] == "api" else noun[0]
        if name in refused:
            status, code = refused[name]
            return json_reply({"error": "Refused.", "code": code}, status=status)
        match name:
            case "health":
                return json_reply({"status": "ok", "connections": 1, "uptime": 1, "version": "0.1.0"})
            case "connections":
                return json_reply({"connections": []})
            case _:
                return json_reply({"error": "There is no such thing.", "code": "not_found"}, status=404)

    return BackendPeer(reply)


# -- The address ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("backend.vmart.example", "https://backend.vmart.example:5000"),
        (" backend.vmart.example:8443/ ", "https://backend.vmart.example:8443"),
        ("HTTP://10.0.0.7:5000", "http://10.0.0.7:5000"),
        ("https://proxy.example/vmart/", "https://proxy.example:443/vmart"),
        ("https://[fd00::1]:5000", "https://[fd00::1]:5000"),
        ("https://läden.example", "https://läden.example:5000"),
    ],
)
def test_what_a_person_types_is_completed(typed: str, url: str) -> None:
    assert address_of(typed).url == url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "https://",
        "ftp://backend.example",
        "javascript://alert(1)",
        "https://user:secret@backend.example",
        "https://backend.example:99999",
        "https://backend.example:port",
        "https://backend.example/?key=1",
        "https://backend.example/#x",
        "https://back end.example",
        "https://[fd00::1",
        "https://" + "a" * 300,
        "http://a\nb",
        "https://<script>",
    ],
)
def test_an_address_that_cannot_be_one_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        address_of(typed)
    assert caught.value.message.endswith(".")
    assert "secret" not in caught.value.message


# -- The way there -------------------------------------------------------------------------


def test_a_name_that_nobody_knows() -> None:
    assert "no computer called nowhere.invalid" in failed(steps("https://nowhere.invalid"), "name").says


def test_a_port_where_nothing_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    assert "Nothing listens" in failed(steps(f"https://127.0.0.1:{port}"), "reach").says


def test_a_backend_without_tls_asked_for_tls() -> None:
    with backend() as peer:
        step = failed(steps(peer.url.replace("http:", "https:")), "tls")
        assert "does not speak TLS" in step.says
        assert peer.asked == []


@contextmanager
def tls_server(folder: Path, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> Iterator[int]:
    """Shakes hands and says nothing."""
    key, certificate = company_certificate()
    (folder / "key.pem").write_bytes(key)
    (folder / "cert.pem").write_bytes(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.maximum_version = newest
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = server.accept()
            except OSError:
                return
            try:
                context.wrap_socket(plain, server_side=True).close()
            except OSError:
                plain.close()

    threading.Thread(target=serve, daemon=True).start()
    with closing(server):
        yield int(server.getsockname()[1])


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    with tls_server(tmp_path) as port:
        step = failed(steps(f"https://127.0.0.1:{port}"), "tls")
    assert "not trusted by this computer" in step.says
    assert "root certificate" in step.remedy


def test_a_certificate_of_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tls_server(tmp_path) as port:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        step = failed(steps(f"https://localhost:{port}"), "tls")
    assert "belongs to another name" in step.says


def test_a_server_that_only_speaks_an_older_tls(tmp_path: Path) -> None:
    with tls_server(tmp_path, ssl.TLSVersion.TLSv1_2) as port:
        assert "TLS 1.3" in failed(steps(f"https://127.0.0.1:{port}"), "tls").says


def test_without_encryption_the_key_leaves_only_when_the_person_says_so() -> None:
    with pytest.MonkeyPatch.context() as patch, backend() as peer:
        # a name that leads here and is not known to do so, as any computer of the network
        patch.setattr("desktop.way.is_loopback", lambda url: False)
        patch.setenv("NO_PROXY", "*")
        step = failed(steps(peer.url), "tls")
        assert step.code == "not_encrypted"
        assert peer.asked == []
        found = steps(peer.url, plain_allowed=True)
        assert [one.state for one in found if one.step == "tls"] == ["warning"]
        assert found[-1].step == "permissions"


# -- Who is there, and what the key may ----------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        Reply(body=b"<html>Welcome to nginx</html>", headers={"Content-Type": "text/html"}),
        Reply(404, b"not found"),
        Reply(302, b"", {"Location": "https://login.example/"}),
        json_reply({"hello": "world"}),
        json_reply([1, 2]),
    ],
    ids=["page", "404", "redirect", "other json", "list"],
)
def test_a_server_that_is_not_ours(answer: Reply) -> None:
    with BackendPeer(lambda asked: answer) as peer:
        assert "not a V-Mart backend" in failed(steps(peer.url), "backend").says
        assert [one.path for one in peer.asked] == ["/health"]
        assert KEY not in str(peer.asked)


def test_a_key_that_the_backend_does_not_know() -> None:
    with backend(connections=(401, "not_authenticated")) as peer:
        assert "does not know this key" in failed(steps(peer.url), "key").says


def test_a_computer_that_the_backend_does_not_let_in() -> None:
    with backend(connections=(403, "address_not_allowed")) as peer:
        assert "address" in failed(steps(peer.url), "key").says


@pytest.mark.parametrize(
    ("noun", "permission"),
    [("connections", "connections_read"), ("schema", "schema_read"), ("query", "db_read")],
)
def test_a_permission_that_is_missing_is_named(noun: str, permission: str) -> None:
    with backend(**{noun: (403, "not_permitted")}) as peer:
        step = failed(steps(peer.url), "permissions")
    assert permission in step.says
    assert "administrator" in step.remedy


def test_a_good_backend_without_data_is_a_warning() -> None:
    with backend() as peer:
        found = steps(peer.url)
    assert [one.step for one in found] == ["address", "name", "reach", "tls", "backend", "key", "permissions"]
    assert [one.state for one in found] == ["ok", "ok", "ok", "ok", "ok", "warning", "ok"]
