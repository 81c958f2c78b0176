"""A screen of its own for a program under test: Xvfb, with its pixels in a file that can be looked at."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NoReturn

import numpy
import pytest

_NEEDED = ("Xvfb", "xdotool", "import", "openbox")
TITLE = "V-Mart AI Agent"
_WIDTH, _HEIGHT = 1400, 900
_ACCENT = 0x3647B0  # in shared/ui/css/tokens.css, in the light
_RAIL = 310  # pixels that the rail may take, wherever the window stands
_BUTTON, _FRAME = 500, 1_000  # pixels of the accent
_CARET = 200  # pixels: it blinks while everything else stands still


def absent(what: str) -> NoReturn:
    """A machine without what the test needs may skip; the build machine may not."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def missing() -> str:
    """What a machine lacks for a window, or nothing."""
    if sys.platform != "linux":
        return "Linux"
    return ", ".join(name for name in _NEEDED if shutil.which(name) is None)


@contextlib.contextmanager
def displayed(folder: Path, *, managed: bool = False) -> Iterator["Display"]:
    """A screen with its pixels in ``folder``, and with a window manager; skips where there can be none."""
    if missing():
        absent(f"needs {missing()}")
    with Display(folder) as display:
        if managed:
            display.manage()
        yield display


def wait_for(what: Callable[[], bool], seconds: float = 120, every: float = 0.1) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(every)


class Display:
    """Use ``with``. ``name`` is for the variable DISPLAY."""

    def __init__(self, folder: Path) -> None:
        self._frame = folder / "Xvfb_screen0"
        size = f"{_WIDTH}x{_HEIGHT}x24"
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", size, "-fbdir", str(folder), "-nolisten", "tcp"]
        self._server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._server.stdout is not None
        self.name = f":{self._server.stdout.readline().strip()}"
        self._managers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Display":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for manager in self._managers:
            manager.terminate()
            manager.wait(10)
        self._server.terminate()
        self._server.wait(10)

    def do(self, *command: str) -> str:
        environment = os.environ | {"DISPLAY": self.name}
        # xdotool waits for ever for a window that has gone
        limited = ["timeout", "20", *command]
        done = subprocess.run(limited, env=environment, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    def window(self, title: str = TITLE) -> str:
        """The window's number, or nothing."""
        found = self.windows(title)
        return found[-1] if found else ""

    def windows(self, title: str = TITLE) -> list[str]:
        return self.do("xdotool", "search", "--onlyvisible", "--name", f"^{title}$").splitlines()

    def type(self, text: str) -> None:
        """With the keyboard, into whatever has its focus, in place of what stands there, and Return."""
        self.do("xdotool", "windowfocus", "--sync", self.window())
        self.do("xdotool", "key", "ctrl+a")
        self.do("xdotool", "type", "--delay", "20", text)
        self.do("xdotool", "key", "Return")

    def manage(self) -> None:
        """Starts a window manager, before the program: it asks a window to close when a person does."""
        environment = os.environ | {"DISPLAY": self.name}
        quiet = subprocess.DEVNULL
        self._managers.append(subprocess.Popen(["openbox"], env=environment, stdout=quiet, stderr=quiet))

    def close_window(self) -> None:
        """As a person does, with the keyboard."""
        self.do("xdotool", "windowactivate", self.window(), "key", "--clearmodifiers", "alt+F4")

    def keep_picture(self, file: Path) -> None:
        file.parent.mkdir(exist_ok=True)
        self.do("import", "-window", "root", str(file))

    def pixels(self) -> "numpy.ndarray[tuple[int], numpy.dtype[numpy.uint32]]":
        """The screen, a number a pixel: an X window dump with its colour map in front."""
        return numpy.fromfile(self._frame, dtype="<u4")[-_WIDTH * _HEIGHT :]

    def colours(self) -> int:
        """A screen on which nothing is painted has one or two."""
        return len(numpy.unique(self.pixels()))

    def painted(self) -> bool:
        return self.colours() > 50

    def click_on_button(self) -> None:
        """With the mouse, in the middle of what the accent fills; not at all when nothing as large as
        a button is."""
        seen = self._accent()
        solid = seen[1:-1, 1:-1] & seen[:-2, 1:-1] & seen[2:, 1:-1] & seen[1:-1, :-2] & seen[1:-1, 2:]
        found = numpy.argwhere(solid)
        if len(found) > _BUTTON:
            y, x = (int(middle) + 1 for middle in numpy.median(found, axis=0))
            self.do("xdotool", "mousemove", str(x + _RAIL), str(y), "click", "1")

    def wait_until_listening(self) -> None:
        """The field for questions has the focus, which its frame tells, and everything stands still."""
        wait_for(lambda: int(self._accent().sum()) > _FRAME)
        self.wait_until_still()

    def _accent(self) -> "numpy.ndarray[tuple[int, int], numpy.dtype[numpy.bool_]]":
        """Where it is painted, right of the rail."""
        screen = (self.pixels() & 0xFFFFFF).reshape(_HEIGHT, _WIDTH)[:, _RAIL:]
        return numpy.asarray(screen == _ACCENT)

    def wait_until_still(self) -> None:
        """Painted, and standing still but for the caret."""
        before = self.pixels()

        def still() -> bool:
            nonlocal before
            earlier, before = before, self.pixels()
            return int((earlier != before).sum()) < _CARET and self.painted()

        wait_for(still, every=0.4)
