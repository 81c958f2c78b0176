"""The message in which the backend tells a caller who they are."""

from shared.wire.base import Reply


class Me(Reply, frozen=True):
    """``user`` is empty for a key that belongs to nobody."""

    key_id: str
    name: str
    user: str
    permissions: list[str]
    expires_at: str | None
