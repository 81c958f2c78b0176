"""TLS: never without being told so, renewed without a signal, and seen by browsers."""

import contextlib
import http.client
from pathlib import Path

import pytest

from server.checking import check
from shared.errors import SettingsInvalid
from shared.settings import BackendSettings, ServerSection
from tests.server.processes import run
from tests.server.running import wait_until
from tests.server.test_reloading import Secure, health, secure

__all__ = ["secure"]


EVERYWHERE = "0.0.0.0"  # noqa: S104 - that is what is tested


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "", "10.1.2.3", "backend.example", "127.0.0.1.example"])
def test_nobody_else_is_listened_to_without_tls_unless_a_setting_says_so(host: str) -> None:
    with pytest.raises(SettingsInvalid, match="unencrypted") as told:
        check(BackendSettings(server=ServerSection(host=host)))
    assert "server.allow_plain_http" in str(told.value)
    check(BackendSettings(server=ServerSection(host=host, allow_plain_http=True)))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_alone_needs_no_tls(host: str) -> None:
    check(BackendSettings(server=ServerSection(host=host)))


def test_the_refusal_is_loud(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text('server: {host: "0.0.0.0", port: 0}')
    code, out, err = run(tmp_path / "home", "serve", "--config", str(config))
    assert (code, out) == (1, "")
    assert "unencrypted" in err
    assert "Traceback" not in err


def test_a_certificate_that_changes_is_taken_over_without_a_signal(secure: Secure) -> None:
    old = secure.connect(secure.trusted)
    assert health(old) == "ok"
    secure.renew()
    wait_until(lambda: any("certificates were renewed" in line for line in secure.backend.lines))
    assert health(secure.connect(secure.trusted)) == "ok"
    assert health(old) == "ok"
    old.close()


def test_a_pair_that_is_half_there_is_told_and_waited_for(secure: Secure) -> None:
    before, key = secure.trusted, secure.key.read_bytes()
    secure.renew()
    fresh = secure.key.read_bytes()
    secure.key.write_bytes(key)
    wait_until(lambda: any("The certificates stay as they were" in line for line in secure.backend.lines))
    assert health(secure.connect(before)) == "ok"
    secure.key.write_bytes(fresh)
    wait_until(lambda: any("certificates were renewed" in line for line in secure.backend.lines))
    assert health(secure.connect(secure.trusted)) == "ok"


def test_a_browser_is_told_to_come_back_by_tls_only(secure: Secure) -> None:
    connection = secure.connect(secure.trusted)
    for path in ("/health", "/api/keys"):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_plain_http_at_the_door_of_tls_gets_nothing_and_harms_nobody(secure: Secure) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", secure.port, timeout=20)
    with contextlib.suppress(OSError):
        plain.request("GET", "/health")
    with pytest.raises((http.client.HTTPException, OSError)):
        plain.getresponse()
    assert health(secure.connect(secure.trusted)) == "ok"
