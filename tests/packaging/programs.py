"""The packaged program as a process: put somewhere clean, started with an empty environment, and counted."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType


def settled(built: Path, place: Path) -> Path:
    """A copy in a folder of its own; the file to start."""
    place.mkdir(parents=True)
    if built.is_file():
        return Path(shutil.copy(built, place / "vmart-agent"))
    shutil.copytree(built, place / built.name, symlinks=True)
    return place / built.name / "vmart-agent"


def said(program: Path, home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs it to its end without a display."""
    return subprocess.run(
        [program, *arguments],
        env={"HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Packaged:
    """One start with nothing in its environment but HOME and DISPLAY: no PATH, so no Python either."""

    def __init__(self, program: Path, home: Path, display: str, *arguments: str, **more: str) -> None:
        self._program = program
        self._home = home
        self.process = subprocess.Popen(
            [program, "--demo", *arguments],
            env={"HOME": str(home), "DISPLAY": display} | more,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> "Packaged":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            log = self._home / ".vmart" / "agent" / "agent.log"
            sys.stderr.write(log.read_text()[-4000:] if log.exists() else f"There is no {log}.\n")
        for pid in self.running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    def end(self, number: int = signal.SIGINT) -> str:
        """Asks the process itself, waits for it, and gives what it printed."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=60)[0]

    def running(self) -> list[int]:
        """Every process of this start: the program's own, and WebKit's, which have its home."""
        return [
            int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and self._ours(entry)
        ]

    def _ours(self, entry: Path) -> bool:
        try:
            exe = str((entry / "exe").readlink())
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return exe == str(self._program) or f"HOME={self._home}".encode() in environment
