"""What an administrator does through the client: connections and keys. Nothing here is sent twice."""

from collections.abc import Mapping, Sequence
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
    KeyCreate,
    KeyCreated,
    KeyInfo,
    KeyList,
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

    # -- Keys -----------------------------------------------------------------------------

    def generate_key(
        self,
        name: str,
        *,
        permissions: Sequence[str] = (),
        roles: Sequence[str] = (),
        expires_at: str | None = None,
    ) -> KeyCreated:
        """The answer is the only one that ever holds the key."""
        body = KeyCreate(name=name, permissions=list(permissions), roles=list(roles), expires_at=expires_at)
        return self._write("POST", "/api/keys", body, KeyCreated)

    def list_keys(self) -> list[KeyInfo]:
        return decode(self._transport.ask("GET", "/api/keys", repeatable=True), KeyList).keys

    def revoke_key(self, key_id: str) -> None:
        self._transport.ask("DELETE", f"/api/keys/{quote(key_id, safe='')}", repeatable=False)

    def _write(self, method: str, path: str, body: msgspec.Struct, kind: type[T]) -> T:
        answer = self._transport.ask(method, path, msgspec.json.encode(body), repeatable=False)
        self._cache.forget(b"/api/connections")
        return decode(answer, kind)
