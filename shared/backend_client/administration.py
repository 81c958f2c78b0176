"""Connections made and changed through the client. Nothing here is sent twice."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from shared.backend_client.answers import decode
from shared.backend_client.cache import AnswerCache
from shared.backend_client.http import Transport
from shared.wire import (
    ConnectionCreate,
    ConnectionInfo,
    ConnectionTest,
    ConnectionUpdate,
)

T = TypeVar("T")


class Administration:
    """The writing half of BackendClient, which holds what this needs."""

    _transport: Transport
    _cache: AnswerCache

    def create_connection(
        self,
        name: str,
        type: str,  # noqa: A002 - the word of the API
        params: Mapping[str, Any],
        description: str = "",
    ) -> ConnectionInfo:
        """Never sent twice."""
        body = ConnectionCreate(name=name, type=type, params=dict(params), description=description)
        return self._write("POST", "/api/connections", body, ConnectionInfo)

    def update_connection(
        self, name: str, params: Mapping[str, Any], description: str | None = None
    ) -> ConnectionInfo:
        """Replaces the params; a secret that is left out stays as it was."""
        body = ConnectionUpdate(params=dict(params), description=description)
        return self._write("PUT", f"/api/connections/{quote(name, safe='')}", body, ConnectionInfo)

    def delete_connection(self, name: str) -> None:
        self._transport.ask("DELETE", f"/api/connections/{quote(name, safe='')}", repeatable=False)
        self._cache.forget(b"/api/connections")

    def test_connection(self, name: str) -> ConnectionTest:
        """Whether the backend gets through to the source, and what it found worth a warning."""
        body = self._transport.ask("POST", f"/api/connections/{quote(name, safe='')}/test", repeatable=False)
        return decode(body, ConnectionTest)

    def _write(self, method: str, path: str, body: msgspec.Struct, kind: type[T]) -> T:
        answer = self._transport.ask(method, path, msgspec.json.encode(body), repeatable=False)
        self._cache.forget(b"/api/connections")
        return decode(answer, kind)
