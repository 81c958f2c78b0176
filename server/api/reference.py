"""The API's reference over HTTP. What it says is made by openapi."""

from functools import cache

import msgspec

from server.api.call import Call, Whole
from server.api.openapi import JSON, describe


async def openapi(call: Call, _body: None) -> Whole:
    return Whole(JSON, {"cache-control": "no-cache"}, _document(call.backend.version))


@cache
def _document(version: str) -> bytes:
    from server.api.routes import ROUTES  # this is a line of that page

    return msgspec.json.format(msgspec.json.encode(describe(ROUTES, version)), indent=2)
