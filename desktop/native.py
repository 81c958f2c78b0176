"""Whether there can be a native window here, and pywebview made ready for one. Nothing else imports it."""

import importlib.machinery
import importlib.util
import logging
import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any


class WindowMissing(Exception):
    """There can be no window here; the text says why, to stand after "No window: "."""


def web_view() -> Any:
    """The module ``webview``. Whether a web view is installed shows only when it is started."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise WindowMissing("there is no display")
    if sys.platform == "linux":
        _use_system_gi()
        if os.geteuid() == 0:
            os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")
            os.environ.setdefault("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
    try:
        import webview
    except ImportError as error:
        raise WindowMissing("pywebview is not installed") from error
    # its script bridge needs scripts made from text, which our pages forbid; nothing here uses it
    logging.getLogger("pywebview").setLevel(logging.CRITICAL)
    return webview


class _SystemGi:
    """Finds ``gi`` and ``cairo`` where the system's packages put them, and nothing else there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in ("gi", "cairo") or path is not None:
            return None
        return importlib.machinery.PathFinder.find_spec(name, [str(self._folder)], target)


def _use_system_gi() -> None:
    """A virtual environment does not see the system's GTK binding, which is the one to use; it fits when
    it was built for this very Python."""
    if importlib.util.find_spec("gi") is not None:
        return
    folder = Path("/usr/lib/python3/dist-packages")
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    if (folder / "gi" / f"_gi{suffix}").exists():
        sys.meta_path.append(_SystemGi(folder))
