"""Where our own files live on a machine: one folder, ``~/.vmart``, moved by ``VMART_HOME``."""

import os
from pathlib import Path


def home() -> Path:
    """The folder of all our state. Not created here."""
    return Path(os.environ.get("VMART_HOME") or Path.home() / ".vmart")


def private_folder(path: Path) -> Path:
    """The folder, made with its parents, and closed to other users of the machine."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
