"""Files that only their owner can read, written whole or not at all. What is in them is others' business."""

import contextlib
import os
import secrets
from pathlib import Path


def write_new(file: Path, content: bytes) -> None:
    """On the disk under its name, and never in place of one that is there: raises FileExistsError."""
    fresh = _written_beside(file, content)
    try:
        os.link(fresh, file)
    finally:
        fresh.unlink()
    sync_folder(file.parent)


def replace(file: Path, content: bytes) -> None:
    """In place of what is there, or new; a crash leaves the one or the other."""
    fresh = _written_beside(file, content)
    try:
        fresh.replace(file)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """So that a power cut does not take a new name back. Where the system knows no such thing, nothing."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _written_beside(file: Path, content: bytes) -> Path:
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return fresh
