"""The desktop program, built once for all tests of this folder, in whichever process; and a screen."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.display import Display, absent, displayed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``build.py package`` made: a folder with everything that would be handed out. ``VMART_DIST`` names
    one that is there already: a release is tested as it will be handed out."""
    if sys.platform != "linux" or shutil.which("dpkg-deb") is None:
        absent("needs Debian or a relative of it")
    if os.environ.get("VMART_DIST"):
        return ROOT / os.environ["VMART_DIST"]
    import fcntl

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    into = shared / "dist"
    with (shared / "dist.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of one run need it once
        if not into.exists():
            _build(into)
    return into


def _build(into: Path) -> None:
    beside = into.with_name("dist.new")
    shutil.rmtree(beside, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, ROOT / "build.py", "package", "--into", beside],
        capture_output=True,
        text=True,
        check=False,
    )
    if "apt install" in done.stderr:
        absent(done.stderr)
    assert done.returncode == 0, done.stderr
    beside.rename(into)


@pytest.fixture
def display(tmp_path: Path) -> Iterator[Display]:
    with displayed(tmp_path) as display:
        yield display
