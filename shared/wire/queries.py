"""Queries and jobs: asked for, and how their answers begin and end."""

import msgspec

from shared.results import Column
from shared.wire.base import ErrorBody, Reply, Request


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
    """``next`` is what ``?after=`` takes to go on; None on the last page."""

    jobs: list[JobInfo]
    next: str | None = None
