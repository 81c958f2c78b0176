"""What the person granted: folders, and where the files lie that they dropped. What may be opened is in
files."""

import secrets
from typing import Literal

import msgspec
from sqlalchemy import Row, insert, select, update

from desktop.store.database import Database
from desktop.store.moment import now
from desktop.store.tables import grants
from shared.errors import NotFound


class Grant(msgspec.Struct, frozen=True):
    """``name`` is the first step of every path below it; ``path`` is absolute and has no links in it."""

    id: str
    name: str
    path: str
    kind: Literal["folder", "dropped"]
    granted_at: str


class GrantStore:
    """Revoked ones stay for undo; nothing finds them but ``restore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> list[Grant]:
        statement = (
            select(grants).where(grants.c.revoked_at.is_(None)).order_by(grants.c.granted_at, grants.c.id)
        )
        with self._database.read() as connection:
            return [_grant(row) for row in connection.execute(statement)]

    def find(self, grant_id: str) -> Grant | None:
        return next((grant for grant in self.list() if grant.id == grant_id), None)

    def get(self, grant_id: str) -> Grant:
        found = self.find(grant_id)
        if found is None:
            raise NotFound("This folder is not granted any more.")
        return found

    def add(self, name: str, path: str, kind: Literal["folder", "dropped"]) -> Grant:
        """``name`` gets a number when it is taken."""
        with self._database.write() as connection:
            taken = {
                str(row.name).casefold()
                for row in connection.execute(select(grants.c.name).where(grants.c.revoked_at.is_(None)))
            }
            free = next(text for text in _numbered(name) if text.casefold() not in taken)
            grant = Grant(secrets.token_hex(6), free, path, kind, now())
            connection.execute(insert(grants).values(**msgspec.structs.asdict(grant)))
        return grant

    def revoke(self, grant_id: str) -> None:
        self.get(grant_id)
        with self._database.write() as connection:
            connection.execute(update(grants).where(grants.c.id == grant_id).values(revoked_at=now()))

    def restore(self, grant_id: str) -> Grant:
        """Takes a revocation back. Raises NotFound when there is none, or the name went to another."""
        with self._database.write() as connection:
            row = connection.execute(
                select(grants).where(grants.c.id == grant_id, grants.c.revoked_at.is_not(None))
            ).first()
            if row is None:
                raise NotFound("There is nothing to take back.")
            taken = connection.execute(
                select(grants.c.id).where(grants.c.revoked_at.is_(None), grants.c.name == row.name)
            ).first()
            if taken is not None:
                raise NotFound("Another folder has this name by now. Grant this one anew.")
            connection.execute(update(grants).where(grants.c.id == grant_id).values(revoked_at=None))
        return _grant(row)


def _grant(row: Row[tuple[str, ...]]) -> Grant:
    return Grant(id=row.id, name=row.name, path=row.path, kind=row.kind, granted_at=row.granted_at)


def _numbered(name: str) -> "list[str]":
    return [name, *(f"{name} {number}" for number in range(2, 1_000))]
