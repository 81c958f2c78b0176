"""Who may talk to the window's server: token, cookie, Host, Origin. Every answer leaves through here too."""

import hmac
import logging
import secrets
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import msgspec

from desktop.web.launch import LaunchCodes, is_ours
from shared.errors import AppError, InvalidRequest, NotAuthenticated, NotPermitted, TooLarge
from shared.page_files import HEADERS
from shared.wire import ErrorBody

_log = logging.getLogger(__name__)

_MOST_BODY = 16 * 1024 * 1024  # a picture of a chart that is to be saved
_PIECE = "application/octet-stream"
_READS = ("GET", "HEAD")
Headers = list[tuple[str, str]]


class Door:
    """WSGI around the application. ``token`` opens it for a browser, and so does a launch code, once; the
    cookie keeps it open."""

    def __init__(self, application: WSGIApplication, port: int) -> None:
        self._application = application
        self._port = port
        self._codes = LaunchCodes()
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self._cookie = f"vmart_session_{port}"  # cookies know no ports: two agents must not share one
        self._session = secrets.token_urlsafe(32)
        self.token = secrets.token_urlsafe(32)
        self.address = f"http://127.0.0.1:{port}/"

    @property
    def link(self) -> str:
        """What the window opens, and what is printed for a person: never a part of a command line."""
        return f"{self.address}?token={self.token}"

    def launch_link(self) -> str:
        """What a browser is started with: good once, and soon no more."""
        return f"{self.address}?launch={self._codes.make()}"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start = _with_headers(start_response)
        try:
            self._check_host(environ)
            if self._brings_key(environ):
                return self._let_in(start)
            self._check_caller(environ)
            _check_body(environ)
            return self._application(environ, start)
        except AppError as error:
            return _refused(error, start)
        except Exception:  # noqa: BLE001 - the outer edge of a request: the text stays in the log
            _log.exception("A request failed unexpectedly.")
            return _refused(AppError("Something went wrong in this program."), start)

    def _check_host(self, environ: WSGIEnvironment) -> None:
        """Any other name is a page of somebody else that has pointed its name at this computer."""
        hosts = environ.get("vmart.hosts", [environ.get("HTTP_HOST", "")])
        if len(hosts) != 1 or hosts[0].strip().lower() not in self._hosts:
            raise NotPermitted("This address is not served here.")

    def _brings_key(self, environ: WSGIEnvironment) -> bool:
        """Raises NotAuthenticated for a launch code that is good no more."""
        if environ["REQUEST_METHOD"] != "GET" or environ["PATH_INFO"] != "/":
            return False
        given = parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=5)
        match given.get("token", []), given.get("launch", []):
            case [token], _:
                return _same(token, self.token)
            case _, [code]:
                if is_ours(environ["vmart.client_port"], self._port) and self._codes.redeem(code):
                    return True
                if self._has_cookie(environ):  # the page was loaded again, or gone back to
                    return True
                raise NotAuthenticated(
                    "This link was used already, or is too old. "
                    "Start V-Mart AI Agent again: it opens a new one."
                )
        return False

    def _let_in(self, start: StartResponse) -> Iterable[bytes]:
        cookie = f"{self._cookie}={self._session}; HttpOnly; SameSite=Strict; Path=/"
        start("303 See Other", [("Location", "/"), ("Set-Cookie", cookie), ("Content-Length", "0")])
        return [b""]

    def _check_caller(self, environ: WSGIEnvironment) -> None:
        origin = environ.get("HTTP_ORIGIN")
        own = origin is not None and origin in {f"http://{host}" for host in self._hosts}
        bearer = self._has_bearer(environ)
        if origin is not None and not own:
            raise NotPermitted("Requests of other pages are not answered.")
        if environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("same-origin", "none") and _is_api(environ):
            raise NotPermitted("Requests of other pages are not answered.")
        if not (bearer or self._has_cookie(environ)):
            raise NotAuthenticated("Open the window again from the program: this link has no key.")
        if environ["REQUEST_METHOD"] not in _READS and not (own or bearer):
            raise NotPermitted("Requests that change something must come from the window itself.")

    def _has_bearer(self, environ: WSGIEnvironment) -> bool:
        kind, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        return kind.lower() == "bearer" and _same(given.strip(), self.token)

    def _has_cookie(self, environ: WSGIEnvironment) -> bool:
        try:
            cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
        except CookieError:
            return False
        return self._cookie in cookies and _same(cookies[self._cookie].value, self._session)


def _is_api(environ: WSGIEnvironment) -> bool:
    return bool(environ["PATH_INFO"].startswith("/api/"))


def _check_body(environ: WSGIEnvironment) -> None:
    if environ["REQUEST_METHOD"] in _READS:
        return
    if environ.get("HTTP_TRANSFER_ENCODING"):
        raise InvalidRequest("Send the body with its Content-Length.")
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        raise InvalidRequest("Content-Length is no number.")
    if int(length) > _MOST_BODY:
        raise TooLarge("The request is too large.")
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    wanted = _PIECE if _is_piece(environ) else "application/json"
    if kind != wanted:
        raise InvalidRequest(f"The body must be {wanted}.")


def _is_piece(environ: WSGIEnvironment) -> bool:
    """A piece of a file that is dropped into the window. Its type, too, is one that pages of others may not
    send without asking."""
    return environ["REQUEST_METHOD"] == "PUT" and str(environ["PATH_INFO"]).startswith("/api/uploads/")


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _with_headers(start_response: StartResponse) -> StartResponse:
    def start(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
        present = {name.lower() for name, _ in headers}
        headers = [*headers, *HEADERS.items()]
        if "cache-control" not in present:
            headers.append(("Cache-Control", "no-store"))
        return start_response(status, headers, exc_info)

    return start


def _refused(error: AppError, start: StartResponse) -> Iterable[bytes]:
    status, headers, body = envelope(error)
    start(status, headers)
    return [body]


def envelope(error: AppError) -> tuple[str, Headers, bytes]:
    """A failure on the wire, the same as the backend's."""
    body = msgspec.json.encode(
        ErrorBody(error=error.message, code=error.code, details=error.details, retry_after=error.retry_after)
    )
    headers: Headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    if error.retry_after is not None:
        headers.append(("Retry-After", str(error.retry_after)))
    return f"{error.status} {error.code}", headers, body
