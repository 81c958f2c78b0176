"""Users made, changed and deleted. Which of it is allowed stays in granting."""

import msgspec

from server.access import fields
from server.access.holdings import Holding
from server.access.keyring import By, Draft, Keyring
from server.store.state import now
from server.store.users import UserRow
from shared.errors import Conflict, NotPermitted
from shared.wire import UserCreate, UserUpdate


class Users:
    """All of it blocks, takes effect at once, and raises what a rule forbids. ``by`` None is the person at
    the machine, who may grant all."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def create(self, order: UserCreate, by: By | None = None) -> UserRow:
        with self._keyring.changing(by) as draft:
            username = fields.username(order.username)
            if username in draft.users:
                raise Conflict(f"There is already a user called {username!r}.")
            at = now()
            fresh = UserRow(username, "", [], order.active, {}, at, at)
            fill = UserUpdate(email=order.email, roles=order.roles, attributes=order.attributes)
            row = draft.users[username] = _changed(draft, fresh, fill)
        return row

    def change(self, username: str, change: UserUpdate, by: By | None = None) -> UserRow:
        with self._keyring.changing(by) as draft:
            old = draft.before.get_user(username)
            draft.check_covers(_held(draft, old), f"user {username!r}")
            row = draft.users[username] = _changed(draft, old, change)
        return row

    def delete(self, username: str, by: By | None = None) -> None:
        """The user's keys are revoked: they stay dead when somebody gets the same name later."""
        with self._keyring.changing(by) as draft:
            old = draft.before.get_user(username)
            draft.check_covers(_held(draft, old), f"user {username!r}")
            del draft.users[username]
            for key_id, key in draft.keys.items():
                if key.username == username and key.revoked_at is None:
                    draft.keys[key_id] = msgspec.structs.replace(key, revoked_at=now())


def _held(draft: Draft, row: UserRow) -> Holding:
    """Also of a user who is not active: who changes one could make them so."""
    return draft.before.of_user(msgspec.structs.replace(row, active=True))


def _changed(draft: Draft, row: UserRow, change: UserUpdate) -> UserRow:
    new: dict[str, object] = {"updated_at": now()}
    if change.email is not msgspec.UNSET:
        new["email"] = email = fields.email(change.email)
        if email and any(
            other.email.lower() == email.lower() and other.username != row.username
            for other in draft.users.values()
        ):
            raise Conflict("Another user has this email address.")
    if change.roles is not msgspec.UNSET:
        new["roles"] = fields.roles(change.roles, draft.roles)
    if change.active is not msgspec.UNSET:
        new["active"] = change.active
    if change.attributes is not msgspec.UNSET and change.attributes != row.attributes:
        if draft.granter is not None and draft.granter.data is not None:
            raise NotPermitted(
                "Only who sees all data may change the attributes of a user, which fill the row filters."
            )
        new["attributes"] = fields.attributes(change.attributes)
    return msgspec.structs.replace(row, **new)
