"""The data policies of one backend at work, for callers that do not see everything.

What a policy comes to is kept: the tables of each connection and scope, and the rewritten queries. Who sees
everything never comes here.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

import msgspec
from sqlglot import exp

from server.access.data_policy import DataPolicy
from server.catalogue import Catalogue
from server.connections import ACROSS, Connections
from server.governance import fences, needs
from server.governance.governed import Governed, Rules, governed
from server.governance.names import Directory
from server.governance.rewriting import rewritten
from server.long_texts import judged
from server.schemas import Schemas, together
from shared import guard
from shared.errors import AppError, NotFound, QueryFailed, QueryRefused
from shared.guard import ReadOnlySql
from shared.sql import parsing
from shared.sql.rules import rules
from shared.wire import ConnectionInfo, ForeignKey, Schema, TableInfo

T = TypeVar("T")

_KEPT_QUERIES, _KEPT_UP_TO = 2_048, 10_000
"""How many, and of how many characters each."""
_KEPT_VIEWS = 256
_OWN_SCHEMAS = {"postgres": "public", "tsql": "dbo", "duckdb": "main"}
"""Which schema goes without saying; other dialects have it among the fields of the connection."""


class Governance:
    """Lives on the event loop. ``secret`` is the backend's own, for the hashes of masks."""

    def __init__(self, connections: Connections, schemas: Schemas, secret: str) -> None:
        self._connections, self._schemas, self._secret = connections, schemas, secret
        self._views: _Kept[View] = _Kept(_KEPT_VIEWS)
        self._queries: _Kept[ReadOnlySql | QueryRefused] = _Kept(_KEPT_QUERIES)
        self._catalogues: _Kept[Catalogue] = _Kept(_KEPT_VIEWS)

    def demand(self, name: str, data: DataPolicy) -> None:
        """Raises NotFound for a connection that this caller may not see, as for one that is not there."""
        if name != ACROSS and not data.sees(name):
            raise NotFound(f"There is no connection called {name[:63]!r}.")

    def connections(self, data: DataPolicy) -> list[ConnectionInfo]:
        return [one for one in self._connections.everything() if data.sees(one.name)]

    async def apply(self, name: str, sql: ReadOnlySql, data: DataPolicy) -> ReadOnlySql:
        """The query with what this caller sees in the place of every table. Raises QueryFailed for a table
        that is not there for this caller, QueryRefused, and what reading a schema raises."""
        self.demand(name, data)
        view = await self.view(name, data)
        key = view.identity, sql
        found = self._queries.find(key)
        if found is None:
            try:
                found = await judged(sql, lambda: view.rewrite(sql))
            except QueryRefused as refusal:
                # anew: as it was raised it holds the frames that it came through, and so the query's tree
                found = QueryRefused(refusal.message, details=refusal.details)
            if len(sql) <= _KEPT_UP_TO:
                self._queries.keep(key, found)
        if isinstance(found, QueryRefused):
            raise QueryRefused(found.message, details=found.details)
        return found

    async def catalogue(self, name: str, data: DataPolicy, *, fresh: bool = False) -> Catalogue:
        """The schema as this caller sees it. Raises as :meth:`Schemas.get` does."""
        self.demand(name, data)
        if name == ACROSS:
            return await self._all(data, fresh=fresh)
        view = await self.view(name, data, fresh=fresh)
        found = self._catalogues.find(view.identity)
        if found is None:
            found = await asyncio.to_thread(lambda: Catalogue(view.schema()))
            self._catalogues.keep(view.identity, found)
        return found

    async def _all(self, data: DataPolicy, *, fresh: bool) -> Catalogue:
        names = [info.name for info in self.connections(data)]
        answers = await asyncio.gather(*(self._one_of_all(name, data, fresh=fresh) for name in names))
        schema = together(dict(zip(names, answers, strict=True)), self._connections.dialect(ACROSS))
        return await asyncio.to_thread(Catalogue, schema)

    async def _one_of_all(self, name: str, data: DataPolicy, *, fresh: bool) -> bytes | AppError:
        try:
            return (await self.catalogue(name, data, fresh=fresh)).body()
        except AppError as error:
            return error

    async def view(self, name: str, data: DataPolicy, *, fresh: bool = False) -> "View":
        """What this caller sees of a connection."""
        catalogue = await self._schemas.get(name, fresh=fresh)
        key = name, catalogue.etag, data.scope
        found = self._views.find(key)
        if found is None:
            info = self._connections.get(name)
            said = Rules(data.of(name), data.attributes, self._connections.dialect(name), self._secret)
            own = _own_schema(info, said.dialect)
            found = await asyncio.to_thread(View, key, catalogue, said, own)
            self._views.keep(key, found)
        return found


class View:
    """What one scope sees of one connection. ``identity`` is equal where that is the same."""

    def __init__(self, identity: Hashable, catalogue: Catalogue, said: Rules, own: str) -> None:
        self.identity, self._catalogue, self._rules = identity, catalogue, said
        self._directory = Directory(catalogue.names, said.dialect, own)
        self._governed: dict[int, Governed | None] = {}
        self._trees: dict[tuple[int, bool], exp.Select] = {}

    def rewrite(self, sql: ReadOnlySql) -> ReadOnlySql:
        """Raises QueryFailed or QueryRefused."""
        dialect = self._rules.dialect
        tree = guard.tree(sql, dialect)
        fence, names = fences.is_needed(tree, dialect), needs.named(tree)

        def find(table: exp.Table) -> exp.Select:
            return needs.pruned(self._tree(table, fence=fence), names)

        return guard.governed(rewritten(tree, dialect, find), dialect)

    def schema(self) -> Schema:
        """A foreign key is told only when what it points at may be seen."""
        tables = [found.table for place in range(len(self._directory.parts)) if (found := self._at(place))]
        columns = {table.name: {column.name for column in table.columns} for table in tables}

        def keeps(key: ForeignKey) -> bool:
            return set(key.references_columns) <= columns.get(key.references_table, set())

        shown: list[TableInfo] = [
            msgspec.structs.replace(table, foreign_keys=[key for key in table.foreign_keys if keeps(key)])
            for table in tables
        ]
        return msgspec.structs.replace(self._catalogue.rest, tables=shown)

    def _tree(self, table: exp.Table, *, fence: bool) -> exp.Select:
        place = self._directory.find(table)
        found = None if place is None else self._at(place)
        if place is None or found is None:
            written = ".".join(part.name for part in table.parts)
            raise QueryFailed(
                f"There is no table called {written[:200]!r}.",
                details="GET /api/schema/<connection> lists the tables.",
            )
        kept = self._trees.get((place, fence))
        if kept is None:
            dialect = self._rules.dialect
            text = found.select
            if found.where:
                text = fences.fenced(text, found.where, dialect) if fence else f"{text} WHERE {found.where}"
            (tree,) = parsing.trees(text, dialect, rules(dialect).typed)
            if not isinstance(tree, exp.Select):
                raise RuntimeError("A governed table is not a SELECT.")
            kept = self._trees[place, fence] = tree
        return kept.copy()

    def _at(self, place: int) -> Governed | None:
        if place not in self._governed:
            parts = self._directory.parts[place]
            self._governed[place] = (
                None
                if parts is None
                else governed(self._catalogue.at(place), parts, self._directory, self._rules)
            )
        return self._governed[place]


class _Kept(Generic[T]):
    """What was used longest ago goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, T] = OrderedDict()

    def find(self, key: Hashable) -> T | None:
        found = self._found.get(key)
        if found is not None:
            self._found.move_to_end(key)
        return found

    def keep(self, key: Hashable, value: T) -> None:
        self._found[key] = value
        while len(self._found) > self._most:
            self._found.popitem(last=False)


def _own_schema(info: ConnectionInfo, dialect: str) -> str:
    match dialect:
        case "clickhouse":
            return str(info.params.get("database") or "default")
        case "oracle":
            return str(info.params.get("user") or "").upper()
    return _OWN_SCHEMAS.get(dialect, "")
