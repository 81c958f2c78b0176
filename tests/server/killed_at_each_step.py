"""Runs a command of the backend again and again, killed before the first thing that it does to the home,
then before the second, and so on. ``FOLDER COMMAND…``: a copy of ``FOLDER/before`` is the home each time,
and ``HOME`` stands for it in the command.

Prints the number of the homes that it left, as ``FOLDER/killed-1`` and so on. A program of its own,
for it forks, and a hook that sees every step cannot be taken away again.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from server import restore  # noqa: F401 - imported now, so that no step of the command is an import
from server.cli import main

_STEPS = ("open", "os.", "shutil.", "sqlite3.connect", "tempfile.", "pathlib.")


def kill_before(step: int, home: Path) -> None:
    """Counts what touches the home; the process is gone before that step is done."""
    seen = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event.startswith(_STEPS) and str(home) in repr(arguments):
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def run(folder: Path, words: list[str]) -> int:
    step = 0
    while True:
        step += 1
        home = folder / f"killed-{step}"
        shutil.copytree(folder / "before", home)
        child = os.fork()
        if child == 0:
            os.environ["VMART_HOME"] = str(home)
            sys.stdout = sys.stderr
            kill_before(step, home)
            os._exit(main([word.replace("HOME", str(home)) for word in words]))
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            shutil.rmtree(home)
            if os.waitstatus_to_exitcode(status) != 0:
                raise SystemExit(f"The command itself failed after {step - 1} steps.")
            return step - 1


if __name__ == "__main__":
    print(run(Path(sys.argv[1]), sys.argv[2:]))
