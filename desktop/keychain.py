"""Secrets of people: in the system's keychain, or where there is none in a sealed file that is theirs alone.

The key of the sealed file lies beside it: it keeps a secret from whoever gets the one file, or searches files
for words, and not from whoever can read everything that the person can.
"""

import hashlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from shared.private_files import replace, write_new

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_log = logging.getLogger(__name__)

T = TypeVar("T")
_SERVICE = "V-Mart AI Agent"
_PATIENCE_SECONDS = 60.0
"""A locked keychain asks the person for its password."""


class Keychain:
    """One secret for each owner. ``folder`` is where the file would be, and tells apart the homes that share
    a keychain of the system."""

    def __init__(self, folder: Path) -> None:
        self._sealed = _SealedFiles(folder)
        self._home = hashlib.sha256(str(folder).encode()).hexdigest()[:8]

    def keep(self, owner: str, secret: str) -> None:
        """Raises OSError when it can be kept nowhere."""
        try:
            self._in_system(lambda system: system.set_password(_SERVICE, self._name(owner), secret))
        except _NoKeychain as reason:
            _log.info("Kept in a sealed file: %s", reason)
            self._sealed.keep(owner, secret)
            return
        self._sealed.forget(owner)

    def find(self, owner: str) -> str | None:
        try:
            found = self._in_system(lambda system: system.get_password(_SERVICE, self._name(owner)))
        except _NoKeychain:
            found = None
        return found or self._sealed.find(owner)

    def forget(self, owner: str) -> None:
        self._sealed.forget(owner)
        try:
            self._in_system(lambda system: _delete(system, self._name(owner)))
        except _NoKeychain as reason:
            _log.debug("Nothing to forget in the keychain: %s", reason)

    def _name(self, owner: str) -> str:
        return f"{owner} {self._home}"

    def _in_system(self, use: Callable[[Any], T]) -> T:
        """In a thread of its own, for a keychain may wait for a password that nobody types. Raises
        _NoKeychain."""
        done: SimpleQueue[tuple[T | None, Exception | None]] = SimpleQueue()

        def work() -> None:
            try:
                done.put((use(_system()), None))
            except Exception as error:  # noqa: BLE001 - keychains fail in ways of their own; a file stands in
                done.put((None, error))

        threading.Thread(target=work, name="keychain", daemon=True).start()
        try:
            result, error = done.get(timeout=_PATIENCE_SECONDS)
        except Empty:
            raise _NoKeychain("it does not answer") from None
        if error is not None:
            raise _NoKeychain(type(error).__name__) from error
        return result  # type: ignore[return-value]  # None only where that is what it gave


class _NoKeychain(Exception):
    """There is no keychain here, or it is of no use now."""


def _system() -> Any:
    import keyring

    system = keyring.get_keyring()
    if system.priority < 1:  # none at all, or one that keeps its secrets in the open
        raise _NoKeychain("there is none")
    return system


def _delete(system: Any, name: str) -> None:
    if system.get_password(_SERVICE, name) is not None:
        system.delete_password(_SERVICE, name)


class _SealedFiles:
    """Fernet, with a key made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key_file = folder / "secrets.key"

    def keep(self, owner: str, secret: str) -> None:
        try:
            sealed = self._fernet().encrypt(secret.encode())
        except ValueError:  # the key is damaged, and with it everything that it has sealed
            self._key_file.unlink()
            sealed = self._fernet().encrypt(secret.encode())
        replace(self._file(owner), sealed)

    def find(self, owner: str) -> str | None:
        """What cannot be opened is lost, and as good as not there."""
        from cryptography.fernet import InvalidToken

        if not self._file(owner).exists():
            return None
        try:
            return self._fernet().decrypt(self._file(owner).read_bytes()).decode()
        except (OSError, ValueError, InvalidToken):
            _log.warning("A sealed secret cannot be opened; it is asked for again.")
            return None

    def forget(self, owner: str) -> None:
        self._file(owner).unlink(missing_ok=True)

    def _file(self, owner: str) -> Path:
        return self._folder / f"{owner}.sealed"

    def _fernet(self) -> "Fernet":
        """Raises ValueError when the key is damaged."""
        from cryptography.fernet import Fernet

        if not self._key_file.exists():
            try:
                write_new(self._key_file, Fernet.generate_key())
            except FileExistsError:
                _log.debug("Another process was quicker.")
        return Fernet(self._key_file.read_bytes())
