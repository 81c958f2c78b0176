"""The rows of our connections. Sealing the secrets, and opening a source, stay in server/connections."""

from typing import Any

import msgspec
import sqlalchemy as sa

from server.store.state import State, changed, now
from shared.errors import Conflict, NotFound


class ConnectionRow(msgspec.Struct, frozen=True):
    """A stored connection: ``params`` are the open fields, ``sealed`` the secret ones, unreadable."""

    name: str
    type: str
    params: dict[str, Any]
    sealed: str
    description: str
    created_at: str
    updated_at: str
    warnings: list[str] = []
    """What its account may do beyond reading, as of ``tested_at``, which is empty when nobody knows."""
    tested_at: str = ""


def same_source(one: ConnectionRow | None, other: ConnectionRow | None) -> bool:
    """Apart from how secrets are sealed and what is known of the account: the day tells of the rest."""
    return one is other or (one is not None and other is not None and one.updated_at == other.updated_at)


class ConnectionStore:
    """The connections in our state, with their secrets as the vault sealed them. Blocking."""

    def __init__(self, state: State) -> None:
        self._state = state

    def version(self) -> int:
        return self._state.version_of("connections")

    def everything(self) -> dict[str, ConnectionRow]:
        with self._state.begin() as connection:
            rows = connection.execute(sa.text("SELECT * FROM connections ORDER BY name")).mappings().all()
        return {
            row["name"]: ConnectionRow(
                **{
                    **row,
                    "params": msgspec.json.decode(row["params"]),
                    "warnings": msgspec.json.decode(row["warnings"], type=list[str]),
                }
            )
            for row in rows
        }

    def add(self, row: ConnectionRow) -> None:
        with self._state.begin() as connection:
            try:
                connection.execute(
                    sa.text(
                        "INSERT INTO connections"
                        " (name, type, params, sealed, description, created_at, updated_at) VALUES ("
                        ":name, :type, :params, :sealed, :description, :created_at, :updated_at)"
                    ),
                    _as_values(row),
                )
            except sa.exc.IntegrityError as error:
                raise Conflict(f"There is already a connection called {row.name!r}.") from error
            changed(connection, "connections")

    def replace(self, row: ConnectionRow) -> None:
        with self._state.begin() as connection:
            done = connection.execute(
                sa.text(
                    "UPDATE connections SET params = :params, sealed = :sealed, description = :description,"
                    " updated_at = :updated_at, warnings = '[]', tested_at = '' WHERE name = :name"
                ),
                _as_values(msgspec.structs.replace(row, updated_at=now())),
            )
            if done.rowcount == 0:
                raise NotFound(f"There is no connection called {row.name!r}.")
            changed(connection, "connections")

    def note_account(self, name: str, updated_at: str, warnings: list[str]) -> None:
        """What its account may do beyond reading; nothing when it was changed since ``updated_at``."""
        values = {"name": name, "updated_at": updated_at, "at": now()}
        with self._state.begin() as connection:
            connection.execute(
                sa.text(
                    "UPDATE connections SET warnings = :warnings, tested_at = :at"
                    " WHERE name = :name AND updated_at = :updated_at"
                ),
                {**values, "warnings": msgspec.json.encode(warnings).decode()},
            )
            changed(connection, "connections")

    def delete(self, name: str) -> None:
        with self._state.begin() as connection:
            done = connection.execute(sa.text("DELETE FROM connections WHERE name = :name"), {"name": name})
            if done.rowcount == 0:
                raise NotFound(f"There is no connection called {name!r}.")
            changed(connection, "connections")


def _as_values(row: ConnectionRow) -> dict[str, Any]:
    values = msgspec.structs.asdict(row)
    del values["warnings"], values["tested_at"]  # of a row that is new nobody knows
    return {**values, "params": msgspec.json.encode(row.params).decode()}
