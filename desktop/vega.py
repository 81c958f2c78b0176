"""The drawing library for the page, made once from the package that carries it, and kept.

A frozen program carries the library ready made, beside this file, and not the package, which weighs 80 MB.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading
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


def child_main(file: Path) -> int:
    """That process. It gives way to the window, which starts at the same time."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(5)
    make(file)
    return 0


class VegaBundle:
    """One file per version of the package, made in a process of its own so that the window goes on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        threading.Thread(target=self._make_ready, name="vega", daemon=True).start()

    def stop(self) -> None:
        """What is being made is given up."""
        self._stopped.set()
        child = self._child
        if child is not None:
            child.kill()
            child.wait()

    def path(self) -> Path:
        """The file; waits for it when it is being made. After :meth:`stop` it may not be there."""
        if _CARRIED.exists():
            return _CARRIED
        with self._lock:
            file = self._folder / f"vega-{version('vl-convert-python')}.js"
            if not file.exists():
                private_folder(self._folder)
                fresh = file.with_suffix(f".{os.getpid()}.new")
                try:
                    if not self._make_in_child(fresh) and not self._stopped.is_set():
                        make(fresh)
                    if not self._stopped.is_set():
                        fresh.replace(file)
                finally:
                    fresh.unlink(missing_ok=True)
            return file

    def _make_ready(self) -> None:
        try:
            self.path()
        except OSError as error:  # tried again when the page asks for it
            _log.warning("The drawing library cannot be kept in %s: %s", self._folder, error)

    def _make_in_child(self, file: Path) -> bool:
        """Whether it worked. A frozen program, which carries the file, takes no ``-m``."""
        if getattr(sys, "frozen", False):
            return False
        try:
            with subprocess.Popen(
                [sys.executable, "-P", "-m", "desktop", COMMAND, str(file)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": str(_ROOT)},
            ) as child:
                self._child = child
                if self._stopped.is_set():  # told while it was being started
                    child.kill()
                try:
                    code = child.wait(_SECONDS)
                except subprocess.TimeoutExpired:
                    child.kill()
                    return False
        except OSError as error:
            _log.warning("The drawing library was not made by a process of its own: %s", error)
            return False
        return code == 0 and file.exists()
