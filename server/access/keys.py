"""API keys made, changed, rotated and revoked. Which of it is allowed stays in granting."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from server.access import fields
from server.access.holdings import utc_now
from server.access.key_text import fresh_key, hashed
from server.access.keyring import By, Draft, Keyring
from server.store.keys import KeyRow
from server.store.state import now
from shared.errors import Conflict, InvalidRequest
from shared.wire import KeyUpdate


class NewKey(msgspec.Struct, frozen=True):
    """What a key is to be; a ``user``'s has the user's roles, and ``permissions`` narrow them."""

    name: str
    permissions: Iterable[str] = ()
    roles: Iterable[str] = ()
    user: str = ""
    expires_at: datetime | None = None
    allowed_ips: Sequence[str] = ()
    rate_limit: str = ""


class Keys:
    """All of it blocks, takes effect at once, and raises what a rule forbids. ``by`` None is the person at
    the machine, who may grant all."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def create(
        self,
        name: str,
        *,
        permissions: Iterable[str] = (),
        roles: Iterable[str] = (),
        user: str = "",
        expires_at: datetime | None = None,
        allowed_ips: Sequence[str] = (),
        rate_limit: str = "",
        by: By | None = None,
    ) -> tuple[str, KeyRow]:
        """A new key, which nobody can read again, and its row."""
        wanted = NewKey(name, permissions, roles, user, expires_at, allowed_ips, rate_limit)
        key = fresh_key()
        return key, self._make(wanted, by, sha256=hashed(key))

    def create_waiting(self, wanted: NewKey, code_sha256: str, until: datetime, by: By | None) -> KeyRow:
        """A key that nobody has before its connect code is used; see connect_codes."""
        ends = until.isoformat(timespec="seconds")
        nobodys = hashed(fresh_key())
        return self._make(wanted, by, sha256=nobodys, code_sha256=code_sha256, code_expires_at=ends)

    def _make(self, wanted: NewKey, by: By | None, **hashes: str) -> KeyRow:
        with self._keyring.changing(by) as draft:
            row = KeyRow(
                id=secrets.token_hex(8),
                name=fields.key_name(wanted.name),
                permissions=fields.permissions(wanted.permissions),
                roles=fields.roles(wanted.roles, draft.roles),
                created_at=now(),
                expires_at=fields.expiry(wanted.expires_at),
                username=wanted.user,
                allowed_ips=fields.addresses(wanted.allowed_ips),
                rate_limit=fields.rate(wanted.rate_limit),
                created_by=draft.author,
                **hashes,
            )
            _check_makes_sense(draft, row)
            draft.keys[row.id] = row
        return row

    def change(self, key_id: str, change: KeyUpdate, by: By | None = None) -> KeyRow:
        with self._keyring.changing(by) as draft:
            old = _working(draft, key_id)
            draft.check_covers(draft.before.of_key(old), f"key {old.name!r}")
            new: dict[str, object] = {}
            if change.name is not msgspec.UNSET:
                new["name"] = fields.key_name(change.name)
            if change.permissions is not msgspec.UNSET:
                new["permissions"] = fields.permissions(change.permissions)
            if change.roles is not msgspec.UNSET:
                new["roles"] = fields.roles(change.roles, draft.roles)
            if change.expires_at is not msgspec.UNSET:
                new["expires_at"] = fields.expiry(fields.moment(change.expires_at))
            if change.allowed_ips is not msgspec.UNSET:
                new["allowed_ips"] = fields.addresses(change.allowed_ips)
            if change.rate_limit is not msgspec.UNSET:
                new["rate_limit"] = fields.rate(change.rate_limit)
            row = msgspec.structs.replace(old, **new)
            _check_makes_sense(draft, row)
            draft.keys[key_id] = row
        return row

    def rotate(self, key_id: str, overlap_seconds: int, by: By | None = None) -> tuple[str, KeyRow]:
        """The same key with another text; the former one is good for so long, and one before it no more."""
        overlap = timedelta(seconds=fields.overlap_seconds(overlap_seconds))
        key = fresh_key()
        with self._keyring.changing(by) as draft:
            old = _working(draft, key_id)
            draft.check_covers(draft.before.of_key(old), f"key {old.name!r}")
            if trouble := draft.before.trouble(old, draft.at):
                raise Conflict(f"This key does not work, so it cannot be rotated. {trouble}")
            until = (utc_now() + overlap).isoformat(timespec="seconds")
            row = msgspec.structs.replace(
                old,
                sha256=hashed(key),
                rotated_at=now(),
                previous_sha256=old.sha256 if overlap and not old.waits else None,
                previous_expires_at=until if overlap and not old.waits else None,
                code_sha256=None,
                code_expires_at=None,
            )
            draft.keys[key_id] = row
        return key, row

    def revoke(self, key_id: str, by: By | None = None) -> None:
        """Whoever may issue keys may revoke any: a key that leaked must not wait for somebody mightier. One
        that was revoked before stays so."""
        with self._keyring.changing(by) as draft:
            row = _stored(draft, key_id)
            if row.revoked_at is None:
                draft.keys[key_id] = msgspec.structs.replace(row, revoked_at=now())


def _stored(draft: Draft, key_id: str) -> KeyRow:
    row = draft.before.get_key(key_id)
    if key_id not in draft.keys:
        raise InvalidRequest("This key comes from security.api_keys_file; change it in that file.")
    return row


def _working(draft: Draft, key_id: str) -> KeyRow:
    row = _stored(draft, key_id)
    if row.revoked_at is not None:
        raise Conflict("This key is revoked. Make another one.")
    return row


def _check_makes_sense(draft: Draft, row: KeyRow) -> None:
    if not row.username:
        if not row.permissions and not row.roles:
            raise InvalidRequest("A key needs at least one permission or role.")
        return
    if row.username not in draft.users:
        raise InvalidRequest(f"There is no user called {row.username[:100]!r}.")
    if row.roles:
        raise InvalidRequest(
            "A key of a user has the roles of that user; leave out roles. Permissions may narrow them."
        )
