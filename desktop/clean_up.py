"""The command ``clean-up``: takes away what the program left on this machine, before it is uninstalled."""

import argparse
import shutil
import sys
from pathlib import Path

from desktop import autostart, settings_file
from desktop.instance import Instance
from shared.errors import Conflict
from shared.paths import home


def clean_up(parsed: argparse.Namespace) -> int:
    """Always the entry that starts it at login; with ``--data`` also what it has kept."""
    entry = autostart.here()
    was_on = entry.on
    entry.set(False)
    print("It no longer starts with your login." if was_on else "It does not start with your login.")
    if parsed.data:
        return _remove_data(home(), sure=parsed.yes)
    return 0


def _remove_data(folder: Path, *, sure: bool) -> int:
    there = [path for path in _kept(folder) if path.exists() or path.is_symlink()]
    if not there:
        print(f"Nothing is kept in {folder}.")
        return 0
    if not sure and not _confirmed(there):
        print("Nothing was removed. --yes removes it without asking.", file=sys.stderr)
        return 1
    if (folder / "agent").is_dir():
        with Instance(folder) as instance:
            if not instance.take():
                raise Conflict("V-Mart AI Agent is running. Close it, then remove its data.")
    for path in there:
        _remove(path)
        print(f"Removed {path}.")
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return 0


def _kept(folder: Path) -> list[Path]:
    """What is the agent's own. A backend's state may lie beside it, and is none of our business."""
    return [folder / "agent", folder / "demo", settings_file.place(None, folder)]


def _confirmed(there: list[Path]) -> bool:
    print("This removes, for good, the conversations, results and settings in:")
    for path in there:
        print(f"    {path}")
    try:
        return input("Type yes to remove them: ").strip().lower() == "yes"
    except (EOFError, OSError, RuntimeError):  # nobody is there to answer
        print()
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
