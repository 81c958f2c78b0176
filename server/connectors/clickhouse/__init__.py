"""ClickHouse as a kind of connection."""

from server.connectors.clickhouse.kind import KIND

__all__ = ["KIND"]
