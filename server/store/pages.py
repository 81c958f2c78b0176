"""A page of a list, as SQL: rows behind a place, with a text in them. What callers write is in api/paging.

Pages go by the place of the last row and not by a count, so that a row that comes or goes between two of them
neither repeats nor hides another.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

Place = tuple[str | int, ...]
"""Where a row stands: the values of what its list is ordered by."""


class Page(msgspec.Struct, frozen=True):
    """``after`` is the place of the last row that was seen, or None for the first page. ``search`` is a text
    that a row must hold, whatever its case, or empty."""

    limit: int
    after: Place | None = None
    search: str = ""


def conditions(
    page: Page, order: Sequence[str], searched: Sequence[str], *, descending: bool = False
) -> tuple[list[str], dict[str, Any]]:
    """What must hold of a row, and its parameters. ``order`` names the columns of a place, all of them in one
    direction and together unique; ``searched`` the columns of text that are looked through."""
    found: list[str] = []
    values: dict[str, Any] = {}
    if page.after is not None:
        marks = [f"after_{number}" for number in range(len(order))]
        values |= dict(zip(marks, page.after, strict=True))
        sign = "<" if descending else ">"
        found.append(f"({', '.join(order)}) {sign} ({', '.join(f':{mark}' for mark in marks)})")
    if page.search:
        values["search"] = f"%{_literally(page.search.lower())}%"
        found.append("(" + " OR ".join(f"lower({name}) LIKE :search ESCAPE '!'" for name in searched) + ")")
    return found, values


def ordered(page: Page, order: Sequence[str], *, descending: bool = False) -> str:
    """ORDER BY and LIMIT: one row more than the page holds, which tells whether another follows."""
    way = " DESC" if descending else ""
    return f"ORDER BY {', '.join(name + way for name in order)} LIMIT {page.limit + 1:d}"


def _literally(text: str) -> str:
    for special in "!%_":
        text = text.replace(special, "!" + special)
    return text
