"""The demo backend as our child: found when it runs already, started, ended. What it serves is its own."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from shared.errors import BackendConnectionError
from shared.paths import private_folder

_log = logging.getLogger(__name__)
_ROOT = Path(__file__).resolve().parent.parent
_END_SECONDS = 8.0
_START_SECONDS = 170.0
FROZEN_WORD = "demo-backend"
"""What a packaged program is called with to become the demo; its entry knows it too."""


class DemoPlace(msgspec.Struct, frozen=True):
    """Where a demo backend answers; ``key_file`` holds the key for it."""

    url: str
    key_file: str
    connection: str

    def key(self) -> str:
        try:
            return Path(self.key_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BackendConnectionError("The key of the demo backend cannot be read.") from error


class DemoChild:
    """One started demo. It ends with us, however we end: its standard input is a pipe that we hold."""

    def __init__(self, home: Path) -> None:
        self._note = _note(home)
        self._process: subprocess.Popen[str] | None = None
        self._ready = False

    def start(self, progress: Callable[[str], None]) -> DemoPlace:
        """Blocks until it answers; ``progress`` gets its lines. Raises BackendConnectionError."""
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
        if not _is_frozen():
            path = [str(_ROOT), environment.get("PYTHONPATH", "")]
            environment["PYTHONPATH"] = os.pathsep.join(part for part in path if part)
        try:
            self._process = subprocess.Popen(
                _command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env=environment,
                start_new_session=True,  # Ctrl-C in the terminal is ours to pass on
            )
        except OSError as error:
            raise BackendConnectionError("The demo backend cannot be started.", details=str(error)) from error
        process = self._process
        said: list[str] = []
        listening = threading.Thread(target=_listen, args=(process, said, progress), name="demo", daemon=True)
        listening.start()
        assert process.stdout is not None  # noqa: S101 - we asked for a pipe
        too_long = threading.Timer(_START_SECONDS, process.kill)
        too_long.start()
        try:
            line = process.stdout.readline()
        finally:
            too_long.cancel()
        try:
            place = msgspec.json.decode(line, type=DemoPlace)
        except msgspec.DecodeError as error:
            self.stop()
            listening.join(2)
            last = said[-1] if said else ""
            raise BackendConnectionError("The demo backend did not start.", details=last) from error
        self._ready = True
        private_folder(self._note.parent)
        self._note.write_text(
            json.dumps({**msgspec.to_builtins(place), "pid": process.pid}), encoding="utf-8"
        )
        return place

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Asks it to end by closing its input, then makes sure."""
        process, self._process = self._process, None
        if process is None:
            return
        noted = _read(self._note)
        if noted is not None and noted[1] == process.pid:
            self._note.unlink(missing_ok=True)
        if not self._ready:
            process.terminate()  # it makes its data, and looks at its input only afterwards
        if process.stdin is not None:
            try:
                process.stdin.close()
            except OSError:
                _log.debug("The demo backend was gone already.")
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command() -> list[str]:
    """A frozen program holds the backend too, and becomes it when its first word says so."""
    # -P: a folder called server where the person stands is not ours
    words = [FROZEN_WORD] if _is_frozen() else ["-P", "-m", "server", "demo"]
    return [sys.executable, *words, "--with-parent", "--port", "0"]


def _is_frozen() -> bool:
    return bool(getattr(sys, "frozen", False))


def find_running(home: Path) -> DemoPlace | None:
    """A demo that another process of this person has started, as it noted it; it may be gone."""
    noted = _read(_note(home))
    return noted[0] if noted else None


def _note(home: Path) -> Path:
    return home / "agent" / "demo.json"


def _read(note: Path) -> tuple[DemoPlace, int] | None:
    try:
        data = note.read_bytes()
        place = msgspec.json.decode(data, type=DemoPlace)
        return place, int(json.loads(data).get("pid", 0))
    except (OSError, ValueError, msgspec.DecodeError):
        return None


def _listen(process: "subprocess.Popen[str]", said: list[str], progress: Callable[[str], None]) -> None:
    if process.stderr is None:
        return
    for line in process.stderr:
        text = line.strip()
        if text:
            said.append(text)
            del said[:-20]
            progress(text)
