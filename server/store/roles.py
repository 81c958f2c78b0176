"""The rows of our own roles; those that are built in stand in shared/permissions."""

import msgspec
import sqlalchemy as sa

from server.store.rows import Rows, as_json, words
from shared.policies import ConnectionPolicy


class RoleRow(msgspec.Struct, frozen=True):
    """``policies`` None: all data, as the built-in roles see it; no role that is stored has that."""

    name: str
    description: str
    permissions: list[str]
    policies: list[ConnectionPolicy] | None
    created_at: str
    updated_at: str


ROWS = Rows("roles", RoleRow, "name", {"permissions": words, "policies": as_json})

_policies = msgspec.json.Decoder(list[ConnectionPolicy])


def read_roles(connection: sa.Connection) -> dict[str, RoleRow]:
    found = connection.execute(sa.text("SELECT * FROM roles ORDER BY name")).mappings()
    return {
        row["name"]: RoleRow(
            **{
                **row,
                "permissions": row["permissions"].split(),
                "policies": _policies.decode(row["policies"]),
            }
        )
        for row in found
    }
