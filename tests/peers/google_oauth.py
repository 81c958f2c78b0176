"""Google's OAuth 2.0 and OpenID Connect, as developers.google.com/identity has them: the page that asks,
tokens with PKCE, certificates, refresh, revocation. Nobody types a password: links choose among its accounts.

What is served is plain HTTP; ``GooglePeer`` stands behind TLS, for the real library talks to nothing else.
"""

import base64
import datetime
import functools
import hashlib
import html
import json
import secrets
import time
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from shared.settings import GoogleOAuthSection
from tests.peers.certificate import company_certificate
from tests.peers.tls_front import TlsFront
from tests.peers.web import WebHandler, WebPeer

CLIENT = "1234-abcd.apps.googleusercontent.com"
SECRET = "GOCSPX-of-the-test"
_SCOPES = {
    "openid": "openid",
    "email": "https://www.googleapis.com/auth/userinfo.email",
    "profile": "https://www.googleapis.com/auth/userinfo.profile",
}
Form = dict[str, str]


class _Handler(WebHandler):
    @property
    def google(self) -> "_Server":
        server: _Server = self.peer
        return server

    def answer_get(self) -> None:
        parts = urlsplit(self.path)
        values = {name: found[0] for name, found in parse_qs(parts.query).items()}
        fault = self.google.called(parts.path)
        if fault is not None:
            self.send(fault.status or 200, fault.body or b"", "application/json")
        elif parts.path == "/certs":
            self._json(200, self.google.certificates())
        elif parts.path == "/auth":
            self._page(*self.google.asked(values))
        elif parts.path == "/choose":
            self.send(302, b"", "text/html", Location=self.google.chosen(values))
        else:
            self._json(404, {"error": "not_found"})

    def answer_post(self) -> None:
        path = urlsplit(self.path).path
        form = {name: found[0] for name, found in parse_qs(self.posted().decode()).items()} | self._basic()
        fault = self.google.called(path)
        if fault is not None:
            self.send(fault.status or 200, fault.body or b"", "application/json")
        elif path == "/token":
            self._json(*self.google.token(form))
        elif path == "/revoke":
            self._json(*self.google.revoke(form))
        else:
            self._json(404, {"error": "not_found"})

    def _basic(self) -> Form:
        """A client may also say who it is in a header (RFC 6749, 2.3.1)."""
        kind, _, given = self.headers.get("authorization", "").partition(" ")
        if kind != "Basic":
            return {}
        client, _, secret = base64.b64decode(given).decode().partition(":")
        return {"client_id": unquote(client), "client_secret": unquote(secret)}

    def _json(self, status: int, answer: dict[str, Any]) -> None:
        self.send(status, json.dumps(answer).encode(), "application/json")

    def _page(self, status: int, title: str, links: dict[str, str]) -> None:
        items = "".join(
            f'<p><a href="{html.escape(to)}">{html.escape(text)}</a></p>' for text, to in links.items()
        )
        head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        page = f"{head}<h1>{title}</h1>{items}"
        self.send(status, page.encode(), "text/html; charset=utf-8")


class _Server(WebPeer):
    handler = _Handler

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[str, dict[str, Any]] = {}
        self.asked_for: list[Form] = []
        self.codes: dict[str, Form] = {}
        self.refresh_tokens: dict[str, str] = {}
        self.revoked: list[str] = []
        self.claims: dict[str, Any] = {}
        self.forged = False
        self.clock_ahead_seconds = 0.0

    # -- What the browser sees --------------------------------------------------------------

    def asked(self, values: Form) -> tuple[int, str, dict[str, str]]:
        """The page with the accounts, or Google's refusal of what was asked."""
        self.asked_for.append(values)
        back = urlsplit(values.get("redirect_uri", ""))
        wrong = [
            name
            for name, fits in {
                "client_id": values.get("client_id") == CLIENT,
                "redirect_uri": (back.scheme, back.hostname) == ("http", "127.0.0.1"),
                "response_type": values.get("response_type") == "code",
                "code_challenge": values.get("code_challenge_method") == "S256",
                "state": len(values.get("state", "")) > 20,
                "scope": {"openid"} <= set(values.get("scope", "").split()),
            }.items()
            if not fits
        ]
        if wrong:
            return 400, f"Error 400: invalid_request ({', '.join(wrong)})", {}
        hint = values.get("login_hint")
        offered = [email for email in self.accounts if hint in (None, email)]
        links = {email: f"/choose?{urlencode({**values, 'account': email})}" for email in offered}
        return 200, "Choose an account", links | {"Cancel": f"/choose?{urlencode(values)}"}

    def chosen(self, values: Form) -> str:
        """Where the browser goes back to."""
        account = values.get("account")
        if account is None:
            return (
                f"{values['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': values['state']})}"
            )
        code = f"4/0A{secrets.token_urlsafe(24)}"
        self.codes[code] = values
        answer = {"state": values["state"], "code": code, "scope": values["scope"], "authuser": "0"}
        return f"{values['redirect_uri']}?{urlencode(answer)}"

    # -- What the program sees --------------------------------------------------------------

    def token(self, form: Form) -> tuple[int, dict[str, Any]]:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client", "error_description": "The OAuth client was not found."}
        if form["grant_type"] == "refresh_token":
            email = self.refresh_tokens.get(form["refresh_token"])
            if email is None:
                description = "Token has been expired or revoked."
                return 400, {"error": "invalid_grant", "error_description": description}
            return 200, self._issued(email, nonce=None)
        asked = self.codes.pop(form["code"], None)  # a code is good once
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant", "error_description": "Malformed auth code."}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "Invalid code verifier."}
        refresh_token = f"1//{secrets.token_urlsafe(24)}"
        self.refresh_tokens[refresh_token] = asked["account"]
        issued = self._issued(asked["account"], nonce=asked.get("nonce"))
        return 200, issued | {"refresh_token": refresh_token}

    def revoke(self, form: Form) -> tuple[int, dict[str, Any]]:
        self.revoked.append(form["token"])
        if self.refresh_tokens.pop(form["token"], None) is None and not form["token"].startswith("ya29."):
            return 400, {"error": "invalid_token", "error_description": "Token expired or revoked"}
        return 200, {}

    def certificates(self) -> dict[str, str]:
        return {"key-1": _certificate(_key())}

    def _issued(self, email: str, *, nonce: str | None) -> dict[str, Any]:
        return {
            "access_token": f"ya29.{secrets.token_urlsafe(16)}",
            "expires_in": 3599,
            "token_type": "Bearer",
            "scope": " ".join(_SCOPES.values()),
            "id_token": self._id_token(email, nonce),
        }

    def _id_token(self, email: str, nonce: str | None) -> str:
        now = int(time.time() + self.clock_ahead_seconds)
        claims = {
            "iss": "https://accounts.google.com",
            "azp": CLIENT,
            "aud": CLIENT,
            "email": email,
            "email_verified": True,
            "iat": now,
            "exp": now + 3600,
            **({"nonce": nonce} if nonce else {}),
            **self.accounts[email],
            **self.claims,
        }
        head = _encoded(json.dumps({"alg": "RS256", "kid": "key-1", "typ": "JWT"}).encode())
        body = _encoded(
            json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
        )
        key = rsa.generate_private_key(65537, 2048) if self.forged else _key()
        signature = key.sign(f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{head}.{body}.{_encoded(signature)}"


class GooglePeer:
    """Use ``with``. Trust ``certificate`` (``SSL_CERT_FILE``) to reach it; ``server`` holds what it knows and
    what is to go wrong: ``claims`` overrides those of the next tokens, ``forged`` signs with another key."""

    def __init__(self, *accounts: tuple[str, str, str]) -> None:
        """Accounts are addresses, names, and the domain of their Workspace, or an empty text."""
        key, self.certificate = company_certificate()
        self.server = _Server()
        for number, (email, name, domain) in enumerate(accounts):
            self.server.accounts[email] = {
                "sub": f"10{number}",
                "name": name,
                **({"hd": domain} if domain else {}),
            }
        self._front = TlsFront(self.server.port, key, self.certificate)
        self.url = f"https://127.0.0.1:{self._front.port}"

    def __enter__(self) -> "GooglePeer":
        self.server.__enter__()
        self._front.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._front.__exit__(kind, error, trace)
        self.server.__exit__()

    def section(self, **more: Any) -> GoogleOAuthSection:
        """The settings of a program that signs in here."""
        addresses = {f"{name}_uri": f"{self.url}/{name}" for name in ("auth", "token", "certs", "revoke")}
        client = {"client_id": CLIENT, "client_secret": SECRET}
        return GoogleOAuthSection(**client | addresses | more)


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    """Google's; making one takes a while."""
    return rsa.generate_private_key(65537, 2048)


@functools.cache
def _certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, "federated-signon.system.gserviceaccount.com")]
    )
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
