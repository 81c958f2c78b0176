"""The admin console's page and its files, for everybody: what they show comes from the API, with a key."""

from pathlib import Path

import msgspec

from server.api.call import Call, Whole
from shared.errors import NotFound
from shared.page_files import HEADERS, PageFile, PageFiles, marked
from shared.permissions import BUILT_IN_ROLES, MEANINGS

_FILES = PageFiles(Path(__file__).resolve().parents[1] / "ui")
_PERMISSIONS = marked(
    msgspec.json.encode(
        {
            "permissions": [{"name": name, "meaning": meaning} for name, meaning in MEANINGS.items()],
            "built_in_roles": sorted(BUILT_IN_ROLES),
        }
    ),
    "application/json",
)


async def page(call: Call, _body: None) -> Whole:
    return _answer(call, _FILES.find("index.html"))


async def file(call: Call, _body: None) -> Whole:
    path = call.path["path"]
    return _answer(call, _PERMISSIONS if path == "permissions.json" else _FILES.find(path))


def _answer(call: Call, found: PageFile | None) -> Whole:
    """The browser keeps it, and asks whether it is still the same."""
    if found is None:
        raise NotFound("There is nothing at this address.")
    headers = {**HEADERS, "etag": found.mark, "cache-control": "no-cache"}
    if call.wishes.if_none_match == found.mark:
        return Whole(found.content_type, headers, b"", 304)
    return Whole(found.content_type, headers, found.body)
