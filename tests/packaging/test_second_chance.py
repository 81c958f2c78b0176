"""`build.py test --all`: a few tests that fail run once more, and fail when they fail twice."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT

OPTION = "def pytest_addoption(parser): parser.addoption('--all', action='store_true')\n"
STEADY = "def test_steady(): pass\n"
ONCE = """
from pathlib import Path
def test_once():
    seen = Path(__file__).with_suffix('.seen')
    first = not seen.exists()
    seen.touch()
    assert not first
"""
COMPILED = """
import sys
from importlib.util import cache_from_source
from pathlib import Path
def test_compiled():
    assert Path(cache_from_source('server/ours.py')).exists()
    assert not sys.dont_write_bytecode
"""
ALWAYS = "def test_always(): assert False\n"
MANY = "import pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_many(n): assert False\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with our command, tests of its own, and an environment that is ready and lends ours."""
    shutil.copy(ROOT / "build.py", tmp_path)
    (tmp_path / "requirements").symlink_to(ROOT / "requirements")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    ready = "import build; build.stamp('dev').write_text(build.fingerprint(build.LOCKS['dev']))"
    subprocess.run([sys.executable, "-c", ready], cwd=tmp_path, check=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "ours.py").touch()
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "conftest.py").write_text(OPTION)
    (tests / "test_steady.py").write_text(STEADY)
    return tmp_path


def _tested(project: Path, text: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    (project / "tests" / "test_more.py").write_text(text)
    command = [sys.executable, "build.py", "test", "-n", "1", *arguments]
    lent = {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path.endswith("site-packages")),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": "xdist.plugin",
        "PIP_NO_INDEX": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        command, cwd=project, env=os.environ | lent, capture_output=True, text=True, check=False
    )


def test_what_passes_alone_is_named_and_passes(project: Path) -> None:
    done = _tested(project, ONCE, "--all")
    assert done.returncode == 0
    assert "UNSTEADY tests/test_more.py::test_once" in done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert "1 passed" in done.stdout.splitlines()[-1]


def test_what_fails_twice_has_failed(project: Path) -> None:
    done = _tested(project, ALWAYS, "--all")
    assert done.returncode == 1
    assert done.stdout.count("FAILED tests/test_more.py::test_always") == 2


@pytest.mark.parametrize(("text", "arguments"), [(MANY, ["--all"]), (ONCE, [])])
def test_many_get_no_second_chance_nor_does_a_developers_run(
    project: Path, text: str, arguments: list[str]
) -> None:
    done = _tested(project, text, *arguments)
    assert done.returncode == 1
    assert "UNSTEADY" not in done.stderr


def test_our_programs_are_compiled_once_before_the_tests_start_them(project: Path) -> None:
    assert _tested(project, COMPILED).returncode == 0
