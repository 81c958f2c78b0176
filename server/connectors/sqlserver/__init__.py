"""SQL Server as a kind of connection."""

from server.connectors.sqlserver.kind import KIND

__all__ = ["KIND"]
