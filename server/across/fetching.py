"""The parts of a query across connections, fetched side by side into an engine.

Each part goes its source's own way: through its guard, its pool, with what is left of the query's deadline.
When one fails, all are stopped inside their sources.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlglot import exp

from server.across import filters
from server.across.connector import JoiningConnector
from server.across.explain import Seen
from server.across.plan import Part, Plan
from server.connections import Connections
from server.connectors.base import Connector, Limits, SqlConnector
from server.engine import gathering
from server.governance.governance import View
from server.leases import Lease
from server.schemas import qualified
from shared import guard
from shared.errors import InvalidRequest, QueryFailed, QueryRefused, SourceUnavailable, TooLarge
from shared.json_rows import lines_of
from shared.results import Column
from shared.settings import JoinsSection

_MOST_KEYS = filters.MOST_VALUES


@dataclass(frozen=True)
class Caller:
    """Who waits in line, and what it sees of each connection; nothing is in ``views`` of who sees all.
    ``request_id`` is what each source is told."""

    name: str
    views: Mapping[str, View]
    request_id: str = ""


class Fetch:
    """One query's parts, on their way into one engine. Run once."""

    def __init__(
        self,
        connections: Connections,
        settings: JoinsSection,
        plan: Plan,
        lease: Lease,
        connector: JoiningConnector,
        deadline: float,
        caller: Caller,
    ) -> None:
        self._connections = connections
        self._settings = settings
        self._caller = caller.name
        self._views = caller.views
        self._request_id = caller.request_id
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
        limits = Limits(most, max(self._deadline - time.perf_counter(), 0.01), self._request_id)
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


def _for_engine(part: Part) -> gathering.Part:
    columns = [Column(column.name, column.type) for column in part.every_column]
    return gathering.Part(part.number, list(part.paths), columns)


def _too_many(part: Part, most: int) -> TooLarge:
    name = qualified(part.connection, part.table)
    about = "" if part.row_estimate is None else f" It has about {part.row_estimate:,} rows."
    some = ", ".join(column.name for column in part.every_column[:6])
    return TooLarge(
        f"The query needs more than {most:,} rows of {name}, the most that is fetched of one table.",
        details=f"{about} Filter it by plain conditions on its own columns ({some}…), or aggregate it in a "
        f"query to {part.connection} alone.".strip(),
    )
