"""The older google-generativeai, in a throw-away environment made from its own lock file."""

import os
import re
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements"
PYTEST = ("colorama", "iniconfig", "packaging", "pluggy", "pygments", "pytest")
NOT_IN_REACH = ("No matching distribution", "Could not find a version", "Connection", "Temporary failure")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its interpreter. pytest comes in beside the package, as dev.lock has it."""
    folder = tmp_path_factory.mktemp("gemini-legacy")
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    made = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    blocks = re.findall(r"^[a-z].*\n(?: .*\n)*", (REQUIREMENTS / "dev.lock").read_text(), re.MULTILINE)
    (folder / "pytest.lock").write_text("".join(b for b in blocks if b.split("==")[0] in PYTEST))
    pip = [str(made), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    for lock in (REQUIREMENTS / "gemini-legacy.lock", folder / "pytest.lock"):
        done = subprocess.run([*pip, "-r", str(lock)], check=False, capture_output=True, text=True)
        if done.returncode and any(words in done.stderr for words in NOT_IN_REACH):
            pytest.skip(f"the packages are not in reach: {done.stderr.strip().splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
    return made


@pytest.mark.slow
def test_the_older_package_speaks_to_gemini(python: Path) -> None:
    pytest_there = [str(python), "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider"]
    wire = "tests/shared/gemini_legacy_wire.py"
    done = subprocess.run([*pytest_there, wire], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_disturbs_nothing_that_run_lock_holds() -> None:
    """So that it may be installed into the very environment of the product."""

    def versions(lock: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (REQUIREMENTS / lock).read_text(), re.MULTILINE))

    run, legacy = versions("run.lock"), versions("gemini-legacy.lock")
    assert {name: run[name] for name in run.keys() & legacy} == {n: legacy[n] for n in run.keys() & legacy}
