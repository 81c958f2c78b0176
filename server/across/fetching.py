"""A query across connections, run: its parts from their sources, side by side, into an engine.

Each part goes its source's own way: through its guard, its pool, with what is left of the query's deadline.
When one fails, or the caller leaves, all are stopped inside their sources.
"""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlglot import exp

from server import guard
from server.access.data_policy import UNRESTRICTED, DataPolicy
from server.across import explain, filters
from server.across.connector import JoiningConnector
from server.across.explain import Seen
from server.across.plan import Part, Plan, planned
from server.across.references import DEFAULT_SCHEMAS, Bound, Reference, references
from server.catalogue import Catalogue
from server.connections import ACROSS, Connections
from server.connectors.base import Connector, Limits, ParamValue, SqlConnector
from server.engine import gathering
from server.governance.errors import screened
from server.governance.governance import Governance, View
from server.guard import Explained, ReadOnlySql
from server.leases import Lease
from server.pool_settings import PoolSettings
from server.pools import Pool
from server.schemas import Schemas, qualified
from shared import paths
from shared.errors import (
    AppError,
    InvalidRequest,
    NotFound,
    QueryFailed,
    QueryRefused,
    SourceUnavailable,
    TooLarge,
)
from shared.json_rows import lines_of
from shared.results import Column
from shared.settings import JoinsSection
from shared.wire import TableInfo

_MOST_KEYS = filters.MOST_VALUES
_ENGINE_SECONDS = 30.0
"""To wait for an engine while others use all of them, or for one to start."""
_EVERYTHING = 2**62


class Across:
    """Lives on the event loop. ``spill`` is a private folder for what does not fit into memory. An engine
    that nobody has needed for ``idle_timeout`` seconds is ended."""

    def __init__(
        self,
        connections: Connections,
        schemas: Schemas,
        governance: Governance,
        settings: JoinsSection,
        spill: Path,
        *,
        idle_timeout: float,
    ) -> None:
        self._connections = connections
        self._schemas = schemas
        self._governance = governance
        self._settings = settings
        pool = PoolSettings(settings.max_running, _ENGINE_SECONDS, idle_timeout=idle_timeout)
        self._engines = Pool("queries across connections", lambda: _open(settings, spill), pool)

    def check(self, text: str, data: DataPolicy = UNRESTRICTED) -> tuple[ReadOnlySql, frozenset[str]]:
        """The SQL that will run, perhaps behind EXPLAIN, and its tables with their connections. Raises
        QueryRefused or NotFound."""
        sql = guard.check_explained(text, self._dialect)
        tree = guard.tree(ReadOnlySql(Explained.of(sql).query), self._dialect)
        return sql, frozenset(reference.written for reference in references(tree, self._names(data)))

    async def lease(
        self,
        sql: ReadOnlySql,
        params: Mapping[str, ParamValue],
        deadline: float,
        caller: str = "",
        data: DataPolicy = UNRESTRICTED,
    ) -> Lease:
        """An engine that will answer this query, and only this one. ``deadline`` is on the clock of
        ``time.perf_counter``; ``caller`` waits in line for engines and connections, and sees ``data`` of
        each part. Raises what any of the parts raises."""
        how, plan, views = await self._planned(sql, params, data)
        lease = await self._engines.lease(caller)
        try:
            connector = lease.connector
            if not isinstance(connector, JoiningConnector):
                raise RuntimeError("This is no engine that joins.")
            if how == "EXPLAIN":
                connector.answer_with(explain.COLUMNS, explain.as_rows(plan, {}, None))
                return lease
            asked_by = _Caller(caller, views)
            fetch = _Fetch(self._connections, self._settings, plan, lease, connector, deadline, asked_by)
            seen = await fetch.run()
            if how:
                joined = await lease.run(lambda: _count(connector, plan.sql, deadline))
                connector.answer_with(explain.COLUMNS, explain.as_rows(plan, seen, joined))
        except BaseException as error:
            lease.stop(SourceUnavailable("The query was stopped."))
            if data.restricts and isinstance(error, AppError):
                raise screened(error) from None
            raise
        return lease

    def reap(self) -> None:
        """Ends engines that nobody has needed for long. To be called now and then."""
        self._engines.reap()

    def close(self) -> None:
        """What runs may end."""
        self._engines.close()

    async def _planned(
        self, sql: ReadOnlySql, params: Mapping[str, ParamValue], data: DataPolicy
    ) -> "tuple[str, Plan, Mapping[str, View]]":
        explained = Explained.of(sql)
        query = ReadOnlySql(explained.query)
        guard.check_params(query, self._dialect, params)
        filled = guard.fill(query, self._dialect, lambda name: guard.literal(params[name]))
        checked = guard.check(filled, self._dialect)
        tree = guard.tree(checked, self._dialect)
        found = references(tree, self._names(data))
        if not found:
            raise QueryRefused("The query names no table of any connection; ask one connection instead.")
        bounds = await self._bound(found, data)
        views: dict[str, View] = {}
        if data.restricts:
            views = {name: await self._governance.view(name, data) for name, _ in {one.key for one in bounds}}
        dialects = {one: self._connections.dialect(one) for one in {bound.key[0] for bound in bounds}}
        return explained.how, planned(checked, tree, bounds, dialects), views

    async def _bound(self, found: Sequence[Reference], data: DataPolicy) -> list[Bound]:
        names = sorted({reference.connection for reference in found})
        catalogues = dict(
            zip(names, await asyncio.gather(*(self._catalogue(name, data) for name in names)), strict=True)
        )
        bounds: list[Bound] = []
        for reference in found:
            name = reference.connection
            default = DEFAULT_SCHEMAS.get(self._connections.dialect(name), "")
            table = _find(catalogues[name], reference.parts, default)
            if table is None:
                raise NotFound(
                    f"There is no table called {'.'.join(reference.parts)[:200]!r} in {name}.",
                    details=f"GET /api/schema/{name}?search=… finds tables by words.",
                )
            bounds.append(Bound(reference, table))
        return bounds

    async def _catalogue(self, name: str, data: DataPolicy) -> Catalogue:
        if data.restricts:
            return await self._governance.catalogue(name, data)
        return await self._schemas.get(name)

    def _names(self, data: DataPolicy) -> list[str]:
        return [info.name for info in self._connections.everything() if data.sees(info.name)]

    @property
    def _dialect(self) -> str:
        return self._connections.dialect(ACROSS)


@dataclass(frozen=True)
class _Caller:
    """Who waits in line, and what it sees of each connection; nothing is in ``views`` of who sees all."""

    name: str
    views: Mapping[str, View]


class _Fetch:
    """One query's parts, on their way into one engine."""

    def __init__(
        self,
        connections: Connections,
        settings: JoinsSection,
        plan: Plan,
        lease: Lease,
        connector: JoiningConnector,
        deadline: float,
        caller: _Caller,
    ) -> None:
        self._connections = connections
        self._settings = settings
        self._caller = caller.name
        self._views = caller.views
        self._plan = plan
        self._lease = lease
        self._connector = connector
        self._engine = connector.engine
        self._deadline = deadline
        self._keys: dict[tuple[int, str], list[str | int] | None] = {}
        self._seen: dict[int, Seen] = {}

    async def run(self) -> dict[int, Seen]:
        """The query is tried on empty tables first: what it gets wrong costs no source anything."""
        plan, engine = self._plan, self._engine
        self._connector.begin_filling()
        try:
            parts = [_for_engine(part) for part in plan.parts]
            await self._lease.run(lambda: engine.prepare(plan.sql, parts))
        except (QueryFailed, QueryRefused):
            self._connector.end_filling("")
            raise
        for wave in plan.waves:
            await self._together([plan.parts[number] for number in wave])
            wanted = [
                (reducer.part, reducer.key.name)
                for part in plan.parts
                for reducer in part.reducers
                if reducer.part in wave
            ]
            asked = list(dict.fromkeys(wanted))
            keys = await self._lease.run(partial(engine.settle, wave, asked, _MOST_KEYS))
            self._keys.update(zip(asked, keys, strict=True))
        self._connector.end_filling(plan.sql)
        return self._seen

    async def _together(self, parts: Sequence[Part]) -> None:
        """The first that fails stops the others."""
        tasks = [asyncio.ensure_future(self._part(part)) for part in parts]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    async def _part(self, part: Part) -> None:
        """A connection that died while it lay idle is replaced once: reading twice harms nothing."""
        lease = self._connections.find_idle(part.connection, self._caller)
        if lease is None:
            lease = await self._connections.lease(part.connection, self._caller)
        try:
            await self._fetched(part, lease)
        except SourceUnavailable:
            if not lease.reused:
                raise
            await self._fetched(part, await self._connections.lease(part.connection, self._caller))

    async def _fetched(self, part: Part, lease: Lease) -> None:
        connector = lease.connector
        try:
            self._seen[part.number] = await lease.run(lambda: self._blocking(part, connector))
        finally:
            lease.release()

    def _blocking(self, part: Part, connector: Connector) -> Seen:
        """On the thread of the source."""
        if not isinstance(connector, SqlConnector):
            raise InvalidRequest(f"The connection {part.connection!r} does not answer SQL.")
        began = time.perf_counter()
        reduced = self._reduced(part)
        if reduced is None:
            columns = [Column(column.name, column.type) for column in part.columns]
            self._engine.begin(part.number, columns)
            return Seen("", 0, 0.0, "no row can count, so nothing was asked")
        sql, note = part.sql(reduced), ""
        try:
            rows = self._rows(part, connector, sql)
        except (QueryFailed, QueryRefused):
            plain = part.sql(filtered=False)
            if plain == sql:
                raise
            # The source takes the condition otherwise than we do: the value of an enum, say.
            sql, note = plain, "the source did not take the condition"
            rows = self._rows(part, connector, sql)
        return Seen(sql, rows, time.perf_counter() - began, note)

    def _rows(self, part: Part, connector: SqlConnector, sql: str) -> int:
        most = self._settings.max_rows
        limits = Limits(most, max(self._deadline - time.perf_counter(), 0.01))
        rows = 0
        checked, view = guard.check(sql, part.dialect), self._views.get(part.connection)
        if view is not None:
            checked = view.rewrite(checked)
        with connector.query(checked, {}, limits) as result:
            columns = [
                Column(asked.name, told.type, told.precision, told.scale, told.zoned)
                for asked, told in zip(part.columns, result.columns, strict=True)
            ]
            self._engine.begin(part.number, columns)
            for batch in result.batches():
                self._engine.add(part.number, lines_of(batch, columns))
                rows += batch.count
            if result.truncated:
                raise _too_many(part, most)
        return rows

    def _reduced(self, part: Part) -> list[exp.Expr] | None:
        """What the keys of other parts leave of it; None when that is nothing."""
        found: list[exp.Expr] = []
        for reducer in part.reducers:
            keys = self._keys.get((reducer.part, reducer.key.name))
            if keys is None:
                continue
            if not keys:
                return None
            said = filters.one_of(reducer.column, keys, part.dialect)
            if said is not None:
                found.append(said)
        return found


def _open(settings: JoinsSection, spill: Path) -> JoiningConnector:
    return JoiningConnector(
        paths.private_folder(spill),
        memory_mb=settings.memory_mb,
        disk_mb=settings.disk_mb,
        threads=min(4, os.cpu_count() or 1),
    )


def _find(catalogue: Catalogue, parts: tuple[str, ...], default: str) -> TableInfo | None:
    """As it is written, and with or without the schema that goes without saying."""
    found = catalogue.find_parts(parts)
    if found is None and len(parts) == 1 and default:
        found = catalogue.find_parts((default, *parts))
    if found is None and len(parts) == 2 and parts[0].lower() == default:
        found = catalogue.find_parts(parts[1:])
    return found


def _for_engine(part: Part) -> gathering.Part:
    columns = [Column(column.name, column.type) for column in part.every_column]
    return gathering.Part(part.number, list(part.paths), columns)


def _count(connector: JoiningConnector, sql: str, deadline: float) -> Seen:
    began = time.perf_counter()
    with connector.engine.query(sql, _EVERYTHING, max(deadline - began, 0.01)) as result:
        rows = sum(batch.count for batch in result.batches())
    return Seen(sql, rows, time.perf_counter() - began)


def _too_many(part: Part, most: int) -> TooLarge:
    name = qualified(part.connection, part.table)
    about = "" if part.row_estimate is None else f" It has about {part.row_estimate:,} rows."
    some = ", ".join(column.name for column in part.every_column[:6])
    return TooLarge(
        f"The query needs more than {most:,} rows of {name}, the most that is fetched of one table.",
        details=f"{about} Filter it by plain conditions on its own columns ({some}…), or aggregate it in a "
        f"query to {part.connection} alone.".strip(),
    )
