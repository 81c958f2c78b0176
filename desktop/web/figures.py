"""How the program does, over HTTP."""

import logging

import bottle

from desktop.web.parts import Parts
from desktop.web.replies import json

_log = logging.getLogger(__name__)


class FigurePages:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def show(self) -> bottle.HTTPResponse:
        figures = self._parts.figures
        try:
            figures.keep()
        except OSError as error:
            _log.warning("The figures of this run are not kept: %s", error.strerror)
        return json(figures.told())
