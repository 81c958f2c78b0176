"""What there is to ask: connections, tables, columns. Young answers that were kept are used unasked."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote, urlencode

from shared.backend_client.answers import SchemaAnswer, decode
from shared.backend_client.fallback import Fallback
from shared.backend_client.http import Transport
from shared.wire import ConnectionInfo, ConnectionList, Schema

T = TypeVar("T")


class Exploring:
    """A part of BackendClient, which holds what this needs."""

    _transport: Transport
    _kept: Fallback

    def get_schema(self, connection: str, *, refresh: bool = False) -> SchemaAnswer:
        """Tables and columns that this key may see; ``cached_at`` tells when they come from the cache.
        ``refresh`` asks although a young answer is there."""
        return self._read(_schema_path(connection), _schema, refresh=refresh)

    def schema(
        self,
        connection: str,
        *,
        search: str | None = None,
        table: str | None = None,
        limit: int | None = None,
        refresh: bool = False,
    ) -> SchemaAnswer:
        """The same, or only what is looked for, where there are thousands of tables: those that fit
        ``search`` best, in names, columns and comments, ``limit`` at most (``found`` says how many fit); or
        the one called ``table`` (NotFound when there is none). The connection ``*`` is all of them.
        ``refresh`` has the backend ask the source anew."""
        wanted = {"search": search, "table": table, "limit": limit if search is not None else None}
        asked = {name: str(value) for name, value in wanted.items() if value is not None}
        path = _schema_path(connection) + (f"?{urlencode(asked)}" if asked else "")
        asked_as = f"{path}{'&' if asked else '?'}refresh=1" if refresh else path
        return self._read(path, _schema, refresh=refresh, asked_as=asked_as)

    def list_connections(self, *, refresh: bool = False) -> list[ConnectionInfo]:
        listed = self._read("/api/connections", lambda body, _: decode(body, ConnectionList), refresh=refresh)
        return listed.connections

    def _read(
        self, path: str, make: Callable[[bytes, datetime | None], T], *, refresh: bool, asked_as: str = ""
    ) -> T:
        """``asked_as`` is the path to send, when it is not the name of what is kept."""
        fresh = None if refresh else self._kept.find_fresh(path.encode(), make)
        if fresh is not None:
            return fresh
        ask = self._transport.ask
        return self._kept.answered(path.encode(), lambda: ask("GET", asked_as or path, repeatable=True), make)


def _schema_path(connection: str) -> str:
    return f"/api/schema/{quote(connection, safe='')}"


def _schema(body: bytes, cached_at: datetime | None) -> SchemaAnswer:
    schema = decode(body, Schema)
    return SchemaAnswer(
        tables=schema.tables,
        dialect=schema.dialect,
        connection=schema.connection,
        found=schema.found,
        unread=schema.unread,
        cached_at=cached_at,
    )
