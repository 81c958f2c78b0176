"""A log file that several processes write and any of them may rotate, without losing a line or a file."""

import contextlib
import errno
import os
import sys
from io import TextIOWrapper
from logging import LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path

if sys.platform != "win32":
    import fcntl


class SharedLogFile(RotatingFileHandler):
    """Follows the file when another process has rotated it, and rotates it only when no other does."""

    _told = False

    def _open(self) -> TextIOWrapper:
        """A pipe that nobody reads would hold whoever opens it, for ever."""
        if sys.platform == "win32":
            return super()._open()
        try:
            number = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o666)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            raise OSError(error.errno, "It is a pipe that nobody reads", self.baseFilename) from error
        os.set_blocking(number, True)
        return open(number, "a", encoding=self.encoding, errors=self.errors)  # noqa: PTH123 - it is open

    def handleError(self, record: LogRecord) -> None:  # noqa: N802 - logging's name
        """A full disk is told once, not with a traceback for each line that it costs."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._told:
            self._told = True
            with contextlib.suppress(OSError, AttributeError):  # a program without a console has no stderr
                sys.stderr.write(f"The log {self.baseFilename} cannot be written: {error.strerror}.\n")

    def emit(self, record: LogRecord) -> None:
        try:
            if sys.platform != "win32":
                self._follow()
        except OSError:
            self.handleError(record)
            return
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
        self.stream = None  # logging opens it when it can be
        self.stream = self._open()
        return True
