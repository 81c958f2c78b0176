"""A home that cannot be used: one sentence that says what to mend, an exit code, and never a wait."""

import logging
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.cli import main
from shared.log_file import SharedLogFile

_ROOT = Path(__file__).parent.parent.parent


def test_without_a_home_nothing_is_written_into_the_root(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VMART_HOME", raising=False)
    monkeypatch.setenv("HOME", "")
    assert main(["run", "--no-window"]) == 2
    says = capsys.readouterr().err
    assert says.startswith("error: There is no home folder")
    assert "VMART_HOME" in says
    assert not Path("/.vmart").exists()


@pytest.mark.parametrize(
    ("make", "says"), [(os.mkfifo, "It is a pipe that nobody reads"), (os.mkdir, "Is a directory")]
)
def test_a_log_that_is_no_file_is_told(
    make: "object",
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VMART_HOME", str(tmp_path))
    (tmp_path / "agent").mkdir()
    log = tmp_path / "agent" / "agent.log"
    assert callable(make)
    make(log)
    assert main(["run", "--no-window"]) == 1
    assert capsys.readouterr().err == f"error: {log} cannot be used: {says}.\n"


def test_a_disk_without_room_is_told_in_one_sentence(tmp_path: Path) -> None:
    """No file may grow beyond 4 KB, which the state does."""
    done = subprocess.run(
        [sys.executable, "-m", "desktop", "run", "--no-window", "--port", "0"],
        cwd=_ROOT,
        env=os.environ | {"VMART_HOME": str(tmp_path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "agent.db" in done.stderr
    assert "Make room" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_log_that_cannot_be_written_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    handler = SharedLogFile("/dev/full", maxBytes=1000, backupCount=1)
    logger = logging.Logger("full")
    logger.addHandler(handler)
    for number in range(3):
        logger.error("line %s", number)
    says = capsys.readouterr().err
    assert says == "The log /dev/full cannot be written: No space left on device.\n"
