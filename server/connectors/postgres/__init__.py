"""PostgreSQL as a kind of connection."""

from server.connectors.postgres.kind import KIND

__all__ = ["KIND"]
