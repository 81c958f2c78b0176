"""Roles made, changed and deleted, with the data that they show. Which of it is allowed stays in granting."""

import msgspec

from server.access import data_policy, fields
from server.access.holdings import BUILT_IN, Holding
from server.access.keyring import By, Draft, Keyring
from server.store.roles import RoleRow
from server.store.state import now
from shared.errors import Conflict, NotPermitted
from shared.permissions import Permission
from shared.wire import RoleCreate, RoleUpdate


class Roles:
    """All of it blocks, takes effect at once, and raises what a rule forbids. ``by`` None is the person at
    the machine, who may grant all."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def create(self, order: RoleCreate, by: By | None = None) -> RoleRow:
        with self._keyring.changing(by) as draft:
            name = fields.role_name(order.name)
            if name in BUILT_IN or name in draft.roles:
                raise Conflict(f"There is already a role called {name!r}.")
            at = now()
            fill = RoleUpdate(
                description=order.description, permissions=order.permissions, policies=order.policies
            )
            row = draft.roles[name] = _changed(draft, RoleRow(name, "", [], [], at, at), fill)
        return row

    def change(self, name: str, change: RoleUpdate, by: By | None = None) -> RoleRow:
        with self._keyring.changing(by) as draft:
            old = _own(draft, name)
            _check_may(draft, old)
            row = draft.roles[name] = _changed(draft, old, change)
        return row

    def delete(self, name: str, by: By | None = None) -> None:
        """Refused while somebody has it: what would be left to a key that names no other role is all data."""
        with self._keyring.changing(by) as draft:
            _check_may(draft, _own(draft, name))
            if holders := draft.before.holders(name):
                more = f", and {len(holders) - 10} more" if len(holders) > 10 else ""
                raise Conflict(
                    f"The role {name!r} is in use. Take it from those who have it first.",
                    details=f"It is held by {', '.join(holders[:10])}{more}.",
                )
            del draft.roles[name]


def _own(draft: Draft, name: str) -> RoleRow:
    if name in BUILT_IN:
        raise Conflict(f"The role {name!r} is built in and stays as it is. Make one of your own.")
    return draft.before.get_role(name)


def _changed(draft: Draft, row: RoleRow, change: RoleUpdate) -> RoleRow:
    new: dict[str, object] = {"updated_at": now()}
    if change.description is not msgspec.UNSET:
        new["description"] = fields.description(change.description)
    if change.permissions is not msgspec.UNSET:
        new["permissions"] = fields.permissions(change.permissions)
    if change.policies is not msgspec.UNSET:
        data_policy.check(change.policies)
        new["policies"] = change.policies
    changed = msgspec.structs.replace(row, **new)
    _check_may(draft, changed)
    return changed


def _check_may(draft: Draft, row: RoleRow) -> None:
    """Who holds less than a role gives can neither make nor change it, whether somebody has it or not."""
    permissions = frozenset(Permission(name) for name in row.permissions)
    draft.check_covers(Holding(permissions, frozenset()), f"role {row.name!r}")
    if row.policies and draft.granter is not None and draft.granter.data is not None:
        raise NotPermitted("Only who sees all data may make, change or delete a role that shows some.")
