"""Every good key, in memory, and the one way in which users, roles and keys change.

A key is found by its SHA-256 in a dict: what a caller could learn from the time that a lookup takes is about
the digest, never about the key.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from server.access import granting
from server.access.allowlist import parsed
from server.access.data_policy import resolve
from server.access.holdings import NOTHING, Holding, Holdings, utc_now
from server.access.identity import NEVER, Identity
from server.access.key_text import digest_of
from server.access.limits import Rate
from server.access.provisioned import provisioned_by
from server.store.access import AccessRows, AccessStore
from server.store.keys import KeyRow
from server.store.roles import RoleRow
from server.store.state import open_state
from server.store.users import UserRow
from shared.errors import InvalidRequest, NotAuthenticated, SettingsInvalid
from shared.settings import BackendSettings

_log = logging.getLogger(__name__)

_USER = "user:"

_USED_SECONDS = 30.0
"""How often it is written which keys were used."""


class By(msgspec.Struct, frozen=True):
    """Who makes a change, and from which address."""

    identity: Identity
    origin: str


class Draft:
    """Users, roles and keys as they will be; changed by whoever opened it."""

    def __init__(self, before: Holdings, by: By | None, at: datetime) -> None:
        self.before = before
        self.at = at
        self.users: dict[str, UserRow] = dict(before.rows.users)
        self.roles: dict[str, RoleRow] = dict(before.rows.roles)
        self.keys: dict[str, KeyRow] = dict(before.rows.keys)
        self.origin = "" if by is None else by.origin
        self.author = "" if by is None else by.identity.user or by.identity.name
        self.granter = None if by is None else _granter(before, by.identity, at)

    def check_covers(self, held: Holding, what: str) -> None:
        """Raises NotPermitted when who makes the change holds less than whom it is about."""
        if self.granter is not None:
            granting.check_covers(self.granter, held, what)


class Keyring:
    """Reading is free of locks; changing is seen at once, here, and soon everywhere."""

    def __init__(self, store: AccessStore, provisioned: Sequence[KeyRow] = ()) -> None:
        self._store = store
        self._provisioned = tuple(provisioned)
        self._changing = threading.Lock()
        self._version = -1
        self._by_digest: dict[bytes, Identity] = {}
        self._by_id: dict[str, Identity] = {}
        self._used: set[str] = set()
        self._used_written = time.monotonic()
        self.refresh()

    def find(self, key: str) -> Identity | None:
        """The identity of a key that is known, not revoked and not expired, and of no user who is away."""
        return self.find_by_digest(digest_of(key))

    def find_by_digest(self, digest: bytes) -> Identity | None:
        """The same object for as long as nothing about it has changed."""
        found = self._by_digest.get(digest)
        if found is None or (found.expires is not NEVER and found.expires <= time.time()):
            return None
        self._used.add(found.key_id)
        return found

    def find_user(self, username: str) -> Identity | None:
        """The identity of an active user who is known by other means than a key, such as a certificate. It
        has all of the user's permissions; its ``key_id`` is ``user:`` and the name."""
        return self._by_id.get(f"{_USER}{username}")

    def find_again(self, key_id: str, digest: bytes = b"") -> Identity | None:
        """Who came before, as they are now: by the same text of the key, or by any that it has now when
        ``digest`` is empty."""
        found = self._by_digest.get(digest) if digest else self._by_id.get(key_id)
        return None if found is None or found.expires <= time.time() else found

    def holdings(self) -> Holdings:
        """Of everybody, as it stands in the state. Blocking."""
        return Holdings(self._store.everything(), self._provisioned)

    def rows(self) -> list[KeyRow]:
        return list(self.holdings().keys.values())

    def provision(self, provisioned: Sequence[KeyRow]) -> None:
        """Other keys than before stand in no store. Blocking."""
        with self._changing:
            self._provisioned = tuple(provisioned)
            version = self._store.version()
            self._take_over(self.holdings(), version)

    def refresh(self) -> bool:
        """Reads everything again when another process changed it. Blocking."""
        with self._changing:
            version = self._store.version()
            if version == self._version:
                return False
            self._take_over(self.holdings(), version)
            return True

    def tend(self) -> None:
        """The same, and now and then tells the state which keys were used. Blocking."""
        self.refresh()
        if time.monotonic() >= self._used_written + _USED_SECONDS:
            self.write_last_used()

    def write_last_used(self) -> None:
        """Blocking. What cannot be written now is written the next time."""
        self._used_written = time.monotonic()
        used, self._used = self._used, set()
        try:
            if used:
                self._store.write_last_used(used - {row.id for row in self._provisioned})
        except BaseException:
            self._used |= used
            raise

    @contextmanager
    def changing(self, by: By | None) -> Iterator[Draft]:
        """A change, which takes effect at the end when no rule forbids it. ``by`` None is the person at the
        machine, who may grant all. Blocking; raises NotPermitted and Conflict."""
        with self._store.changing() as change:
            at = utc_now()
            before = Holdings(change.before, self._provisioned)
            draft = Draft(before, by, at)
            yield draft
            rows = AccessRows(draft.users, draft.roles, draft.keys)
            after = Holdings(rows, self._provisioned)
            if draft.granter is not None:
                granting.check_grants(before, after, draft.granter, at)
            granting.check_last_administrator(before, after, draft.origin, at)
            change.write(rows)
        with self._changing:
            if change.version > self._version:
                self._take_over(after, change.version)

    def _take_over(self, holdings: Holdings, version: int) -> None:
        for row in self._provisioned:
            for name in row.roles:
                if holdings.find_role(name) is None:
                    _log.warning(
                        "The key %s of security.api_keys_file names an unknown role, %s", row.id, name
                    )
        self._by_digest = _identities(holdings)
        known = [*sorted(self._by_digest.values(), key=_expires), *_users(holdings)]
        self._by_id = {one.key_id: one for one in known}
        self._version = version


@contextmanager
def open_keyring(settings: BackendSettings, home: Path) -> Iterator[Keyring]:
    """The keys of a backend, for a command beside it; a running one takes over what changes."""
    state = open_state(settings.store.url, home)
    try:
        yield Keyring(AccessStore(state), provisioned_by(settings, home))
    finally:
        state.close()


def _granter(before: Holdings, identity: Identity, at: datetime) -> Holding:
    """What who makes a change holds now: it may have changed since the call was let in."""
    held = NOTHING
    if identity.key_id.startswith(_USER):
        user = before.rows.users.get(identity.user)
        held = NOTHING if user is None else before.of_user(user)
    elif row := before.keys.get(identity.key_id):
        held = before.of_key(row, at)
    if not held.permissions:
        raise NotAuthenticated("This API key is not valid.", details="It is unknown, expired or revoked.")
    return held


def _identities(holdings: Holdings) -> dict[bytes, Identity]:
    """By the digest of each key that works, or would if it had not expired: the time is looked at later."""
    found: dict[bytes, Identity] = {}
    for row in holdings.keys.values():
        if holdings.trouble(row):
            continue
        try:
            identity = _identity(holdings, row)
        except (InvalidRequest, SettingsInvalid) as error:
            _log.warning("The key %s does not work: %s", row.id, error)
            continue
        found[identity.digest] = identity
        if row.previous_sha256 is not None and row.previous_expires_at is not None:
            until = min(identity.expires, _seconds(row.previous_expires_at))
            former = bytes.fromhex(row.previous_sha256)
            found[former] = msgspec.structs.replace(identity, expires=until, digest=former)
    return found


def _users(holdings: Holdings) -> Iterator[Identity]:
    for row in holdings.rows.users.values():
        if not row.active:
            continue
        try:
            data = resolve(holdings.policies_of(row), row.attributes)
        except InvalidRequest as error:
            _log.warning("The user %s is not let in: %s", row.username, error)
            continue
        permissions = holdings.of_user(row).permissions
        yield Identity(f"{_USER}{row.username}", row.username, permissions, user=row.username, data=data)


def _identity(holdings: Holdings, row: KeyRow) -> Identity:
    return Identity(
        row.id,
        row.name,
        holdings.permissions_of(row),
        NEVER if row.expires_at is None else _seconds(row.expires_at),
        row.username,
        parsed(row.allowed_ips, "allowed_ips"),
        Rate.parse(row.rate_limit),
        resolve(holdings.policies_of(row), holdings.attributes_of(row)),
        bytes.fromhex(row.sha256),
    )


def _expires(identity: Identity) -> float:
    return identity.expires


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
