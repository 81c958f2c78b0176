"""How much is kept: rows of each table, counted without opening the state for writing."""

import contextlib
import sqlite3
from pathlib import Path


def row_counts(file: Path) -> dict[str, int]:
    """By the names of our tables. Empty when the file is not there or cannot be read."""
    if not file.is_file():
        return {}
    try:
        with contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as state:
            found = state.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            names = [str(name) for (name,) in found]
            return {name: _count(state, name) for name in names}
    except sqlite3.Error:
        return {}


def _count(state: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    return int(state.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])  # noqa: S608 - our own names
