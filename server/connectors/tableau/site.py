"""One site of Tableau Server or Cloud, by tableauserverclient: sign-in, what lies there, and its bytes.

A session that has expired is renewed. A personal access token has one session at a time: signing in again
ends the one before. So connections of one account share a session here (:class:`SignIns`), and sign out
when the last one closes. Bytes are read by ``Outgoing`` itself, since the client would hold them whole.
"""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
import requests

from server.outgoing import MOST_ANSWER_BYTES, Outgoing
from shared.errors import AppError, NotFound, NotPermitted, SourceBusy, SourceUnavailable

T = TypeVar("T")

MOST_THINGS = 5_000
_RENEWALS = 4
_LOOK_SECONDS = 0.05
_PAGE = 500
_OLDEST = (3, 6)
"""Of the REST interface: Tableau Server 2019.4, which brought personal access tokens."""


class Login(msgspec.Struct, frozen=True):
    """Either a user's password or a personal access token; ``site`` is the site's part of the address."""

    url: str
    site: str
    name: str
    secret: str
    token: bool


class SignIns:
    """The sessions that connections of this process share, by account."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shared: dict[Login, _Session] = {}

    def join(self, login: Login) -> "_Session":
        with self._lock:
            session = self._shared.setdefault(login, _Session())
            session.users += 1
            return session

    def leave(self, login: Login) -> bool:
        """Whether that was the last one, which signs out."""
        with self._lock:
            session = self._shared[login]
            session.users -= 1
            if session.users == 0:
                del self._shared[login]
            return session.users == 0


class _Session:
    def __init__(self) -> None:
        self.users = 0
        self.lock = threading.Lock()
        self.state: tuple[str, str, str, str] | None = None
        """Site id, user id, token, site address: as the client keeps them."""


class Thing(msgspec.Struct, frozen=True):
    """A view or a published data source. ``place`` is its workbook's address, or empty."""

    id: str
    name: str
    place: str
    project: str
    updated_at: str


class Site:
    """Used by one caller at a time, within the deadline of ``outgoing``. Close it in the end."""

    def __init__(self, login: Login, outgoing: Outgoing, sign_ins: SignIns) -> None:
        import tableauserverclient

        self._client: Any = tableauserverclient
        self._login, self._outgoing, self._sign_ins = login, outgoing, sign_ins
        self._server: Any = self._client.Server(login.url, session_factory=lambda: outgoing.session)
        self._session = sign_ins.join(login)
        self._closed = False

    def open(self) -> None:
        """Agrees on a version and signs in. Raises SourceUnavailable."""
        self._server.version = "3.6"
        info = self._told(self._server.server_info.get)
        try:
            version = str(info.rest_api_version)
            numbers = tuple(int(part) for part in version.split("."))
        except (AttributeError, ValueError) as error:
            raise _strange() from error
        if numbers < _OLDEST:
            raise SourceUnavailable(
                "This Tableau Server is older than 2019.4, which is the oldest that works."
            )
        self._server.version = version
        self._sign_in(None)

    def views(self) -> list[Thing]:
        workbooks = {one.id: one for one in self._all("workbooks")}
        found = []
        for view in self._all("views"):
            workbook = workbooks.get(view.workbook_id)
            place = str(view.content_url or "").partition("/")[0]
            project = str(workbook.project_name or "") if workbook is not None else ""
            found.append(Thing(str(view.id), str(view.name), place, project, str(view.updated_at)))
        return found

    def data_sources(self) -> list[Thing]:
        return [
            Thing(str(one.id), str(one.name), "", str(one.project_name or ""), str(one.updated_at))
            for one in self._all("datasources")
        ]

    def content(self, view_id: str, form: str, most_bytes: int) -> Iterator[bytes]:
        """A view as ``data`` (CSV), ``image`` (PNG) or ``pdf``."""
        response = self._renewing(lambda: self._get(f"views/{quote(view_id, safe='')}/{form}"))
        return self._outgoing.body(response, most_bytes)

    def vizql(self, call: str, body: dict[str, Any]) -> Any:
        """The VizQL Data Service. None where the server has none, or it is switched off."""
        url = f"{self._login.url}/api/v1/vizql-data-service/{call}"

        def post() -> requests.Response:
            return self._checked(
                self._outgoing.session.post(url, json=body, headers=self._headers(), stream=True)
            )

        try:
            response = self._renewing(post)
        except (NotFound, NotPermitted):
            return None
        data = b"".join(self._outgoing.body(response, MOST_ANSWER_BYTES))
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _strange() from error

    def ping(self) -> None:
        self._renewing(lambda: self._told(lambda: self._server.sites.get_by_id(self._server.site_id)))

    def close(self) -> None:
        """Signs out, when nobody else uses the session. Never raises."""
        if self._closed:
            return
        self._closed = True
        if self._sign_ins.leave(self._login) and self._server.is_signed_in():
            try:
                with self._outgoing.within(3):
                    self._server.auth.sign_out()
            except Exception:  # noqa: BLE001, S110 - the session ends by itself
                pass
        self._outgoing.close()

    def _all(self, what: str) -> list[Any]:
        def read() -> list[Any]:
            options = self._client.RequestOptions(pagesize=_PAGE)
            pager = self._client.Pager(getattr(self._server, what), options)
            return self._told(lambda: list(itertools.islice(pager, MOST_THINGS)))

        return self._renewing(read)

    def _get(self, path: str) -> requests.Response:
        url = f"{self._server.baseurl}/sites/{quote(self._server.site_id, safe='')}/{path}"
        return self._checked(self._outgoing.session.get(url, headers=self._headers(), stream=True))

    def _headers(self) -> dict[str, str]:
        return {"X-Tableau-Auth": str(self._server.auth_token)}

    def _checked(self, response: requests.Response) -> requests.Response:
        if response.status_code == 200:
            return response
        response.close()
        raise _failure(response.status_code)

    def _renewing(self, work: Callable[[], T]) -> T:
        """``work``, and again with a new session when the one it used has ended."""
        for _ in range(_RENEWALS):
            used = self._server._auth_state.auth_token
            try:
                return work()
            except _ExpiredError:
                self._sign_in(used)
        raise SourceUnavailable(
            f"Tableau ends the session of {self._login.name!r} again and again.",
            details="Its token is most likely used elsewhere too, and has one session at a time.",
            retry_after=10,
        )

    def _sign_in(self, used: str | None) -> None:
        """Takes over the shared session, unless it is the one that has just ended."""
        with self._turn():
            state = self._session.state
            if state is None or state[2] == used:
                made: Any = self._client
                login = self._login
                way = made.PersonalAccessTokenAuth if login.token else made.TableauAuth
                credentials = way(login.name, login.secret, site_id=login.site)
                try:
                    self._told(lambda: self._server.auth.sign_in(credentials))
                except _ExpiredError:
                    what = "personal access token" if login.token else "user"
                    raise SourceUnavailable(
                        f"Tableau does not let the {what} {login.name!r} in.",
                        details="Look at its name, its secret and the site.",
                    ) from None
                server = self._server
                state = (server.site_id, server.user_id, server.auth_token, server.site_url or "")
                self._session.state = state
            else:
                self._server._set_auth(*state)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Waits, within the deadline, for another connection that is signing in."""
        while not self._session.lock.acquire(timeout=_LOOK_SECONDS):
            self._outgoing.check()
        try:
            yield
        finally:
            self._session.lock.release()

    def _told(self, work: Callable[[], T]) -> T:
        """Errors of the client as ours; its texts may hold what it sent."""
        errors = self._client.server.endpoint.exceptions
        try:
            return work()
        except AppError:
            raise
        except (errors.FailedSignInError, errors.NotSignedInError):
            raise _ExpiredError from None
        except errors.ServerResponseError as error:
            raise _failure(int(str(error.code)[:3]) if str(error.code)[:3].isdecimal() else 400) from None
        except errors.InternalServerError as error:
            raise _failure(int(getattr(error, "code", 500) or 500)) from None
        except Exception:  # noqa: BLE001 - whatever its parsers raise for what is no Tableau
            raise _strange() from None


class _ExpiredError(Exception):
    """The session has ended, or was never let in."""


def _failure(status: int) -> Exception:
    match status:
        case 401:
            return _ExpiredError()
        case 403:
            return NotPermitted("This account may not see that in Tableau.")
        case 404:
            return NotFound("Tableau has no such view or data source, or does not show it to this account.")
        case 429:
            return SourceBusy("Tableau is asked too often at the moment.", retry_after=60)
    if status >= 500:
        return SourceUnavailable("Tableau has a failure of its own at the moment.", retry_after=60)
    return SourceUnavailable(f"Tableau refuses what it was asked (HTTP {status}).")


def _strange() -> SourceUnavailable:
    return SourceUnavailable("What answers is not Tableau.", details="Look at the address of the connection.")
