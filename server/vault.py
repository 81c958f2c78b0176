"""Sealing secrets with the master key. The only importer of cryptography.

The master key is one Fernet key a line: the first seals, all open, so a key can be replaced while
what the older one sealed stays readable (replacing it while we run is rotation's). It lies in our folder, or
comes from whoever keeps secrets on this machine: ``VMART_MASTER_KEY`` is the key itself,
``VMART_MASTER_KEY_FILE`` a file with it, and systemd may hand it over as the credential ``master.key``.
"""

import contextlib
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from shared.errors import VaultClosed
from shared.paths import private_folder
from shared.private_files import write_new

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet

_KEY, _KEY_FILE = "VMART_MASTER_KEY", "VMART_MASTER_KEY_FILE"
_CREDENTIAL = "master.key"
"""In the folder in which systemd hands credentials to a service."""

MARK = "vault_mark"
"""A fact of the state, sealed: whether a key is the one that it was made with."""

SEALED_FILE = b"vmart-sealed-file-1\n"
"""What a sealed file begins with."""
_IN_A_FILE = b"file\n"
"""Before what stands in one, sealed with it: what is sealed in the state is JSON, so neither is the other."""
_LARGEST_FILE = 16 * 1024 * 1024


class Vault:
    """Seals values for one purpose; sealed text moved to another purpose does not open."""

    def __init__(self, text: bytes, where: object, again: Callable[[], bytes] | None = None) -> None:
        """``where`` is what sentences call the place of the key; ``again`` reads it anew."""
        self._where = where
        self._again = again
        self._text = text
        self._newest, self._fernet = _ciphers(text, where)

    def refresh(self) -> bool:
        """Takes over what stands in the key's place now: new keys beside an old one, or without older ones.
        Whether that is something else. Blocking; raises VaultClosed, and goes on with what it has."""
        if self._again is None or (text := self._again()) == self._text:
            return False
        newest, fernet = _ciphers(text, self._where)
        if not set(text.split()) & set(self._text.split()):
            raise VaultClosed(f"What stands in {self._where} now is a key that nothing here was sealed with.")
        self._text, self._newest, self._fernet = text, newest, fernet
        return True

    def is_newest(self, sealed: str) -> bool:
        """Whether the first key sealed it."""
        from cryptography.fernet import InvalidToken

        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True

    def sealed_anew(self, sealed: str) -> str:
        """The same, sealed with the first key. Raises VaultClosed."""
        return self._fernet.encrypt(self._decrypted(sealed.encode(), "this")).decode()

    def _decrypted(self, sealed: bytes, what: str) -> bytes:
        """Reads the key again before it gives up: another process may have replaced it a moment ago."""
        from cryptography.fernet import InvalidToken

        for _ in range(2):
            try:
                return self._fernet.decrypt(sealed)
            except InvalidToken as error:
                failed = error
            with contextlib.suppress(VaultClosed):
                if self.refresh():
                    continue
            break
        raise VaultClosed(
            f"The master key in {self._where} is not the one that sealed {what}. "
            "Put the right key back, or enter the secrets again."
        ) from failed

    def seal(self, purpose: str, values: Mapping[str, str]) -> str:
        plain = msgspec.json.encode({"for": purpose, "values": values})
        return self._fernet.encrypt(plain).decode()

    def open(self, purpose: str, sealed: str) -> dict[str, str]:
        plain = self._decrypted(sealed.encode("utf-8", "replace"), "this")
        try:
            found = msgspec.json.decode(plain, type=_Sealed)
        except (msgspec.DecodeError, ValueError) as error:
            raise VaultClosed(
                f"The master key in {self._where} is not the one that sealed this. "
                "Put the right key back, or enter the secrets again."
            ) from error
        if found.purpose != purpose:
            raise VaultClosed(f"What is stored as the secrets of {purpose} was sealed for something else.")
        return found.values

    def seal_file(self, plain: bytes) -> bytes:
        """The content of a sealed file."""
        return SEALED_FILE + self._fernet.encrypt(_IN_A_FILE + plain) + b"\n"

    def open_sealed(self, file: Path) -> bytes:
        """What stands in a sealed file. Raises VaultClosed, also for a file that is not sealed."""
        sealed = _content(file)
        if not sealed.startswith(SEALED_FILE):
            raise VaultClosed(f"{file} is not sealed. Seal it with: python -m server seal-config {file}")
        try:
            plain = self._decrypted(sealed[len(SEALED_FILE) :].strip(), str(file))
        except VaultClosed as error:
            raise VaultClosed(
                f"{file} does not open with the master key in {self._where}: another one sealed it, or the "
                "file is damaged. Put the right key back, or seal the file again."
            ) from error
        if not plain.startswith(_IN_A_FILE):
            raise VaultClosed(f"What stands in {file} was sealed for something else.")
        return plain[len(_IN_A_FILE) :]

    def __repr__(self) -> str:
        return f"<Vault {self._where}>"


class _Sealed(msgspec.Struct):
    purpose: str = msgspec.field(name="for")
    values: dict[str, str]


def _ciphers(text: bytes, where: object) -> "tuple[Fernet, MultiFernet]":
    """Of the first key, and of all of them. Raises VaultClosed."""
    from cryptography.fernet import Fernet, MultiFernet

    keys = text.split()
    if not keys:
        raise VaultClosed(f"The master key in {where} is empty. Restore it from a backup.")
    try:
        ciphers = [Fernet(key) for key in keys]
    except ValueError as error:
        raise VaultClosed(
            f"What stands in {where} is not a master key as we write it. Restore it from a backup."
        ) from error
    return ciphers[0], MultiFernet(ciphers)


def open_vault(file: Path, *, create: bool, environ: Mapping[str, str] = MappingProxyType({})) -> Vault:
    """The vault of the key that the environment gives, else of this key file. With ``create`` a missing
    key file is made, mode 0600; a key that is given is never written anywhere.

    Raises VaultClosed when the key is missing, or open to others.
    """
    given = given_key(environ)
    if given is not None:
        text, where = given
        return Vault(text, where, lambda: (given_key(environ) or given)[0])
    if create and not file.exists():
        _create(file)
    return Vault(key_in(file), file, lambda: key_in(file))


def is_sealed(file: Path) -> bool:
    """Whether it is a sealed file; False too for one that cannot be read."""
    try:
        with file.open("rb") as opened:
            return opened.read(len(SEALED_FILE)) == SEALED_FILE
    except OSError:
        return False


def given_key(environ: Mapping[str, str]) -> tuple[bytes, str] | None:
    """The key that the environment gives, and what sentences call its place. Raises VaultClosed."""
    given, given_file = environ.get(_KEY), environ.get(_KEY_FILE)
    if given is None and given_file is None and (folder := environ.get("CREDENTIALS_DIRECTORY")):
        handed = Path(folder, _CREDENTIAL)
        if handed.exists():
            return _read(handed, ours=False), f"{handed} (a credential of the service)"
    if given is not None and given_file is not None:
        raise VaultClosed(f"{_KEY} and {_KEY_FILE} are both set. Keep one of them.")
    if given is not None:
        return given.encode(), _KEY
    if given_file is not None:
        # Whoever keeps secrets decides who may read them (Docker shows them to all users of a container,
        # and Kubernetes links to them), but nobody else may put another key there.
        path = Path(given_file)
        return _read(path, ours=False), f"{path} ({_KEY_FILE})"
    return None


def key_in(file: Path) -> bytes:
    """What stands in a key file of ours. Raises VaultClosed when it is missing, or open to others, or lies in
    a folder in which others could put another one."""
    _check_folder(file)
    return _read(file, ours=True)


def fresh_key() -> str:
    """A master key that nothing was sealed with yet."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise VaultClosed(f"The sealed file {file} cannot be read: {error.strerror}.") from error
    if len(content) > _LARGEST_FILE:
        raise VaultClosed(f"The sealed file {file} is too large.")
    return content


def _read(file: Path, *, ours: bool) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | (getattr(os, "O_NOFOLLOW", 0) if ours else 0)
    try:
        opened = os.fdopen(os.open(file, flags), "rb")
    except FileNotFoundError as error:
        raise VaultClosed(
            f"The master key {file} is missing, but the state was sealed with one. Restore it from a backup."
            if ours
            else f"There is no file {file}, which {_KEY_FILE} names. Put the master key there."
        ) from error
    except OSError as error:
        raise VaultClosed(f"The master key {file} cannot be read: {error.strerror}.") from error
    with opened:
        found = os.fstat(opened.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise VaultClosed(f"The master key {file} is not a file.")
        _check_mode(file, found, ours=ours)
        return opened.read(65_536)


def _check_folder(file: Path) -> None:
    if os.name == "nt":
        return
    try:
        found = file.parent.stat()
    except OSError:
        return  # told when the file is read
    # The group of root is as good as root: a container runs as whoever its platform wants (see Dockerfile).
    of_roots_group = os.geteuid() != 0 and os.getegid() == found.st_gid == 0
    if found.st_mode & (0o002 if found.st_gid == 0 else 0o022) and not found.st_mode & stat.S_ISVTX:
        raise VaultClosed(
            f"The folder {file.parent} of the master key can be changed by others. "
            f"Close it with: chmod 700 {file.parent}"
        )
    if found.st_uid not in (os.geteuid(), 0) and not of_roots_group:
        raise VaultClosed(
            f"The folder {file.parent} of the master key belongs to another user. Give it to whoever runs us."
        )


def _check_mode(file: Path, found: os.stat_result, *, ours: bool) -> None:
    if os.name == "nt":
        return
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o022:
        raise VaultClosed(f"The master key {file} can be changed by others. Close it with: chmod 600 {file}")
    if ours and mode & 0o077:
        raise VaultClosed(f"The master key {file} can be read by others. Close it with: chmod 600 {file}")
    if ours and found.st_uid not in (os.geteuid(), 0):
        raise VaultClosed(f"The master key {file} belongs to another user. Give it to the one who runs us.")


def _create(file: Path) -> None:
    """Of two starts one wins."""
    private_folder(file.parent)
    with contextlib.suppress(FileExistsError):
        write_new(file, fresh_key().encode() + b"\n")
