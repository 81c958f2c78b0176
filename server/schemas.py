"""The schema of each connection, asked once and kept for a while. What is kept stays in catalogue.

``*`` is all of them together, as a query across connections sees them: each table with its connection
before its name.
"""

import asyncio
import time
from collections.abc import Mapping

import msgspec

from server.catalogue import Catalogue
from server.connections import ACROSS, Connections
from shared.errors import AppError
from shared.wire import ForeignKey, Schema, TableInfo, Unread

_KEPT_SECONDS = 300.0
_PATIENCE_SECONDS = 60.0
_MOST_BYTES = 256 * 1024 * 1024
"""Of all that is kept; what was used longest ago goes first."""


class _Kept(msgspec.Struct, frozen=True):
    revision: str
    read_at: float
    catalogue: Catalogue


class Schemas:
    """Several callers at once cause one reading; a changed connection is read again."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._kept: dict[str, _Kept] = {}
        self._reading: dict[str, asyncio.Lock] = {}

    async def get(self, name: str, *, fresh: bool = False) -> Catalogue:
        """Raises NotFound, SourceBusy or SourceUnavailable."""
        revision = self._connections.terms(name).revision
        if not fresh and (found := self._find(name, revision)):
            return found
        asked = time.monotonic()
        async with self._reading.setdefault(name, asyncio.Lock()):
            found = self._find(name, revision, not_before=asked if fresh else None)
            if found:
                return found
            started = time.monotonic()
            schema = await (self._all(fresh=fresh) if name == ACROSS else self._read(name))
            catalogue = await asyncio.to_thread(Catalogue, schema)
            if not schema.unread:  # a source that was away, or not ready, is asked again
                self._keep(name, _Kept(revision, started, catalogue))
            return catalogue

    def _find(self, name: str, revision: str, not_before: float | None = None) -> Catalogue | None:
        kept = self._kept.get(name)
        if kept is None or kept.revision != revision or time.monotonic() - kept.read_at > _KEPT_SECONDS:
            return None
        if not_before is not None and kept.read_at < not_before:
            return None
        self._kept[name] = self._kept.pop(name)
        return kept.catalogue

    def _keep(self, name: str, kept: _Kept) -> None:
        self._kept.pop(name, None)
        self._kept[name] = kept
        while len(self._kept) > 1 and sum(one.catalogue.bytes for one in self._kept.values()) > _MOST_BYTES:
            del self._kept[next(iter(self._kept))]

    async def _read(self, name: str) -> Schema:
        lease = await self._connections.lease(name)
        try:
            schema = await lease.run_within(_PATIENCE_SECONDS, lease.connector.schema)
        finally:
            lease.release()
        if not self._connections.shows_samples(name):
            schema = msgspec.structs.replace(schema, tables=[_without_samples(one) for one in schema.tables])
        return msgspec.structs.replace(
            schema,
            connection=name,
            dialect=schema.dialect or self._connections.dialect(name),
            unread=[Unread(name, one.error) for one in schema.unread],
        )

    async def _all(self, *, fresh: bool) -> Schema:
        """What can be read; which connections could not, and why, is told beside it."""
        names = [info.name for info in self._connections.everything()]
        answers = await asyncio.gather(*(self._one_of_all(name, fresh=fresh) for name in names))
        return together(dict(zip(names, answers, strict=True)), self._connections.dialect(ACROSS))

    async def _one_of_all(self, name: str, *, fresh: bool) -> bytes | AppError:
        try:
            return (await self.get(name, fresh=fresh)).body()
        except AppError as error:
            return error


def together(answers: Mapping[str, bytes | AppError], dialect: str) -> Schema:
    """One schema of those of several connections, each as its JSON, or as the failure to read it."""
    tables: list[TableInfo] = []
    unread: list[Unread] = []
    for name, answer in answers.items():
        if isinstance(answer, AppError):
            unread.append(Unread(name, answer.message))
            continue
        schema = msgspec.json.decode(answer, type=Schema)
        tables += [_under(name, table) for table in schema.tables]
        unread += schema.unread
    return Schema(tables=tables, dialect=dialect, connection=ACROSS, unread=unread)


def qualified(connection: str, table: str) -> str:
    """How a query across connections writes the table: ``shop.stores``, ``"my-shop"."Head Office".staff``."""
    plain = connection.isidentifier() and connection.isascii()
    return f"{connection}.{table}" if plain else f'"{connection}".{table}'


def _under(connection: str, table: TableInfo) -> TableInfo:
    keys = [
        ForeignKey(key.columns, qualified(connection, key.references_table), key.references_columns)
        for key in table.foreign_keys
    ]
    return msgspec.structs.replace(table, name=qualified(connection, table.name), foreign_keys=keys)


def _without_samples(table: TableInfo) -> TableInfo:
    columns = [msgspec.structs.replace(one, samples=[], samples_complete=False) for one in table.columns]
    return msgspec.structs.replace(table, columns=columns)
