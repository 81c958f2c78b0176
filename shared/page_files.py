"""The files of a page: what is in shared/ui, and what its own folder has beside that. Serving them stays with
whoever serves.

No path of a request ever reaches the disk: it is looked up in a closed list, made when the program starts.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

COMMON = Path(__file__).resolve().parent / "ui"
_SPRITE = COMMON / "icons" / "sprite.svg"
_SPRITE_GOES_HERE = "<!-- icons -->"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
"""What a page may do: nothing inline, nothing from elsewhere, in nobody's frame. In small letters, by which
they take the place of what an answer has otherwise."""


class PageFile(msgspec.Struct, frozen=True):
    """``mark`` is its ETag."""

    body: bytes
    content_type: str
    mark: str


class PageFiles:
    """Paths like ``css/tokens.css``; the page itself is ``index.html``."""

    def __init__(self, own: Path) -> None:
        self._files = {
            file.relative_to(folder).as_posix(): file
            for folder in (COMMON, own)
            for file in sorted(folder.rglob("*"))
            if file.suffix in _KINDS and not file.is_symlink()
        }

    def find(self, path: str) -> PageFile | None:
        file = self._files.get(path)
        if file is None:
            return None
        body = file.read_bytes()
        if path == "index.html":
            body = body.replace(_SPRITE_GOES_HERE.encode(), _SPRITE.read_bytes())
        return marked(body, _KINDS[file.suffix])


def marked(body: bytes, content_type: str) -> PageFile:
    return PageFile(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:20]}"')
