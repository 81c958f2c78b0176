"""The window's own files: page, styles, scripts, icons. A closed list, read when the program starts."""

import hashlib
import mimetypes
from pathlib import Path

import bottle

from desktop.web.parts import Parts
from shared.errors import NotFound

_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}


class Pages:
    """No path of a request ever reaches the disk: it is looked up in the list."""

    def __init__(self, parts: Parts) -> None:
        self._vega = parts.vega
        self._files = {
            file.relative_to(parts.ui).as_posix(): file
            for file in sorted(parts.ui.rglob("*"))
            if file.is_file() and not file.is_symlink()
        }

    def index(self) -> bottle.HTTPResponse:
        return self._file(self._files.get("index.html"), cached=False)

    def file(self, path: str) -> bottle.HTTPResponse:
        return self._file(self._files.get(path))

    def vega(self) -> bottle.HTTPResponse:
        return self._file(self._vega())

    def icon(self) -> bottle.HTTPResponse:
        return self._file(next((file for name, file in self._files.items() if name.endswith(".svg")), None))

    def _file(self, file: Path | None, *, cached: bool = True) -> bottle.HTTPResponse:
        if file is None:
            raise NotFound("There is no such page.")
        data = file.read_bytes()
        kind = _KINDS.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        if not cached:
            return bottle.HTTPResponse(data, headers={"Content-Type": kind, "Cache-Control": "no-store"})
        mark = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
        headers = {"ETag": mark, "Cache-Control": "no-cache", "Content-Type": kind}
        if bottle.request.get_header("If-None-Match") == mark:
            return bottle.HTTPResponse(b"", status=304, headers=headers)
        return bottle.HTTPResponse(data, headers=headers)
