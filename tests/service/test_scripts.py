"""The service's scripts and unit by themselves: what they say when they cannot work. Nothing is booted."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.machine import PROJECT

SYSTEMD = PROJECT / "packaging" / "systemd"
SCRIPTS = ["install.sh", "uninstall.sh", "vmart-backend"]
"""Those that a person starts."""


def tool(name: str) -> str:
    """A program that CI installs."""
    found = shutil.which(name)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"There is no {name} on PATH; install it.")
    if found is None:
        pytest.skip(f"NO {name} ON PATH: the service's files are NOT checked on this machine.")
    return found


@pytest.fixture
def scripts() -> Iterator[Path]:
    """A copy that everybody may read."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(shutil.copytree(SYSTEMD, Path(folder) / "packaging" / "systemd"))


def run(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, stdout=-1, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("script", [*SCRIPTS, "vmart-server"])
def test_the_scripts_are_clean_shell(script: str) -> None:
    assert run(tool("shellcheck"), "--shell=sh", SYSTEMD / script) == (0, "")


@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh"])
def test_help_says_what_it_does_and_a_wrong_option_does_nothing(script: str) -> None:
    code, said = run("sh", SYSTEMD / script, "--help")
    assert code == 0
    assert f"sudo sh packaging/systemd/{script}" in said
    assert "set -eu" not in said
    code, said = run("sh", SYSTEMD / script, "--prefix")
    assert code == 1
    assert said.startswith(f"{script}: there is no option --prefix.")


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("script", SCRIPTS)
def test_only_root_may_run_it(scripts: Path, script: str) -> None:
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    code, said = run(*nobody, "sh", scripts / script)
    assert code == 1
    assert said.startswith(f"{script}: ")
    assert "root" in said
    assert len(said.splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can hide systemd")
@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh"])
def test_without_systemd_it_says_so_and_touches_nothing(scripts: Path, script: str) -> None:
    before = Path("/opt/vmart-backend").exists()
    hidden = f"mount -t tmpfs none /run && exec sh {scripts / script}"
    code, said = run("unshare", "--mount", "sh", "-c", hidden)
    assert code == 1
    assert said.startswith(f"{script}: this machine was not started by systemd")
    assert Path("/opt/vmart-backend").exists() == before


def test_the_unit_is_hardened() -> None:
    code, said = run(
        tool("systemd-analyze"),
        "security",
        "--offline=yes",
        "--threshold=20",
        "--no-pager",
        SYSTEMD / "vmart-backend.service",
    )
    assert code == 0, said
