"""The environment in which the desktop program is put together: exactly requirements/package.lock, made anew
whenever that has changed. Standard library only.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "package.lock"
_GTK = "apt install python3-gi gir1.2-gtk-3.0 gir1.2-webkit2-4.1 libpython3.11"
_PIP = (
    "--require-hashes",
    "--no-deps",
    "--no-compile",
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
)
_QUESTION = """
import gi, sys
assert sys.version_info >= (3, 11)
gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
print(gi.__path__[0])
"""
_BINDINGS = ("gi", "PyGObject-*")


class Failure(Exception):
    """A sentence for the person; no traceback."""


def interpreter() -> tuple[str, Path | None]:
    """The Python to put in, and where its GTK binding lies. On Linux that binding is the system's, compiled
    for the system's Python: whoever runs the program has WebKit from there too."""
    if sys.platform != "linux":
        return sys.executable, None
    for python in ("/usr/bin/python3", sys.executable):
        if shutil.which(python) is None:
            continue
        asked = subprocess.run([python, "-c", _QUESTION], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            return python, Path(asked.stdout.strip()).parent
    raise Failure(f"The window needs the system's GTK binding for Python 3.11 or newer. On Debian: {_GTK}")


def make(folder: Path) -> Path:
    """The environment's Python. Whole, or not there: the stamp is written last, and nothing is mended."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    base, bindings = interpreter()
    stamp = folder / ".ready"
    fingerprint = hashlib.sha256(LOCK.read_bytes() + f"{ROOT}{base}{bindings}".encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == fingerprint:
        return python
    print(
        "Making the package environment from requirements/package.lock, one or two minutes", file=sys.stderr
    )
    run([base, "-m", "venv", "--clear", str(folder)], "The environment could not be made")
    run(
        [str(python), "-m", "pip", "install", *_PIP, "-r", str(LOCK)],
        "The packages could not be installed",
    )
    if bindings is not None:
        _let_in(bindings, folder)
    stamp.write_text(fingerprint)
    return python


def _let_in(bindings: Path, folder: Path) -> None:
    """Only the binding, and none of the system's other packages."""
    door = folder / "system"
    door.mkdir()
    for pattern in _BINDINGS:
        for found in bindings.glob(pattern):
            (door / found.name).symlink_to(found)
    for site in folder.glob("lib/python*/site-packages"):
        (site / "system.pth").write_text(f"{door}\n")


def run(command: list[str], failure: str, **environment: str) -> None:
    """Says nothing but what went wrong."""
    done = subprocess.run(
        command,
        env=os.environ | environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise Failure(f"{failure}:\n{done.stdout.strip()[-2000:]}")
