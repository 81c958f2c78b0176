"""Saves state and master key into one file, while a backend runs on them. The way back is in restore.py."""

import contextlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from server import archive, passphrase
from server.store.lock import share
from server.store.snapshot import copy_state, look_into
from server.store.state import refuse_newer, state_file
from server.vault import Vault, given_key, key_in
from shared.errors import BackupFailed, Conflict, NotFound
from shared.installed import version
from shared.settings import BackendSettings

LEFT_BEHIND = ".backup-at-work-"
"""What only a backup at work calls its folder: one that a killed backup left is deleted."""

_DAY_SECONDS = 86_400


class Saved(msgspec.Struct, frozen=True):
    file: Path
    size: int
    state_elsewhere: bool
    sealed: bool


def back_up(settings: BackendSettings, home: Path, to: Path, secret: str | None) -> Saved:
    """Into a new file ``to``, readable by its owner alone, sealed when there is a ``secret``.

    Raises Conflict when ``to`` exists, NotFound when there is nothing to save, VaultClosed and
    BackupFailed; then there is no ``to``.
    """
    if secret is not None:
        passphrase.check_passphrase(secret)
    to = to.absolute()
    if to.exists() or to.is_symlink():
        raise Conflict(f"{to} exists already. Choose another name.")
    if not to.parent.is_dir():
        raise NotFound(f"There is no folder {to.parent} for the backup. Make it first.")
    elsewhere = bool(settings.store.url)
    with _parts(home, elsewhere=elsewhere) as parts, _new_file(to) as opened:
        _write(opened, parts, secret, elsewhere=elsewhere)
    return Saved(to, to.stat().st_size, elsewhere, secret is not None)


def pour_out(settings: BackendSettings, home: Path, to: BinaryIO, secret: str | None) -> bool:
    """The same into a pipe, which may hold half of it when this raises. Whether the state lies elsewhere."""
    if secret is not None:
        passphrase.check_passphrase(secret)
    elsewhere = bool(settings.store.url)
    try:
        with _parts(home, elsewhere=elsewhere) as parts:
            _write(to, parts, secret, elsewhere=elsewhere)
            to.flush()
    except OSError as error:
        raise BackupFailed(f"The backup could not be written to the end: {error.strerror}.") from error
    return elsewhere


def _write(to: BinaryIO, parts: dict[str, Path], secret: str | None, *, elsewhere: bool) -> None:
    out = to if secret is None else passphrase.SealingWriter(to, secret)
    made_at = datetime.now(UTC).replace(microsecond=0)
    archive.write(out, parts, made_at=made_at, version=version(), state_elsewhere=elsewhere)
    if isinstance(out, passphrase.SealingWriter):
        out.finish()


@contextlib.contextmanager
def _parts(home: Path, *, elsewhere: bool) -> Iterator[dict[str, Path]]:
    """Copies that stand still, each checked: a backup that cannot be restored is none."""
    if elsewhere:
        key, _ = _key(home)
        _tidy(home)
        with tempfile.TemporaryDirectory(prefix=LEFT_BEHIND, dir=home) as folder:
            yield {archive.KEY: _key_copy(key, Path(folder))}
        return
    state = state_file(home)
    if not state.is_file():
        raise NotFound(
            f"There is no state in {state.parent} to back up. Name the home of the backend in VMART_HOME."
        )
    _tidy(state.parent)
    with (
        contextlib.closing(share(state.parent)),
        tempfile.TemporaryDirectory(prefix=LEFT_BEHIND, dir=state.parent) as folder,
    ):
        refuse_newer(state)
        copy = Path(folder) / archive.STATE
        copy.touch(0o600)
        copy_state(state, copy)
        found = look_into(copy, str(state))
        parts = {archive.STATE: copy}
        if found.vault_mark is not None:
            key, where = _key(home)
            Vault(key, where).open("vault_mark", found.vault_mark)
            parts[archive.KEY] = _key_copy(key, Path(folder))
        yield parts


def _tidy(folder: Path) -> None:
    """Takes away what a backup left that was killed. A day is longer than any takes."""
    for left in folder.glob(f"{LEFT_BEHIND}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _DAY_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def _key(home: Path) -> tuple[bytes, object]:
    """Wherever it comes from: a backup that needs a second one beside it is soon without it."""
    file = home / ".key"
    return given_key(os.environ) or (key_in(file), file)


def _key_copy(key: bytes, folder: Path) -> Path:
    copy = folder / archive.KEY
    copy.touch(0o600)
    copy.write_bytes(b"\n".join([*key.split(), b""]))
    return copy


@contextlib.contextmanager
def _new_file(to: Path) -> Iterator[BinaryIO]:
    """Written beside and put in place when it is whole and on the disk; never over another file."""
    fresh = to.with_name(f".{to.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(fresh, to)
        except FileExistsError as error:
            raise Conflict(f"{to} exists already. Choose another name.") from error
        except OSError:  # a file system without links
            fresh.rename(to)
    except OSError as error:
        raise BackupFailed(f"The backup {to} could not be written: {error.strerror}.") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
