"""A log file that several processes write and any of them may rotate, without losing a line or a file."""

import os
import sys
from logging import LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path

if sys.platform != "win32":
    import fcntl


class SharedLogFile(RotatingFileHandler):
    """Follows the file when another process has rotated it, and rotates it only when no other does."""

    def emit(self, record: LogRecord) -> None:
        if sys.platform != "win32":
            self._follow()
        super().emit(record)

    def doRollover(self) -> None:  # noqa: N802 - logging's name
        if sys.platform == "win32":
            super().doRollover()
            return
        # The folder, for the file itself is being replaced; opened each time, for a lock must be ours alone.
        folder = os.open(Path(self.baseFilename).parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            if not self._follow():
                super().doRollover()
        finally:
            os.close(folder)

    def _follow(self) -> bool:
        """Opens the file anew when the name leads to another one by now, and says whether it did."""
        if self.stream is None:
            return False
        ours = os.fstat(self.stream.fileno())
        try:
            there = Path(self.baseFilename).stat()
        except FileNotFoundError:
            pass
        else:
            if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
                return False
        self.stream.close()
        self.stream = self._open()
        return True
