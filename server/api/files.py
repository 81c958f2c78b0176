"""Files of a connection over HTTP: listed, searched, read. Where they lie stays with the connectors."""

import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from server.api.call import Call, Whole
from server.connectors.base import FileConnector
from shared.errors import InvalidRequest, NotPermitted
from shared.wire import FileInfo, FileList

T = TypeVar("T")

MOST_BYTES = 50_000_000
"""Of one file that is read as a whole; SQL reads larger ones."""
_FEW_ENTRIES, _MOST_ENTRIES = 200, 1_000
_LONGEST = 4_000
_PATIENCE_SECONDS = 60.0
_SAFE_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,100}")


async def show_all(call: Call, _body: None) -> FileList:
    """``?path=`` a folder, or ``?search=`` a text; ``&limit=``."""
    path, search = _text(call, "path"), _text(call, "search")
    limit = call.limit(_FEW_ENTRIES, _MOST_ENTRIES)
    if search and path:
        raise InvalidRequest("Give either path or search.")
    if search:
        found = await _run(call, lambda files: files.search(search, limit + 1))
    else:
        found = await _run(call, lambda files: files.list(path, limit + 1))
    call.note.row_count = min(len(found), limit)
    entries = [FileInfo(one.path, one.folder, one.media_type, one.size, one.modified_at) for one in found]
    return FileList(entries[:limit], truncated=len(entries) > limit)


async def content(call: Call, _body: None) -> Whole:
    """One file, as it is. Always to be saved, never to be shown by a browser."""
    path = _text(call, "path")
    if not path:
        raise InvalidRequest("Say which file: ?path=...")
    document = await _run(call, lambda files: files.read(path, MOST_BYTES))
    kind = document.media_type if _SAFE_TYPE.fullmatch(document.media_type) else "application/octet-stream"
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(document.name, safe='')}",
        "content-security-policy": "sandbox; default-src 'none'",
    }
    return Whole(kind, headers, document.data)


async def _run(call: Call, work: "Callable[[FileConnector], T]") -> T:
    name = call.note.connection = call.path["name"]
    call.backend.governance.demand(name, call.caller.data)
    if not call.caller.data.sees_whole(name):
        raise NotPermitted(
            f"Of {name!r} this key sees some tables, rows or columns only, and files hold them all.",
            details="Ask with SQL; GET /api/schema lists the tables.",
        )
    lease = await call.backend.connections.lease(name, call.caller.key_id)
    try:
        connector = lease.connector
        if not isinstance(connector, FileConnector):
            raise InvalidRequest(f"The connection {name!r} does not hold files.")
        return await lease.run_within(_PATIENCE_SECONDS, lambda: work(connector))
    finally:
        lease.release()


def _text(call: Call, name: str) -> str:
    text = call.query.get(name, "")
    if len(text) > _LONGEST or "\x00" in text:
        raise InvalidRequest(f"{name} is not a text that names a file.")
    return text
