"""The rows of API keys: hashes only. Making a key, and what it may do, stay in server/access."""

from typing import Any

import msgspec
import sqlalchemy as sa

from server.store.state import State, changed, now
from shared.errors import NotFound


class KeyRow(msgspec.Struct, frozen=True):
    """A stored key; ``sha256`` is the hex digest of the whole key."""

    id: str
    name: str
    sha256: str
    permissions: list[str]
    roles: list[str]
    created_at: str
    expires_at: str | None
    revoked_at: str | None = None


class KeyStore:
    def __init__(self, state: State) -> None:
        self._state = state

    def version(self) -> int:
        return self._state.version_of("keys")

    def everything(self) -> list[KeyRow]:
        with self._state.begin() as connection:
            rows = connection.execute(sa.text("SELECT * FROM api_keys ORDER BY created_at, id"))
            return [_row(found) for found in rows.mappings()]

    def add(self, row: KeyRow) -> None:
        with self._state.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO api_keys (id, name, sha256, permissions, roles, created_at, expires_at)"
                    " VALUES (:id, :name, :sha256, :permissions, :roles, :created_at, :expires_at)"
                ),
                {
                    **msgspec.structs.asdict(row),
                    "permissions": " ".join(row.permissions),
                    "roles": " ".join(row.roles),
                },
            )
            changed(connection, "keys")

    def revoke(self, key_id: str) -> None:
        """Takes effect everywhere; a key revoked before stays so."""
        with self._state.begin() as connection:
            done = connection.execute(
                sa.text("UPDATE api_keys SET revoked_at = coalesce(revoked_at, :at) WHERE id = :id"),
                {"id": key_id, "at": now()},
            )
            if done.rowcount == 0:
                raise NotFound(f"There is no key with the id {key_id!r}.")
            changed(connection, "keys")


def _row(found: Any) -> KeyRow:
    return KeyRow(**{**found, "permissions": found["permissions"].split(), "roles": found["roles"].split()})
