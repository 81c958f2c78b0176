"""Files sealed with the master key: what they hold is used, and nobody reads it without the key."""

from collections.abc import Callable
from pathlib import Path

import pytest

from server.app import build
from server.cli import main
from server.vault import Vault, fresh_key, open_vault
from shared.errors import VaultClosed
from shared.settings import BackendSettings
from tests.server.processes import BackendProcess, run

SETTINGS = 'server: {port: 0}\nsecurity: {rate_limit: "7/hour"}\n'

Told = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("VMART_HOME", str(folder))
    return folder


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    file = tmp_path / "backend.yaml"
    file.write_text(SETTINGS)
    return file


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    def fails(*words: object) -> str:
        assert main([str(word) for word in words]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert "Traceback" not in err
        return err

    return fails


def test_a_backend_serves_with_settings_that_are_sealed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "plain.yaml").write_text(SETTINGS)
    config = home / "backend_config.yaml"
    code, _, err = run(home, "seal-config", str(home / "plain.yaml"), "--to", str(config))
    assert (code, err) == (0, "")
    assert b"7/hour" not in config.read_bytes()
    (home / "plain.yaml").unlink()
    backend = BackendProcess(home, configured=True)
    with backend.open("GET", "/api/keys") as response:
        assert response.headers["RateLimit-Limit"] == "7"
    assert backend.stop() == 0


def test_what_was_sealed_is_shown_again_byte_for_byte(
    home: Path, plain: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    content = "a: \u0928\u092e\u0938\u094d\u0924\u0947\r\n\n".encode() + bytes(range(256))
    plain.write_bytes(content)
    assert main(["seal-config", str(plain)]) == 0
    sealed = plain.with_name("backend.enc")
    assert sealed.stat().st_mode & 0o777 == 0o600
    capfdbinary.readouterr()
    assert main(["open-config", str(sealed)]) == 0
    assert capfdbinary.readouterr().out == content
    again = tmp_path / "again"
    assert main(["open-config", str(sealed), "--to", str(again)]) == 0
    assert again.read_bytes() == content
    assert again.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(home: Path, plain: Path, told: Told) -> None:
    to = plain.with_name("backend.enc")
    to.write_text("precious")
    assert "is there already" in told("seal-config", plain)
    assert to.read_text() == "precious"
    assert main(["seal-config", str(plain), "--replace"]) == 0
    assert open_vault(home / ".key", create=False).open_sealed(to) == SETTINGS.encode()
    assert sorted(path.name for path in plain.parent.iterdir()) == ["backend.enc", "backend.yaml", "home"]


def test_what_cannot_be_sealed_or_opened_is_one_sentence(
    home: Path, plain: Path, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = plain.with_name("missing")
    assert "cannot be used: No such file" in told("seal-config", missing)
    assert "the master key" in told("open-config", plain).lower()  # none was made yet
    assert main(["seal-config", str(plain)]) == 0
    capsys.readouterr()
    assert "sealed already" in told("seal-config", plain.with_name("backend.enc"))


def test_opening_names_the_file_and_what_is_wrong_with_it(home: Path, plain: Path, tmp_path: Path) -> None:
    vault = Vault(fresh_key().encode(), "the test")
    sealed = tmp_path / "sealed"
    whole = vault.seal_file(b"secret")
    for content, problem in (
        (b"secret", "is not sealed"),
        (b"", "is not sealed"),
        (whole[:-30], "does not open"),
        (whole[:60] + (b"y" if whole[60:61] == b"x" else b"x") + whole[61:], "does not open"),
        (Vault(fresh_key().encode(), "another").seal_file(b"secret"), "does not open"),
        (
            whole.partition(b"\n")[0] + b"\n" + vault.seal("connection:x", {"a": "b"}).encode(),
            "something else",
        ),
    ):
        sealed.write_bytes(content)
        with pytest.raises(VaultClosed, match=problem) as error:
            vault.open_sealed(sealed)
        assert str(sealed) in str(error.value)
    with pytest.raises(VaultClosed, match="cannot be read"):
        vault.open_sealed(tmp_path / "missing")
    with pytest.raises(VaultClosed, match="not the one that sealed this"):
        vault.open("connection:x", whole.partition(b"\n")[2].decode().strip())


def test_no_key_is_made_for_a_state_whose_key_is_lost(home: Path, plain: Path, told: Told) -> None:
    state, backend = build(BackendSettings(), home)
    backend.audit.close()
    state.close()
    (home / ".key").unlink()
    assert "Restore it from a backup" in told("seal-config", plain)
    assert not (home / ".key").exists()


def test_sealed_settings_are_checked_as_others_are(
    home: Path, plain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed = plain.with_name("backend.enc")
    for content, problem in ((b"server: {prot: 1}", "no setting called 'prot'"), (b"\xff\xfe", "UTF-8")):
        plain.write_bytes(content)
        assert main(["seal-config", str(plain), "--replace"]) == 0
        capsys.readouterr()
        assert main(["check-config", "--config", str(sealed)]) == 1
        said = capsys.readouterr().err
        assert problem in said
        assert str(sealed) in said
