"""The question of an administrator who looks through the eyes of another."""

from shared.policies import ConnectionPolicy
from shared.wire.access import Attributes
from shared.wire.base import Request


class PreviewRequest(Request, frozen=True):
    """What a ``user`` or a ``role`` sees of a connection, or whoever has ``policies``, saved or not: one of
    the three. ``attributes`` fill row filters where there is no user. Without ``query`` the answer is the
    schema, else that of the query."""

    connection: str
    user: str = ""
    role: str = ""
    policies: list[ConnectionPolicy] | None = None
    attributes: Attributes = {}
    query: str = ""
    max_rows: int | None = None
    timeout_seconds: float | None = None
