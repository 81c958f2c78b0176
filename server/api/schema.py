"""Tables and columns of a connection over HTTP: all of them, one by name, or those that fit some words."""

import asyncio
from urllib.parse import unquote

from server import compression
from server.api.call import Call, Whole
from server.catalogue import Catalogue
from shared.errors import InvalidRequest, NotFound

_FEW, _MOST = 20, 1_000
_LONGEST_SEARCH = 500
_TRUE = ("1", "true")


async def show(call: Call, _body: None) -> Whole:
    """With an ETag, by which a caller that has it already is told so (304) without the body."""
    name = unquote(call.path["name"])
    call.note.connection = name[:63]
    fresh = call.query.get("refresh", call.query.get("fresh", "")) in _TRUE
    search, table = call.query.get("search"), call.query.get("table")
    limit = call.limit(_FEW, _MOST)
    if search is not None and len(search) > _LONGEST_SEARCH:
        raise InvalidRequest(f"A search has at most {_LONGEST_SEARCH} characters.")
    data = call.caller.data
    if data.restricts:
        catalogue = await call.backend.governance.catalogue(name, data, fresh=fresh)
    else:
        catalogue = await call.backend.schemas.get(name, fresh=fresh)
    if table is not None:
        found = catalogue.body_of(table)
        if found is None:
            raise NotFound(f"There is no table called {table[:200]!r} in {name}.")
        return Whole("application/json", {}, found)
    if search is not None:
        return Whole("application/json", {}, catalogue.search(search, limit))
    headers = {"vary": "accept-encoding", "etag": catalogue.etag, "cache-control": "private, no-cache"}
    if catalogue.etag in (call.wishes.if_none_match or "").replace("W/", "").split(", "):
        return Whole("application/json", headers, b"", status=304)
    return await asyncio.to_thread(_whole, catalogue, headers, call.wishes.accept_encoding)


def _whole(catalogue: Catalogue, headers: dict[str, str], accept_encoding: str | None) -> Whole:
    """A large schema is some megabytes, and takes a moment to make small."""
    body = catalogue.body()
    packer = None if len(body) < compression.TOO_SMALL else compression.choose(accept_encoding)
    if packer is None:
        return Whole("application/json", headers, body)
    packing = packer()
    return Whole(
        "application/json", headers | {"content-encoding": packing.name}, packing.pack(body, last=True)
    )
