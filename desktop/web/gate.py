"""Between the door and what belongs to a person: nothing of it passes unless the session is open.

What was begun in a session also ends with it: an answer that is ready a moment too late is not sent, and a
stream stops where it is.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from desktop.session import Session
from desktop.web.parts import Sitting
from shared.errors import SessionOver

_OUTSIDE = ("/api/session", "/api/window/")
_ACTS = ("/api/ask",)
Head = tuple[str, list[tuple[str, str]]]


class Gate:
    """WSGI. ``outside`` answers everybody whom the door lets in: the window's own files, and signing in."""

    def __init__(self, session: Session[Sitting], outside: WSGIApplication) -> None:
        self._session = session
        self._outside = outside

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.startswith("/api/") or path.startswith(_OUTSIDE):
            return self._outside(environ, start_response)
        seat, session_id = self._session.admit(environ.get("HTTP_VMART_SESSION"))
        if path in _ACTS and environ["REQUEST_METHOD"] == "POST":
            self._session.act()
        heads: list[Head] = []
        body = seat.application(environ, _kept(heads))
        if not self._session.goes_on(session_id):
            _close(body)
            raise SessionOver("The session ended while this was being answered.")
        start_response(*heads[-1])
        return _until(body, lambda: self._session.goes_on(session_id))


def _kept(heads: list[Head]) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
        heads.append((status, headers))
        return lambda _: None

    return start


def _until(body: Iterable[bytes], goes_on: Callable[[], bool]) -> Iterator[bytes]:
    try:
        for chunk in body:
            if not goes_on():
                return
            yield chunk
    finally:
        _close(body)


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()
