"""What was found out about a request's head, for when the very same head comes again on its connection."""

from collections.abc import Hashable
from typing import Any

from sanic import Request

from server.access.allowlist import Allowlist
from server.access.identity import Identity
from server.api.call import Backend, Wishes


class Known:
    """Who sends it, and from where."""

    __slots__ = ("_allowlist", "_digest", "caller", "origin")

    def __init__(self, origin: str, caller: Identity, digest: bytes, allowlist: Allowlist) -> None:
        self.origin = origin
        self.caller = caller
        self._digest = digest
        self._allowlist = allowlist

    def holds(self, backend: Backend) -> bool:
        """Whether it would be found out again: the key still stands for the very same, and the same
        addresses are allowed."""
        same_caller = backend.keyring.find_by_digest(self._digest) is self.caller
        return same_caller and backend.allowlist is self._allowlist


def memo_of(request: Request) -> dict[Hashable, Any]:
    """Empty for a request that does not come by the short way."""
    memo: dict[Hashable, Any] = getattr(request, "memo", {})
    return memo


def wishes_of(request: Request) -> Wishes:
    memo = memo_of(request)
    found: Wishes | None = memo.get("wishes")
    if found is None:
        headers = request.headers
        found = memo["wishes"] = Wishes(
            accept=headers.getone("accept", None),
            accept_encoding=headers.getone("accept-encoding", None),
            cache_control=headers.getone("cache-control", None),
            if_none_match=headers.getone("if-none-match", None),
            range=headers.getone("range", None),
        )
    return found
