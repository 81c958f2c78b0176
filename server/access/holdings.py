"""What users and keys hold: permissions, and which of the data; and through which role or key they hold it.

Permissions of roles add up, and so does the data that they show. A key of a user holds what the user's roles
give, narrowed by the permissions that the key itself names. A key of nobody holds its own permissions and
those of its roles; naming no role, it sees all data.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from server.store.access import AccessRows
from server.store.keys import KeyRow
from server.store.roles import RoleRow
from server.store.users import UserRow
from shared.errors import NotFound
from shared.permissions import BUILT_IN_ROLES, Permission
from shared.policies import ConnectionPolicy, TablePolicy
from shared.wire.access import Attributes

_ATTRIBUTE = re.compile(r"\{user\.([^{}]*)\}")

EVERYTHING = [ConnectionPolicy("*", [TablePolicy("*")])]
"""The policies of a role that shows all data."""

BUILT_IN = {name: RoleRow(name, "", sorted(held), None, "", "") for name, held in BUILT_IN_ROLES.items()}


_BY_NAME = {permission.value: permission for permission in Permission}


class Holding(msgspec.Struct, frozen=True):
    """``data`` None is all of it. Else it has one entry for each role that shows some: what the role shows,
    with the attributes that its row filters ask for."""

    permissions: frozenset[Permission] = frozenset()
    data: frozenset[bytes] | None = frozenset()

    def lacks(self, permissions: Iterable[Permission]) -> list[Permission]:
        return sorted(set(permissions) - self.permissions)

    def shows(self, data: frozenset[bytes] | None) -> bool:
        """Whether it sees at least that much."""
        return self.data is None or (data is not None and data <= self.data)

    def covers(self, other: "Holding") -> bool:
        return other.permissions <= self.permissions and self.shows(other.data)


NOTHING = Holding()


class Source(msgspec.Struct, frozen=True):
    """Where a permission comes from: ``kind`` is ``role`` or ``key``, ``name`` the role's or the key's id."""

    kind: str
    name: str


class Holdings:
    """Of all users and keys at one moment; ``provisioned`` are keys that stand in no store."""

    def __init__(self, rows: AccessRows, provisioned: Sequence[KeyRow] = ()) -> None:
        self.rows = rows
        self.keys = {**rows.keys, **{row.id: row for row in provisioned}}
        self._permissions: dict[str, frozenset[Permission]] = {}

    def get_user(self, username: str) -> UserRow:
        """Raises NotFound."""
        row = self.rows.users.get(username)
        if row is None:
            raise NotFound(f"There is no user called {username[:100]!r}.")
        return row

    def get_role(self, name: str) -> RoleRow:
        """A built-in one too. Raises NotFound."""
        row = self.find_role(name)
        if row is None:
            raise NotFound(f"There is no role called {name[:63]!r}.")
        return row

    def get_key(self, key_id: str) -> KeyRow:
        """Raises NotFound."""
        row = self.keys.get(key_id)
        if row is None:
            raise NotFound(f"There is no key with the id {key_id[:63]!r}.")
        return row

    def find_role(self, name: str) -> RoleRow | None:
        return BUILT_IN.get(name) or self.rows.roles.get(name)

    def roles_of(self, row: KeyRow | UserRow) -> list[str]:
        """Those that a key has itself, or through its user."""
        user = self._user_of(row) if isinstance(row, KeyRow) else None
        return row.roles if user is None else user.roles

    def attributes_of(self, row: KeyRow) -> Attributes:
        user = self._user_of(row)
        return {} if user is None else user.attributes

    def policies_of(self, row: KeyRow | UserRow) -> list[Sequence[ConnectionPolicy] | None]:
        """What each role shows; None is all data, as a key of nobody that names no role has it."""
        names = self.roles_of(row)
        if not names and isinstance(row, KeyRow) and not row.username:
            return [None]
        roles = [role for name in names if (role := self.find_role(name)) is not None]
        return [None if sees_all(role.policies) else role.policies for role in roles]

    def of_user(self, row: UserRow) -> Holding:
        """Nothing when the user is not active."""
        if not row.active:
            return NOTHING
        return Holding(self._of_roles(row.roles), _data(self.policies_of(row), row.attributes))

    def of_key(self, row: KeyRow, at: datetime | None = None) -> Holding:
        """Nothing when the key does not work. ``at`` None leaves out when it expires."""
        if self.trouble(row, at):
            return NOTHING
        return Holding(self.permissions_of(row), _data(self.policies_of(row), self.attributes_of(row)))

    def permissions_of(self, row: KeyRow) -> frozenset[Permission]:
        """What a key that works may do."""
        own, of_roles = _known(row.permissions), self._of_roles(self.roles_of(row))
        if not row.username:
            return own | of_roles
        return of_roles & own if row.permissions else of_roles

    def sources(self, row: KeyRow | UserRow) -> dict[Permission, list[Source]]:
        """Where each permission comes from."""
        found: dict[Permission, list[Source]] = {}
        for name in self.roles_of(row):
            for permission in self._of_roles([name]):
                found.setdefault(permission, []).append(Source("role", name))
        if not isinstance(row, KeyRow):
            return found
        if not row.username:
            for permission in _known(row.permissions):
                found.setdefault(permission, []).append(Source("key", row.id))
        return {permission: found[permission] for permission in self.permissions_of(row)}

    def trouble(self, row: KeyRow, at: datetime | None = None) -> str:
        """Why a key does not work; empty when it does. ``at`` None leaves out when it expires.

        One that waits for its connect code counts as one that works: whoever changes what it will give
        must hold that themselves."""
        if row.revoked_at is not None:
            return "It is revoked."
        if at and row.expires_at is not None and datetime.fromisoformat(row.expires_at) <= at:
            return "It has expired."
        if row.username:
            user = self._user_of(row)
            if user is None:
                return f"There is no user called {row.username!r}."
            if not user.active:
                return f"The user {row.username!r} is not active."
        return ""

    def holders(self, role: str) -> list[str]:
        """Who names a role, in words; revoked keys do not count."""
        users = [f"the user {row.username}" for row in self.rows.users.values() if role in row.roles]
        keys = [
            f"the key {row.name} ({row.id})"
            for row in self.keys.values()
            if role in row.roles and row.revoked_at is None
        ]
        return users + keys

    def working_keys(self, at: datetime) -> Counter[str]:
        """How many keys of each user work."""
        return Counter(
            row.username
            for row in self.keys.values()
            if row.username and not row.waits and not self.trouble(row, at)
        )

    def _user_of(self, row: KeyRow) -> UserRow | None:
        return self.rows.users.get(row.username) if row.username else None

    def _of_roles(self, names: Iterable[str]) -> frozenset[Permission]:
        found: set[Permission] = set()
        for name in names:
            if name not in self._permissions:
                role = self.find_role(name)
                self._permissions[name] = frozenset() if role is None else _known(role.permissions)
            found |= self._permissions[name]
        return frozenset(found)


def sees_all(policies: Sequence[ConnectionPolicy] | None) -> bool:
    """Whether a role shows all data: as a built-in one, or because it says so and says nothing else."""
    return policies is None or list(policies) == EVERYTHING


def utc_now() -> datetime:
    return datetime.now(UTC)


def _known(names: Iterable[str]) -> frozenset[Permission]:
    """A name of a later version, in a state that was brought back, grants nothing."""
    return frozenset(_BY_NAME[name] for name in names if name in _BY_NAME)


def _data(roles: list[Sequence[ConnectionPolicy] | None], attributes: Attributes) -> frozenset[bytes] | None:
    found = set()
    for policies in roles:
        if policies is None:
            return None
        if not policies:
            continue
        text = msgspec.json.encode(policies)
        asked = sorted(set(_ATTRIBUTE.findall(text.decode())))
        found.add(text + msgspec.json.encode([(name, attributes.get(name)) for name in asked]))
    return frozenset(found)
