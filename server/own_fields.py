"""Fields that every kind of connection has, whatever its source: no connector sees them."""

from collections.abc import Mapping
from typing import Any

from server.connectors.base import Field
from shared.errors import InvalidRequest

SAMPLES = Field(
    "samples",
    "Sample values",
    type=bool,
    required=False,
    help="false: the schema shows no values of text columns.",
)
CACHE = Field(
    "cache_seconds",
    "Keep answers for",
    type=float,
    required=False,
    help="Seconds in which the same question gets the same answer again; 5 when empty, 0 for never.",
)
CONNECTIONS = Field(
    "max_connections",
    "Most connections",
    type=int,
    required=False,
    help="Open connections to this source, over all workers; as in the backend's settings when empty.",
)
TIMEOUT = Field(
    "query_timeout",
    "Longest query",
    type=float,
    required=False,
    help="Seconds; it can only shorten what the backend's settings say.",
)
OF_EVERY_KIND = (SAMPLES, CACHE, CONNECTIONS, TIMEOUT)
NAMES = frozenset(field.name for field in OF_EVERY_KIND)

CACHE_SECONDS = 5.0
_MOST_CONNECTIONS = 10_000


def check(values: Mapping[str, Any]) -> None:
    """Values of the right types. Raises InvalidRequest for those that cannot be."""
    if not 1 <= values.get(CONNECTIONS.name, 1) <= _MOST_CONNECTIONS:
        raise InvalidRequest(f"{CONNECTIONS.name} is a number from 1 to {_MOST_CONNECTIONS}.")
    if not 0 <= values.get(CACHE.name, 0) < float("inf"):
        raise InvalidRequest(f"{CACHE.name} must be 0 or above.")
    if not 0 < values.get(TIMEOUT.name, 1) < float("inf"):
        raise InvalidRequest(f"{TIMEOUT.name} must be above 0.")
