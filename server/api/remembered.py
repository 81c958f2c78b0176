"""What was found out about a request's head, for when the very same head comes again on its connection."""

from collections.abc import Hashable
from typing import Any

from sanic import Request

from server.access.allowlist import Allowlist
from server.access.identity import NOBODY, Identity
from server.api.call import Backend, Wishes


class Known:
    """Who sends it, from where, and what they may: ``extra`` and ``may_export`` are those of a Call."""

    __slots__ = ("_allowlist", "_digest", "caller", "extra", "is_permitted", "may_export", "origin")

    def __init__(self, origin: str, caller: Identity, digest: bytes, allowlist: Allowlist) -> None:
        self.is_permitted = self.extra = self.may_export = False
        self.origin = origin
        self.caller = caller
        self._digest = digest
        self._allowlist = allowlist

    def holds(self, backend: Backend) -> bool:
        """Whether it would be found out again: the key still stands for the very same, and the same
        addresses are allowed."""
        same_caller = backend.keyring.find_by_digest(self._digest) is self.caller
        return same_caller and backend.allowlist is self._allowlist


ANYBODY = Known("", NOBODY, b"", Allowlist([], []))


def memo_of(request: Request) -> dict[Hashable, Any]:
    """Empty for a request that does not come by the short way."""
    memo: dict[Hashable, Any] = getattr(request, "memo", {})
    return memo


def wishes_of(request: Request, memo: dict[Hashable, Any]) -> Wishes:
    found: Wishes | None = memo.get("wishes")
    if found is None:
        headers = request.headers
        media_type: str = headers.getone("content-type", "")
        found = memo["wishes"] = Wishes(
            accept=headers.getone("accept", None),
            accept_encoding=headers.getone("accept-encoding", None),
            cache_control=headers.getone("cache-control", None),
            if_none_match=headers.getone("if-none-match", None),
            range=headers.getone("range", None),
            sends_json=media_type.partition(";")[0].strip().lower() == "application/json",
        )
    return found
