"""Where our own files live on a machine: one folder, ``~/.vmart``, moved by ``VMART_HOME``."""

import os
import sys
from pathlib import Path

from shared.errors import SettingsInvalid


def home() -> Path:
    """The folder of all our state. Not created here. Raises SettingsInvalid when the system names no home."""
    if named := os.environ.get("VMART_HOME"):
        return Path(named)
    try:
        own = Path.home()
    except RuntimeError:
        own = Path()
    empty = sys.platform != "win32" and os.environ.get("HOME") == ""
    if empty or not own.is_absolute():  # Python takes an empty one for the root
        raise SettingsInvalid(
            "There is no home folder to keep this program's files in: HOME is empty, or no full path. "
            "Set HOME, or set VMART_HOME to a folder for these files."
        )
    return own / ".vmart"


def private_folder(path: Path) -> Path:
    """The folder, made with its parents, and closed to other users of the machine."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
