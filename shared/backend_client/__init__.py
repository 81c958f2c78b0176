"""The client of the backend: what a program needs, and what it may catch."""

from shared.backend_client.answers import QueryResult, SchemaAnswer
from shared.backend_client.client import BackendClient
from shared.backend_client.metrics import MetricsSnapshot
from shared.backend_client.stream import StreamedResult
from shared.errors import (
    AppError,
    BackendConnectionError,
    BackendError,
    BackendProtocolError,
    BackendTimeoutError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    QueryFailed,
    QueryRefused,
    QueryTimeout,
    RateLimited,
)
from shared.rows import decode_batch

__all__ = [
    "AppError",
    "BackendClient",
    "BackendConnectionError",
    "BackendError",
    "BackendProtocolError",
    "BackendTimeoutError",
    "MetricsSnapshot",
    "NotAuthenticated",
    "NotFound",
    "NotPermitted",
    "QueryFailed",
    "QueryRefused",
    "QueryResult",
    "QueryTimeout",
    "RateLimited",
    "SchemaAnswer",
    "StreamedResult",
    "decode_batch",
]
