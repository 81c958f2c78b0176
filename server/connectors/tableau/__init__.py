"""Tableau as a kind of connection."""

from server.connectors.tableau.kind import KIND

__all__ = ["KIND"]
