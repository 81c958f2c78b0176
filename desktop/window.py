"""The native window. What is in it comes over HTTP; pywebview itself is made ready in native."""

import contextlib
import logging
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from desktop.native import WindowMissing, web_view
from desktop.serving import Ending
from desktop.web.parts import Dialogs
from shared.private_files import replace

_log = logging.getLogger(__name__)

_TITLE = "V-Mart AI Agent"
_BACKGROUND = {"dark": "#15171b", "light": "#ffffff", "system": "#ffffff"}


class _Size(msgspec.Struct, frozen=True):
    width: int = 1280
    height: int = 820


class Window:
    """One window on one address. Making it only looks whether there can be one."""

    def __init__(self, dialogs: Dialogs, link: str, *, theme: str, kept_size: Path) -> None:
        """``kept_size`` is the file that remembers how large the window was, whoever used it."""
        self._webview = web_view()
        self._dialogs = dialogs
        self._link = link
        self._theme = theme
        self._kept_size = kept_size
        self._minimized = False

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
            background_color=_BACKGROUND[self._theme],
        )
        self._dialogs.choose = self._choose
        self._dialogs.choose_folder = self._choose_folder
        self._dialogs.front = lambda: self._come_forward(window)
        window.events.resized += self._resized
        window.events.minimized += lambda: self._minimize(True)
        window.events.restored += lambda: self._minimize(False)
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
            self._dialogs.choose = self._dialogs.choose_folder = self._dialogs.front = None
            raise WindowMissing("no web view is installed (on Debian: gir1.2-webkit2-4.1)") from error
        with contextlib.suppress(OSError):  # the size it had before will do
            replace(self._kept_size, msgspec.json.encode(self._latest))
        ending.want()

    def _choose(self, name: str) -> Path | None:
        [window] = self._webview.windows
        chosen = window.create_file_dialog(self._webview.FileDialog.SAVE, save_filename=name)
        if not chosen:
            return None
        return Path(chosen if isinstance(chosen, str) else chosen[0])

    def _choose_folder(self) -> Path | None:
        [window] = self._webview.windows
        chosen = window.create_file_dialog(self._webview.FileDialog.FOLDER)
        if not chosen:
            return None
        return Path(chosen if isinstance(chosen, str) else chosen[0])

    def _come_forward(self, window: Any) -> None:
        """Above all others for a moment, for a system may not let a window take the focus."""
        if self._minimized or sys.platform == "linux":
            window.restore()
        window.show()
        window.on_top = True
        window.on_top = False

    def _minimize(self, minimized: bool) -> None:
        self._minimized = minimized

    def _resized(self, width: int, height: int) -> None:
        self._latest = _Size(width=int(width), height=int(height))

    def _size(self) -> _Size:
        try:
            return msgspec.json.decode(self._kept_size.read_bytes(), type=_Size)
        except (OSError, msgspec.DecodeError):
            return _Size()
