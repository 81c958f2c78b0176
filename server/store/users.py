"""The rows of our users. What a user may do stays in server/access."""

import msgspec
import sqlalchemy as sa

from server.store.rows import Rows, as_json, words
from shared.wire.access import Attributes


class UserRow(msgspec.Struct, frozen=True):
    """A person, or a program, that keys belong to. ``attributes`` fill the row filters of its roles."""

    username: str
    email: str
    roles: list[str]
    active: bool
    attributes: Attributes
    created_at: str
    updated_at: str


ROWS = Rows("users", UserRow, "username", {"roles": words, "attributes": as_json, "active": int})


def read_users(connection: sa.Connection) -> dict[str, UserRow]:
    found = connection.execute(sa.text("SELECT * FROM users ORDER BY username")).mappings()
    return {
        row["username"]: UserRow(
            **{
                **row,
                "roles": row["roles"].split(),
                "active": bool(row["active"]),
                "attributes": msgspec.json.decode(row["attributes"], type=Attributes),
            }
        )
        for row in found
    }
