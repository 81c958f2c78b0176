"""Keys: asked for and shown."""

from shared.wire.base import Reply, Request


class KeyCreate(Request, frozen=True):
    """``permissions`` and ``roles`` add up; ``expires_at`` is ISO 8601."""

    name: str
    permissions: list[str] = []
    roles: list[str] = []
    expires_at: str | None = None


class KeyInfo(Reply, frozen=True):
    id: str
    name: str
    permissions: list[str]
    roles: list[str]
    created_at: str
    expires_at: str | None
    revoked: bool


class KeyCreated(Reply, frozen=True):
    """The only message that ever holds a key."""

    key: str
    info: KeyInfo


class KeyList(Reply, frozen=True):
    keys: list[KeyInfo]
