"""Who is calling: keys made, found, listed and revoked. What an identity may do stays in policy.

A key is ``vmart_``, 32 random bytes in base64url, and six characters that let a typing mistake
be told from an unknown key. It is stored as its SHA-256 and found by that digest in a dict: what
a caller could learn from the time a lookup takes is about the digest, never about the key.
"""

import hashlib
import logging
import secrets
import threading
import time
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from server.store.keys import KeyRow, KeyStore
from server.store.state import now, open_state
from shared.errors import Conflict, InvalidRequest, NotAuthenticated, NotPermitted
from shared.permissions import BUILT_IN_ROLES, Permission
from shared.settings import BackendSettings

_log = logging.getLogger(__name__)

PREFIX = "vmart_"
_NEVER = float("inf")


class Identity(msgspec.Struct, frozen=True):
    """A caller that showed a good key."""

    key_id: str
    name: str
    permissions: frozenset[Permission]
    expires: float = _NEVER
    """Seconds since the epoch."""
    user: str = ""
    """Whose key it is; empty for a key that stands for itself."""
    scope: str = ""
    """Equal for those who see the same of the data: what one of them was answered may be shown to another.
    Empty for those who see all of it, as today everybody does who passes."""


NOBODY = Identity("", "", frozenset())


class Keyring:
    """Every good key, in memory. Reading is free of locks; changing is seen at once."""

    def __init__(self, store: KeyStore, provisioned: Sequence[KeyRow] = ()) -> None:
        self._store = store
        self._provisioned = tuple(provisioned)
        self._changing = threading.Lock()
        self._version = -1
        self._by_digest: dict[bytes, Identity] = {}
        self.refresh()

    def find(self, key: str) -> Identity | None:
        """The identity of a key that is known, not revoked and not expired."""
        found = self._by_digest.get(hashlib.sha256(key.encode()).digest())
        if found is None or (found.expires is not _NEVER and found.expires <= time.time()):
            return None
        return found

    def passes(self, key_id: str) -> bool:
        """Whether the key of this id is one that ``find`` would give. Slow beside it."""
        known = list(self._by_digest.values())
        return any(one.key_id == key_id and one.expires > time.time() for one in known)

    def refresh(self) -> bool:
        """Reads the stored keys again when another process changed them. Blocking."""
        with self._changing:
            version = self._store.version()
            if version == self._version:
                return False
            rows = [*self._store.everything(), *self._provisioned]
            self._by_digest = {
                bytes.fromhex(row.sha256): _identity(row) for row in rows if row.revoked_at is None
            }
            self._version = version
            return True

    def rows(self) -> list[KeyRow]:
        return [*self._store.everything(), *self._provisioned]

    def create(
        self,
        name: str,
        *,
        permissions: Iterable[str] = (),
        roles: Iterable[str] = (),
        expires_at: datetime | None = None,
        granted_by: Identity | None = None,
    ) -> tuple[str, KeyRow]:
        """A new key and its row. ``granted_by`` None is the person at the machine, who may grant all."""
        row = KeyRow(
            id=secrets.token_hex(8),
            name=_checked_name(name),
            sha256="",
            permissions=sorted(set(permissions)),
            roles=sorted(set(roles)),
            created_at=now(),
            expires_at=_checked_expiry(expires_at),
        )
        granted = _granted(row)
        if granted_by is not None and (missing := granted - granted_by.permissions):
            names = ", ".join(sorted(missing))
            raise NotPermitted(f"Nobody can grant what they do not hold; this key lacks {names}.")
        key = _fresh_key()
        row = msgspec.structs.replace(row, sha256=hashlib.sha256(key.encode()).hexdigest())
        self._store.add(row)
        self.refresh()
        return key, row

    def revoke(self, key_id: str) -> None:
        if any(row.id == key_id for row in self._provisioned):
            raise InvalidRequest("This key comes from security.api_keys_file; take it out of that file.")
        self.refresh()
        administrators = {key.key_id for key in self._by_digest.values() if _administers(key)}
        if administrators == {key_id}:
            raise Conflict("This is the last key of an administrator. Make another one first.")
        self._store.revoke(key_id)
        self.refresh()


@contextmanager
def open_keyring(settings: BackendSettings, home: Path) -> Iterator[Keyring]:
    """The keys of a backend, for a command beside it; a running one takes over what changes."""
    state = open_state(settings.store.url, home)
    try:
        yield Keyring(KeyStore(state))
    finally:
        state.close()


def looks_like_a_key(text: str) -> bool:
    """True for what we could have made: spares a lookup in the state for anything else."""
    return len(text) == 55 and text.startswith(PREFIX) and _checksum(text[:-6]) == text[-6:]


def bearer(header: str | None) -> str:
    """The key in an Authorization header; raises NotAuthenticated when there is none."""
    scheme, _, key = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise NotAuthenticated("Send your API key in the header Authorization: Bearer <key>.")
    return key.strip()


def _administers(identity: Identity) -> bool:
    return identity.permissions.issuperset(Permission) and identity.expires > time.time()


def _fresh_key() -> str:
    start = PREFIX + secrets.token_urlsafe(32)
    return start + _checksum(start)


def _checksum(text: str) -> str:
    return urlsafe_b64encode(zlib.crc32(text.encode()).to_bytes(4, "big")).decode()[:6]


def _identity(row: KeyRow) -> Identity:
    expires = _NEVER if row.expires_at is None else datetime.fromisoformat(row.expires_at).timestamp()
    try:
        granted = _granted(row)
    except InvalidRequest as error:
        _log.warning("The key %s grants nothing: %s", row.id, error)
        granted = frozenset()
    return Identity(row.id, row.name, granted, expires)


def _granted(row: KeyRow) -> frozenset[Permission]:
    granted: set[Permission] = set()
    for name in row.permissions:
        try:
            granted.add(Permission(name))
        except ValueError as error:
            known = ", ".join(Permission)
            raise InvalidRequest(
                f"There is no permission called {name!r}.", details=f"There are: {known}."
            ) from error
    for name in row.roles:
        role = BUILT_IN_ROLES.get(name)
        if role is None:
            known = ", ".join(BUILT_IN_ROLES)
            raise InvalidRequest(f"There is no role called {name!r}.", details=f"There are: {known}.")
        granted |= role
    if not granted:
        raise InvalidRequest("A key needs at least one permission or role.")
    return frozenset(granted)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise InvalidRequest("The name of a key has 1 to 100 characters on one line.")
    return name


def _checked_expiry(expires_at: datetime | None) -> str | None:
    if expires_at is None:
        return None
    if expires_at.tzinfo is None:
        raise InvalidRequest("expires_at needs its offset from UTC, like 2027-03-31T23:59:59+05:30.")
    if expires_at <= datetime.now(UTC):
        raise InvalidRequest("expires_at lies in the past.")
    return expires_at.astimezone(UTC).isoformat(timespec="seconds")
