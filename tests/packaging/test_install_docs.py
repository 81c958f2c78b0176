"""The commands of docs/install.md for a person, run as they stand there, on this machine."""

import os
import platform
import subprocess
from pathlib import Path

import pytest

from desktop import __version__
from tests.display import absent
from tests.docs.pages import commands

pytestmark = pytest.mark.slow


def test_the_commands_for_a_person_install_start_and_remove_the_program(built: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        absent("installs a package, and so needs root")
    if Path("/usr/bin/vmart-agent").exists():
        absent("the program is installed here, and the test would remove it")
    answers = tmp_path / "apt.conf"
    answers.write_text('APT::Get::Assume-Yes "true";\nDPkg::Lock::Timeout "300";\n', encoding="ascii")
    sudo = tmp_path / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text('#!/bin/sh\nexec "$@"\n', encoding="ascii")
    sudo.chmod(0o755)
    environment = {
        "APT_CONFIG": str(answers),
        "DEBIAN_FRONTEND": "noninteractive",
        "HOME": str(tmp_path),
        "PATH": f"{sudo.parent}:/usr/sbin:/usr/bin:/sbin:/bin",
    }
    # the page names the files of the most usual machine
    architecture = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()
    lines = commands("docs/install.md", "For a person")
    assert lines, "the section has no commands"
    try:
        for written in lines:
            line = written.replace("x86_64", platform.machine()).replace("amd64", architecture)
            done = subprocess.run(
                ["/bin/sh", "-ec", line],
                cwd=built,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            if line.endswith("--version"):
                assert done.stdout == f"vmart-agent {__version__}\n"
    finally:
        subprocess.run(["dpkg", "--purge", "vmart-agent"], env=environment, capture_output=True, check=False)
    assert not Path("/usr/lib/vmart-agent").exists()
