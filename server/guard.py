"""SQL text to ReadOnlySql, or a refusal. The only maker of that type."""

from typing import NewType

ReadOnlySql = NewType("ReadOnlySql", str)
"""SQL that passed :func:`check`: one query that only reads, re-rendered from its parsed form."""
