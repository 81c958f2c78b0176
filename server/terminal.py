"""What SIGHUP means: read the settings again, or stop because the terminal that we run on was closed."""

import os
import signal
from collections.abc import Callable


class Terminal:
    """The one that this process was started on, if any; made before anything takes SIGHUP."""

    def __init__(self) -> None:
        ignored = hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # by nohup
        self._had_one = _has_terminal() and not ignored

    def is_gone(self) -> bool:
        return self._had_one and not _has_terminal()

    def on_hangup(self, reload: Callable[[], None], stop: Callable[[], None]) -> None:
        """Takes SIGHUP from here on, where there is one (Windows has none)."""
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, lambda *_: stop() if self.is_gone() else reload())


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
