"""The API's reference over HTTP, for programs and for people. What it says is made by openapi."""

from functools import cache

import msgspec

from server.api import reference_page
from server.api.call import Call, Whole
from server.api.openapi import JSON, describe
from shared.page_files import HEADERS

HTML = "text/html; charset=utf-8"


async def openapi(call: Call, _body: None) -> Whole:
    return Whole(JSON, {"cache-control": "no-cache"}, _document(call.backend.version))


async def page(call: Call, _body: None) -> Whole:
    return Whole(HTML, {**HEADERS, "cache-control": "no-cache"}, _page(call.backend.version))


@cache
def _document(version: str) -> bytes:
    from server.api.routes import ROUTES  # this is a line of that page

    return msgspec.json.format(msgspec.json.encode(describe(ROUTES, version)), indent=2)


@cache
def _page(version: str) -> bytes:
    return reference_page.page(msgspec.json.decode(_document(version))).encode()
