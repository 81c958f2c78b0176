"""Google's signed statement of who somebody is, checked. How it got here does not matter.

What is checked, and why, is in OpenID Connect Core 1.0, section 3.1.3.7.
"""

import hmac
from collections.abc import Callable
from typing import Any

import msgspec

from shared.errors import SignInFailed

_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
_SKEW_SECONDS = 300
_ANY_TIME = 10**10  # the times are checked here, so that each mistake has its own sentence


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """``subject`` is Google's number of the account, which never changes; ``domain`` is its Workspace."""

    subject: str
    email: str
    name: str = ""
    domain: str = ""


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str
    sub: str
    exp: float
    iat: float
    azp: str = ""
    nonce: str = ""
    email: str = ""
    email_verified: bool = False
    name: str = ""
    hd: str = ""


def verified(
    token: str, request: Any, *, certs_uri: str, client_id: str, nonce: str | None, now: Callable[[], float]
) -> Identity:
    """``request`` is google-auth's, to fetch certificates with. ``nonce`` None: none was sent. Raises
    SignInFailed, and google-auth's TransportError when the certificates cannot be had."""
    claims = _claims(token, request, certs_uri, client_id)
    if claims.iss not in _ISSUERS or claims.azp not in ("", client_id) or not claims.sub:
        raise SignInFailed("Google's answer was made for another program, so it was refused. Sign in again.")
    if claims.iat > now() + _SKEW_SECONDS or claims.exp < now() - _SKEW_SECONDS:
        raise SignInFailed(
            "The clocks of this computer and of Google do not agree. Set this one, then sign in again."
        )
    if nonce is not None and not hmac.compare_digest(claims.nonce.encode(), nonce.encode()):
        raise SignInFailed("Google's answer belongs to another sign-in, so it was refused. Sign in again.")
    if not claims.email or not claims.email_verified:
        raise SignInFailed("Google has not verified the e-mail address of this account. Use another one.")
    return Identity(subject=claims.sub, email=claims.email, name=claims.name, domain=claims.hd)


def _claims(token: str, request: Any, certs_uri: str, client_id: str) -> _Claims:
    from google.auth.exceptions import GoogleAuthError, TransportError
    from google.oauth2.id_token import verify_token

    try:
        found = verify_token(
            token, request, audience=client_id, certs_url=certs_uri, clock_skew_in_seconds=_ANY_TIME
        )
        return msgspec.convert(dict(found), _Claims)
    except TransportError:
        raise
    except (GoogleAuthError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        raise SignInFailed(
            "Google's answer could not be verified, so it was refused. Sign in again."
        ) from error
