"""Puts a backup in the place of a state and its key, so that at every moment one of the two is whole.

State and key are two files, and no system replaces two at once. So the key file first takes the new
keys beside the old ones (it may hold several, and all of them open), then the state is replaced, then
the old keys go. Whoever starts a backend after a restore that was killed finds the old state or the
new one, and in either case a key file that opens it.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from server import archive, passphrase
from server.backup import LEFT_BEHIND
from server.store.lock import take_alone
from server.store.snapshot import look_into, settle
from server.store.state import state_file
from server.vault import Vault, given_key, key_in
from shared.errors import BackupFailed, BackupInvalid, Conflict, NotFound, VaultClosed
from shared.paths import private_folder
from shared.settings import BackendSettings

STANDARD_INPUT = Path("-")

_LEFT_BEHIND = ".restore-at-work-"
_BESIDE = ("-wal", "-shm", "-journal")


class Restored(msgspec.Struct, frozen=True):
    """``aside`` is where that lies which was there before."""

    made_at: datetime
    version: str
    state_elsewhere: bool
    aside: Path | None


def restore(
    settings: BackendSettings, home: Path, source: Path, ask: Callable[[], str], *, replace: bool
) -> Restored:
    """From the file ``source``, ``-`` being standard input; ``ask`` gives the passphrase when it is sealed.

    Raises Conflict when a backend runs on the state here, or when there is one and ``replace`` is
    not set; BackupInvalid, StateTooNew and VaultClosed when the backup is no good; BackupFailed.
    In every case what was here is still here.
    """
    if source != STANDARD_INPUT and not source.is_file():
        raise NotFound(f"There is no backup {source}.")
    folder = home / "backend"
    if not folder.exists():
        _give_to_owner(home, private_folder(folder))
    with contextlib.closing(take_alone(folder)):
        _tidy(folder)
        try:
            with tempfile.TemporaryDirectory(prefix=_LEFT_BEHIND, dir=folder) as staged:
                return _restored(settings, home, source, ask, Path(staged), replace=replace)
        except OSError as error:
            raise BackupFailed(f"The backup could not be restored: {error.strerror}.") from error


def _restored(
    settings: BackendSettings,
    home: Path,
    source: Path,
    ask: Callable[[], str],
    staged: Path,
    *,
    replace: bool,
) -> Restored:
    key, state = home / ".key", state_file(home)
    here = [file for file in (state, key) if file.exists()]
    if state in here and not replace:
        raise Conflict(f"There is a state in {state.parent} already. With --replace it is put aside.")
    manifest = _unpacked(source, staged, ask)
    _check_place(manifest, settings)
    new_state, new_key = _checked(staged, source)
    if new_key is not None and _comes_from_elsewhere(new_key):
        new_key = None
    old_keys = _old_keys(key)
    if new_key is not None and old_keys and old_keys != new_key.read_bytes().split() and not replace:
        raise Conflict(f"There is another master key in {key}. With --replace it is put aside.")
    _give_to_owner(home, staged)
    aside = _put_aside(home, here) if replace and here else None
    if new_key is not None:
        both = [*new_key.read_bytes().split(), *old_keys]
        _replace_key(key, list(dict.fromkeys(both)), staged)
    if new_state is not None:
        for ending in _BESIDE:  # of an older state: SQLite would take it for this one's
            state.with_name(state.name + ending).unlink(missing_ok=True)
        _to_disk(new_state)
        new_state.replace(state)
        _to_disk(state.parent)
    if new_key is not None:
        _replace_key(key, new_key.read_bytes().split(), staged)
    return Restored(manifest.made_at, manifest.version, manifest.state_elsewhere, aside)


def _unpacked(source: Path, staged: Path, ask: Callable[[], str]) -> archive.Manifest:
    if source == STANDARD_INPUT:
        return archive.read(_plain(sys.stdin.buffer, ask), staged)
    with source.open("rb") as opened:
        return archive.read(_plain(opened, ask), staged)


def _plain(opened: BinaryIO, ask: Callable[[], str]) -> archive.Readable:
    head = opened.read(len(passphrase.FIRST_BYTES))
    whole = _WithHead(head, opened)
    return passphrase.OpeningReader(whole, ask()) if head == passphrase.FIRST_BYTES else whole


class _WithHead:
    """What was read already, and then the rest: a pipe cannot be wound back."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int) -> bytes:
        taken, self._head = self._head[:size], self._head[size:]
        return taken if len(taken) == size else taken + self._rest.read(size - len(taken))


def _check_place(manifest: archive.Manifest, settings: BackendSettings) -> None:
    if manifest.state_elsewhere and not settings.store.url:
        raise BackupInvalid(
            "This backup holds a master key alone, for a state in the database of store.url. "
            "Name the settings file that has it with --config."
        )
    if settings.store.url and not manifest.state_elsewhere:
        raise BackupInvalid(
            "This backup holds a state, but store.url says that the state lies in a database. "
            "Restore it with settings that have no store.url."
        )


def _checked(staged: Path, source: Path) -> tuple[Path | None, Path | None]:
    """The parts that there are, once they are known to fit each other."""
    state, key = staged / archive.STATE, staged / archive.KEY
    vault = None
    if key.exists():
        vault = Vault(key_in(key), source)
    if not state.exists():
        return None, key
    found = look_into(state, str(source))
    if found.vault_mark is not None:
        if vault is None:
            raise BackupInvalid(f"{source} holds no master key for its state.")
        vault.open("vault_mark", found.vault_mark)
    return state, key if vault is not None else None


def _comes_from_elsewhere(key: Path) -> bool:
    """Whether the environment gives the backup's key, so that it need not lie in our folder.
    Raises VaultClosed when it gives another one."""
    given = given_key(os.environ)
    if given is None:
        return False
    sealed = Vault(key_in(key), key).seal("restore", {})
    try:
        Vault(*given).open("restore", sealed)
    except VaultClosed as error:
        raise VaultClosed(
            f"The master key in {given[1]} is not the one of this backup. Give that one, "
            "or none: then the backup's key is put into our folder."
        ) from error
    return True


def _old_keys(key: Path) -> list[bytes]:
    """Empty when they are no keys: a file with such lines among them would open nothing."""
    if not key.exists():
        return []
    lines = key.read_bytes().split()
    try:
        Vault(b"\n".join(lines), key)
    except VaultClosed:
        return []
    return lines


def _put_aside(home: Path, here: list[Path]) -> Path:
    """Copies of what is here, whole before anything is touched."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    aside = Path(tempfile.mkdtemp(prefix=f"before-restore-{stamp}-", dir=home))
    for file in here:
        beside: list[Path] = []
        if file.name != ".key" and not settle(file):
            beside = [file.with_name(file.name + ending) for ending in _BESIDE]
        for one in [file, *(other for other in beside if other.exists())]:
            _link_or_copy(one, aside / one.name.lstrip("."))
    _give_to_owner(home, aside)
    _to_disk(aside)
    _to_disk(home)
    return aside


def _link_or_copy(file: Path, to: Path) -> None:
    try:
        os.link(file, to, follow_symlinks=False)
    except OSError:  # a file system without links
        shutil.copy2(file, to)


def _replace_key(key: Path, lines: list[bytes], staged: Path) -> None:
    fresh = staged / "key"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(b"\n".join([*lines, b""]))
        opened.flush()
        os.fsync(opened.fileno())
    _give_to_owner(key.parent, staged)
    fresh.replace(key)
    _to_disk(key.parent)


def _give_to_owner(home: Path, folder: Path) -> None:
    """What the superuser restores belongs to whom the folder belongs to, so that a service can read it."""
    if os.name == "nt" or os.geteuid() != 0:
        return
    owner = home.stat()
    for file in (folder, *folder.iterdir()):
        os.chown(file, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _to_disk(path: Path) -> None:
    """A file, or which names a folder has."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tidy(folder: Path) -> None:
    """Takes away what a backup or a restore left that was killed; nobody is at work now."""
    for prefix in (_LEFT_BEHIND, LEFT_BEHIND):
        for left in folder.glob(f"{prefix}*"):
            shutil.rmtree(left, ignore_errors=True)
