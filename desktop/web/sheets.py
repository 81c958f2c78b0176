"""The person's spreadsheets over HTTP: which there are, what was understood of one, and what they say
instead."""

import queue
import threading
from collections.abc import Iterator
from typing import Any

import bottle

from desktop.sheets.known import Known
from desktop.sheets.sheets import Sheets
from desktop.sheets.understood import Correction
from desktop.web.parts import Parts
from desktop.web.replies import Body, body, encoded, json, nothing, sse, stream_of
from shared.errors import AppError, Cancelled, FileUnreadable

_MOST_FILES = 2_000
_SHOWN_ROWS = 8
_UNEXPECTED = "The file could not be read, for a reason that was not expected."
_BEAT_SECONDS = 10.0


class SheetBody(Body, frozen=True):
    path: str


class CorrectionBody(Body, frozen=True):
    path: str
    correction: Correction


class HiddenBody(Body, frozen=True):
    path: str
    sheet: str
    taken: bool


class SheetPages:
    def __init__(self, parts: Parts) -> None:
        self._sheets: Sheets = parts.sheets

    def list(self) -> bottle.HTTPResponse:
        known = {one.path: one for one in self._sheets.known()}
        files = self._sheets.files(_MOST_FILES)
        return json({"files": [_line(path, known.get(path)) for path in files]})

    def open(self) -> bottle.HTTPResponse:
        """Events: ``progress`` with a text, then ``understood`` or ``failed``. Leaving ends the work."""
        path = body(SheetBody).path
        said: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        gone = threading.Event()

        def check() -> None:
            if gone.is_set():
                raise Cancelled("The page was left.")

        def heard(text: str) -> None:
            said.put(sse("progress", encoded({"text": text})))

        def work() -> None:
            try:
                known = self._sheets.open(
                    path,
                    cancelled=check,
                    heard=lambda text: said.put(sse("progress", encoded({"text": text}))),
                )
                said.put(sse("understood", encoded(self._shown(known, check))))
            except AppError as error:
                said.put(sse("failed", encoded({"error": error.message, "code": error.code})))
            except Exception:  # the outer edge of this thread: the window must not be left waiting
                said.put(sse("failed", encoded({"error": _UNEXPECTED, "code": FileUnreadable.code})))
                raise
            finally:
                said.put(None)

        def lines() -> Iterator[bytes]:
            threading.Thread(target=work, name="understand", daemon=True).start()
            try:
                while True:
                    try:
                        line = said.get(timeout=_BEAT_SECONDS)
                    except queue.Empty:
                        yield b": still here\n\n"
                        continue
                    if line is None:
                        return
                    yield line
            finally:
                gone.set()

        return stream_of(lines())

    def correct(self) -> bottle.HTTPResponse:
        wanted = body(CorrectionBody)
        self._sheets.correct(wanted.path, wanted.correction)
        return nothing()

    def take_hidden(self) -> bottle.HTTPResponse:
        wanted = body(HiddenBody)
        self._sheets.take_hidden(wanted.path, wanted.sheet, taken=wanted.taken)
        return nothing()

    def forget(self) -> bottle.HTTPResponse:
        self._sheets.forget_corrections(body(SheetBody).path)
        return nothing()

    def _shown(self, known: Known, check: Any) -> dict[str, Any]:
        """With the first rows of each table, for the person."""
        rows = {}
        for named in self._sheets.tables([known.path]):
            first = self._sheets.first_rows(named.name, _SHOWN_ROWS, cancelled=check)
            rows[f"{named.table.sheet}\n{named.table.number}"] = {"name": named.name, "rows": first}
        return {
            "path": known.path,
            "understood": known.understood,
            "wishes": known.wishes,
            "shown": rows,
        }


def _line(path: str, known: Known | None) -> dict[str, Any]:
    tables = known.understood.tables() if known else []
    return {
        "path": path,
        "opened": known is not None,
        "tables": len(tables),
        "rows": sum(table.row_count for table in tables),
    }
