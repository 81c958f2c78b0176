"""The messages between client and backend. What a handler does with them stays in server/api.

Each body is a struct; decoding is its check. Unknown keys in a request are refused, so that a
typing mistake is an error and not a silent default.

A query's answer in JSON is one object: ``query_id``, ``columns``, ``rows``, then the fields of
:class:`QueryEnd`, which are known only when the last row has left. In NDJSON the first line is a
:class:`QueryHead`, every further line is one row as a JSON array, and the last line is a
:class:`QueryEnd`. When a query fails after its first byte, the closing fields carry ``error``
(an :class:`ErrorBody`) in place of the counts; a reader that meets neither was cut off.
"""

from typing import Any

import msgspec

from shared.results import Column, ColumnType


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


class Health(Reply, frozen=True):
    """``status`` is ``ok`` or ``degraded``; ``uptime`` in seconds."""

    status: str
    connections: int
    uptime: int
    version: str = ""


# -- Connections --------------------------------------------------------------------------


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
    """A connection without its secrets: ``params`` holds the open fields only. ``pool`` is there when one
    connection is asked for, and was used since the start."""

    name: str
    type: str
    params: dict[str, Any]
    description: str
    dialect: str
    created_at: str
    updated_at: str
    pool: PoolFigures | None = None


class ConnectionList(Reply, frozen=True):
    connections: list[ConnectionInfo]


class ConnectionTest(Reply, frozen=True):
    """What a test of a connection found. ``warnings`` are sentences."""

    ok: bool
    elapsed_ms: float
    warnings: list[str] = []


class FieldInfo(Reply, frozen=True):
    """One field of a kind of connection."""

    name: str
    label: str
    secret: bool
    required: bool
    default: str | int | bool | None = None
    help: str = ""


class KindInfo(Reply, frozen=True):
    type: str
    label: str
    fields: list[FieldInfo]


class KindList(Reply, frozen=True):
    kinds: list[KindInfo]


# -- Schema -------------------------------------------------------------------------------


class ColumnInfo(Reply, frozen=True):
    """One column of a table.

    ``samples`` are distinct values of a text column in the order of their frequency, where
    they could be had cheaply; ``samples_complete`` says that these are all of them.
    """

    name: str
    type: ColumnType
    nullable: bool = True
    comment: str = ""
    samples: list[str] = []
    samples_complete: bool = False


class ForeignKey(Reply, frozen=True):
    """``columns`` of this table point at ``references_columns`` of ``references_table``."""

    columns: list[str]
    references_table: str
    references_columns: list[str]


class TableInfo(Reply, frozen=True):
    """One table or view. ``name`` is written as SQL needs it: ``sales``, ``hr.staff``.

    ``row_estimate`` is None when the source cannot say it cheaply.
    """

    name: str
    columns: list[ColumnInfo]
    comment: str = ""
    primary_key: list[str] = []
    foreign_keys: list[ForeignKey] = []
    row_estimate: int | None = None


class Unread(Reply, frozen=True):
    """A connection whose tables are missing, and the sentence that says why."""

    connection: str
    error: str


class Schema(Reply, frozen=True):
    """What a connection shows. ``dialect`` is sqlglot's name for its SQL.

    ``found``: how many tables fit a search of which ``tables`` are the best. ``unread`` only when the
    schema is that of all connections.
    """

    tables: list[TableInfo]
    dialect: str = ""
    connection: str = ""
    found: int | None = None
    unread: list[Unread] = []


# -- Files --------------------------------------------------------------------------------


class FileInfo(Reply, frozen=True):
    """A file or folder of a connection. ``path`` finds it again; ``size`` is None where only reading tells;
    ``modified_at`` is ISO 8601, or empty."""

    path: str
    folder: bool
    media_type: str
    size: int | None
    modified_at: str


class FileList(Reply, frozen=True):
    """``truncated``: there are more than were asked for."""

    files: list[FileInfo]
    truncated: bool


# -- Queries ------------------------------------------------------------------------------


class QueryRequest(Request, frozen=True):
    """``params`` fill ``:name`` placeholders; they are values, never SQL.

    ``max_rows`` None means the backend's own limit; ``timeout_seconds`` can only shorten the
    configured one. ``query_id`` may be chosen by the caller (a UUID), for cancelling.
    """

    connection: str
    query: str
    max_rows: int | None = None
    params: dict[str, str | int | float | bool | None] = {}
    timeout_seconds: float | None = None
    query_id: str | None = None


class QueryHead(Reply, frozen=True):
    query_id: str
    columns: list[Column]


class QueryEnd(Reply, frozen=True):
    """``elapsed_ms`` runs from the request's arrival to the last row. ``age_seconds`` is how long ago a
    ``cached`` answer came from the source."""

    row_count: int
    truncated: bool
    elapsed_ms: float
    cached: bool = False
    age_seconds: float | msgspec.UnsetType = msgspec.UNSET


class QueryFailedEnd(Reply, frozen=True):
    error: ErrorBody


# -- Jobs ---------------------------------------------------------------------------------


class JobRequest(QueryRequest, frozen=True):
    """A query that may take long. ``format`` is json, ndjson, csv, arrow, parquet or xlsx.

    ``max_rows`` None means all of them, up to the backend's own limit; ``query_id`` becomes the job's id.
    """

    format: str = "ndjson"


class JobInfo(Reply, frozen=True):
    """``state`` is ``queued running done failed cancelled``.

    ``rows`` and ``bytes`` are what the result holds so far; ``read_rows``, ``read_bytes`` and ``percent``
    what the source tells of its own work, 0 and None when it does not. ``error`` is there when it failed.
    """

    id: str
    state: str
    connection: str
    query: str
    format: str
    rows: int
    bytes: int
    read_rows: int
    read_bytes: int
    percent: float | None
    truncated: bool
    elapsed_seconds: float
    created_at: str
    started_at: str | None
    finished_at: str | None
    expires_at: str | None
    owner: str
    error: ErrorBody | None = None


class JobList(Reply, frozen=True):
    jobs: list[JobInfo]


# -- Insights -----------------------------------------------------------------------------


class AnalyzeRequest(Request, frozen=True, omit_defaults=True):
    """Either ``connection`` and ``query``, or ``data``: rows as objects. ``context`` and ``question``
    say what the reader wants to know."""

    connection: str | None = None
    query: str | None = None
    data: list[dict[str, Any]] | None = None
    context: str | None = None
    question: str | None = None


class Insight(Reply, frozen=True):
    """One finding. ``importance`` is ``high medium low``; ``evidence`` the figures behind it."""

    type: str
    description: str
    importance: str
    evidence: Any = None


class Recommendation(Reply, frozen=True):
    """What could be done. ``priority`` is ``high medium low``."""

    action: str
    rationale: str
    priority: str


class Analysis(Reply, frozen=True):
    """``facts`` are the statistics on which everything else rests."""

    summary: str
    insights: list[Insight]
    recommendations: list[Recommendation] = []
    facts: dict[str, Any] = {}


# -- Keys ---------------------------------------------------------------------------------


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
