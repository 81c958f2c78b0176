"""A process of ours beside another one: what it is started with, its standard streams, what the system
holds it to. What the two say to each other is theirs.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMP", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_ROOT = Path(__file__).resolve().parents[1]


def command(module: str, frozen_word: str, words: Sequence[str] = ()) -> list[str]:
    """Runs ``module``; a frozen program runs itself, and its entry knows the word."""
    # -P: a folder called server, where this was started, is not ours
    start = [frozen_word] if _is_frozen() else ["-P", "-m", module]
    return [sys.executable, *start, *words]


def environment() -> dict[str, str]:
    """No keys of ours in it, and no home: a library that is misled finds nothing there."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    if _is_frozen():
        # where a one-file program is unpacked; without these it would unpack itself once more
        kept |= {name: value for name, value in os.environ.items() if name.startswith("_PYI_")}
    else:
        kept["PYTHONPATH"] = str(_ROOT)
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "HOME": os.devnull}


def take_streams() -> tuple[BinaryIO, BinaryIO]:
    """In the child: copies of input and output, so that nothing that prints can disturb the frames."""
    inbox, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return inbox, out


def end_first() -> None:
    """In the child: it is the first to be ended where the machine runs out of memory."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def limit_address_space(megabytes: int) -> None:
    """In the child: no more than this, where the system can hold a process to it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    most = megabytes * 1024 * 1024
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _is_frozen() -> bool:
    return bool(getattr(sys, "frozen", False))
