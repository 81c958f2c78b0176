"""The commands that a newcomer copies from README and docs/using.md work as they stand there."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, commands
from tests.peers import library

ONCE = {"test", "bench"}  # would run this very test again, or for minutes: only their --help is tried


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path) -> dict[str, str]:
    """A home in which the demo has only to start."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(demo_folder, home / "demo" / "data")
    library.lay_into(home)
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return kept | {"VMART_HOME": str(home)}


@pytest.mark.skipif(
    Path(sys.prefix) != ROOT / ".venv", reason="build.py would first set up a second .venv here"
)
@pytest.mark.parametrize("line", [*commands("README.md"), *commands("docs/using.md")])
def test_a_command_of_the_docs_works(line: str, environment: dict[str, str]) -> None:
    python, program, command, *rest = shlex.split(line)
    assert (python, program) == ("python3", "build.py"), f"a command of another kind: {line}"
    words = [sys.executable, str(ROOT / program), command, *rest]
    if command == "run":
        assert_starts_and_stops([*words, "--port", "0"], environment)
        return
    words += ["--help"] if command in ONCE else []
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def assert_starts_and_stops(words: list[str], environment: dict[str, str]) -> None:
    """Reads until the address is printed, then presses Ctrl-C."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as running:
        assert running.stdout is not None
        try:
            assert any("http://127.0.0.1:" in line for line in running.stdout)
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(timeout=30)
    assert running.returncode == 0
