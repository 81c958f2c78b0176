"""The drawing library for the page, made once from the package that carries it, and kept.

A frozen program carries the library ready made, beside this file, and not the package, which weighs 80 MB.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shared.paths import private_folder

_log = logging.getLogger(__name__)

_CARRIED = Path(__file__).resolve().parent / "vendor" / "vega.js"

COMMAND = "draw-library"
"""What the program is called with to make the file; not for people."""
_ROOT = Path(__file__).resolve().parent.parent
_SECONDS = 120.0


def make(file: Path) -> None:
    """Takes some three seconds, in which nothing else of the process runs: the package holds the
    interpreter's lock."""
    import vl_convert

    bundle: Any = vl_convert.javascript_bundle  # its stub forgets that the snippet may be left out
    file.write_text(bundle(), encoding="utf-8")


def make_in_child(file: Path) -> bool:
    """The same in a process of its own, so that the window goes on; whether it worked."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "desktop", COMMAND, str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("The drawing library was not made by a process of its own: %s", error)
        return False
    return done.returncode == 0 and file.exists()


def child_main(file: Path) -> int:
    """That process. It gives way to the window, which starts at the same time."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(5)
    make(file)
    return 0


class VegaBundle:
    """One file per version of the package."""

    def __init__(self, folder: Path, in_child: Callable[[Path], bool] = make_in_child) -> None:
        self._folder = folder
        self._in_child = in_child
        self._lock = threading.Lock()

    def start(self) -> None:
        threading.Thread(target=self.path, name="vega", daemon=True).start()

    def path(self) -> Path:
        """The file; waits for it when it is being made."""
        if _CARRIED.exists():
            return _CARRIED
        with self._lock:
            file = self._folder / f"vega-{version('vl-convert-python')}.js"
            if not file.exists():
                private_folder(self._folder)
                fresh = file.with_suffix(f".{os.getpid()}.new")
                if not self._in_child(fresh):
                    make(fresh)
                fresh.replace(file)
            return file
