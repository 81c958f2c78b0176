"""Oracle as a kind of connection."""

from server.connectors.oracle.kind import KIND

__all__ = ["KIND"]
