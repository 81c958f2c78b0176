"""Queries across connections: checked, planned, and given an engine that answers them.

How the parts come into the engine stays in fetching.
"""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlglot import exp

from server.access.data_policy import UNRESTRICTED, DataPolicy
from server.across import explain
from server.across.connector import JoiningConnector
from server.across.explain import Seen
from server.across.fetching import Caller, Fetch
from server.across.plan import Plan, planned
from server.across.references import DEFAULT_SCHEMAS, Bound, Reference, references
from server.catalogue import Catalogue
from server.connections import ACROSS, Connections
from server.connectors.base import ParamValue
from server.governance.errors import screened
from server.governance.governance import Governance, View
from server.leases import Lease
from server.long_texts import judged
from server.pool_settings import PoolSettings
from server.pools import Pool
from server.schemas import Schemas
from shared import guard, paths
from shared.errors import AppError, NotFound, QueryRefused, SourceUnavailable
from shared.guard import Explained, ReadOnlySql
from shared.settings import JoinsSection
from shared.wire import TableInfo

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

    async def check(self, text: str, data: DataPolicy = UNRESTRICTED) -> tuple[ReadOnlySql, frozenset[str]]:
        """The SQL that will run, perhaps behind EXPLAIN, and its tables with their connections. Raises
        QueryRefused or NotFound."""

        def check() -> tuple[ReadOnlySql, exp.Expr]:
            sql = guard.check_explained(text, self._dialect)
            return sql, guard.tree(ReadOnlySql(Explained.of(sql).query), self._dialect)

        sql, tree = await judged(text, check)
        return sql, frozenset(reference.written for reference in references(tree, self._names(data)))

    async def lease(
        self,
        sql: ReadOnlySql,
        params: Mapping[str, ParamValue],
        deadline: float,
        caller: str = "",
        data: DataPolicy = UNRESTRICTED,
        *,
        request_id: str = "",
    ) -> Lease:
        """An engine that will answer this query, and only this one. ``deadline`` is on the clock of
        ``time.perf_counter``; ``caller`` waits in line for engines and connections, and sees ``data`` of
        each part; ``request_id`` goes with each of them. Raises what any of the parts raises."""
        how, plan, views = await self._planned(sql, params, data)
        lease = await self._engines.lease(caller)
        try:
            connector = lease.connector
            if not isinstance(connector, JoiningConnector):
                raise RuntimeError("This is no engine that joins.")
            if how == "EXPLAIN":
                connector.answer_with(explain.COLUMNS, explain.as_rows(plan, {}, None))
                return lease
            asked_by = Caller(caller, views, request_id)
            fetch = Fetch(self._connections, self._settings, plan, lease, connector, deadline, asked_by)
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
        checked = await judged(filled, lambda: guard.check(filled, self._dialect))
        tree = await judged(filled, lambda: guard.tree(checked, self._dialect))
        found = references(tree, self._names(data))
        if not found:
            raise QueryRefused("The query names no table of any connection; ask one connection instead.")
        bounds = await self._bound(found, data)
        views: dict[str, View] = {}
        if data.restricts:
            views = {name: await self._governance.view(name, data) for name, _ in {one.key for one in bounds}}
        dialects = {one: self._connections.dialect(one) for one in {bound.key[0] for bound in bounds}}
        plan = await judged(filled, lambda: planned(checked, tree, bounds, dialects))
        return explained.how, plan, views

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


def _count(connector: JoiningConnector, sql: str, deadline: float) -> Seen:
    began = time.perf_counter()
    with connector.engine.query(sql, _EVERYTHING, max(deadline - began, 0.01)) as result:
        rows = sum(batch.count for batch in result.batches())
    return Seen(sql, rows, time.perf_counter() - began)
