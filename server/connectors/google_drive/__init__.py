"""Google Drive as a kind of connection."""

from server.connectors.google_drive.kind import KIND

__all__ = ["KIND"]
