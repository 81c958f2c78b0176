"""The client of the backend: what a program needs, and what it may catch."""

from typing import TYPE_CHECKING, Any

from shared.backend_client.answers import QueryResult, SchemaAnswer
from shared.backend_client.arrow_stream import ArrowStream
from shared.backend_client.client import BackendClient
from shared.backend_client.jobs import Job
from shared.backend_client.metrics import MetricsSnapshot
from shared.backend_client.progress import Progress
from shared.backend_client.stream import StreamedResult
from shared.errors import (
    AppError,
    BackendConnectionError,
    BackendError,
    BackendProtocolError,
    BackendTimeoutError,
    DriverMissing,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    QueryCancelled,
    QueryFailed,
    QueryRefused,
    QueryTimeout,
    RateLimited,
)
from shared.rows import decode_batch

if TYPE_CHECKING:
    from shared.backend_client.asynchronous import AsyncBackendClient

__all__ = [
    "AppError",
    "ArrowStream",
    "AsyncBackendClient",
    "BackendClient",
    "BackendConnectionError",
    "BackendError",
    "BackendProtocolError",
    "BackendTimeoutError",
    "DriverMissing",
    "Job",
    "MetricsSnapshot",
    "NotAuthenticated",
    "NotFound",
    "NotPermitted",
    "Progress",
    "QueryCancelled",
    "QueryFailed",
    "QueryRefused",
    "QueryResult",
    "QueryTimeout",
    "RateLimited",
    "SchemaAnswer",
    "StreamedResult",
    "decode_batch",
]


def __getattr__(name: str) -> Any:
    """asyncio is for those who use it."""
    if name == "AsyncBackendClient":
        from shared.backend_client.asynchronous import AsyncBackendClient

        return AsyncBackendClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
