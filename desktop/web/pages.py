"""The window's own files: page, styles, scripts, icons."""

from collections.abc import Callable
from pathlib import Path

import bottle

from shared.errors import NotFound
from shared.page_files import PageFile, PageFiles, marked


class Pages:
    """Of the folder ``ui``; ``vega`` waits for the drawing library's file."""

    def __init__(self, ui: Path, vega: Callable[[], Path]) -> None:
        self._vega = vega
        self._files = PageFiles(ui)

    def index(self) -> bottle.HTTPResponse:
        file = _there(self._files.find("index.html"))
        return bottle.HTTPResponse(
            file.body, headers={"Content-Type": file.content_type, "Cache-Control": "no-store"}
        )

    def file(self, path: str) -> bottle.HTTPResponse:
        return _kept(_there(self._files.find(path)))

    def vega(self) -> bottle.HTTPResponse:
        return _kept(marked(self._vega().read_bytes(), "text/javascript; charset=utf-8"))

    def icon(self) -> bottle.HTTPResponse:
        return self.file("icons/app.svg")


def _there(file: PageFile | None) -> PageFile:
    if file is None:
        raise NotFound("There is no such page.")
    return file


def _kept(file: PageFile) -> bottle.HTTPResponse:
    """The browser keeps it, and asks whether it is still the same."""
    headers = {"ETag": file.mark, "Cache-Control": "no-cache", "Content-Type": file.content_type}
    if bottle.request.get_header("If-None-Match") == file.mark:
        return bottle.HTTPResponse(b"", status=304, headers=headers)
    return bottle.HTTPResponse(file.body, headers=headers)
