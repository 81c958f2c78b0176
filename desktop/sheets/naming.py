"""What the tables of a file are called in SQL."""

import re
from collections.abc import Sequence

import msgspec

from desktop.sheets.understood import TableFound


def named(tables: Sequence[TableFound], file: str) -> list[TableFound]:
    """By the file, and by the sheet where there are several."""
    stem = slug(file.rpartition(".")[0]) or "file"
    names: list[str] = []
    for table in tables:
        sheets = {one.sheet for one in tables}
        name = stem if len(tables) == 1 else f"{stem}_{slug(table.sheet)}" if len(sheets) > 1 else stem
        number, free = 2, name
        while free in names:
            free, number = f"{name}_{number}", number + 1
        names.append(free)
    return [msgspec.structs.replace(table, name=name) for table, name in zip(tables, names, strict=True)]


def slug(text: str) -> str:
    """``Targets 2025-26 (final)`` is ``targets_2025_26_final``."""
    plain = re.sub(r"[^\w]+", "_", text.lower()).strip("_")[:60]
    return f"t_{plain}" if plain[:1].isdigit() else plain
