"""The rows of our API keys: a key's hash, never the key. Making and checking keys stays in server/access."""

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from server.store.rows import Rows, words


class KeyRow(msgspec.Struct, frozen=True):
    """A stored key; ``sha256`` is the hex digest of the whole key.

    ``previous_sha256`` is the key's former text, good until ``previous_expires_at``. Empty: ``username`` for
    a key that belongs to no user, ``allowed_ips`` for any address, ``rate_limit`` for that of the settings.

    With ``code_sha256`` nobody has the key yet: it waits for its connect code, until ``code_expires_at``.
    """

    id: str
    name: str
    sha256: str
    permissions: list[str]
    roles: list[str]
    created_at: str
    expires_at: str | None
    revoked_at: str | None = None
    username: str = ""
    allowed_ips: list[str] = []
    rate_limit: str = ""
    created_by: str = ""
    last_used_at: str | None = None
    rotated_at: str | None = None
    previous_sha256: str | None = None
    previous_expires_at: str | None = None
    code_sha256: str | None = None
    code_expires_at: str | None = None

    @property
    def waits(self) -> bool:
        return self.code_sha256 is not None


ROWS = Rows("api_keys", KeyRow, "id", {"permissions": words, "roles": words, "allowed_ips": words})

_USED = sa.text(
    "UPDATE api_keys SET last_used_at = :at WHERE id = :id AND (last_used_at IS NULL OR last_used_at < :at)"
)


def read_keys(connection: sa.Connection) -> dict[str, KeyRow]:
    found = connection.execute(sa.text("SELECT * FROM api_keys ORDER BY created_at, id")).mappings()
    lists = ("permissions", "roles", "allowed_ips")
    return {row["id"]: KeyRow(**{**row, **{name: row[name].split() for name in lists}}) for row in found}


def write_last_used(connection: sa.Connection, key_ids: Iterable[str], at: str) -> None:
    """Tells nobody that keys have changed: what they may do has not."""
    connection.execute(_USED, [{"id": key_id, "at": at} for key_id in sorted(key_ids)])
