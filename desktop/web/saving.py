"""Saving through the program's own dialog, where there is one: a native window cannot download.

Over HTTP and not through the window's script bridge, which would need scripts made from text.
"""

import base64
import binascii
import logging
from pathlib import Path

import bottle

from desktop.diagnostics import NAME
from desktop.web.conversations import conversation_file
from desktop.web.parts import Parts
from desktop.web.replies import Body, body, json
from desktop.web.results import result_file
from shared.errors import Conflict, InvalidRequest, NotFound

_log = logging.getLogger(__name__)

_PICTURES = ("data:image/png;base64", "data:image/svg+xml;base64")


class SaveBody(Body, frozen=True):
    """One of: a result with its format, a conversation, the diagnostics that were shown, a picture with its
    name (``data:`` address)."""

    result_id: str | None = None
    format: str = "csv"
    conversation_id: str | None = None
    name: str = "chart.png"
    picture: str | None = None
    diagnostics: bool = False


class SavePage:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def save(self) -> bottle.HTTPResponse:
        """The name of the file, or an empty text when the person changed their mind."""
        choose = self._parts.dialogs.choose
        if choose is None:
            raise NotFound("There is no window of our own here; download the file instead.")
        name, data = self._content(body(SaveBody))
        file = choose(name)
        if file is None:
            return json({"saved": ""})
        try:
            file.write_bytes(data)
        except OSError as error:
            _log.warning("A file could not be saved: %s", error)
            raise Conflict(f"{file.name} could not be written: {error.strerror}.") from error
        return json({"saved": file.name})

    def _content(self, wanted: SaveBody) -> tuple[str, bytes]:
        if wanted.result_id is not None:
            name, _, data = result_file(self._parts, wanted.result_id, wanted.format)
            return name, data
        if wanted.conversation_id is not None:
            kind = "json" if wanted.format == "json" else "md"
            name, _, data = conversation_file(self._parts, wanted.conversation_id, kind)
            return name, data
        if wanted.diagnostics:
            return NAME, self._parts.diagnostics.bundle()
        head, _, text = (wanted.picture or "").partition(",")
        if head not in _PICTURES:
            raise InvalidRequest("There is nothing to save.")
        try:
            return Path(wanted.name).name or "chart.png", base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise InvalidRequest("The picture is damaged.") from error
