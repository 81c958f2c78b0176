"""Keys of a sealed file: they work, they go with the file, and a mistake in it is one sentence."""

import os
import signal
from pathlib import Path

import pytest

from server.access.key_text import fresh_key, hashed
from server.access.provisioned import parsed, provisioned_by
from server.vault import open_vault
from shared.errors import SettingsInvalid, VaultClosed
from shared.settings import BackendSettings, SecuritySection
from tests.server.processes import BackendProcess, run
from tests.server.running import RunningBackend, start, wait_until

KEY, OTHER = fresh_key(), fresh_key()


def seal(home: Path, text: str) -> BackendSettings:
    """The settings that name the sealed file."""
    file = home / "keys.enc"
    file.write_bytes(open_vault(home / ".key", create=True, environ={}).seal_file(text.encode()))
    return BackendSettings(security=SecuritySection(api_keys_file=str(file)))


def test_keys_of_the_file_work_and_are_told_apart(tmp_path: Path) -> None:
    settings = seal(
        tmp_path,
        f"keys:\n- {{name: till 5, key: {KEY}, roles: [viewer], expires_at: 2099-03-31T23:59:59+05:30}}\n"
        f"- {{name: ops, sha256: {hashed(OTHER)}, permissions: [keys_write], allowed_ips: [127.0.0.1]}}\n",
    )
    running: RunningBackend = start(tmp_path, [], settings)
    try:
        assert running.ask("GET", "/api/connections", key=KEY).status == 200
        listed = {info["name"]: info for info in running.ask("GET", "/api/keys", key=OTHER).json["keys"]}
        assert listed["till 5"]["provisioned"]
        assert listed["till 5"]["expires_at"] == "2099-03-31T18:29:59+00:00"
        path = f"/api/keys/{listed['till 5']['id']}"
        for method, body in (("DELETE", None), ("PUT", {"name": "x"})):
            refused = running.ask(method, path, body)
            assert (refused.status, "api_keys_file" in refused.json["error"]) == (400, True)
        assert running.ask("POST", f"{path}/rotate", {}).status == 400
        running.serving.backend.keyring.write_last_used()
    finally:
        running.stop()
    for file in (tmp_path / "backend").rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes()


def entries(text: str) -> str:
    with pytest.raises(SettingsInvalid) as caught:
        parsed(text.encode(), "keys.enc", created_at="2026-11-28")
    said = str(caught.value)
    assert "keys.enc" in said
    assert KEY not in said
    assert len(said.splitlines()) == 1
    return said


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("name: a, key: KEY", "at least one permission"),
        ("name: a, roles: [viewer]", "either its key or the sha256"),
        ("name: a, key: KEY, sha256: HASH, roles: [viewer]", "either its key or the sha256"),
        ("name: a, key: hunter2, roles: [viewer]", "is none"),
        ("name: a, sha256: abc, roles: [viewer]", "sha256"),
        ("name: '', key: KEY, roles: [viewer]", "name of a key"),
        ("name: a, key: KEY, permissions: [db_raed]", "db_raed"),
        ("name: a, key: KEY, roles: [viewer], user: asha", "leave out roles"),
        ("name: a, key: KEY, roles: viewer", "keys[0].roles"),
        ("name: a, key: KEY, roles: [viewer], colour: red", "colour"),
        ("name: a, key: KEY, roles: [viewer], expires_at: tomorrow", "expires_at"),
        ("name: a, key: KEY, roles: [viewer], expires_at: 2027-03-31T00:00:00", "expires_at"),
        ("name: a, key: KEY, roles: [viewer], allowed_ips: [300.1.1.1]", "allowed_ips"),
        ("name: a, key: KEY, roles: [viewer], rate_limit: often", "rate_limit"),
        ("name: a, key: KEY, roles: [viewer]}\n- {name: b, key: KEY, roles: [viewer]", "twice"),
    ],
)
def test_a_mistake_in_an_entry_is_one_sentence_without_the_key(entry: str, said: str) -> None:
    filled = entry.replace("KEY", KEY).replace("HASH", hashed(KEY))
    assert said in entries(f"keys:\n- {{{filled}}}\n")


@pytest.mark.parametrize(
    "text", ["", "5", "[]", "keys: 5", "keys: [5]", "keys: []\nmore: 1", "keys: [", "\x00"]
)
def test_a_file_that_is_no_list_of_keys_is_refused(text: str) -> None:
    entries(text)


def test_an_open_a_foreign_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    settings = seal(tmp_path, "keys: []")
    file = tmp_path / "keys.enc"
    sealed = file.read_bytes()
    for content in (b"keys: []", sealed[:-9], b""):
        file.write_bytes(content)
        with pytest.raises(VaultClosed):
            provisioned_by(settings, tmp_path, {})
    file.unlink()
    with pytest.raises(VaultClosed):
        provisioned_by(settings, tmp_path, {})


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP")
def test_a_reload_takes_over_the_file_and_keeps_the_keys_when_it_is_broken(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    text = f"keys:\n- {{name: till 5, key: {KEY}, roles: [viewer]}}\n"
    seal(home, f"{text}- {{name: ops, key: {OTHER}, roles: [admin]}}\n")
    more = f"security: {{api_keys_file: {home / 'keys.enc'}}}"
    backend = BackendProcess(home, "{port: 0, workers: 2}", more)
    try:
        assert backend.status("GET", "/api/keys", OTHER) == 200
        (home / "keys.enc").write_bytes(b"broken")
        os.kill(backend.process.pid, signal.SIGHUP)
        wait_until(lambda: sum("stay as they were" in line for line in backend.lines) >= 2)
        assert backend.status("GET", "/api/keys", OTHER) == 200
        assert run(home, "check-config", "--config", str(backend.config))[0] == 1
        seal(home, text)
        os.kill(backend.process.pid, signal.SIGHUP)
        wait_until(lambda: {backend.status("GET", "/api/keys", OTHER) for _ in range(8)} == {401})
        assert backend.status("GET", "/api/connections", KEY) == 200
    finally:
        backend.stop()
