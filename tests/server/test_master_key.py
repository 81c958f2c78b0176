"""The master key from the environment or a file of somebody else's: it fits, or nothing happens."""

from collections.abc import Callable
from pathlib import Path

import pytest

from server.app import build
from server.cli import main
from server.vault import fresh_key
from shared.errors import VaultClosed
from shared.settings import BackendSettings


def start(home: Path) -> None:
    state, backend = build(BackendSettings(), home)
    backend.audit.close()
    state.close()


def files_of(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.fixture(params=["variable", "file"])
def give(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[str], None]:
    def give_it(text: str) -> None:
        if request.param == "variable":
            monkeypatch.setenv("VMART_MASTER_KEY", text)
            return
        file = tmp_path / "given"
        file.write_text(text)
        file.chmod(0o444)  # as Docker shows secrets
        monkeypatch.setenv("VMART_MASTER_KEY_FILE", str(file))

    return give_it


def test_a_key_that_is_given_seals_the_state_and_is_not_written(
    tmp_path: Path, give: Callable[[str], None]
) -> None:
    key = fresh_key()
    give(key + "\n")
    home = tmp_path / "home"
    start(home)
    start(home)
    assert not (home / ".key").exists()
    assert not any(key.encode() in content for content in files_of(home).values())


@pytest.mark.parametrize("text", ["", " \n", "abc", "vmart_" + "x" * 49, "ü" * 44])
def test_a_key_that_is_malformed_is_a_sentence_and_changes_nothing(
    tmp_path: Path, give: Callable[[str], None], text: str
) -> None:
    give(text)
    with pytest.raises(VaultClosed) as told:
        start(tmp_path / "home")
    assert "VMART_MASTER_KEY" in str(told.value)
    assert not text.strip() or text.strip() not in str(told.value)
    assert not (tmp_path / "home" / ".key").exists()


def test_a_key_that_does_not_fit_is_a_sentence_and_changes_nothing(
    tmp_path: Path, give: Callable[[str], None]
) -> None:
    home = tmp_path / "home"
    start(home)  # with a key of its own
    before = (home / ".key").read_bytes()
    give(fresh_key())
    with pytest.raises(VaultClosed, match=r"VMART_MASTER_KEY.* is not the one that sealed"):
        start(home)
    assert (home / ".key").read_bytes() == before


def test_the_key_of_our_folder_can_be_given_instead_later(
    tmp_path: Path, give: Callable[[str], None]
) -> None:
    home = tmp_path / "home"
    start(home)
    give((home / ".key").read_text())
    (home / ".key").unlink()
    start(home)


def test_two_keys_are_one_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMART_MASTER_KEY", fresh_key())
    monkeypatch.setenv("VMART_MASTER_KEY_FILE", str(tmp_path / "x"))
    with pytest.raises(VaultClosed, match="Keep one"):
        start(tmp_path / "home")


def test_a_file_that_others_may_change_that_is_missing_or_no_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    monkeypatch.setenv("VMART_MASTER_KEY_FILE", str(file))
    with pytest.raises(VaultClosed, match=r"no file .* VMART_MASTER_KEY_FILE names"):
        start(tmp_path / "home")
    file.write_text(fresh_key())
    file.chmod(0o666)
    with pytest.raises(VaultClosed, match="changed by others"):
        start(tmp_path / "home")
    monkeypatch.setenv("VMART_MASTER_KEY_FILE", str(tmp_path))
    with pytest.raises(VaultClosed, match="directory"):
        start(tmp_path / "home")


def test_a_fresh_key_is_printed_and_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["generate-master-key"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    monkeypatch.setenv("VMART_MASTER_KEY", out)
    start(tmp_path)
