"""Signing in with Google in the system's browser, by google-auth-oauthlib: the installed-app flow with PKCE,
renewed and revoked. Who the person is here, and where tokens are kept, is others' business.
"""

import re
import secrets
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import msgspec
import requests

from desktop.identity.callback import Answer, Callback
from desktop.identity.id_token import Identity, verified
from shared.errors import AccountRefused, SignInFailed
from shared.http_adapter import Adapter
from shared.settings import GoogleOAuthSection

_SCOPES = [  # as Google names them in its answers: the library refuses an answer with other names
    "openid",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
]
_PATIENCE_SECONDS = 300.0
_ANSWER_SECONDS = 20.0
_UNREADABLE = "Google's answer could not be understood, so it was refused. Sign in again."


class SignedIn(msgspec.Struct, frozen=True):
    """``refresh_token`` renews and ends the sign-in later; empty when Google gave none."""

    identity: Identity
    refresh_token: str


class Google:
    """``now`` is seconds since 1970; ``patience_seconds`` is how long a person may take in the browser."""

    def __init__(
        self,
        section: GoogleOAuthSection,
        *,
        now: Callable[[], float] = time.time,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._section = section
        self._now = now
        self._patience_seconds = patience_seconds

    @property
    def available(self) -> bool:
        return bool(self._section.client_id.strip())

    @property
    def required(self) -> bool:
        return self.available and self._section.required

    @property
    def domain(self) -> str:
        return self._section.hosted_domain.strip()

    def begin(self, *, email: str = "") -> "Attempt":
        """``email`` is whom Google shall ask; without one it lets the person choose among their accounts."""
        return Attempt(self, self._section, email, self._patience_seconds)

    def renew(self, refresh_token: str) -> Identity:
        """Who the sign-in is for, as Google says now. Raises AccountRefused when it does not stand by it any
        more, and another SignInFailed when it cannot be asked."""
        from google.auth.exceptions import GoogleAuthError, RefreshError
        from google.oauth2.credentials import Credentials

        section = self._section
        credentials: Any = Credentials(  # type: ignore[no-untyped-call]
            None,
            refresh_token=refresh_token,
            token_uri=section.token_uri,
            client_id=section.client_id,
            client_secret=section.client_secret,
        )
        with _session() as session:
            try:
                credentials.refresh(_request(session))
            except RefreshError as error:
                if _said(error) == "invalid_grant":
                    raise AccountRefused("Google has ended this sign-in. Sign in again.") from None
                raise SignInFailed(_UNREADABLE) from None
            except (GoogleAuthError, ValueError) as error:
                _unreachable(error)
            return self.identity(str(credentials.id_token or ""), session, nonce=None)

    def revoke(self, refresh_token: str) -> bool:
        """Whether Google has heard of it. A token that it does not know any more is as good."""
        with _session() as session:
            try:
                answer = session.post(
                    self._section.revoke_uri, data={"token": refresh_token}, timeout=_ANSWER_SECONDS
                )
            except requests.RequestException:
                return False
        return answer.status_code in (200, 400)

    def identity(self, id_token: str, session: requests.Session, *, nonce: str | None) -> Identity:
        """Of a token that Google has just given. Raises SignInFailed; AccountRefused for another domain."""
        from google.auth.exceptions import TransportError

        try:
            found = verified(
                id_token,
                _request(session),
                certs_uri=self._section.certs_uri,
                client_id=self._section.client_id,
                nonce=nonce,
                now=self._now,
            )
        except TransportError as error:
            _unreachable(error)
        if self.domain and found.domain.casefold() != self.domain.casefold():
            raise AccountRefused(f"Only accounts of {self.domain} may sign in here; {found.email} is none.")
        return found


class Attempt:
    """One sign-in, from the link to the answer. ``link`` is to be opened in the person's browser."""

    def __init__(
        self, google: Google, section: GoogleOAuthSection, email: str, patience_seconds: float
    ) -> None:
        from google_auth_oauthlib.flow import Flow

        self._google = google
        self._patience_seconds = patience_seconds
        self._nonce = secrets.token_urlsafe(32)
        self._called_off = ""
        client = {
            "client_id": section.client_id,
            "client_secret": section.client_secret,
            "auth_uri": section.auth_uri,
            "token_uri": section.token_uri,
        }
        self._flow = Flow.from_client_config({"installed": client}, _SCOPES)
        state = secrets.token_urlsafe(32)
        self._callback = Callback(state)
        self._flow.redirect_uri = self._callback.redirect_uri
        asked = {"login_hint": email} if email else {"prompt": "select_account"}
        if google.domain:
            asked["hd"] = google.domain
        self.link, _ = self._flow.authorization_url(state=state, nonce=self._nonce, **asked)

    def wait(self) -> SignedIn:
        """Until the person has signed in. Raises SignInFailed with a sentence."""
        try:
            answer = self._callback.wait(self._patience_seconds)
        finally:
            self._callback.close()
        self._check_not_called_off()
        if answer is None:
            raise SignInFailed(
                f"Nobody finished signing in within {_minutes(self._patience_seconds)}. Sign in again."
            )
        signed_in = self._exchanged(_code_of(answer))
        try:
            self._check_not_called_off()
        except SignInFailed:
            self._google.revoke(signed_in.refresh_token)
            raise
        return signed_in

    def call_off(self, why: str) -> None:
        self._called_off = self._called_off or why
        self._callback.close()

    def _check_not_called_off(self) -> None:
        if self._called_off:
            raise SignInFailed(self._called_off)

    def _exchanged(self, code: str) -> SignedIn:
        from oauthlib.oauth2 import OAuth2Error

        session = _with_trust(self._flow.oauth2session)
        with session:
            try:
                token = self._flow.fetch_token(code=code, timeout=_ANSWER_SECONDS)
            except OAuth2Error as error:
                raise SignInFailed(_refusal(str(error.error))) from None  # its text may quote the answer
            except requests.RequestException as error:
                _unreachable(error)
            except (ValueError, KeyError, TypeError, Warning) as error:
                raise SignInFailed(_UNREADABLE) from error
            refresh_token = str(token.get("refresh_token") or "")
            try:
                identity = self._google.identity(str(token.get("id_token") or ""), session, nonce=self._nonce)
            except SignInFailed:
                self._google.revoke(refresh_token or str(token.get("access_token") or ""))
                raise
        return SignedIn(identity, refresh_token)


def _code_of(answer: Answer) -> str:
    if answer.error == "access_denied":
        raise SignInFailed("The sign-in was declined in the browser.")
    if answer.error or not answer.code:
        raise SignInFailed(f"Google did not sign you in{_named(answer.error)}. Ask your administrator.")
    return answer.code


def _refusal(error: str) -> str:
    """What Google's token address said, in the reader's words (RFC 6749, 5.2)."""
    if error == "invalid_grant":
        return "Google's answer was used before, or is too old. Sign in again."
    if error in ("invalid_client", "unauthorized_client"):
        return (
            "Google does not know this program. Have your administrator check google_oauth.client_id and "
            "google_oauth.client_secret."
        )
    if error in ("insecure_transport", "mismatching_state", "missing_token"):
        return _UNREADABLE
    return f"Google did not sign you in{_named(error)}. Sign in again."


def _named(error: str) -> str:
    return f" ({error})" if re.fullmatch(r"[a-z_]{1,60}", error) else ""


def _said(error: Exception) -> str:
    """The code in the body of a refusal."""
    body = error.args[1] if len(error.args) > 1 else None
    return str(body.get("error", "")) if isinstance(body, dict) else ""


def _unreachable(error: Exception) -> NoReturn:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text:
        raise SignInFailed(
            "This computer does not trust the certificate of Google's address. Ask your administrator for "
            "the company's root certificate."
        ) from None
    raise SignInFailed(
        "Google cannot be reached. Check the network of this computer, then try again."
    ) from None


def _session() -> requests.Session:
    return _with_trust(requests.Session())


def _with_trust(session: requests.Session) -> requests.Session:
    """What the operating system trusts is trusted: a company's root certificate as well."""
    session.mount("https://", Adapter(verify=True, oldest_tls=ssl.TLSVersion.TLSv1_2))
    return session


def _request(session: requests.Session) -> Any:
    from google.auth.transport.requests import Request

    return partial(Request(session), timeout=_ANSWER_SECONDS)


def _minutes(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes"
