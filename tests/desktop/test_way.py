"""The way to a backend through a company's proxy, and what a clock or a connect code can be wrong about."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desktop.address import address_of
from desktop.probe import find_backend, probe, redeem
from desktop.step import Step, Stopped
from shared.settings import BackendSection
from tests.peers.backend import Asked, BackendPeer, Reply, json_reply
from tests.peers.certificate import company_certificate
from tests.peers.proxy import ProxyPeer
from tests.peers.tls_front import TlsFront

NAME = "backend.vmart.example"
KEY = "vmart_this-is-the-key-of-a-test-0123456789"
CODE = "VM4K-7QPD-2RXW"


def answer(asked: Asked, moment: datetime | None = None) -> Reply:
    if asked.path == "/health":
        time = "" if moment is None else moment.isoformat()
        return json_reply({"status": "ok", "connections": 1, "uptime": 1, "version": "1.2.3", "time": time})
    if asked.path == "/api/connections":
        return json_reply({"connections": []})
    return json_reply({"error": "There is no such thing.", "code": "not_found"}, status=404)


@pytest.fixture
def front(tmp_path: Path) -> Iterator[tuple[TlsFront, BackendPeer, Path]]:
    """A backend behind TLS whose name no name server knows: only a proxy leads there."""
    key, certificate = company_certificate(NAME)
    root = tmp_path / "root.pem"
    root.write_bytes(certificate)
    with BackendPeer(answer) as peer, TlsFront(int(peer.url.rpartition(":")[2]), key, certificate) as tls:
        yield tls, peer, root


def steps(proxy: str, monkeypatch: pytest.MonkeyPatch, root: Path | None = None) -> list[Step]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    if root is not None:
        monkeypatch.setenv("SSL_CERT_FILE", str(root))
    url = f"https://{NAME}:5000"
    found = list(probe(BackendSection(url=url, api_key=KEY), address_of(url), plain_allowed=False))
    assert "secret" not in str(found)
    assert KEY not in str(found)
    return found


def test_everything_goes_through_the_proxy_with_its_name_and_password(
    front: tuple[TlsFront, BackendPeer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, peer, root = front
    with ProxyPeer(tls.port, user="asha:secret") as proxy:
        found = steps(proxy.url, monkeypatch, root)
    assert [one.step for one in found if one.state == "failed"] == []
    assert f"proxy {proxy.place}" in found[1].says
    assert found[-1].step == "permissions"
    assert all(line.startswith(f"CONNECT {NAME}:5000 ") for line in proxy.asked)
    assert any(asked.path == "/api/connections" for asked in peer.asked)


@pytest.mark.parametrize(
    ("status", "step", "says"),
    [
        (407, "reach", "asks for a name and password"),
        (403, "reach", "does not let this computer connect"),
        (502, "reach", "cannot reach"),
        (504, "reach", "cannot reach"),
    ],
)
def test_what_a_proxy_refuses_is_said_with_its_remedy(
    status: int, step: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ProxyPeer(answers=status) as proxy:
        last = steps(proxy.url, monkeypatch)[-1]
    assert (last.step, last.state) == (step, "failed")
    assert says in last.says
    assert "PROXY" in last.remedy


def test_a_password_that_the_proxy_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    with ProxyPeer(answers=407, user="asha:other") as proxy:
        last = steps(f"http://asha:secret@{proxy.place}", monkeypatch)[-1]
    assert "does not take its password" in last.says


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://", "http://127.0.0.1:99999", "http://[x"])
def test_an_address_of_a_proxy_that_is_none(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    last = steps(proxy, monkeypatch)[-1]
    assert (last.step, last.state) == ("reach", "failed")
    assert "proxy" in last.says


def test_a_proxy_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    last = steps("http://127.0.0.1:1", monkeypatch)[-1]
    assert "does not answer" in last.says


def test_a_proxy_that_looks_into_what_is_encrypted_is_named_until_its_root_is_installed(
    front: tuple[TlsFront, BackendPeer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, peer, root = front
    with ProxyPeer(tls.port) as proxy:
        last = steps(proxy.url, monkeypatch)[-1]
        assert (last.step, last.state) == ("tls", "failed")
        assert "proxy" in last.says
        assert "root certificate" in last.remedy
        assert peer.asked == []
        assert steps(proxy.url, monkeypatch, root)[-1].step == "permissions"


# -- The clock, and the code ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("off", "state", "says"),
    [
        (timedelta(seconds=20), "ok", "agrees"),
        (timedelta(minutes=14), "warning", "14 minutes behind"),
        (timedelta(hours=-5, minutes=-30), "warning", "6 hours ahead of"),
        (timedelta(days=400), "warning", "400 days behind"),
    ],
)
def test_a_clock_that_is_wrong_is_a_warning(off: timedelta, state: str, says: str) -> None:
    with BackendPeer(lambda asked: answer(asked, datetime.now(UTC) + off)) as peer:
        found = list(find_backend(BackendSection(), address_of(peer.url), plain_allowed=False))
    assert (found[-1].step, found[-1].state) == ("clock", state)
    assert says in found[-1].says


@pytest.mark.parametrize("time", ["", "yesterday", "9999-12-31T23:59:59-12:00"])
def test_a_backend_that_tells_no_time_is_not_asked_for_it(time: str) -> None:
    health = {"status": "ok", "connections": 1, "uptime": 1, "time": time}
    with BackendPeer(lambda asked: json_reply(health)) as peer:
        found = list(find_backend(BackendSection(), address_of(peer.url), plain_allowed=False))
    assert found[-1].step == "backend"


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (401, "not_authenticated", "does not take this connect code"),
        (404, "not_found", "older"),
        (403, "address_not_allowed", "address"),
        (429, "rate_limited", "Too many codes"),
    ],
)
def test_each_way_in_which_a_code_fails_has_its_sentence(status: int, code: str, says: str) -> None:
    reply = json_reply({"error": "Refused.", "code": code}, status=status)
    with BackendPeer(lambda _: reply) as peer, pytest.raises(Stopped) as caught:
        redeem(BackendSection(), address_of(peer.url), CODE)
    assert says in caught.value.step.says
    assert caught.value.step.remedy.endswith(".")
    assert len(peer.asked) == 1
