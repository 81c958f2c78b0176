"""Where the browser comes back to after signing in: a port of this PC, for one answer (RFC 8252, 7.3)."""

import hmac
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

_log = logging.getLogger(__name__)

_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>V-Mart AI Agent</title>'
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
    "<h1>{title}</h1><p>{text}</p></html>"
)
_DONE = "Go back to V-Mart AI Agent. You can close this tab."
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


class Answer(msgspec.Struct, frozen=True):
    """What Google sent the browser back with: a code, or why there is none."""

    code: str = ""
    error: str = ""


class Callback:
    """Listens from the start, on a port of its own. Takes the first answer that brings ``state``; whatever
    else comes is told so, and changes nothing: any page may lead a browser here."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._answer: Answer | None = None
        self._over = threading.Event()
        self._server = _Server(self._take)
        self.redirect_uri = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="sign-in-callback", daemon=True
        ).start()

    def wait(self, seconds: float) -> Answer | None:
        """None when nothing has come by then, or it was closed."""
        self._over.wait(seconds)
        return self._answer

    def close(self) -> None:
        self._over.set()
        threading.Thread(target=self._close, name="sign-in-callback-end", daemon=True).start()

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, values: dict[str, str]) -> tuple[int, str, str]:
        """Status, title and text of what the browser shows."""
        if not hmac.compare_digest(values.get("state", "").encode("utf-8", "replace"), self._state.encode()):
            _log.warning("A browser brought an answer that belongs to no sign-in of ours.")
            text = "This answer does not belong to the sign-in that is under way, so it was refused."
            return 400, "Not signed in", f"{text} {_DONE}"
        with self._lock:
            if self._answer is not None or self._over.is_set():
                return 400, "Not signed in", f"This sign-in is over already. {_DONE}"
            self._answer = Answer(values.get("code", ""), values.get("error", ""))
            self._over.set()
        if self._answer.code and not self._answer.error:
            return 200, "Signing in", _DONE
        return 200, "Not signed in", _DONE


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, take: Any) -> None:
        self.take = take
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's form
        _log.debug("A browser left early.", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    server: _Server
    server_version, sys_version = "vmart", ""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        try:
            values = parse_qs(parts.query, max_num_fields=20)
        except ValueError:
            values = {}
        port = self.server.server_address[1]
        if self.headers.get_all("host", []) != [f"127.0.0.1:{port}"] or parts.path != "/" or not parts.query:
            self._answer(404, "Nothing is here", _DONE)
            return
        single = {name: found[0] for name, found in values.items() if len(found) == 1}
        self._answer(*self.server.take(single))

    def _answer(self, status: int, title: str, text: str) -> None:
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The address holds a code: it is written nowhere."""
