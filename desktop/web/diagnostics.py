"""The diagnostics bundle over HTTP: shown first, then saved as it was shown."""

import bottle

from desktop.diagnostics import NAME
from desktop.web.parts import Parts
from desktop.web.replies import Empty, body, download, json


class DiagnosticsPages:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def make(self) -> bottle.HTTPResponse:
        body(Empty)
        return json({"parts": self._parts.diagnostics.make()})

    def file(self) -> bottle.HTTPResponse:
        return download(self._parts.diagnostics.bundle(), NAME, "application/zip")
