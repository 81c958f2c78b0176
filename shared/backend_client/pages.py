"""Lists that the backend gives in pages, read to their end. What stands in them stays with the callers."""

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from shared.backend_client.answers import decode
from shared.backend_client.http import Transport
from shared.errors import InvalidRequest

_PAGE = 1_000
"""As many as a backend gives at most."""


class _Listed(Protocol):
    @property
    def next(self) -> str | None: ...


T = TypeVar("T", bound=_Listed)


def every_page(
    transport: Transport, path: str, kind: type[T], limit: int | None, filters: Mapping[str, str | None]
) -> Iterator[T]:
    """Each asked for when the one before has been used. The last may hold more than what is left of
    ``limit``. Raises an AppError."""
    if limit is not None and limit < 1:
        raise InvalidRequest("limit must be at least 1.")
    asked = {name: value for name, value in filters.items() if value is not None}
    size = asked["limit"] = str(_PAGE if limit is None else min(limit, _PAGE))
    left = limit
    while True:
        page = decode(transport.ask("GET", f"{path}?{urlencode(asked)}", repeatable=True), kind)
        yield page
        if left is not None:
            left -= int(size)
        if page.next is None or (left is not None and left <= 0):
            return
        asked["after"] = page.next
