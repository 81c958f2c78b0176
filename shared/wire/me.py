"""The message in which the backend tells a caller who they are."""

from shared.wire.base import Reply


class Me(Reply, frozen=True):
    """``user`` is empty for a key that belongs to nobody. ``sees`` is equal as long as the caller may do and
    see the same: when it differs, what was kept of earlier answers may show more than is allowed now."""

    key_id: str
    name: str
    user: str
    permissions: list[str]
    expires_at: str | None
    sees: str = ""
