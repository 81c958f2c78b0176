"""What stops a build, told in a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT

_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="another system needs nothing of its own")


def _package(*arguments: str, path: str | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, ROOT / "packaging" / "agent" / "package.py", *arguments],
        env=None if path is None else {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@_LINUX
def test_a_missing_tool_is_named_with_its_remedy() -> None:
    done = _package(path="/nowhere")
    assert done.returncode == 1
    assert done.stderr == "build.py package: strip is missing. On Debian: apt install binutils\n"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    done = _package("--into", str(in_the_way / "dist"), "--one-file")
    assert done.returncode == 1
    assert f"{in_the_way / 'dist'} cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_and_a_folder_alone_exclude_each_other() -> None:
    done = _package("--one-file", "--one-folder")
    assert done.returncode == 2
    assert "not allowed with" in done.stderr


def test_the_release_is_that_of_the_program() -> None:
    from desktop import __version__

    assert _package("--print-release").stdout == f"{__version__}\n"
