"""Granted folders and what lies in them over HTTP: granted, listed, looked at, searched, shown, dropped."""

from collections.abc import Iterator
from typing import Any, Literal

import bottle

from desktop.agent.stop import Stop
from desktop.files import showing
from desktop.files.search import Found
from desktop.store.grants import Grant
from desktop.web.parts import Parts
from desktop.web.replies import (
    Body,
    Empty,
    body,
    encoded,
    json,
    nothing,
    query_number,
    query_text,
    sse,
    stream_of,
)
from shared.errors import AppError, NotFound

_MOST_PART = 10**6


class GrantBody(Body, frozen=True):
    """``sure``: the person has read what is warned of, and wants it so."""

    path: str
    sure: bool = False


class OpenBody(Body, frozen=True):
    path: str
    how: Literal["program", "folder"]


class UploadBody(Body, frozen=True):
    name: str
    size: int


class RemoveBody(Body, frozen=True):
    path: str


class FilePages:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._files = parts.files

    def grants(self) -> bottle.HTTPResponse:
        return json(
            {
                "grants": [_told(grant) for grant in self._files.grants.list()],
                "dialog": self._parts.dialogs.choose_folder is not None,
            }
        )

    def grant(self) -> bottle.HTTPResponse:
        """The new grant, or a warning to be answered with ``sure``."""
        wanted = body(GrantBody)
        if not wanted.sure:
            considered = self._files.grants.consider(wanted.path)
            if considered.warning:
                return json({"warning": considered.warning, "path": str(considered.path)})
        return json({"grant": _told(self._files.grants.add(wanted.path))}, status=201)

    def choose(self) -> bottle.HTTPResponse:
        """A folder by the system's own dialog; an empty path when the person changed their mind."""
        body(Empty)
        choose = self._parts.dialogs.choose_folder
        if choose is None:
            raise NotFound("There is no window of our own here; write the folder's path instead.")
        folder = choose()
        return json({"path": str(folder) if folder else ""})

    def revoke(self, grant_id: str) -> bottle.HTTPResponse:
        self._files.grants.revoke(grant_id)
        return nothing()

    def restore(self, grant_id: str) -> bottle.HTTPResponse:
        body(Empty)
        return json({"grant": _told(self._files.grants.restore(grant_id))})

    def listing(self) -> bottle.HTTPResponse:
        return json(self._files.library.listing(query_text("path")))

    def document(self) -> bottle.HTTPResponse:
        """A part of a file's text, with what is known of the file."""
        text = query_text("path")
        entry = self._files.library.entry(text)
        part = query_number("part", 1, most=_MOST_PART)
        try:
            path, document = self._files.library.document(text, part=max(1, part))
        except AppError as error:
            if error.code == "file_unreadable":
                return json({"file": entry, "place": "", "document": None, "why": error.message})
            raise
        return json({"file": entry, "place": str(path.path), "document": document, "why": ""})

    def search(self) -> bottle.HTTPResponse:
        """A stream: ``looked`` as reading goes on, ``found`` at the end, or ``failed``. It stops when the
        reader leaves."""
        words, below, stop = query_text("query"), query_text("below"), Stop()

        def lines() -> Iterator[bytes]:
            try:
                for each in self._files.search.find(words, below=below, cancelled=stop.check):
                    yield sse("found" if isinstance(each, Found) else "looked", encoded(each))
            except AppError as error:
                yield sse("failed", encoded({"error": error.message, "code": error.code}))
            finally:
                stop.press()

        return stream_of(lines())

    def open(self) -> bottle.HTTPResponse:
        """The button that was pressed is the person's yes: it names the file and what happens."""
        wanted = body(OpenBody)
        path = self._files.grants.resolve(wanted.path)
        if wanted.how == "program":
            showing.open_in_program(path)
        else:
            showing.show_in_folder(path)
        return nothing(202)

    def begin_upload(self) -> bottle.HTTPResponse:
        wanted = body(UploadBody)
        return json({"id": self._files.dropping.begin(wanted.name, wanted.size)}, status=201)

    def add_to_upload(self, upload_id: str) -> bottle.HTTPResponse:
        text = query_text("offset", "0")
        offset = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
        data = bottle.request.body.read()
        return json({"received": self._files.dropping.add(upload_id, offset, data)})

    def finish_upload(self, upload_id: str) -> bottle.HTTPResponse:
        body(Empty)
        return json({"file": self._files.dropping.finish(upload_id)}, status=201)

    def cancel_upload(self, upload_id: str) -> bottle.HTTPResponse:
        self._files.dropping.cancel(upload_id)
        return nothing()

    def remove_dropped(self) -> bottle.HTTPResponse:
        return json({"removal": self._files.dropping.remove(body(RemoveBody).path)})

    def bring_back(self, removal: str) -> bottle.HTTPResponse:
        body(Empty)
        return json({"file": self._files.dropping.bring_back(removal)})

    def undo(self, written: str) -> bottle.HTTPResponse:
        """Takes back what was written with the person's yes."""
        body(Empty)
        return json({"path": self._files.writing.undo(written)})


def _told(grant: Grant) -> dict[str, Any]:
    place = "" if grant.kind == "dropped" else grant.path
    return {
        "id": grant.id,
        "name": grant.name,
        "place": place,
        "kind": grant.kind,
        "granted_at": grant.granted_at,
    }
