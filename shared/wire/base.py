"""What every message is, and the two that belong to no noun."""

import msgspec


class Request(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The root of what comes in."""


class Reply(msgspec.Struct, frozen=True, omit_defaults=False):
    """The root of what goes out. A client ignores keys that it does not know."""


class ErrorBody(Reply, omit_defaults=True, frozen=True):
    """Every failure. ``error`` is one sentence; ``code`` is the class (see shared.errors)."""

    error: str
    code: str
    details: str = ""
    retry_after: int | None = None
    request_id: str = ""


class Readiness(Reply, frozen=True):
    """``status`` is ``ready`` or ``unready``, with sentences that say why. Of the ``sources`` those are
    counted as away that nobody tries to reach just now; they do not make a backend unready."""

    status: str
    reasons: list[str]
    sources: int
    sources_away: int


class Health(Reply, frozen=True):
    """``status`` is ``ok`` or ``degraded``; ``uptime`` in seconds; ``time`` is the backend's clock."""

    status: str
    connections: int
    uptime: int
    version: str = ""
    time: str = ""
