"""The native window. The only module that knows pywebview; what is in the window comes over HTTP."""

import importlib.machinery
import importlib.util
import logging
import os
import sys
import sysconfig
import threading
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from desktop.serving import Ending
from desktop.web.parts import Parts

_log = logging.getLogger(__name__)

_TITLE = "V-Mart AI Agent"
_SIZE = "window_size"
_BACKGROUND = {"dark": "#15171b", "light": "#ffffff", "system": "#ffffff"}


class WindowMissing(Exception):
    """There can be no window here; the text says why, to stand after "No window: "."""


class _Size(msgspec.Struct, frozen=True):
    width: int = 1280
    height: int = 820


class Window:
    """One window on one address. Making it only looks whether there can be one."""

    def __init__(self, parts: Parts, link: str) -> None:
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
        # its script bridge needs scripts made from text, which our page forbids; nothing here uses it
        logging.getLogger("pywebview").setLevel(logging.CRITICAL)
        self._webview: Any = webview
        self._parts = parts
        self._link = link

    def show(self, ending: Ending) -> None:
        """Blocks until the window is closed. Raises WindowMissing when no web view is installed."""
        size = self._size()
        window = self._webview.create_window(
            _TITLE,
            self._link,
            width=size.width,
            height=size.height,
            min_size=(380, 480),
            text_select=True,
            background_color=_BACKGROUND[self._parts.preferences.get().theme],
        )
        self._parts.dialogs.choose = self._choose
        window.events.resized += self._resized
        self._latest = size

        def close_when_wanted() -> None:
            ending.wait()
            if self._webview.windows:
                window.destroy()

        window.events.shown += lambda: threading.Thread(target=close_when_wanted, daemon=True).start()
        try:
            self._webview.start(private_mode=True)  # what must last is on our side, in the store
        except self._webview.errors.WebViewException as error:
            _log.warning("No web view: %s", error)
            self._parts.dialogs.choose = None
            raise WindowMissing("no web view is installed (on Debian: gir1.2-webkit2-4.1)") from error
        self._parts.preferences.keep_value(_SIZE, msgspec.json.encode(self._latest).decode())
        ending.want()

    def _choose(self, name: str) -> Path | None:
        [window] = self._webview.windows
        chosen = window.create_file_dialog(self._webview.FileDialog.SAVE, save_filename=name)
        if not chosen:
            return None
        return Path(chosen if isinstance(chosen, str) else chosen[0])

    def _resized(self, width: int, height: int) -> None:
        self._latest = _Size(width=int(width), height=int(height))

    def _size(self) -> _Size:
        try:
            return msgspec.json.decode(self._parts.preferences.value(_SIZE) or b"{}", type=_Size)
        except msgspec.DecodeError:
            return _Size()


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
