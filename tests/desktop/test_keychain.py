"""Secrets are in the system's keychain, or sealed in a file of their owner where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.keychain import Keychain
from tests.journeys.processes import ROOT

SECRET = "1//refresh-token-of-anita"


def test_without_a_keychain_it_is_sealed_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    keychain = Keychain(tmp_path)
    keychain.keep("google-1", SECRET)
    keychain.keep("google-2", "another")
    assert [keychain.find(owner) for owner in ("google-1", "google-2", "google-3")] == [
        SECRET,
        "another",
        None,
    ]
    assert Keychain(tmp_path).find("google-1") == SECRET
    for file in tmp_path.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600, file
        assert SECRET.encode() not in file.read_bytes()
    keychain.forget("google-1")
    keychain.forget("google-1")
    assert (keychain.find("google-1"), keychain.find("google-2")) == (None, "another")


@pytest.mark.parametrize("damaged", ["google-1.sealed", "secrets.key"])
@pytest.mark.parametrize("content", [b"", b"x" * 44, b"\xff\x00"])
def test_what_cannot_be_opened_is_asked_for_again(damaged: str, content: bytes, tmp_path: Path) -> None:
    keychain = Keychain(tmp_path)
    keychain.keep("google-1", SECRET)
    (tmp_path / damaged).write_bytes(content)
    assert keychain.find("google-1") is None
    keychain.keep("google-1", "anew")
    assert keychain.find("google-1") == "anew"


_IN_A_SECRET_SERVICE = """
import sys
from pathlib import Path
import keyring
from desktop.keychain import Keychain

folder = Path(sys.argv[1])
assert keyring.get_keyring().priority >= 1, keyring.get_keyring()
keychain = Keychain(folder)
keychain.keep("google-1", "in the system")
assert keychain.find("google-1") == "in the system"
assert not list(folder.iterdir()), "nothing lies in a file"
assert Keychain(folder / "another home").find("google-1") is None
keychain.forget("google-1")
assert keychain.find("google-1") is None
print("fine")
"""


def test_with_a_secret_service_nothing_lies_in_a_file(tmp_path: Path) -> None:
    """The real one of a desktop, in a session of its own."""
    missing = [name for name in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(name) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(
            f"{' and '.join(missing)} must be installed: the system's keychain is not tested without."
        )
    if missing:
        pytest.skip(f"NO {' AND NO '.join(missing).upper()}: the system's keychain is NOT tested here.")
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "kept").mkdir()
    kept = {name: value for name, value in os.environ.items() if name != "PYTHON_KEYRING_BACKEND"}
    environment = kept | {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    unlock = "echo -n password | gnome-keyring-daemon --unlock --components=secrets >/dev/null"
    program = [sys.executable, "-c", _IN_A_SECRET_SERVICE, str(tmp_path / "kept")]
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", f'{unlock} && exec "$@"', "sh", *program],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "fine\n", done.stderr
