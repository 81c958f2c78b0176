"""Pages of a list: ``?limit=``, ``?after=`` and ``?search=``, answered with ``next``. The same for all lists.

``next`` is what ``after`` takes to go on, and null on the last page. It says a place in the list and grants
nothing: what the caller may see is decided anew for each page.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from server.api.call import Call
from server.store.pages import Page, Place
from shared.errors import InvalidRequest

T = TypeVar("T")

FEW, MOST = 100, 1_000
_LONGEST_SEARCH, _LONGEST_MARK = 200, 2_000
_BEYOND = 2**63


def asked(call: Call, place: Any, *, usual: int = FEW, most: int = MOST) -> Page:
    """The page that the address asks for. ``place`` is the type of a row's place in this list, such as
    ``tuple[str, str]``. Raises InvalidRequest."""
    search = call.query.get("search", "").strip()
    if len(search) > _LONGEST_SEARCH or not search.isprintable():
        raise InvalidRequest(f"search is a text of at most {_LONGEST_SEARCH} characters on one line.")
    after = call.query.get("after")
    return Page(call.limit(usual, most), None if after is None else _place(after, place), search)


def one_of(call: Call, name: str, values: Sequence[str]) -> str | None:
    """A filter such as ``?state=``; None when it is not there. Raises InvalidRequest."""
    value = call.query.get(name)
    if value is not None and value not in values:
        raise InvalidRequest(f"{name} is one of {', '.join(values)}.")
    return value


def cut(page: Page, rows: Sequence[T], place: Callable[[T], Place]) -> tuple[list[T], str | None]:
    """Of rows that were read with one more than the page holds: the page, and what leads to the next."""
    found = list(rows[: page.limit])
    return found, mark(place(found[-1])) if len(rows) > page.limit else None


def cut_from_all(
    page: Page, rows: Sequence[T], place: Callable[[T], Place], texts: Callable[[T], Sequence[str]]
) -> tuple[list[T], str | None]:
    """The same of a list that lies whole in memory: ordered by ``place``, searched in ``texts``."""
    words = page.search.lower()
    wanted = [
        row
        for row in sorted(rows, key=place)
        if (page.after is None or place(row) > page.after)
        and (not words or any(words in text.lower() for text in texts(row)))
    ]
    return cut(page, wanted[: page.limit + 1], place)


def mark(place: Place) -> str:
    """What ``after`` takes to go on behind a place."""
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _place(mark: str, kind: Any) -> Place:
    try:
        if len(mark) > _LONGEST_MARK:
            raise ValueError("too long")
        data = urlsafe_b64decode(mark.encode("ascii") + b"=" * (-len(mark) % 4))
        found: Place = msgspec.json.decode(data, type=kind)
        if not all(
            value.isprintable() if isinstance(value, str) else 0 <= value < _BEYOND for value in found
        ):
            raise ValueError("nothing that a database could compare")
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidRequest("after is not a mark that this list has given as next.") from error
    return found
