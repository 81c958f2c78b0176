"""A folder of files as a kind of connection."""

from server.connectors.filesystem.kind import KIND

__all__ = ["KIND"]
