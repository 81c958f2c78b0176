"""Users, roles and keys through the client. Nothing here that changes something is sent twice."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from shared.backend_client.answers import decode
from shared.backend_client.http import Transport
from shared.backend_client.pages import every_page
from shared.policies import ConnectionPolicy
from shared.wire import (
    ConnectCodeCreate,
    ConnectCodeCreated,
    ConnectRequest,
    Effective,
    KeyCreate,
    KeyCreated,
    KeyFetched,
    KeyInfo,
    KeyList,
    KeyRotate,
    KeyUpdate,
    RoleCreate,
    RoleInfo,
    RoleList,
    RoleUpdate,
    UserCreate,
    UserInfo,
    UserList,
    UserUpdate,
)

T = TypeVar("T")

Attributes = Mapping[str, str | list[str]]


class Access:
    """A part of BackendClient, which holds what this needs. What is UNSET in a change stays as it is."""

    _transport: Transport

    # -- Users ----------------------------------------------------------------------------

    def list_users(self, *, search: str | None = None, limit: int | None = None) -> list[UserInfo]:
        """By their names; ``search`` is a text in the name, the email or a role."""
        pages = every_page(self._transport, "/api/users", UserList, limit, {"search": search})
        return [user for page in pages for user in page.users][:limit]

    def get_user(self, username: str) -> UserInfo:
        return self._get(_user(username), UserInfo)

    def create_user(
        self,
        username: str,
        *,
        email: str = "",
        roles: Sequence[str] = (),
        active: bool = True,
        attributes: Attributes | None = None,
    ) -> UserInfo:
        """``attributes`` fill the row filters of the roles: ``{user.zone}`` is the attribute ``zone``."""
        body = UserCreate(username, email, list(roles), active, dict(attributes or {}))
        return self._send("POST", "/api/users", body, UserInfo)

    def update_user(
        self,
        username: str,
        *,
        email: str | UnsetType = UNSET,
        roles: Sequence[str] | UnsetType = UNSET,
        active: bool | UnsetType = UNSET,
        attributes: Attributes | UnsetType = UNSET,
    ) -> UserInfo:
        body = UserUpdate(
            email,
            UNSET if roles is UNSET else list(roles),
            active,
            UNSET if attributes is UNSET else dict(attributes),
        )
        return self._send("PUT", _user(username), body, UserInfo)

    def delete_user(self, username: str) -> None:
        """And revokes the keys of this user."""
        self._transport.ask("DELETE", _user(username), repeatable=False)

    def user_permissions(self, username: str) -> Effective:
        """What a user may do, and which role gives it."""
        return self._get(f"{_user(username)}/permissions", Effective)

    # -- Roles ----------------------------------------------------------------------------

    def list_roles(self, *, search: str | None = None, limit: int | None = None) -> list[RoleInfo]:
        """By their names; ``search`` is a text in the name, the description or a permission."""
        pages = every_page(self._transport, "/api/roles", RoleList, limit, {"search": search})
        return [role for page in pages for role in page.roles][:limit]

    def get_role(self, name: str) -> RoleInfo:
        return self._get(_role(name), RoleInfo)

    def create_role(
        self,
        name: str,
        *,
        description: str = "",
        permissions: Sequence[str] = (),
        policies: Sequence[ConnectionPolicy] = (),
    ) -> RoleInfo:
        """Without ``policies`` the role shows no data."""
        body = RoleCreate(name, description, list(permissions), list(policies))
        return self._send("POST", "/api/roles", body, RoleInfo)

    def update_role(
        self,
        name: str,
        *,
        description: str | UnsetType = UNSET,
        permissions: Sequence[str] | UnsetType = UNSET,
        policies: Sequence[ConnectionPolicy] | UnsetType = UNSET,
    ) -> RoleInfo:
        body = RoleUpdate(
            description,
            UNSET if permissions is UNSET else list(permissions),
            UNSET if policies is UNSET else list(policies),
        )
        return self._send("PUT", _role(name), body, RoleInfo)

    def delete_role(self, name: str) -> None:
        """Raises Conflict while somebody has it."""
        self._transport.ask("DELETE", _role(name), repeatable=False)

    # -- Keys -----------------------------------------------------------------------------

    def generate_key(
        self,
        name: str,
        *,
        permissions: Sequence[str] = (),
        roles: Sequence[str] = (),
        user: str = "",
        expires_at: str | None = None,
        allowed_ips: Sequence[str] = (),
        rate_limit: str = "",
    ) -> KeyCreated:
        """The answer is the only one that ever holds the key."""
        body = KeyCreate(
            name, list(permissions), list(roles), expires_at, user, list(allowed_ips), rate_limit
        )
        return self._send("POST", "/api/keys", body, KeyCreated)

    def create_connect_code(
        self,
        name: str,
        *,
        url: str = "",
        valid_minutes: int = 10,
        permissions: Sequence[str] = (),
        roles: Sequence[str] = (),
        user: str = "",
        expires_at: str | None = None,
    ) -> ConnectCodeCreated:
        """A code that an agent exchanges for its key, once; with ``url``, where agents reach the backend,
        also as a link."""
        body = ConnectCodeCreate(
            name,
            list(permissions),
            list(roles),
            expires_at,
            user,
            url=url,
            valid_minutes=valid_minutes,
        )
        return self._send("POST", "/api/connect-codes", body, ConnectCodeCreated)

    def redeem_connect_code(self, code: str) -> KeyFetched:
        """The key that the code stands for; takes no key itself. Raises NotAuthenticated."""
        return self._send("POST", "/api/connect", ConnectRequest(code), KeyFetched)

    def list_keys(self, *, search: str | None = None, limit: int | None = None) -> list[KeyInfo]:
        """The oldest first; ``search`` is a text in the id, the name, the user, a role or a permission."""
        pages = every_page(self._transport, "/api/keys", KeyList, limit, {"search": search})
        return [key for page in pages for key in page.keys][:limit]

    def get_key(self, key_id: str) -> KeyInfo:
        return self._get(_key(key_id), KeyInfo)

    def update_key(
        self,
        key_id: str,
        *,
        name: str | UnsetType = UNSET,
        permissions: Sequence[str] | UnsetType = UNSET,
        roles: Sequence[str] | UnsetType = UNSET,
        expires_at: str | UnsetType | None = UNSET,
        allowed_ips: Sequence[str] | UnsetType = UNSET,
        rate_limit: str | UnsetType = UNSET,
    ) -> KeyInfo:
        """``expires_at`` None: it never expires."""
        body = KeyUpdate(
            name,
            UNSET if permissions is UNSET else list(permissions),
            UNSET if roles is UNSET else list(roles),
            expires_at,
            UNSET if allowed_ips is UNSET else list(allowed_ips),
            rate_limit,
        )
        return self._send("PUT", _key(key_id), body, KeyInfo)

    def rotate_key(self, key_id: str, *, overlap_seconds: int = 86_400) -> KeyCreated:
        """The same key with a new text; the former one works for so long beside it."""
        return self._send("POST", f"{_key(key_id)}/rotate", KeyRotate(overlap_seconds), KeyCreated)

    def revoke_key(self, key_id: str) -> None:
        self._transport.ask("DELETE", _key(key_id), repeatable=False)

    def key_permissions(self, key_id: str) -> Effective:
        """What a key may do, and which role gives it."""
        return self._get(f"{_key(key_id)}/permissions", Effective)

    def _get(self, path: str, kind: type[T]) -> T:
        return decode(self._transport.ask("GET", path, repeatable=True), kind)

    def _send(self, method: str, path: str, body: msgspec.Struct, kind: type[T]) -> T:
        return decode(self._transport.ask(method, path, msgspec.json.encode(body), repeatable=False), kind)


def _user(username: str) -> str:
    return f"/api/users/{quote(username, safe='')}"


def _role(name: str) -> str:
    return f"/api/roles/{quote(name, safe='')}"


def _key(key_id: str) -> str:
    return f"/api/keys/{quote(key_id, safe='')}"
