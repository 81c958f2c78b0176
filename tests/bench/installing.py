"""What the backend is measured by, installed into a folder of the bench's own. Starting it stays elsewhere.

The folder is ``vmart-bench`` in the user's cache, or ``VMART_BENCH_CACHE``; what is in it already is used.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_TOOLBOX, _TOOLBOX_VERSION = "@toolbox-sdk/server", "1.12.0"
_DATASETTE_VERSION = "0.65.5"
_PATIENCE_SECONDS = 300


class Unavailable(Exception):
    """Cannot be had here; the text says why."""


def cache() -> Path:
    chosen = os.environ.get("VMART_BENCH_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(chosen) if chosen else base / "vmart-bench"


def toolbox() -> Path:
    """Google's MCP Toolbox for Databases, from npm: a Go program."""
    folder = cache() / f"toolbox-{_TOOLBOX_VERSION}"
    binaries = folder / "node_modules" / "@toolbox-sdk"
    if not (found := sorted(binaries.glob("server-*/bin/toolbox*"))):
        npm = _needed("npm")
        folder.mkdir(parents=True, exist_ok=True)
        package = f"{_TOOLBOX}@{_TOOLBOX_VERSION}"
        _run([npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), package])
        found = sorted(binaries.glob("server-*/bin/toolbox*"))
    if not found:
        raise Unavailable("npm has no MCP Toolbox for this kind of machine")
    return found[0]


def datasette() -> Path:
    """From PyPI, in an environment of its own."""
    folder = cache() / f"datasette-{_DATASETTE_VERSION}"
    program = folder / "bin" / "datasette"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q"]
        _run([*pip, f"datasette=={_DATASETTE_VERSION}"])
    return program


def wrk() -> tuple[Path, dict[str, str]]:
    """The load generator, with the environment that it needs: the one on the PATH, or Debian's, unpacked."""
    on_path = shutil.which("wrk")
    if on_path:
        return Path(on_path), {}
    folder = cache() / "wrk"
    program = folder / "usr" / "bin" / "wrk"
    if not program.exists():
        apt, dpkg = _needed("apt-get"), _needed("dpkg")
        folder.mkdir(parents=True, exist_ok=True)
        _run([apt, "download", "-q", "wrk", "libluajit-5.1-2"], folder)
        for package in folder.glob("*.deb"):
            _run([dpkg, "-x", str(package), str(folder)])
    libraries = {str(file.parent) for file in (folder / "usr" / "lib").rglob("libluajit*.so*")}
    return program, {"LD_LIBRARY_PATH": ":".join(sorted(libraries))}


def _needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise Unavailable(f"{program} is not installed")
    return found


def _run(command: Sequence[str], folder: Path | None = None) -> None:
    try:
        subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_PATIENCE_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).decode(errors="replace").strip().splitlines()
        what = f"{Path(command[0]).name} failed"
        raise Unavailable(f"{what}: {said[-1]}" if said else what) from error
    except (subprocess.TimeoutExpired, OSError) as error:
        raise Unavailable(f"{Path(command[0]).name} did not run to its end") from error
