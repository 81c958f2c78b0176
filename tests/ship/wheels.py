"""The two wheels, built as ``build.py wheel`` builds them, and environments with nothing but them inside."""

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOT_OURS = ("BACKEND_URL", "BACKEND_API_KEY", "GEMINI_API_KEY", "PYTHONPATH", "DISPLAY", "WAYLAND_DISPLAY")


def build(to: Path, root: Path = ROOT, **more: str) -> tuple[Path, Path]:
    """The product's wheel and the SDK's."""
    command = [sys.executable, "-P", str(root / "packaging" / "wheel" / "make_wheels.py"), "--to", str(to)]
    subprocess.run(command, check=True, env=os.environ | more, stdout=subprocess.DEVNULL)
    (product,) = to.glob("vmart_ai_agent-*.whl")
    (sdk,) = to.glob("vmart_backend_client-*.whl")
    return product, sdk


def names_in(wheel: Path) -> set[str]:
    """The files that it would put beside others into an environment."""
    with zipfile.ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


def environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of ours: no key, no display, no path to this checkout."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    return kept | {"VMART_HOME": str(home), "PYTHONUNBUFFERED": "1"} | more


def empty_venv(folder: Path, *install: str) -> Path:
    """A fresh environment with what is named; its folder of programs."""
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, *install], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return programs


def run(
    program: Path, *arguments: str, env: Mapping[str, str], cwd: Path, seconds: float = 120
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(program), *arguments],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
