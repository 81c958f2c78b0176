"""Connections: made, changed, shown, tested; the kinds there are."""

from typing import Any

from shared.wire.base import Reply, Request


class ConnectionCreate(Request, frozen=True):
    """``params`` are the fields of the kind (see GET /api/connections/kinds)."""

    name: str
    type: str
    params: dict[str, Any]
    description: str = ""


class ConnectionUpdate(Request, frozen=True):
    """Replaces ``params``; a secret that is left out keeps its sealed value."""

    params: dict[str, Any]
    description: str | None = None


class PoolFigures(Reply, frozen=True):
    """The connections to one source, of the process that answers. ``opening`` are being made, ``ending``
    were given up and have not ended; ``opened`` and ``failed`` count attempts since the start.
    ``breaker`` is ``closed``, ``open`` (nobody tries) or ``half_open`` (one tries)."""

    max_connections: int
    open: int
    idle: int
    in_use: int
    opening: int
    ending: int
    waiting: int
    opened: int
    failed: int
    breaker: str


class ConnectionInfo(Reply, frozen=True):
    """A connection without its secrets: ``params`` holds the open fields only. ``warnings`` says what its
    account may do beyond reading, with the statements that mend it, as of ``tested_at``; both are null while
    that is not known. ``pool`` is there when one connection is asked for, and was used since the start."""

    name: str
    type: str
    params: dict[str, Any]
    description: str
    dialect: str
    created_at: str
    updated_at: str
    warnings: list[str] | None = None
    tested_at: str | None = None
    pool: PoolFigures | None = None


class ConnectionList(Reply, frozen=True):
    connections: list[ConnectionInfo]


class ConnectionTest(Reply, frozen=True):
    """What a test of a connection found. ``warnings`` are sentences."""

    ok: bool
    elapsed_ms: float
    warnings: list[str] = []


class FieldInfo(Reply, frozen=True):
    """One field of a kind of connection. ``type`` is ``text integer decimal boolean``. Whoever changes one
    that ``guards_secret`` must give the secrets again."""

    name: str
    label: str
    secret: bool
    required: bool
    default: str | int | bool | None = None
    help: str = ""
    type: str = "text"
    guards_secret: bool = False


class KindInfo(Reply, frozen=True):
    type: str
    label: str
    fields: list[FieldInfo]


class KindList(Reply, frozen=True):
    kinds: list[KindInfo]
