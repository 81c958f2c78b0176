"""Sealing secrets with the master key. The only importer of cryptography.

The key file holds one Fernet key a line: the first seals, all open, so a key can be replaced
while what the older one sealed stays readable.
"""

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from shared.errors import VaultClosed
from shared.paths import private_folder


class Vault:
    """Seals values for one purpose; sealed text moved to another purpose does not open."""

    def __init__(self, keys: list[bytes], file: Path) -> None:
        from cryptography.fernet import Fernet, MultiFernet

        self._file = file
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise VaultClosed(
                f"The master key in {file} is not one that we wrote. Restore it from a backup."
            ) from error

    def seal(self, purpose: str, values: Mapping[str, str]) -> str:
        plain = msgspec.json.encode({"for": purpose, "values": values})
        return self._fernet.encrypt(plain).decode()

    def open(self, purpose: str, sealed: str) -> dict[str, str]:
        from cryptography.fernet import InvalidToken

        try:
            found = msgspec.json.decode(self._fernet.decrypt(sealed.encode()), type=_Sealed)
        except (InvalidToken, msgspec.DecodeError, ValueError) as error:
            raise VaultClosed(
                f"The master key in {self._file} is not the one that sealed this. "
                "Put the right key back, or enter the secrets again."
            ) from error
        if found.purpose != purpose:
            raise VaultClosed(f"What is stored as the secrets of {purpose} was sealed for something else.")
        return found.values

    def __repr__(self) -> str:
        return f"<Vault {self._file}>"


class _Sealed(msgspec.Struct):
    purpose: str = msgspec.field(name="for")
    values: dict[str, str]


def open_vault(file: Path, *, create: bool) -> Vault:
    """The vault of this key file. With ``create`` a missing key is made, mode 0600.

    Raises VaultClosed when the key is missing, or readable by anybody but its owner.
    """
    if create and not file.exists():
        _create(file)
    return Vault(master_key(file), file)


def master_key(file: Path) -> list[bytes]:
    """The keys in a key file, the one that seals first. Raises VaultClosed."""
    try:
        opened = os.fdopen(os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb")
    except FileNotFoundError as error:
        raise VaultClosed(
            f"The master key {file} is missing, but the state was sealed with one. Restore it from a backup."
        ) from error
    except OSError as error:
        raise VaultClosed(f"The master key {file} cannot be read: {error.strerror}.") from error
    with opened:
        _check_mode(file, os.fstat(opened.fileno()))
        lines = opened.read(65_536).split()
    if not lines:
        raise VaultClosed(f"The master key {file} is empty. Restore it from a backup.")
    return lines


def _check_mode(file: Path, found: os.stat_result) -> None:
    if os.name == "nt":
        return
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise VaultClosed(f"The master key {file} can be read by others. Close it with: chmod 600 {file}")
    if found.st_uid not in (os.geteuid(), 0):
        raise VaultClosed(f"The master key {file} belongs to another user. Give it to the one who runs us.")


def _create(file: Path) -> None:
    """Written beside and linked into place: a crash leaves no half key, and of two starts one wins."""
    from cryptography.fernet import Fernet

    private_folder(file.parent)
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(Fernet.generate_key() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(fresh, file)
        except FileExistsError:
            return
    finally:
        fresh.unlink()
