"""Users, roles and keys as one thing: read together, and changed one change after the other."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec
import sqlalchemy as sa

from server.store import keys, roles, users
from server.store.keys import KeyRow
from server.store.roles import RoleRow
from server.store.state import State, changed, now, version_in
from server.store.users import UserRow


class AccessRows(msgspec.Struct, frozen=True):
    """All of them at one moment. The dicts are not to be changed: make others."""

    users: dict[str, UserRow]
    roles: dict[str, RoleRow]
    keys: dict[str, KeyRow]


class AccessChange:
    """One change, which nobody else's can come between."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.before = _read(connection)
        self.version = version_in(connection, "access")
        """That which everything has when this change is made."""

    def write(self, after: AccessRows) -> None:
        users.ROWS.write(self._connection, self.before.users, after.users)
        roles.ROWS.write(self._connection, self.before.roles, after.roles)
        keys.ROWS.write(self._connection, self.before.keys, after.keys)


class AccessStore:
    """Blocking; safe to use from several threads."""

    def __init__(self, state: State) -> None:
        self._state = state

    def version(self) -> int:
        return self._state.version_of("access")

    def everything(self) -> AccessRows:
        with self._state.begin() as connection:
            return _read(connection)

    @contextmanager
    def changing(self) -> Iterator[AccessChange]:
        """Takes effect at its end, and not at all on an exception. Who comes second waits, and sees what
        the first one did: a rule that holds within one change holds for all of them together."""
        with self._state.begin() as connection:
            changed(connection, "access")  # before anything is read: this is what the others wait for
            yield AccessChange(connection)

    def write_last_used(self, key_ids: Iterable[str]) -> None:
        with self._state.begin() as connection:
            keys.write_last_used(connection, key_ids, now())


def _read(connection: sa.Connection) -> AccessRows:
    return AccessRows(users.read_users(connection), roles.read_roles(connection), keys.read_keys(connection))
