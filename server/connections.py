"""Connections by name: checked against their kind, secrets sealed, each with its pool.

Secrets go in and never come out: nothing here returns them but to the connector's ``open``.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from server import connection_fields, own_fields, reach
from server.connectors.base import Connector, Kind
from server.figures import Histogram
from server.leases import Lease
from server.pool_settings import PoolSettings
from server.pools import Pool
from server.reach import Reach
from server.store.connections import ConnectionRow, ConnectionStore, same_source
from server.store.state import now
from server.vault import Vault
from shared.errors import InvalidRequest, NotFound, SourceUnavailable
from shared.wire import ConnectionInfo, PoolFigures

ACROSS = "*"
"""In place of a connection's name: all of them together. No connection can be called so."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_RESERVED = frozenset({"kinds"})

_NO_LIMIT = float("inf")

_STOPPING = "The backend is being stopped."
_STOPPING_SECONDS = 5


class Terms(msgspec.Struct, frozen=True):
    """What a connection, or all together, say about queries. ``revision`` changes whenever they do, for
    caches; ``cache_seconds`` is how long an answer may be given again."""

    revision: str
    cache_seconds: float
    longest_query_seconds: float


class Connections:
    """Lives on the event loop; what touches the state goes to a thread."""

    def __init__(
        self,
        store: ConnectionStore,
        vault: Vault,
        kinds: Mapping[str, Kind],
        pool_settings: PoolSettings,
        hosts: Reach = Reach(),  # noqa: B008 - it never changes
    ) -> None:
        """``hosts``: where connections may lead."""
        self._store = store
        self._vault = vault
        self._kinds = {
            name: msgspec.structs.replace(kind, fields=(*kind.fields, *own_fields.OF_EVERY_KIND))
            for name, kind in kinds.items()
        }
        self._pool_settings = pool_settings
        self._version = store.version()
        self._rows = store.everything()
        self._pools: dict[str, Pool] = {}
        self._terms: dict[str, Terms] = {}
        self._times: defaultdict[str, Histogram] = defaultdict(Histogram)
        self._hosts = hosts
        self._draining = False
        self._refreshing = asyncio.Lock()
        """So that what was read earlier never comes in place of what was read later."""

    def __len__(self) -> int:
        return len(self._rows)

    def kinds(self) -> list[Kind]:
        return list(self._kinds.values())

    def everything(self) -> list[ConnectionInfo]:
        return [self._info(row) for row in self._rows.values()]

    def get(self, name: str) -> ConnectionInfo:
        pool = self._pools.get(name)
        info = self._info(self._row(name))
        return info if pool is None else msgspec.structs.replace(info, pool=pool.figures())

    def dialect(self, name: str) -> str:
        if name == ACROSS:
            return "duckdb"
        return self._kind(self._row(name).type).dialect

    def terms(self, name: str) -> "Terms":
        """Raises NotFound."""
        found = self._terms.get(name)
        if found is None:
            rows = list(self._rows.values()) if name == ACROSS else [self._row(name)]
            found = self._terms[name] = _terms(rows)
        return found

    def shows_samples(self, name: str) -> bool:
        return bool(self._row(name).params.get(own_fields.SAMPLES.name, True))

    def longest_query_seconds(self, name: str, most: float) -> float:
        """``most``, or less where the connection says so."""
        return min(self.terms(name).longest_query_seconds, most) if name in self._rows else most

    async def create(self, name: str, kind_name: str, params: Mapping[str, Any], description: str) -> None:
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise InvalidRequest(
                "The name of a connection has letters, digits, _ . and -, begins with a letter or digit, "
                "is not 'kinds', and has at most 63 characters."
            )
        kind = self._kind(kind_name)
        open_params, secrets = connection_fields.checked(kind, params, kept={})
        await asyncio.to_thread(self._check_reach, kind, open_params)
        row = ConnectionRow(
            name=name,
            type=kind.type,
            params=open_params,
            sealed=self._vault.seal(_purpose(name), secrets),
            description=connection_fields.one_line(description),
            created_at=now(),
            updated_at=now(),
        )
        await asyncio.to_thread(self._store.add, row)
        await self.refresh()

    async def update(self, name: str, params: Mapping[str, Any], description: str | None) -> None:
        row = self._row(name)
        kind = self._kind(row.type)
        kept = self._vault.open(_purpose(name), row.sealed)
        if changes := [
            field.name for field in kind.fields if connection_fields.loosens(field, params, row.params)
        ]:
            connection_fields.demand_secrets_again(kind, params, kept, changes)
            kept = {}
        open_params, secrets = connection_fields.checked(kind, params, kept=kept)
        await asyncio.to_thread(self._check_reach, kind, open_params)
        changed = msgspec.structs.replace(
            row,
            params=open_params,
            sealed=self._vault.seal(_purpose(name), secrets),
            description=row.description if description is None else connection_fields.one_line(description),
        )
        await asyncio.to_thread(self._store.replace, changed)
        await self.refresh()

    async def note_account(self, name: str, warnings: Sequence[str]) -> None:
        """What its account was found to be able to do beyond reading."""
        row = self._row(name)
        await asyncio.to_thread(self._store.note_account, name, row.updated_at, list(warnings))
        await self.refresh()

    def leads_elsewhere(self, name: str) -> bool:
        """Whether there is a host behind it."""
        row = self._row(name)
        return bool(self._kind(row.type).hosts(row.params))

    def open_apart(self, name: str) -> Connector:
        """One that no pool knows. Blocking; close it in the end."""
        return self._open(self._row(name))

    async def delete(self, name: str) -> None:
        await asyncio.to_thread(self._store.delete, name)
        await self.refresh()

    async def lease(self, name: str, caller: str = "", *, early: bool = False) -> Lease:
        """An open connection to this source. Raises NotFound, SourceBusy or SourceUnavailable.

        Connections are shared out fairly between callers. ``early``: try a source that has just failed,
        without waiting for its time.
        """
        pool = self._pool(name)
        try:
            return await pool.lease(caller, early=early)
        except SourceUnavailable:
            if self._pool(name) is pool:
                raise
        return await self._pool(name).lease(caller, early=early)  # it was changed while we stood in line

    def find_idle(self, name: str, caller: str = "") -> Lease | None:
        """The same without waiting, when one lies ready."""
        return self._pool(name).find_idle(caller)

    @property
    def is_draining(self) -> bool:
        return self._draining

    def times(self) -> dict[str, Histogram]:
        """How long the connections to each source were used, each time, since the start."""
        return {name: times for name, times in self._times.items() if name in self._rows}

    def figures(self) -> dict[str, PoolFigures]:
        """Of every connection that was used since the start."""
        return {name: pool.figures() for name, pool in self._pools.items()}

    def _pool(self, name: str) -> Pool:
        pool = self._pools.get(name)
        if pool is None:
            row = self._row(name)
            if self._draining:
                raise SourceUnavailable(_STOPPING, retry_after=_STOPPING_SECONDS)
            settings = self._pool_settings
            if wanted := row.params.get(own_fields.CONNECTIONS.name):
                share = max(wanted // settings.processes, 1)
                settings = msgspec.structs.replace(settings, max_connections=share)
            pool = self._pools[name] = Pool(name, lambda: self._open(row), settings, self._times[name])
        return pool

    def reap(self) -> None:
        """Closes connections that nobody has used for long. To be called now and then."""
        for pool in self._pools.values():
            pool.reap()

    def drain(self) -> None:
        """From now on nobody gets a connection; whoever has one may finish."""
        self._draining = True
        for pool in self._pools.values():
            pool.close(_STOPPING)

    async def refresh(self) -> None:
        """Takes over what changed in the state, here or in another process."""
        async with self._refreshing:
            version = await asyncio.to_thread(self._store.version)
            if version == self._version:
                return
            rows = await asyncio.to_thread(self._store.everything)
            before, self._rows, self._version = self._rows, rows, version
            self._terms.clear()
            for name in [name for name in self._pools if not same_source(rows.get(name), before.get(name))]:
                self._pools.pop(name).close()

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def _open(self, row: ConnectionRow) -> Connector:
        secrets = self._vault.open(_purpose(row.name), row.sealed)
        params = {name: value for name, value in row.params.items() if name not in own_fields.NAMES}
        with reach.within(self._hosts):
            return self._kind(row.type).open({**params, **secrets}, self._pool_settings.connection_timeout)

    def lead_only_to(self, hosts: Reach) -> None:
        """From now on; connections that are open are closed when whoever has them gives them back."""
        self._hosts = hosts
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def _check_reach(self, kind: Kind, params: Mapping[str, Any]) -> None:
        """Raises HostNotAllowed, and what the kind refuses. Blocking: names and folders are looked up."""
        for host in kind.hosts(params):
            self._hosts.check(host)
        for folder in kind.folders(params):
            self._hosts.check_folder(folder)

    def _row(self, name: str) -> ConnectionRow:
        row = self._rows.get(name)
        if row is None:
            raise NotFound(f"There is no connection called {name[:63]!r}.")
        return row

    def _kind(self, kind_name: str) -> Kind:
        kind = self._kinds.get(kind_name)
        if kind is None:
            known = ", ".join(self._kinds)
            raise InvalidRequest(
                f"There is no kind of connection called {kind_name[:63]!r}.", details=f"There are: {known}."
            )
        return kind

    def _info(self, row: ConnectionRow) -> ConnectionInfo:
        return ConnectionInfo(
            name=row.name,
            type=row.type,
            params=row.params,
            description=row.description,
            dialect=self._kind(row.type).dialect,
            created_at=row.created_at,
            updated_at=row.updated_at,
            warnings=row.warnings if row.tested_at else None,
            tested_at=row.tested_at or None,
        )


def _terms(rows: Sequence[ConnectionRow]) -> Terms:
    """Of one, or of all together: the shortest of theirs."""
    caches = [float(row.params.get(own_fields.CACHE.name, own_fields.CACHE_SECONDS)) for row in rows]
    longest = [float(row.params.get(own_fields.TIMEOUT.name, _NO_LIMIT)) for row in rows]
    return Terms(
        " ".join(f"{row.name}:{row.updated_at}" for row in rows),
        min(caches, default=0.0),
        min(longest, default=_NO_LIMIT),
    )


def _purpose(name: str) -> str:
    return f"connection:{name}"
