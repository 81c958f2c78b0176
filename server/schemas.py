"""The schema of each connection, asked once and kept for a while. What a schema is stays in shared/wire."""

import asyncio
import time

import msgspec

from server.connections import Connections
from shared.wire import Schema

_KEPT_SECONDS = 300.0
_PATIENCE_SECONDS = 60.0


class Schemas:
    """Several callers at once cause one reading; a changed connection is read again."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._kept: dict[str, tuple[str, float, bytes]] = {}
        self._reading: dict[str, asyncio.Lock] = {}

    async def get(self, name: str, *, fresh: bool = False) -> bytes:
        """The Schema as JSON. Raises NotFound, SourceBusy or SourceUnavailable."""
        revision = self._connections.revision(name)
        if not fresh and (found := self._find(name, revision)):
            return found
        asked = time.monotonic()
        async with self._reading.setdefault(name, asyncio.Lock()):
            found = self._find(name, revision, not_before=asked if fresh else None)
            if found:
                return found
            started = time.monotonic()
            encoded = msgspec.json.encode(await self._read(name))
            self._kept[name] = (revision, started, encoded)
            return encoded

    def _find(self, name: str, revision: str, not_before: float | None = None) -> bytes | None:
        kept = self._kept.get(name)
        if kept is None or kept[0] != revision or time.monotonic() - kept[1] > _KEPT_SECONDS:
            return None
        if not_before is not None and kept[1] < not_before:
            return None
        return kept[2]

    async def _read(self, name: str) -> Schema:
        lease = await self._connections.lease(name)
        try:
            schema = await lease.run_within(_PATIENCE_SECONDS, lease.connector.schema)
        finally:
            lease.release()
        return msgspec.structs.replace(
            schema, connection=name, dialect=schema.dialect or self._connections.dialect(name)
        )
